/* SPDX-License-Identifier: MIT */
#include "tools/redirect/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <elf.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tools/redirect/relay.h"
#include "tools/redirect/thread_memory.h"

enum {
	GENERATIONS = 64,     /* from a process up to the run */
	ASKED_FOR_THREAD = 8, /* of the processes, newest first */
	AUXILIARY_MAX = 64,
};

static struct peer
    *judged; /* whose exchange the observer is looking at; it has no argument for it */

int64_t peer_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* As much of /proc/PID/NAME as fits. */
static size_t read_proc(int pid, const char *name, char *out, size_t size)
{
	char path[64];
	size_t n = 0;
	ssize_t got = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && n < size && (got = read(fd, out + n, size - n)) > 0)
		n += (size_t)got;
	if (fd >= 0)
		close(fd);
	return n;
}

/* A number of /proc/TID/status: "Tgid:\t4711". -1: there is none. */
static int status_number(int tid, const char *name)
{
	char text[4096];
	size_t n = read_proc(tid, "status", text, sizeof(text) - 1);

	text[n] = '\0';
	const char *at = strstr(text, name);
	return at ? atoi(at + strlen(name)) : -1;
}

static bool has_shim(int pid)
{
	char path[64], line[PATH_MAX + 128];
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	FILE *maps = fopen(path, "re");
	while (maps && !found && fgets(line, sizeof(line), maps))
		found = strstr(line, "/liborshim.so") != NULL;
	if (maps)
		fclose(maps);
	return found;
}

static void on_exit_of_peer(struct source *s, uint32_t events)
{
	struct peer *p = (struct peer *)s;

	(void)events;
	p->ended = true;
	loop_close(p->relay->loop, s);
	peer_settle(p);
}

static bool exe_of(int pid, char exe[PATH_MAX])
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	ssize_t n = readlink(link, exe, PATH_MAX - 1);
	exe[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static void read_mark(int pid, struct program_mark *mark)
{
	Elf64_auxv_t all[AUXILIARY_MAX];
	size_t n = read_proc(pid, "auxv", (char *)all, sizeof(all)) / sizeof(all[0]);

	memset(mark, 0, sizeof(*mark));
	for (size_t i = 0; i < n && all[i].a_type != AT_NULL; i++)
		if (all[i].a_type == AT_RANDOM)
			mark->address = all[i].a_un.a_val;
	struct memory_part part = { mark->address, mark->bytes, sizeof(mark->bytes) };
	if (mark->address && thread_memory(pid, part) == (ssize_t)part.size)
		mark->size = part.size;
}

/* Which program P runs now. The mark comes first: a program that is executed meanwhile has another. */
static void look(struct peer *p)
{
	char exe[PATH_MAX];

	read_mark(p->pid, &p->mark);
	exe_of(p->pid, exe);
	candidate_look(&p->program, exe);
	snprintf(p->program.path, sizeof(p->program.path), "%s", exe);
	p->has_shim = has_shim(p->pid);
	p->is_left = (p->program.kind == CANDIDATE_TAPPED || p->program.kind == CANDIDATE_NO_TLS) &&
		     p->has_shim;
	p->parent = status_number(p->pid, "PPid:");
	size_t n = read_proc(p->pid, "cmdline", p->argv0, sizeof(p->argv0) - 1);
	p->argv0[n] = '\0';
}

bool peer_is_of_run(const struct relay *r, int pid)
{
	for (int i = 0; i < GENERATIONS && pid > 1; i++) {
		if (pid == r->run && !r->ends)
			return true;
		for (const struct peer *p = r->peers; p; p = p->next)
			if (p->pid == pid && !p->ended)
				return true;
		pid = status_number(pid, "PPid:");
	}
	return false;
}

static struct peer *add(struct relay *r, int pid)
{
	struct peer *p = calloc(1, sizeof(*p));
	unsigned count = 0;

	for (struct peer *other = r->peers; other; other = other->next)
		count++;
	if (!p || count >= LIMIT_RELAY_PEERS) {
		free(p);
		return NULL;
	}
	p->relay = r;
	p->pid = pid;
	p->exit.ready = on_exit_of_peer;
	p->exit.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (p->exit.fd < 0 || !loop_watch(r->loop, &p->exit, EPOLLIN)) {
		loop_close(r->loop, &p->exit);
		free(p);
		return NULL;
	}
	buf_init(&p->environment, LIMIT_ENVIRON);
	look(p);
	p->next = r->peers;
	r->peers = p;
	return p;
}

static struct peer *of_pid(const struct relay *r, int pid)
{
	struct peer *p = r->peers;

	while (p && (p->pid != pid || p->ended))
		p = p->next;
	return p;
}

/* A process's first thread has its number. Of any other the kernel is asked whose it is. */
struct peer *peer_known(const struct relay *r, int tid)
{
	struct peer *p = of_pid(r, tid);
	int asked = 0;

	if (p)
		return p;
	for (p = r->peers; p && asked < ASKED_FOR_THREAD; p = p->next)
		if (!p->ended && (asked++, syscall(SYS_tgkill, p->pid, tid, 0) == 0))
			return p;
	return NULL;
}

/* Is it still the program at EXE that was looked at? */
static bool is_same_program(const struct peer *p, const char *exe)
{
	struct program_mark now;

	read_mark(p->pid, &now);
	return strcmp(exe, p->program.path) == 0 && memcmp(&now, &p->mark, sizeof(now)) == 0;
}

struct peer *peer_of(struct relay *r, int tid)
{
	struct peer *p = peer_known(r, tid);
	int pid = p ? p->pid : status_number(tid, "Tgid:");
	char exe[PATH_MAX];

	if (pid <= 0 || !exe_of(pid, exe))
		return NULL;
	p = p ? p : of_pid(r, pid);
	if (!p)
		return add(r, pid);
	if (!is_same_program(p, exe))
		look(p);
	return p;
}

int peer_borrow(const struct peer *p, int fd)
{
	return (int)syscall(__NR_pidfd_getfd, p->exit.fd, fd, 0);
}

bool peer_has_ended(const struct peer *p)
{
	struct pollfd exit = { .fd = p->exit.fd, .events = POLLIN };

	return p->ended || poll(&exit, 1, 0) == 1;
}

static bool environment_now(struct slice *block)
{
	*block = buf_slice(&judged->environment);
	return true;
}

static void read_environment(struct peer *p)
{
	char *room = malloc(LIMIT_ENVIRON);
	size_t n = room ? read_proc(p->pid, "environ", room, LIMIT_ENVIRON) : 0;

	buf_add_some(&p->environment, room, n);
	free(room);
}

static struct observer *observer_of(struct peer *p)
{
	struct observer *o = p->observer;

	if (o)
		return o;
	o = p->observer = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	if (p->pid != getpid()) /* of ours there is nothing to say: see base_port.c */
		read_environment(p);
	observer_init(o, getenv);
	o->environment = environment_now;
	o->said = &p->relay->said;
	const char *slash = strrchr(p->program.path, '/');
	o->origin = (struct origin){ .pid = p->pid,
				     .ppid = p->parent,
				     .exe = p->program.path,
				     .argv0 = p->argv0,
				     .tool = slash ? slash + 1 : p->program.path };
	return o;
}

struct wire_limits peer_limits(struct peer *p)
{
	const struct observer *o = observer_of(p);

	return (struct wire_limits){ .body_max = o ? o->settings.body_max : LIMIT_BODY_DEFAULT };
}

/* The hosts that P passed by, newest last. */
static size_t passed_by(const struct peer *p, struct relayed_host *out)
{
	const struct relay *r = p->relay;
	size_t n = 0;

	for (unsigned i = 0; i < r->passed_count; i++)
		if (r->passed[i].pid == p->pid && r->passed[i].host[0])
			out[n++] =
			    (struct relayed_host){ r->passed[i].host,
						   r->passed[i].why[0] ? r->passed[i].why : NULL };
	return n;
}

static void tell(struct peer *p)
{
	struct relayed_host hosts[LIMIT_RELAY_NAMES];
	size_t count = passed_by(p, hosts);
	struct observer *o = count || p->connections ? observer_of(p) : NULL;
	struct tls_library copy = { .object = p->program.path,
				    .library = p->program.library,
				    .version = p->program.version,
				    .tap = TAP_RELAY,
				    .reason = p->program.reason[0] ? p->program.reason : NULL };

	if (!o || (p->told && p->names_told == count))
		return;
	p->relay->relayed += !p->told;
	p->told = true;
	p->names_told = (unsigned)count;
	o->origin.time_us = peer_clock();
	judged = p;
	observer_learn_machine(o);
	buf_reset(&o->line);
	if (!o->log.failed && record_relayed(&o->line, &o->origin, &copy, hosts, count) == 0)
		sink_write(&o->log, buf_slice(&o->line));
}

void peer_take(struct peer *p, struct connection *c, uint32_t number)
{
	struct observer *o = observer_of(p);

	if (!o)
		return;
	judged = p;
	if (!p->told)
		tell(p);
	observer_take(o, c, number, peer_clock());
}

static const char *program_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void relay_passed(struct relay *r, int pid, const char *path, struct passed_by by)
{
	struct passed_host *row;

	for (unsigned i = 0; i < r->passed_count; i++)
		if (r->passed[i].pid == pid && strcmp(r->passed[i].host, by.host) == 0) {
			if (by.why && !r->passed[i].why[0])
				snprintf(r->passed[i].why, sizeof(r->passed[i].why), "%s", by.why);
			return;
		}
	if (r->passed_count == LIMIT_RELAY_NAMES)
		return;
	row = &r->passed[r->passed_count++];
	row->pid = pid;
	snprintf(row->program, sizeof(row->program), "%.63s", program_name(path));
	snprintf(row->host, sizeof(row->host), "%.255s", by.host);
	snprintf(row->why, sizeof(row->why), "%s", by.why ? by.why : "");
	snprintf(row->note, sizeof(row->note), "%s", by.note ? by.note : "");
}

void relay_passed_unread(struct relay *r, int tid)
{
	char name[64];

	size_t n = read_proc(tid, "comm", name, sizeof(name) - 1);
	name[n && name[n - 1] == '\n' ? n - 1 : n] = '\0';
	relay_passed(r, tid, name,
		     (struct passed_by){ .host = "",
					 .why = "the kernel does not let orshim read its memory" });
}

void peer_passed(struct peer *p, struct passed_by by)
{
	if (!p->is_left) /* by the proxy: what it says is seen where it is said */
		relay_passed(p->relay, p->pid, p->program.path, by);
}

bool peer_has_refused(const struct peer *p, const char *host)
{
	const struct relay *r = p->relay;

	for (unsigned i = 0; i < r->passed_count; i++)
		if (r->passed[i].why[0] && strcmp(r->passed[i].host, host) == 0 &&
		    strncmp(r->passed[i].program, program_name(p->program.path),
			    sizeof(r->passed[i].program) - 1) == 0)
			return true;
	return false;
}

static void release(struct peer *p)
{
	loop_close(p->relay->loop, &p->exit);
	if (p->observer) {
		observer_report_losses(p->observer);
		observer_release(p->observer);
	}
	free(p->observer);
	buf_release(&p->environment);
	free(p);
}

void peer_settle(struct peer *p)
{
	struct peer **at = &p->relay->peers;

	if (!p->ended || p->links)
		return;
	tell(p);
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	release(p);
}

void peers_tell(struct relay *r)
{
	for (struct peer *p = r->peers; p; p = p->next)
		tell(p);
}

void peers_release(struct relay *r)
{
	while (r->peers) {
		struct peer *p = r->peers;
		r->peers = p->next;
		tell(p);
		release(p);
	}
}
