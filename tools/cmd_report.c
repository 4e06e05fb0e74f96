/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/fleet/rollup_report.h"
#include "tools/log/log_source.h"
#include "tools/log/runs.h"
#include "tools/report/annotate.h"
#include "tools/report/report_stream.h"
#include "tools/report/run_report.h"

/* Replace an existing file that is not a symlink, whatever its mode was. */
static void write_file(const char *path, const struct buf *text)
{
	if (strcmp(path, "-") == 0) {
		if (!write_all(STDOUT_FILENO, buf_slice(text)))
			die("report: cannot write to stdout: %s", strerror(errno));
		return;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || !write_all(fd, buf_slice(text)) || close(fd) != 0)
		die("report: cannot write to %s: %s", path, strerror(errno));
}

/* Open what a long form is written to as it is made: its memory is not the log's. */
static int open_stream(const char *path)
{
	int fd = strcmp(path, "-") == 0
		     ? STDOUT_FILENO
		     : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		die("report: cannot write to %s: %s", path, strerror(errno));
	return fd;
}

static void write_stream(struct report *r, int format, const char *path, struct buf *out)
{
	r->stream_fd = open_stream(path);
	report_formats[format].write(r, out);
	if (!write_all(r->stream_fd, buf_slice(out)) ||
	    (r->stream_fd != STDOUT_FILENO && close(r->stream_fd) != 0))
		die("report: cannot write to %s: %s", path, strerror(errno));
	r->stream_fd = -1;
}

/* Write each format that was asked for. False: none went to standard output. */
static bool write_files(struct report *r, const struct report_options *o)
{
	bool printed = false;
	struct buf out;

	buf_init(&out, REPORT_MAX);
	for (int i = 0; i < REPORT_FORMAT_COUNT; i++) {
		if (!o->files[i])
			continue;
		if (r->source) {
			write_stream(r, i, o->files[i], &out);
		} else {
			report_formats[i].write(r, &out);
			write_file(o->files[i], &out);
		}
		printed |= strcmp(o->files[i], "-") == 0;
		buf_reset(&out);
	}
	buf_release(&out);
	return printed;
}

static void print_exchange(const struct report *r, unsigned number, struct buf *out)
{
	const struct log_row *row = log_exchange(r->log, 0, number);
	struct text_style style;

	if (!row)
		die("report: %s has no exchange %u; it has %u", r->log->files[0].path, number,
		    r->log->files[0].exchanges);
	style_of(STDOUT_FILENO, &style);
	report_exchange(r, row, &style, out);
}

/* NUMBER: one exchange of the only log; 0: all. */
static void print_report(struct report *r, const struct report_options *o, unsigned number)
{
	struct text_style style;
	struct buf out;
	bool asked = false;

	for (int i = 0; i < REPORT_FORMAT_COUNT; i++)
		asked |= o->files[i] != NULL;
	bool printed = write_files(r, o);
	buf_init(&out, REPORT_MAX);
	style_of(STDOUT_FILENO, &style);
	if (number) {
		print_exchange(r, number, &out);
	} else if (!asked) {
		report_text(r, &style, &out);
	} else if (!printed) {
		say(&out, "orshim: ");
		report_verdict(r, &out);
		say(&out, "\n");
	}
	print_out(&out);
	buf_release(&out);
}

/* Single damaged lines are normal; a file without any record was not the one that was meant. */
static void check_records(const struct log *l)
{
	for (int f = 0; f < LOG_FAULT_COUNT && l->count == 0; f++)
		if (l->faults[f].count)
			die("report: %s is not a log of orshim: line %zu %s",
			    l->files[l->faults[f].file].path, l->faults[f].line,
			    log_fault_words((enum log_fault)f));
}

/* Also read the rotated file of the log NAME, unless the NAMES list it as well. */
static void add_earlier(struct log *l, const char *name, char *const *names, int count)
{
	char *earlier = log_earlier(name);

	for (int i = 0; i < count && earlier; i++)
		if (strcmp(names[i], earlier) == 0) {
			free(earlier);
			earlier = NULL;
		}
	if (earlier)
		log_add(l, earlier);
	free(earlier);
}

static void add_newest(struct log *l)
{
	unsigned without;
	char *path = runs_newest_log(false, &without);

	if (path)
		add_earlier(l, path, NULL, 0);
	free(path);
	source_add(l, "", "report");
}

/* Read a roll-up of counts and not logs. FILTERED: options select requests, too. */
static int report_rollup(const struct report_options *o, int logs, bool filtered)
{
	for (int i = 0; i < REPORT_FORMAT_COUNT; i++)
		if (logs || filtered || o->summary || (o->files[i] && i != REPORT_FORMAT_json))
			die("report: --rollup reads counts, no logs; with it goes --json only");
	return rollup_report(o->rollup, o->files[REPORT_FORMAT_json] != NULL);
}

/* 0: there is a filter, and nothing fits it. */
static size_t make(struct report *r, struct log *l, const struct log_filter *filter,
		   unsigned number)
{
	if (l->overfull) {
		size_t taken = report_stream(r, l, filter->given ? filter : NULL, number);
		return filter->given ? taken : 1;
	}
	if (filter->given && log_filter_apply(filter, l) == 0)
		return 0;
	log_sort(l);
	report_make(r, l);
	return 1;
}

/* Two forms on standard output would be neither. */
static void check_stdout(const struct report_options *o)
{
	const char *first = NULL;

	for (int i = 0; i < REPORT_FORMAT_COUNT; i++) {
		if (!o->files[i] || strcmp(o->files[i], "-") != 0)
			continue;
		if (first)
			die("report: --%s and --%s both go to standard output; give one of them", first,
			    report_formats[i].name);
		first = report_formats[i].name;
	}
}

int cmd_report(const struct arguments *a)
{
	const struct report_options *o = a->options;
	struct report *r;
	unsigned number = 0;
	struct log log;

	check_stdout(o);
	if (o->summary && !o->files[REPORT_FORMAT_json])
		die("report: --summary goes with --json");
	struct log_filter *filter = log_filter_read(&o->filter, "report", run_clock());
	if (o->rollup)
		return report_rollup(o, a->count, filter->given);
	r = malloc(sizeof(*r));
	if (!r)
		die("out of memory");
	log_init(&log);
	log.rows_max = REPORT_ROWS_MAX;
	for (int i = 0; i < a->count; i++) {
		add_earlier(&log, a->words[i], a->words, a->count);
		number = source_add(&log, a->words[i], "report");
		if (number && filter->given)
			die("report: %s is one exchange; it needs no filter", a->words[i]);
		if (number && a->count > 1)
			die("report: %s is one exchange; name it alone", a->words[i]);
	}
	if (a->count == 0)
		add_newest(&log);
	check_records(&log);
	if (make(r, &log, filter, number) == 0) {
		warn("report: no request fits the filter");
		return EXIT_NOTHING;
	}
	r->summary = o->summary;
	print_report(r, o, number);
	if (annotate_wanted(o->annotate))
		annotate(r);
	int status = report_status(r);
	report_release(r);
	log_release(&log);
	free(filter);
	free(r);
	return status;
}
