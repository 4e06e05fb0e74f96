/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/settings.h"
#include "diagnose/rules.h"
#include "diagnose/hosts.h"
#include "report/record.h"
#include "tools/attach/enter.h"
#include "tools/attach/inject.h"
#include "tools/attach/target.h"
#include "tools/redirect/candidate.h"
#include "tools/commands.h"
#include "tools/log/runs.h"
#include "tools/malformed.h"
#include "tools/program/program.h"

enum { PROCESSES_MAX = 4096, NAMED_MAX = 32, COMMAND_SHOWN = 70, STATUS_SIGNAL = 128 };

static volatile bool stop;
static volatile sig_atomic_t stop_signal;

static void note_signal(int signal)
{
	stop_signal = signal;
	stop = true;
}

static void watch_signals(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = note_signal };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Files for the process belong to its user, because root attaches to others' processes, too. */
static void become(uid_t uid, gid_t gid)
{
	if (uid == geteuid())
		return;
	if (seteuid(0) != 0 || setegid(gid) != 0 || seteuid(uid) != 0)
		die("attach: cannot act as user %u: %s", uid, strerror(errno));
}

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* Make it absolute: the other process has another working folder. */
static void add_path(struct buf *to, const char *name, const char *path)
{
	char folder[PATH_MAX];

	if (path[0] == '/')
		say(to, "%s=%s", name, path);
	else if (getcwd(folder, sizeof(folder)))
		say(to, "%s=%s/%s", name, folder, path);
	else
		die("attach: %s: the working folder is not there any more", path);
}

static bool is_path(enum setting_id id, const char *value)
{
	return id == SETTING_log || id == SETTING_capture ||
	       (id == SETTING_text && strcmp(value, "stderr") != 0 && strcmp(value, "off") != 0);
}

/*
 * Root attaches to another user's process: use that user's folders. In a
 * container take_its_home() did it: nsswitch.conf(5) of there names libraries
 * that getpwuid(3) would load into this process.
 */
static void look_at_home(const struct target *t)
{
	const struct passwd *owner;

	if (t->root[0] || t->uid == getuid())
		return;
	owner = getpwuid(t->uid);
	unsetenv("XDG_STATE_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("XDG_CACHE_HOME");
	if (owner)
		setenv("HOME", owner->pw_dir, 1);
}

/* The default log file, in the state folder of the process's user, which is created now. */
static char *default_log(const struct target *t)
{
	char name[128];

	snprintf(name, sizeof(name), "attached-%s-%d.log", t->name, (int)t->shown);
	char *path = state_path(name, true);
	if (!path)
		die("attach: there is no place for a log; say where with --log FILE");
	return path;
}

/* The settings for the process: our ORSHIM_* variables, and those that decide how text looks. */
static void gather(const struct attach_options *o, const struct target *t, struct buf *to)
{
	static const char *const others[] = { "NO_COLOR", "TERM", "HOME", "XDG_CACHE_HOME" };
	const char *log = o->log ? o->log : setting("ORSHIM_LOG");
	char *own = log ? NULL : default_log(t);

	for (int i = 0; i < SETTING_COUNT; i++) {
		const char *name = settings_table[i].name;
		const char *value = i == SETTING_log ? (log ? log : own) : setting(name);

		if (!value)
			continue;
		if (is_path((enum setting_id)i, value))
			add_path(to, name, value);
		else
			say(to, "%s=%s", name, value);
		if (buf_add(to, "", 1) != 0)
			die("attach: the settings are too long");
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (getenv(others[i])) {
			say(to, "%s=%s", others[i], getenv(others[i]));
			if (buf_add(to, "", 1) != 0)
				die("attach: the settings are too long");
		}
	free(own);
}

/* A file that only its owner can read; the other process removes it. */
static void write_settings(const struct buf *settings, const struct target *t, char path[PATH_MAX])
{
	const char *folder = getenv("XDG_RUNTIME_DIR");
	struct stat st;

	if (!folder || folder[0] != '/' || stat(folder, &st) != 0 || !S_ISDIR(st.st_mode) ||
	    st.st_uid != geteuid())
		folder = "/tmp";
	if (snprintf(path, PATH_MAX, "%s/orshim-attach-%d-XXXXXX", folder, (int)t->pid) >= PATH_MAX)
		die("attach: XDG_RUNTIME_DIR is too long");
	int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		die("attach: %s cannot be made: %s", path, strerror(errno));
	bool whole = write_all(fd, buf_slice(settings));
	if (close(fd) != 0 || !whole) {
		unlink(path);
		die("attach: %s cannot be written", path);
	}
}

static void say_since(struct buf *out, int64_t us)
{
	char ts[TIMESTAMP_SIZE];

	record_timestamp(us, ts);
	say(out, "since %.19sZ", ts);
}

/* Refuse a process that has loaded the shim already, in one line that describes it. */
static void refuse_second(const struct target *t)
{
	const char *log = t->status.log;

	if (t->status.state == ATTACH_STATE_ATTACHED)
		die("attach: %s[%d] is attached already, log: %s%s; to begin anew: orshim attach "
		    "--detach %d",
		    t->name, (int)t->shown, log[0] ? t->root : "", log[0] ? log : "none",
		    (int)t->shown);
	die("attach: %s[%d] carries the shim already: it was preloaded when it was started, by "
	    "orshim run for example; orshim attach --list shows its log",
	    t->name, (int)t->shown);
}

static int print_result(const struct target *t, enum inject_result result, char *message)
{
	target_clean(message);
	switch (result) {
	case INJECT_INTERRUPTED:
		warn("attach: interrupted; %s[%d] is as it was", t->name, (int)t->shown);
		return STATUS_SIGNAL + (int)stop_signal;
	case INJECT_PENDING:
		warn("attach: %s[%d] %s; see orshim attach --list", t->name, (int)t->shown,
		     message);
		return stop ? STATUS_SIGNAL + (int)stop_signal : EXIT_TROUBLE;
	case INJECT_REFUSED:
		warn("attach: %s[%d] %s", t->name, (int)t->shown, message);
		return EXIT_TROUBLE;
	case INJECT_DONE:
		break;
	}
	return EXIT_CLEAN;
}

/* Nothing that can be tapped: will there be, or is the program one whose TLS never can? */
static void print_no_library(const struct target *t)
{
	struct candidate *c = calloc(1, sizeof(*c));

	if (c)
		candidate_look(c, t->exe);
	if (c && c->kind == CANDIDATE_UNTAPPABLE)
		printf("  its TLS is %s, which cannot be tapped: start it under orshim run "
		       "instead, which sees it through a relay\n",
		       c->library);
	else
		printf("  no TLS library that is known is loaded in it yet: attach again when it "
		       "has one\n");
	free(c);
}

/* What it has become; how it is shown stays. */
static void read_again(struct target *t)
{
	const struct target before = *t;

	target_read(t, t->pid);
	t->shown = before.shown;
	memcpy(t->root, before.root, sizeof(t->root));
}

static int attach(const struct attach_options *o, struct target *t)
{
	char library[PATH_MAX] = "", path[PATH_MAX], message[ATTACH_MESSAGE] = "";
	struct buf settings;

	/* The process would say it on its own standard error, which hardly anybody reads. */
	malformed_settings("attach", die);
	if (!t->has_shim)
		library_find(library);
	if (t->has_shim && t->status.form == ATTACH_FORM &&
	    t->status.state != ATTACH_STATE_DISABLED)
		refuse_second(t);
	if (t->has_shim && !t->entry)
		die("attach: %s[%d] carries a liborshim.so of another version; start it again",
		    t->name, (int)t->shown);
	buf_init(&settings, LIMIT_KEPT_SETTINGS);
	look_at_home(t);
	become(t->uid, t->gid);
	gather(o, t, &settings);
	write_settings(&settings, t, path);
	become(getuid(), getgid());
	enum inject_result result = inject(t, ATTACH_VERB_ATTACH, library, path, &stop, message);
	if (result != INJECT_PENDING)
		unlink(path); /* unless it was read there */
	if (result == INJECT_DONE || result == INJECT_PENDING)
		enter_keep_library();
	buf_release(&settings);
	int status = print_result(t, result, message);
	if (result != INJECT_DONE)
		return status;
	bool tapped = strstr(message, ": tapped ") != NULL;
	read_again(t);
	printf("attached to %s[%d]\n", t->name, (int)t->shown);
	for (char *line = message; *line;) {
		int n = (int)strcspn(line, "\n");
		printf("  %.*s\n", n, line);
		line += n + (line[n] == '\n');
	}
	if (!message[0])
		print_no_library(t);
	if (t->status.log[0])
		printf("  log: %s%s\n  see:  orshim watch %s%s\n", t->root, t->status.log, t->root,
		       t->status.log);
	else
		printf("  its log cannot be written: say where with --log FILE\n");
	printf("  undo: orshim attach --detach %d\n", (int)t->shown);
	return tapped && t->status.log[0] ? EXIT_CLEAN : EXIT_FINDINGS;
}

static int detach(struct target *t)
{
	char message[ATTACH_MESSAGE] = "";

	if (!t->has_shim ||
	    (t->status.form == ATTACH_FORM && t->status.state == ATTACH_STATE_DISABLED)) {
		printf("%s[%d] is not attached\n", t->name, (int)t->shown);
		return EXIT_CLEAN;
	}
	if (!t->entry)
		die("attach: %s[%d] carries a liborshim.so of another version; only its end takes "
		    "that out",
		    t->name, (int)t->shown);
	enum inject_result result = inject(t, ATTACH_VERB_DETACH, "", "", &stop, message);
	int status = print_result(t, result, message);
	if (result == INJECT_DONE)
		printf("detached from %s[%d]: its TLS library's tables are as they were\n", t->name,
		       (int)t->shown);
	return status;
}

static void list_one(const struct target *t, struct buf *out)
{
	static const char *const states[] = { "preloaded", "attached", "detached" };
	const struct attach_status *p = &t->status;
	bool preloaded = p->state == ATTACH_STATE_PRELOADED;
	char log[PATH_MAX] = "", command[COMMAND_SHOWN];

	target_command(t->pid, command, sizeof(command));
	say(out, "%7d  %-9s ", (int)t->pid, p->state < 3 ? states[p->state] : "unknown");
	say_since(out, preloaded ? target_start_us(t->pid) : p->since_us);
	say(out, "  %s\n", command);
	if (preloaded)
		target_variable(t->pid, "ORSHIM_LOG", log, sizeof(log));
	else if (p->state == ATTACH_STATE_ATTACHED)
		snprintf(log, sizeof(log), "%s", p->log);
	target_clean(log);
	if (p->state != ATTACH_STATE_DISABLED)
		say(out, "         log: %s\n", log[0] ? log : "none");
}

static int list(void)
{
	pid_t *pids = calloc(PROCESSES_MAX, sizeof(*pids));
	size_t count = pids ? target_find(NULL, pids, PROCESSES_MAX) : 0;
	struct target *t = malloc(sizeof(*t));
	struct buf out;
	size_t shown = 0;

	if (!pids || !t)
		die("attach: out of memory");
	buf_init(&out, LIMIT_ENVIRON);
	for (size_t i = 0; i < count; i++)
		if (target_read(t, pids[i]) && t->has_shim) {
			list_one(t, &out);
			shown++;
		}
	if (!shown)
		say(&out, "no process of yours carries the shim\n");
	print_out(&out);
	buf_release(&out);
	free(pids);
	free(t);
	return EXIT_CLEAN;
}

/* The one process that NAME matches; dies unless there is exactly one. */
static pid_t find_named(const char *name)
{
	pid_t pids[NAMED_MAX];
	size_t count = target_find(name, pids, NAMED_MAX);

	if (count == 1)
		return pids[0];
	if (count == 0)
		die("attach: no process of yours is called %s; give its pid", name);
	for (size_t i = 0; i < count; i++) {
		char command[COMMAND_SHOWN];
		target_command(pids[i], command, sizeof(command));
		fprintf(stderr, "%7d  %s\n", (int)pids[i], command);
	}
	die("attach: %s%zu processes are called %s: which of them? Give its pid",
	    count == NAMED_MAX ? "more than " : "", count, name);
}

static pid_t find_whom(const char *whom)
{
	char *end;
	long pid;

	if (whom[strspn(whom, "0123456789")])
		return find_named(whom);
	errno = 0;
	pid = strtol(whom, &end, 10);
	if (errno || pid <= 0 || pid > INT_MAX)
		die("attach: %s is not a process number", whom);
	return (pid_t)pid;
}

/* Process ids must mean the same in both PID namespaces. */
static void look_at_proc(void)
{
	char self[32] = "";

	ssize_t n = readlink("/proc/self", self, sizeof(self) - 1);
	if (n <= 0)
		die("attach: /proc is not mounted: it tells what runs here");
	if (atol(self) != (long)getpid())
		die("attach: /proc shows the processes of another pid namespace: mount it anew "
		    "(mount -t proc proc /proc), or attach from outside");
}

static int attach_or_detach(const struct attach_options *o, struct target *t)
{
	const char *why = target_refusal(t);

	if (why)
		die("attach: %s[%d] %s", t->name, (int)t->shown, why);
	watch_signals();
	return o->detach ? detach(t) : attach(o, t);
}

/* In its container the folders of its user are those that it was started with. */
static void take_its_home(pid_t pid)
{
	char home[PATH_MAX];

	unsetenv("XDG_STATE_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("XDG_CACHE_HOME");
	setenv("HOME", target_variable(pid, "HOME", home, sizeof(home)) ? home : "/tmp", 1);
}

/* A process of a container: the same from inside of that, with our library. */
static int attach_inside(const struct attach_options *o, struct target *t)
{
	const pid_t shown = t->pid;
	char library[PATH_MAX] = "", name[TARGET_NAME];
	pid_t number;
	int fd = -1, status;

	memcpy(name, t->name, sizeof(name));
	if (!o->detach) {
		library_find(library);
		fd = open(library, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			die("attach: %s: %s", library, strerror(errno));
	}
	switch (enter(t->pid, &number, &status)) {
	case ENTER_REFUSED:
		die("attach: %s[%d] is in a container or sandbox that cannot be entered from here: "
		    "attach as root, or from inside of it",
		    name, (int)shown);
	case ENTER_ENDED:
		return status;
	case ENTER_INSIDE:
		break;
	}
	look_at_proc();
	if (!enter_has_true_proc(number))
		die("attach: %s[%d] is in a container where something is mounted over /proc/%d, or "
		    "is not there: attach from inside of it",
		    name, (int)shown, (int)number);
	if (!target_read(t, number))
		die("attach: %s[%d] is not among the processes that its container's /proc shows",
		    name, (int)shown);
	t->shown = shown;
	snprintf(t->root, sizeof(t->root), "/proc/%d/root", (int)shown);
	take_its_home(number);
	if (!o->detach && !t->has_shim && !enter_with_library(fd, library))
		die("attach: %s[%d] is in a container without a /tmp to put liborshim.so into: "
		    "mount it there at %s",
		    name, (int)shown, library);
	return attach_or_detach(o, t);
}

int cmd_attach(const struct arguments *a)
{
	const struct attach_options *o = a->options;
	const char *whom = a->words[0];
	struct target *t = malloc(sizeof(*t));
	int status;

	if (!t)
		die("attach: out of memory");
	if (o->list && (whom || o->detach || o->log))
		die("attach: --list takes no PID, NAME or other option");
	if (!o->list && (!whom || !*whom))
		die("attach: which PID or NAME? Example: orshim attach node");
	look_at_proc();
	if (o->list) {
		free(t);
		return list();
	}
	pid_t pid = find_whom(whom);
	if (!target_read(t, pid))
		die("attach: there is no process %d", (int)pid);
	status = enter_is_needed(pid) ? attach_inside(o, t) : attach_or_detach(o, t);
	free(t);
	return status;
}
