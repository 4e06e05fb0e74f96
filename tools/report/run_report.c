/* SPDX-License-Identifier: MIT */
#include "tools/report/run_report.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/report/annotate.h"
#include "tools/report/format.h"

enum {
	CLOCK_SLACK_US = 1000,       /* a record's time is in whole milliseconds */
	FILE_CLOCK_SLACK_US = 20000, /* a file's time is the kernel's last tick */
};

int64_t run_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static bool has_log(const char *path)
{
	const char *pid = strstr(path, "%p");
	char *pattern = NULL;
	glob_t found;

	if (!pid)
		return access(path, R_OK) == 0;
	if (asprintf(&pattern, "%.*s*%s", (int)(pid - path), path, pid + 2) < 0)
		die("out of memory");
	bool any = glob(pattern, 0, NULL, &found) == 0;
	if (any)
		globfree(&found);
	free(pattern);
	return any;
}

/* The log may be of earlier runs, too: their records are older. */
static void keep_since(struct log *l, int64_t since_us)
{
	size_t from = 0;

	while (from < l->count && l->rows[from].time_us < since_us - CLOCK_SLACK_US)
		from++;
	l->count -= from;
	memmove(l->rows, l->rows + from, l->count * sizeof(*l->rows));
}

/* Was it written to since? */
static bool is_newer(const char *path, int64_t since_us)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_mtim.tv_sec * 1000000LL + st.st_mtim.tv_nsec / 1000 >=
					   since_us - FILE_CLOCK_SLACK_US;
}

/* The records of one run, in the order of time. */
static void read_run(struct log *l, const struct run_log *run)
{
	const char *log_path = run->path;
	int64_t since_us = run->since_us;
	char *earlier = strstr(log_path, "%p") ? NULL : log_earlier(log_path);

	/* START is a place in the file that is rotated now, or in the one rotated before. */
	bool moved = earlier && is_newer(earlier, since_us);
	log_init(l);
	l->newest_run = run->kept;
	if (moved)
		log_add(l, earlier);
	if (has_log(log_path) && !strstr(log_path, "%p"))
		log_add_from(l, log_path, moved ? 0 : run->start);
	else if (has_log(log_path))
		log_add(l, log_path);
	log_sort(l);
	if (l->count && (moved || strstr(log_path, "%p")))
		keep_since(l, since_us);
	free(earlier);
}

void run_lines(const struct run_log *run, struct buf *out)
{
	struct log log;

	read_run(&log, run);
	for (size_t i = 0; i < log.count; i++) {
		const struct log_row *row = &log.rows[i];
		char *line = malloc(row->n + 1);
		if (!line)
			break;
		ssize_t n = pread(log.files[row->file].fd, line, row->n, row->at);
		line[row->n] = '\n';
		if (n == (ssize_t)row->n && buf_add(out, line, row->n + 1) != 0) {
			free(line);
			break;
		}
		free(line);
	}
	log_release(&log);
}

bool run_report(const struct run_log *run, struct buf *out)
{
	struct report *r = malloc(sizeof(*r));
	struct text_style style;
	struct log log;

	if (!r)
		die("out of memory");
	read_run(&log, run);
	report_make(r, &log);
	bool worth = r->refused || r->worst >= SEVERITY_WARNING;
	if (worth) {
		style_of(STDERR_FILENO, &style);
		r->brief = true;
		report_text(r, &style, out);
	}
	report_release(r);
	log_release(&log);
	free(r);
	return worth;
}

void run_annotate(const struct run_log *run)
{
	struct report *r = malloc(sizeof(*r));
	struct log log;

	if (!r)
		die("out of memory");
	read_run(&log, run);
	report_make(r, &log);
	annotate(r);
	report_release(r);
	log_release(&log);
	free(r);
}

enum run_outcome run_outcome(const struct run_log *run)
{
	struct report *r = malloc(sizeof(*r));
	struct log log;

	if (!r)
		die("out of memory");
	read_run(&log, run);
	report_make(r, &log);
	enum run_outcome outcome = r->refused || r->worst >= SEVERITY_ERROR ? RUN_ERRORS
				   : r->worst >= SEVERITY_WARNING           ? RUN_WARNINGS
				   : r->exchanges || r->connections         ? RUN_CLEAN
									    : RUN_UNSEEN;
	report_release(r);
	log_release(&log);
	free(r);
	return outcome;
}

/* In the format that the file has by its name, else as text. */
static void write_format(const struct report *r, struct slice file, struct buf *out)
{
	const struct report_format *format = report_format_of(file);

	if (format)
		format->write(r, out);
	else
		report_text(r, &(struct text_style){ .width = 100 }, out);
}

void run_report_file(const struct run_log *run, const char *file)
{
	struct report *r = malloc(sizeof(*r));
	struct buf out;
	struct log log;

	if (!r)
		die("out of memory");
	buf_init(&out, REPORT_MAX);
	read_run(&log, run);
	report_make(r, &log);
	write_format(r, slice_of(file), &out);
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || !write_all(fd, buf_slice(&out)))
		warn("run: cannot write the report to %s: %s", file, strerror(errno));
	if (fd >= 0)
		close(fd);
	buf_release(&out);
	report_release(r);
	log_release(&log);
	free(r);
}

void run_result_read(struct run_result *r, const char *log_path)
{
	log_init(&r->log);
	if (log_path && access(log_path, R_OK) == 0)
		log_add_from(&r->log, log_path, 0);
	log_sort(&r->log);
	report_make(&r->report, &r->log);
}

void run_result_release(struct run_result *r)
{
	report_release(&r->report);
	log_release(&r->log);
}
