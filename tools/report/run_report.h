/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_RUN_REPORT_H
#define ORSHIM_RUN_REPORT_H

#include <sys/types.h>

#include "tools/report/report.h"

/* Where the records of one run are. */
struct run_log {
	char *path;       /* may contain %p */
	off_t start;      /* offset at which the run's lines begin */
	int64_t since_us; /* when it started */
	bool kept;        /* `orshim rerun` can repeat it */
};

/*
 * The report at the end of `orshim run`. Appends nothing and returns false if
 * there is nothing at or above WARNING.
 */
bool run_report(const struct run_log *run, struct buf *out);

/* The annotations of GitHub Actions for the run, and its summary of the job. */
void run_annotate(const struct run_log *run);

/* The worst result of the run, for `run --fail-on`. */
enum run_outcome { RUN_UNSEEN, RUN_CLEAN, RUN_WARNINGS, RUN_ERRORS };

enum run_outcome run_outcome(const struct run_log *run);

/*
 * The whole report into FILE, in the format that its name ends in
 * (formats.def), else text. Complains and goes on when FILE cannot be written.
 */
void run_report_file(const struct run_log *run, const char *file);

/* Append as many lines of that run as fit. */
void run_lines(const struct run_log *run, struct buf *out);

/* The records and the report of a run, for comparison. Release both. */
struct run_result {
	struct log log;
	struct report report;
};

/* LOG_PATH may be NULL; a missing log counts as one without exchanges. */
void run_result_read(struct run_result *r, const char *log_path);
void run_result_release(struct run_result *r);

/* Now, in microseconds since 1970. */
int64_t run_clock(void);

#endif
