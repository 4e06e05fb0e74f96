/* SPDX-License-Identifier: MIT */
#include "tools/redirect/run_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/redirect/courier.h"
#include "tools/redirect/door.h"
#include "tools/redirect/filter.h"

/* FOLDER/orshim leads to this command, for whoever is to be put under a filter later. */
static void link_entry(const char *folder)
{
	char self[PATH_MAX], path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	if (n > 0 && snprintf(path, sizeof(path), "%s/" RELAY_ENTRY, folder) < PATH_MAX &&
	    symlink(self, path) != 0 && errno != EEXIST)
		warn("run: %s: %s; programs that the tool starts are not relayed", path,
		     strerror(errno));
}

bool run_relay_start(struct run_relay *r, const char *folder, enum relay_mode mode,
		     const char *program, int log_socket)
{
	struct relay_order order = { .folder = folder, .mode = mode, .run = getpid(),
				     .log_socket = log_socket };
	int pair[2] = { -1, -1 };

	*r = (struct run_relay){ .control = -1, .folder = folder, .mode = mode };
	candidate_look(&r->program, program);
	unsetenv(RELAY_FOLDER); /* of a run around this one */
	if (mode == RELAY_OFF)
		return false;
	r->enters = !r->program.is_out_of_reach &&
		    (mode == RELAY_ALL || r->program.kind == CANDIDATE_UNTAPPABLE ||
		     r->program.kind == CANDIDATE_UNKNOWN);
	order.door = courier_listen(folder, DOOR_NAME);
	if (order.door < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		warn("run: the relay could not be started: %s", strerror(errno));
		return false;
	}
	link_entry(folder);
	setenv(RELAY_FOLDER, folder, 1);
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		order.control = pair[1];
		relay_serve(&order);
	}
	close(order.door);
	close(pair[1]);
	r->control = pair[0];
	r->relay = pid;
	return pid > 0;
}

static bool write_proc(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n > 0;
}

/* A mount namespace: root's own, else in a user namespace in which we stay who we are. */
static bool get_namespace(void)
{
	char uids[64], gids[64];

	snprintf(uids, sizeof(uids), "%d %d 1", geteuid(), geteuid());
	snprintf(gids, sizeof(gids), "%d %d 1", getegid(), getegid());
	if (unshare(CLONE_NEWNS) != 0 &&
	    (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
	     !write_proc("/proc/self/setgroups", "deny") ||
	     !write_proc("/proc/self/uid_map", uids) || !write_proc("/proc/self/gid_map", gids)))
		return false;
	return mount("", "/", NULL, MS_REC | MS_SLAVE, NULL) == 0;
}

/* FILE over PLACE, for this process and what it starts. */
static bool lay_over(const char *place, const char *file)
{
	return get_namespace() && mount(file, place, NULL, MS_BIND, NULL) == 0;
}

/* What the relay wants, each NAME=VALUE or @PLACE=FILE, ended by NUL. True: a file was laid over another. */
static bool take_variables(struct slice block)
{
	struct slice one;
	bool laid = false;

	while (slice_cut(&block, '\0', &one)) {
		char *equals = one.n ? memchr((char *)one.p, '=', one.n) : NULL; /* in our own buffer */
		if (!equals)
			continue;
		*equals = '\0';
		if (one.p[0] == '@')
			laid = lay_over(one.p + 1, equals + 1);
		else
			setenv(one.p, equals + 1, 1);
	}
	return laid;
}

/* Why no filter was possible, by errno of filter_install(). */
static const char *why_no_filter(int error)
{
	switch (error) {
	case EBUSY:
		return "another program around it asks about its system calls already";
	case EPERM:
	case EACCES:
		return "it may not be put under a filter here";
	default:
		return "this system has no filter that asks (Linux 5.0 has one)";
	}
}

/* What is needed on the way under the filter. */
struct entrance {
	const struct candidate *program;
	int door;
	bool laid; /* files over others */
	char answer[DOOR_ANSWER];
	char why[DOOR_WHY]; /* it failed */
};

/* The variables and mounts that the relay wants; whose pid may look at this process. */
static bool prepare(struct entrance *e)
{
	char request[PATH_MAX + 8];
	int size = snprintf(request, sizeof(request), "T%c%s", (char)e->program->runtime,
			    e->program->path);
	int relay;

	if (!courier_send(e->door, request, (size_t)size, -1))
		return false;
	ssize_t n = courier_receive(e->door, e->answer, sizeof(e->answer), NULL);
	if (n < 1 + (ssize_t)sizeof(relay) || e->answer[0] != 'Y')
		return false;
	memcpy(&relay, e->answer + 1, sizeof(relay));
	/* Yama: it reads addresses, and is no ancestor of ours */
	prctl(PR_SET_PTRACER, relay, 0, 0, 0);
	/* Mounts first: where no_new_privs is set, the kernel allows them as well, and sandboxes differ. */
	e->laid = take_variables(
	    (struct slice){ e->answer + 1 + sizeof(relay), (size_t)n - 1 - sizeof(relay) });
	return true;
}

/* No filter, by ERROR: then by a proxy, if the program takes one. */
static bool enter_by_proxy(struct entrance *e, int error)
{
	char request[PATH_MAX + 8];
	int size = snprintf(request, sizeof(request), "P%c%c%s", (char)e->program->runtime,
			    e->laid ? '1' : '0', e->program->path);
	ssize_t n = courier_send(e->door, request, (size_t)size, -1)
			? courier_receive(e->door, e->answer, sizeof(e->answer) - 1, NULL)
			: 0;

	if (n >= 1 && e->answer[0] == 'Y') {
		take_variables((struct slice){ e->answer + 1, (size_t)n - 1 });
		return true;
	}
	e->answer[n > 0 ? n : 0] = '\0';
	snprintf(e->why, sizeof(e->why), "%s%s%.60s", why_no_filter(error), n > 1 ? ", and " : "",
		 n > 1 ? e->answer + 1 : "");
	return false;
}

static bool hand_over(struct entrance *e, int listener, bool privilege_lost)
{
	char flags[DOOR_FLAGS] = { 'L', '0', '0' };

	flags[DOOR_PRIVILEGE_LOST] = privilege_lost ? '1' : '0';
	flags[DOOR_LAID_OVER] = e->laid ? '1' : '0';
	return courier_send(e->door, flags, DOOR_FLAGS, listener) &&
	       courier_receive(e->door, e->answer, 1, NULL) == 1 && e->answer[0] == 'K';
}

static void tell_failure(struct entrance *e)
{
	char message[PATH_MAX + DOOR_WHY + 8];
	int n = snprintf(message, sizeof(message), "W%s%c%s", e->why, '\0', e->program->path);

	courier_send(e->door, message, (size_t)n + 1, -1);
}

/*
 * Goes under the filter; the relay has its listener then. Whatever fails
 * before that leaves this process as it was. False: there is no relay any more.
 */
static bool enter(const char *folder, const struct candidate *program)
{
	struct entrance *e = calloc(1, sizeof(*e));
	bool privilege_lost = false;
	int listener = -1;

	if (!e)
		return false;
	e->program = program;
	e->door = courier_connect(folder, DOOR_NAME);
	bool there = e->door >= 0 && prepare(e);
	if (there) {
		listener = filter_install(&privilege_lost);
		if (listener < 0 ? !enter_by_proxy(e, errno)
				 : !hand_over(e, listener, privilege_lost)) {
			if (!e->why[0])
				snprintf(e->why, sizeof(e->why), "there are too many of them");
			tell_failure(e);
		}
	}
	if (e->door >= 0)
		close(e->door);
	if (listener >= 0)
		close(listener);
	free(e);
	return there;
}

void run_relay_enter(void *relay)
{
	const struct run_relay *r = relay;

	if (r->enters && !enter(r->folder, &r->program))
		warn("run: %s cannot be relayed: the relay does not answer", r->program.path);
}

void run_relay_settle(struct run_relay *r, struct buf *report)
{
	struct timeval patience = { .tv_sec = 10 };
	char *room = malloc(RELAY_REPORT);

	if (r->control >= 0) /* for a relay that somebody stopped */
		setsockopt(r->control, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (r->control >= 0 && room && courier_send(r->control, "F", 1, -1)) {
		ssize_t n = courier_receive(r->control, room, RELAY_REPORT, NULL);
		if (n > 0)
			buf_add_some(report, room, (size_t)n);
		if (n == 0 || (n > 0 && room[0] == '0')) /* killed, or nobody needs it any more */
			waitpid(r->relay, NULL, 0);
	}
	if (r->control >= 0)
		close(r->control);
	r->control = -1;
	free(room);
}

/* PROGRAM is executed as it is from here on. */
static void leave_mark(const char *folder, const char *program)
{
	char mark[PATH_MAX];
	struct stat st;

	if (stat(program, &st) == 0 &&
	    snprintf(mark, sizeof(mark), RELAY_MARK, folder, (unsigned long)st.st_dev,
		     (unsigned long)st.st_ino) < (int)sizeof(mark))
		close(open(mark, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
}

int run_relay_become(int argc, char **argv)
{
	struct candidate *program = malloc(sizeof(*program));
	const char *folder = argc > 1 ? argv[1] : NULL;

	if (argc <= RELAY_WORDS)
		die("a program is missing");
	if (program) {
		candidate_look(program, argv[2]);
		if (program->kind == CANDIDATE_UNTAPPABLE && !program->is_out_of_reach)
			enter(folder, program);
		else
			leave_mark(folder, argv[2]);
	}
	free(program);
	/* Past the preloaded library, which would come back to us. */
	syscall(SYS_execve, argv[2], argv + RELAY_WORDS, environ);
	return errno == ENOENT ? 127 : 126;
}
