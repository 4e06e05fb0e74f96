/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/log/runs.h"
#include "tools/report/run_report.h"
#include "tools/watch/follow.h"
#include "tools/watch/lines.h"
#include "tools/watch/view.h"

enum { DRAW_MS = 100, LINES_KEPT = 4096 };

struct watch {
	struct follow follow;
	struct log_filter *filter;
	struct log log;    /* of one line */
	size_t lines_kept; /* whose texts it has */
	struct tally tally;
	struct lines lines;
	struct view view;
	bool json, full_screen;
	size_t bad;
};

/* Process and launch records are not requests; print them only without a filter. */
static bool takes(const struct watch *w, const struct log_row *row)
{
	if (!w->filter->given)
		return true;
	return (row->kind == LOG_EXCHANGE || row->kind == LOG_CONNECTION) &&
	       log_filter_takes_row(w->filter, row);
}

static void print_row(struct watch *w, const struct log *l, const struct log_row *row)
{
	struct buf out;

	style_of(STDOUT_FILENO, &w->lines.style); /* the window size may have changed */
	buf_init(&out, 4 * LIMIT_LINE);
	if (w->json)
		lines_json(&w->tally, l, row, &out);
	else
		lines_say(&w->lines, &w->tally, l, row, &out);
	if (!write_all(STDOUT_FILENO, buf_slice(&out)))
		follow_stop(0); /* the reader is gone */
	buf_release(&out);
}

/* The full screen keeps all records: a request in detail says more with those of its process. */
static void take_row(struct watch *w, const struct log *l, struct slice line)
{
	const struct log_row *row = &l->rows[0];
	bool taken = takes(w, row);

	if (w->follow.anew)
		w->view.rows.number = 0;
	w->follow.anew = false;
	w->view.rows.number += row->kind == LOG_EXCHANGE;
	if (taken)
		tally_add(&w->tally, row);
	if (w->full_screen && (taken || row->kind != LOG_EXCHANGE))
		kept_add(&w->view.rows, row, line);
	else if (taken && !w->full_screen)
		print_row(w, l, row);
}

/*
 * The same texts come again and again: the log keeps them, masked, from line to
 * line, and the roles of processes. From time to time all are forgotten.
 */
static void forget_rows(struct watch *w)
{
	struct log *l = &w->log;

	l->count = l->finding_count = l->library_count = l->origin_count = 0;
	if (++w->lines_kept < LINES_KEPT)
		return;
	log_release(l);
	log_init(l);
	w->lines_kept = 0;
}

static void take_line(void *context, struct slice line, bool too_long)
{
	struct watch *w = context;

	if (too_long || (line.n && !log_add_line(&w->log, line.p, line.n)))
		w->bad++;
	else if (w->log.count)
		take_row(w, &w->log, line);
	forget_rows(w);
}

static void print_tally(const struct watch *w)
{
	struct buf out;

	buf_init(&out, LIMIT_LINE);
	/* after the ^C that the terminal echoes */
	say(&out, "%sorshim: ", isatty(STDOUT_FILENO) && !w->full_screen ? "\n" : "");
	tally_words(&w->tally, &out);
	say(&out, "\n");
	write_all(STDOUT_FILENO, buf_slice(&out));
	buf_release(&out);
}

static void follow_in_lines(struct watch *w)
{
	const struct timespec pause = { .tv_nsec = FOLLOW_LOOK_MS * 1000000L };
	struct sigaction action = { .sa_handler = follow_stop };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	while (!follow_is_stopped()) {
		follow_read(&w->follow);
		nanosleep(&pause, NULL);
	}
}

/* Exchanges of the log before the place where watching begins: they have the numbers up to it. */
static unsigned count_before(const struct follow *f)
{
	static const char begin[] = "{\"v\":1,\"record\":\"exchange\"";
	FILE *file = f->at ? fopen(f->path, "re") : NULL;
	unsigned count = 0;
	char *line = NULL;
	size_t room = 0;

	while (file && ftello(file) < f->at && getline(&line, &room, file) > 0)
		count += strncmp(line, begin, sizeof(begin) - 1) == 0;
	free(line);
	if (file)
		fclose(file);
	return count;
}

static void follow_on_screen(struct watch *w)
{
	view_init(&w->view, w->follow.path, &w->tally);
	w->view.rows.number = count_before(&w->follow);
	while (!follow_is_stopped() && !w->view.ended) {
		follow_read(&w->follow);
		view_draw(&w->view);
		int key = terminal_key(&w->view.screen.terminal, DRAW_MS);
		/* keys that are there already are cheaper to take than to draw */
		for (; key != KEY_NONE && !w->view.ended;
		     key = terminal_key(&w->view.screen.terminal, 0))
			view_key(&w->view, key);
	}
	view_release(&w->view);
}

int cmd_watch(const struct arguments *a)
{
	const struct watch_options *o = a->options;
	struct watch *w = calloc(1, sizeof(*w));
	char *newest = NULL;

	if (!w)
		die("out of memory");
	if (o->json && o->plain)
		die("watch: --json and --plain exclude each other");
	w->filter = log_filter_read(&o->filter, "watch", run_clock());
	w->json = o->json;
	w->full_screen = !o->json && !o->plain && terminal_is_known();
	w->follow =
	    (struct follow){ .path = a->words[0], .all = o->all, .take = take_line, .context = w };
	if (!w->follow.path)
		w->follow.path = newest = runs_newest("log");
	if (!w->follow.path)
		die("watch: no run is kept yet; name the log that ORSHIM_LOG names");
	log_init(&w->log);
	follow_open(&w->follow);
	if (w->full_screen)
		follow_on_screen(w);
	else
		follow_in_lines(w);
	if (!w->json)
		print_tally(w);
	if (w->bad)
		warn("watch: %zu lines were not records of orshim", w->bad);
	lines_release(&w->lines);
	follow_close(&w->follow);
	log_release(&w->log);
	free(w->filter);
	free(newest);
	free(w);
	return EXIT_CLEAN;
}
