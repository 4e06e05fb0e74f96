/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/log/command_words.h"
#include "tools/log/runs.h"
#include "tools/log/log_counts.h"
#include "tools/malformed.h"
#include "tools/program/elf.h"
#include "tools/program/program.h"
#include "tools/redirect/collector.h"
#include "tools/redirect/next_step.h"
#include "tools/redirect/passed.h"
#include "tools/redirect/run_relay.h"
#include "tools/report/annotate.h"
#include "tools/report/layout.h"
#include "tools/report/run_report.h"
#include "tools/run/child.h"
#include "tools/run/elsewhere.h"
#include "tools/run/launch.h"

enum { STATUS_NOT_EXECUTABLE = 126, STATUS_NOT_FOUND = 127, LOG_MAX = 1 << 30, COMMAND_SHOWN = 120 };

struct run {
	char **tool;             /* argv of the tool */
	const struct run_options *o;
	char *folder; /* of this run's own files */
	struct run_log log; /* kept: the folder is kept as one of the last runs */
	char *text_path;
	bool own_text;   /* print the diagnosis only after the tool has ended */
	enum relay_mode relay;
	struct run_relay relayed;
	struct buf passed; /* connections that the relay passed through unread */
};

static void set(const char *name, const char *value)
{
	if (setenv(name, value, 1) != 0)
		die("run: out of memory");
}

/* As --relay spells enum relay_mode, from 1. */
static const char *const relay_words[] = { NULL, "auto", "off", "all", "strict" };

static void take_options(struct run *r, const struct arguments *a)
{
	const struct run_options *o = a->options;

	r->o = o;
	settings_relay(getenv("ORSHIM_RELAY"), &r->relay);
	if (o->relay) {
		r->relay = (enum relay_mode)(o->relay - 1);
		set("ORSHIM_RELAY", relay_words[o->relay]);
	}
	if (a->count == 0)
		die("run: the tool is missing; for example `orshim run -- python3 app.py`");
	r->tool = a->words;
}

/* Our library comes first in LD_PRELOAD: the first definition of a symbol wins. */
static void set_preload(void)
{
	char library[PATH_MAX];
	const char *before = getenv("LD_PRELOAD");
	struct buf list;

	library_find(library);
	if (strpbrk(library, " :"))
		die("run: LD_PRELOAD cannot name %s: it has a space or a colon; move the library",
		    library);
	buf_init(&list, LIMIT_ENVIRON);
	say(&list, "%s%s%s", library, before && *before ? ":" : "", before ? before : "");
	if (buf_add(&list, "", 1) != 0)
		die("run: out of memory");
	set("LD_PRELOAD", list.p);
	buf_release(&list);
}

/* Allocates FOLDER/FILE; the caller frees it. */
static char *join(const char *folder, const char *file)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", folder, file) < 0)
		die("run: out of memory");
	return path;
}

/* Make the path absolute: the tool may change its working folder. */
static char *absolute(const char *path)
{
	char *here;

	if (path[0] == '/')
		return join("", path + 1);
	here = getcwd(NULL, 0);
	if (!here)
		die("run: the working folder has no name: %s", strerror(errno));
	char *whole = join(here, path);
	free(here);
	return whole;
}

static void make_folder(struct run *r)
{
	const char *base = getenv("TMPDIR");

	r->log.since_us = run_clock();
	r->folder = run_keep(r->tool, r->log.since_us);
	r->log.kept = r->folder != NULL;
	if (r->log.kept)
		return;
	warn("run: this run is not kept, for its folder cannot be written (XDG_STATE_HOME, HOME)");
	if (!base || !*base)
		base = "/tmp";
	r->folder = join(base, "orshim-XXXXXX");
	if (!mkdtemp(r->folder))
		die("run: cannot make a folder in %s: %s; set TMPDIR", base, strerror(errno));
}

/* A file that the user asked for must be writable: the shim itself would not report it. */
static void check_writable(const char *path)
{
	if (!path || strstr(path, "%p"))
		return;
	int fd =
	    open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd < 0)
		die("run: cannot write to %s: %s", path,
		    errno == ENXIO ? "nobody reads this pipe" : strerror(errno));
	close(fd);
}

static void choose_log(struct run *r)
{
	const char *given = r->o->log ? r->o->log : getenv("ORSHIM_LOG");

	if (given && *given) {
		r->log.path = absolute(given);
		check_writable(r->log.path);
		r->log.start = log_size(r->log.path);
	} else {
		r->log.path = join(r->folder, "log");
	}
	set("ORSHIM_LOG", r->log.path);
}

/* By default the diagnosis is printed after the tool ends, so that it disturbs no screen. */
static void choose_text(struct run *r)
{
	if (r->o->quiet)
		set("ORSHIM_TEXT", "off");
	const char *given = getenv("ORSHIM_TEXT");
	if (given && *given && strcmp(given, "stderr") != 0 && strcmp(given, "off") != 0)
		check_writable(given);
	if (given)
		return;
	r->own_text = true;
	r->text_path = join(r->folder, "text");
	set("ORSHIM_TEXT", r->text_path);
}

/* Read FILE from START on. */
static void read_from(const char *file, off_t start, struct buf *out)
{
	char piece[16384];
	ssize_t n;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	while ((n = pread(fd, piece, sizeof(piece), start)) > 0) {
		start += n;
		if (buf_add_some(out, piece, (size_t)n) < (size_t)n)
			break;
	}
	close(fd);
}

/* The user's own log stays where it is; the kept run gets a copy of its lines. */
static void keep_log(const struct run *r, struct slice lines)
{
	char *path = join(r->folder, "log");
	int fd = -1;

	if (r->log.kept && strcmp(path, r->log.path) != 0)
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0) {
		write_all(fd, lines);
		close(fd);
	}
	free(path);
}

/* Connections that the relay passed through unread, one line for each. */
static void say_passed(const struct run *r, const struct text_style *style, struct buf *out)
{
	struct slice rest, line;
	struct buf lines;

	buf_init(&lines, LIMIT_BLOCK);
	passed_say(buf_slice(&r->passed), &lines);
	rest = buf_slice(&lines);
	while (slice_cut(&rest, '\n', &line)) {
		if (!line.n)
			continue;
		size_t start = out->n;
		say(out, "orshim: %.*s", SLICE_ARG(line));
		say_end(out, style, start, 8);
	}
	buf_release(&lines);
}

/* The command again; its words are left out where one is secret, or needs quoting, or they are many. */
static void say_command(char **tool, struct buf *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._-+=:,@%";
	size_t size = 0;

	for (size_t i = 0; tool[i]; i++) {
		size += strlen(tool[i]) + 1;
		if (i && (tool[i][strspn(tool[i], plain)] || !*tool[i] ||
			  word_is_secret((const char *const *)tool, i)))
			size = COMMAND_SHOWN + 1;
	}
	for (size_t i = 0; tool[i] && (i == 0 || size <= COMMAND_SHOWN); i++)
		say(out, "%s%s", i ? " " : "", tool[i]);
	if (size > COMMAND_SHOWN)
		say(out, " ...");
	if (buf_add(out, "", 1) != 0)
		die("run: out of memory");
}

/* If nothing was observed: print why, and what to do. */
static void say_next_step(const struct run *r, const struct log_counts *t, struct buf *out)
{
	struct buf command;

	buf_init(&command, LIMIT_LINE);
	say_command(r->tool, &command);
	struct unseen u = { .tool = r->tool[0],
			    .command = command.p,
			    .report = buf_slice(&r->passed),
			    .tapped = t->processes - t->untapped,
			    .untapped = t->untapped,
			    .addon = buf_slice(&t->addon),
			    .unfollowed = buf_slice(&t->unfollowed) };

	if (t->exchanges == 0)
		next_step_say(&r->relayed, &u, out);
	buf_release(&command);
}

static void tell(struct run *r)
{
	struct log_counts t;
	struct text_style style = { 0 }; /* in a file the line stays whole */
	struct buf text, log, out, report;
	char token[ANNOTATE_TOKEN];

	buf_init(&text, LOG_MAX);
	buf_init(&report, LOG_MAX);
	buf_init(&log, LOG_MAX);
	buf_init(&out, LIMIT_BLOCK);
	log_counts_init(&t);
	if (r->own_text)
		read_from(r->text_path, 0, &text);
	run_lines(&r->log, &log);
	if (isatty(STDERR_FILENO)) /* the tool may have left an unfinished line */
		write_all(STDERR_FILENO, SLICE("\n"));
	log_counts_add(&t, buf_slice(&log));
	bool annotated = annotate_wanted(r->o->annotate);
	if (annotated)
		annotate_stop(token);
	if (r->o->quiet)
		buf_reset(&text);
	else if (!r->own_text || !run_report(&r->log, &report))
		write_all(STDERR_FILENO, buf_slice(&text));
	write_all(STDERR_FILENO, buf_slice(&report));
	if (report.n)
		say(&out, "\n");
	if (isatty(STDERR_FILENO))
		style_of(STDERR_FILENO, &style);
	say_passed(r, &style, &out);
	size_t start = out.n;
	say(&out, "orshim: ");
	log_counts_say(&t, &out);
	say_next_step(r, &t, &out);
	if (r->o->log)
		say(&out, "; log: %s", r->o->log);
	else if (r->log.kept && report.n)
		say(&out, "; `orshim report` shows it again, `orshim report --markdown` is for an "
			  "issue");
	say_end(&out, &style, start, 8);
	write_all(STDERR_FILENO, buf_slice(&out));
	if (annotated) {
		annotate_resume(token);
		run_annotate(&r->log);
	}
	log_counts_release(&t);
	if (r->o->report)
		run_report_file(&r->log, r->o->report);
	keep_log(r, buf_slice(&log));
	buf_release(&text);
	buf_release(&log);
	buf_release(&report);
	buf_release(&out);
}

static void leave_folder(const struct run *r, int status)
{
	static const char *const files[] = { "log", "log.1", "text" };

	if (r->log.kept)
		run_ended(r->folder, r->tool, r->log.since_us, status);
	for (size_t i = 0; !r->log.kept && i < sizeof(files) / sizeof(files[0]); i++) {
		char *path = join(r->folder, files[i]);
		unlink(path);
		free(path);
	}
	if (!r->log.kept)
		rmdir(r->folder);
	free(r->folder);
	free(r->log.path);
	free(r->text_path);
}

/*
 * The runtime of ASan refuses to start when it is not the first library. That
 * check is needless here: the functions that it intercepts are called by name
 * in our library, as everywhere.
 */
static void settle_asan(const char *path)
{
	const char *given = getenv("ASAN_OPTIONS"), *why, *name;
	char *options;
	struct elf e;
	bool needed = false;

	if (!elf_open(&e, path, &why))
		return;
	for (size_t i = 0; (name = elf_needed(&e, i)); i++)
		needed |= strncmp(name, "libasan.so", strlen("libasan.so")) == 0;
	elf_close(&e);
	if (!needed)
		return;
	if (asprintf(&options, "verify_asan_link_order=0%s%s", given ? ":" : "",
		     given ? given : "") < 0)
		die("out of memory");
	set("ASAN_OPTIONS", options);
	free(options);
}

/* Report the keys in reach of the tool, record them in the log, and pass them to the shim. */
static void launch_checks(const struct run *r, const char *program)
{
	struct launch *l = launch_look();

	launch_look_closer(l);
	if (r->own_text || strcmp(getenv("ORSHIM_TEXT"), "stderr") == 0)
		launch_say(l, r->tool[0]);
	launch_log(l, r->log.path, &(struct launch_start){ r->tool, program, r->log.since_us });
	launch_hand_out(l);
	launch_release(l);
}

/* The tool's status; with --fail-on the status for what was found, if the tool's is 0. */
static int end_status(const struct run *r, int status)
{
	if (status != 0 || r->o->fail_on == FAIL_ON_NOTHING)
		return status;
	enum run_outcome outcome = run_outcome(&r->log);
	if (outcome == RUN_UNSEEN)
		return EXIT_NOTHING;
	return outcome >= (r->o->fail_on == FAIL_ON_ERROR ? RUN_ERRORS : RUN_WARNINGS) ? EXIT_FINDINGS : EXIT_CLEAN;
}

/* docker, ssh and the like start the tool where we cannot observe it. */
static void say_elsewhere(const struct run *r)
{
	char library[PATH_MAX], command[PATH_MAX];
	struct buf out;

	ssize_t n = readlink("/proc/self/exe", command, sizeof(command) - 1);
	command[n > 0 ? n : 0] = '\0';
	library_find(library);
	buf_init(&out, LIMIT_BLOCK);
	elsewhere_say(r->tool, library, command, &out);
	if (out.n)
		warn("run: %.*s", SLICE_ARG(buf_slice(&out)));
	buf_release(&out);
}

int cmd_run(const struct arguments *a)
{
	struct program program;
	struct run r = { 0 };

	take_options(&r, a);
	switch (program_find(&program, r.tool[0])) {
	case PROGRAM_NOT_FOUND:
		warn("run: command not found: %s%s", *r.tool[0] ? r.tool[0] : "its name is empty",
		     program_hint(r.tool[0], PROGRAM_NOT_FOUND));
		return STATUS_NOT_FOUND;
	case PROGRAM_NOT_EXECUTABLE:
		warn("run: %s is not executable%s", r.tool[0],
		     program_hint(r.tool[0], PROGRAM_NOT_EXECUTABLE));
		return STATUS_NOT_EXECUTABLE;
	case PROGRAM_FINE:
		break;
	}
	set_preload();
	settle_asan(program.interpreter);
	if (program.no_preload && (program.gains_rights || program.is_foreign))
		warn("run: %s will not be seen: %s; it runs anyway", program.interpreter,
		     program.no_preload);
	say_elsewhere(&r);
	check_writable(r.o->log);
	check_writable(r.o->report);
	make_folder(&r);
	choose_log(&r);
	choose_text(&r);
	if (!r.o->quiet)
		malformed_settings("run", warn);
	launch_checks(&r, program.interpreter);
	if (!getenv("ORSHIM_FOLLOW"))
		set("ORSHIM_FOLLOW", "1");
	buf_init(&r.passed, RELAY_REPORT);
	int log_socket = collector_listen(r.log.path);
	bool collected = run_relay_start(&r.relayed, r.folder, r.relay, program.path, log_socket);
	if (collected)
		close(log_socket);
	int status = child_run(program.path, r.tool, run_relay_enter, &r.relayed);
	run_relay_settle(&r.relayed, &r.passed);
	if (!collected && log_socket >= 0)
		collector_take_all(log_socket, r.log.path);
	tell(&r);
	buf_release(&r.passed);
	int end = end_status(&r, status);
	leave_folder(&r, status);
	return end;
}
