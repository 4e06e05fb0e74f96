/* SPDX-License-Identifier: MIT */
/*
 * Follows a log by polling it ten times a second, because inotify misses
 * changes on network and container file systems. A file that was replaced or
 * truncated is read from its beginning.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "report/paragraph.h"
#include "tools/commands.h"
#include "tools/log/runs.h"
#include "tools/report/layout.h"
#include "tools/report/run_report.h"

enum { LOOK_NS = 100000000, PIECE = 1 << 16, SEEN_MAX = 256 };

struct watch {
	const char *path;
	bool all;        /* begin with the rotated file */
	bool from_start; /* begin with the existing content */
	int fd;
	off_t at;
	ino_t inode;
	struct buf line; /* requests begun and not ended */
	bool too_long;
	struct log log;       /* of one line */
	char *seen[SEEN_MAX]; /* causes that were already explained */
	size_t seen_count, bad;
	struct log_filter *filter;
	struct text_style style;
};

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static bool is_news(struct watch *w, const char *cause)
{
	for (size_t i = 0; i < w->seen_count; i++)
		if (strcmp(w->seen[i], cause) == 0)
			return false;
	char *copy = w->seen_count < SEEN_MAX ? strdup(cause) : NULL;
	if (copy)
		w->seen[w->seen_count++] = copy;
	return true;
}

/* Print why and how to mend it, the first time. */
static void say_rule(struct watch *w, const struct log_finding *f, struct buf *out)
{
	enum rule_id rule = rule_find(slice_of(f->rule));

	if (rule == RULE_NONE || !is_news(w, f->rule))
		return;
	size_t start = out->n;
	say(out, "  %s[%s]: %s", severity_name(rules[rule].severity), f->rule, rules[rule].title);
	say_end(out, &w->style, start, 6);
	if (f->detail && *f->detail)
		say_paragraph(out, &w->style, "    seen: ", slice_of(f->detail));
	say_paragraph(out, &w->style,
		      "    why: ", slice_of(f->why ? f->why : rule_texts[rule].why));
	say_paragraph(out, &w->style,
		      "    fix: ", slice_of(f->fix ? f->fix : rule_texts[rule].fix));
}

/* The local time of day. */
static void say_clock(const struct log_row *row, struct buf *out)
{
	time_t seconds = (time_t)(row->time_us / 1000000);
	struct tm here;

	if (row->time_us < 0 || !localtime_r(&seconds, &here))
		say(out, "--:--:--  ");
	else
		say(out, "%02d:%02d:%02d  ", here.tm_hour, here.tm_min, here.tm_sec);
}

static void say_exchange(struct watch *w, const struct log_row *row, struct buf *out)
{
	bool coloured = w->style.colour && row_failed(row);

	say_clock(row, out);
	say(out, "%s", coloured ? "\033[1;31m" : "");
	row_words(row, out);
	if (row->retry.n)
		say(out, ", retry %u", row->retry.n);
	if (row_failed(row))
		say(out, ", %s", row->cause ? row->cause : "refused, unexplained");
	say(out, "%s\n", coloured ? "\033[0m" : "");
	for (size_t i = 0; i < row->finding_count; i++) {
		const struct log_finding *f = &w->log.findings[row->findings + i];
		bool cause = row->cause && strcmp(row->cause, f->rule) == 0;
		if (cause || (!row_failed(row) && f->severity >= SEVERITY_WARNING))
			say_rule(w, f, out);
	}
}

static void say_row(struct watch *w, const struct log_row *row, struct buf *out)
{
	if (row->kind == LOG_EXCHANGE) {
		say_exchange(w, row, out);
		return;
	}
	say_clock(row, out);
	if (row->kind != LOG_LAUNCH)
		row_process_words(row, out);
	say(out, " ");
	if (row->kind == LOG_LAUNCH)
		say(out, "started: %s", row->command ? row->command : "");
	else if (row->kind == LOG_PROCESS)
		coverage_words(&w->log, row, out);
	else
		say(out, "connection to %s%s%s", row->host ? row->host : "an unnamed host",
		    row->blind ? ", not read: " : "",
		    row_is_quic(row) ? quic_words
		    : row->blind     ? row->blind
				     : "");
	say(out, "\n");
	for (size_t i = 0; i < row->finding_count; i++) {
		const struct log_finding *f = &w->log.findings[row->findings + i];
		say_rule(w, f, out);
	}
}

/* Process and launch records are not requests; print them only with --all. */
static bool takes(const struct watch *w, const struct log_row *row)
{
	if (!w->filter->given)
		return true;
	return (row->kind == LOG_EXCHANGE || row->kind == LOG_CONNECTION) &&
	       log_filter_takes_row(w->filter, row);
}

static void end_line(struct watch *w)
{
	struct slice s = buf_slice(&w->line);
	struct buf out;

	style_of(STDOUT_FILENO, &w->style); /* the window size may have changed */
	buf_init(&out, LIMIT_LINE);
	log_init(&w->log);
	if (w->too_long || (s.n && !log_add_line(&w->log, s.p, s.n)))
		w->bad++;
	else if (w->log.count && takes(w, &w->log.rows[0]))
		say_row(w, &w->log.rows[0], &out);
	log_release(&w->log);
	buf_reset(&w->line);
	w->too_long = false;
	if (!write_all(STDOUT_FILENO, buf_slice(&out)))
		stopped = 1; /* the reader is gone */
	buf_release(&out);
}

static void read_more(struct watch *w)
{
	static char piece[PIECE];
	ssize_t n;

	while (!stopped && (n = pread(w->fd, piece, sizeof(piece), w->at)) > 0) {
		w->at += n;
		for (char *p = piece; p < piece + n;) {
			char *end = memchr(p, '\n', (size_t)(piece + n - p));
			size_t part = (size_t)((end ? end : piece + n) - p);
			if (buf_add_some(&w->line, p, part) < part)
				w->too_long = true;
			p += part + 1;
			if (end)
				end_line(w);
		}
	}
}

/* The older part of the log, if W's file replaced it at the limit (ORSHIM_LOG_MAX). */
static void read_rotated(struct watch *w)
{
	const int current = w->fd;
	struct stat st;
	char *old;

	if (asprintf(&old, "%s.1", w->path) < 0)
		return;
	w->fd = open(old, O_RDONLY | O_CLOEXEC);
	free(old);
	/* W's own file, if it was renamed at this moment */
	if (w->fd >= 0 && fstat(w->fd, &st) == 0 && st.st_ino != w->inode)
		read_more(w);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = current;
}

static void begin_anew(struct watch *w, off_t at)
{
	w->at = at;
	buf_reset(&w->line);
	w->too_long = false;
}

/* Open the file; reopen it after a rotation; start again after a truncation. */
static void look(struct watch *w)
{
	struct stat st;

	if (stat(w->path, &st) != 0)
		return;
	if (w->fd >= 0 && st.st_ino == w->inode && st.st_size >= w->at)
		return;
	bool first = w->fd < 0 && w->inode == 0;
	if (w->fd >= 0) {
		read_more(w); /* what was written before the rotation */
		close(w->fd);
	}
	w->fd = open(w->path, O_RDONLY | O_CLOEXEC);
	if (w->fd < 0 || fstat(w->fd, &st) != 0)
		return;
	w->inode = st.st_ino;
	if (first && w->all) {
		begin_anew(w, 0);
		read_rotated(w);
	}
	begin_anew(w, first && !w->from_start ? st.st_size : 0);
}

static void follow(struct watch *w)
{
	struct timespec pause = { .tv_nsec = LOOK_NS };
	struct sigaction action = { .sa_handler = stop };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	while (!stopped) {
		if (w->fd >= 0)
			read_more(w);
		look(w);
		nanosleep(&pause, NULL);
	}
	if (w->fd >= 0)
		read_more(w);
	if (isatty(STDOUT_FILENO)) /* after the ^C that the terminal echoes */
		write_all(STDOUT_FILENO, SLICE("\n"));
}

/* Wait for a log that does not exist yet; die if it can never be read. */
static void check_readable(struct watch *w)
{
	struct stat st;

	if (stat(w->path, &st) != 0) {
		warn("watch: waiting for %s", w->path);
		w->from_start = true; /* a new file: everything in it is new */
	} else if (S_ISDIR(st.st_mode)) {
		die("watch: %s is a folder; name the log in it", w->path);
	} else if (access(w->path, R_OK) != 0) {
		die("watch: cannot read %s: %s", w->path, strerror(errno));
	}
}

int cmd_watch(const struct arguments *a)
{
	const struct watch_options *o = a->options;
	struct watch w = { .fd = -1, .path = a->words[0], .all = o->all, .from_start = o->all };
	char *newest = NULL;

	w.filter = log_filter_read(&o->filter, "watch", run_clock());
	if (!w.path)
		w.path = newest = runs_newest("log");
	if (!w.path)
		die("watch: no run is kept yet; name the log that ORSHIM_LOG names");
	buf_init(&w.line, LOG_LINE_MAX);
	check_readable(&w);
	look(&w);
	follow(&w);
	if (w.bad)
		warn("watch: %zu lines were not records of orshim", w.bad);
	for (size_t i = 0; i < w.seen_count; i++)
		free(w.seen[i]);
	buf_release(&w.line);
	free(w.filter);
	free(newest);
	return EXIT_CLEAN;
}
