/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_RUN_REPORT_H
#define ORSHIM_RUN_REPORT_H

#include "tools/report/report.h"

/*
 * The report at the end of `orshim run`. LOG_PATH may contain %p; START is the
 * offset at which the run's lines begin, SINCE_US the time of its start.
 * Appends nothing and returns false if there is nothing at or above WARNING.
 */
bool run_report(const char *log_path, int64_t start, int64_t since_us, struct buf *out);

/* The annotations of GitHub Actions for the run, and its summary of the job. */
void run_annotate(const char *log_path, int64_t start, int64_t since_us);

/* The worst result of the run, for `run --fail-on`. */
enum run_outcome { RUN_UNSEEN, RUN_CLEAN, RUN_WARNINGS, RUN_ERRORS };

enum run_outcome run_outcome(const char *log_path, int64_t start, int64_t since_us);

/*
 * The whole report into FILE, in the format that its name ends in
 * (formats.def), else text. Complains and goes on when FILE cannot be written.
 */
void run_report_file(const char *log_path, int64_t start, int64_t since_us, const char *file);

/* Append as many lines of that run as fit; LOG_PATH may contain %p. */
void run_lines(const char *log_path, int64_t start, int64_t since_us, struct buf *out);

/* The records and the report of a run, for comparison. Release both. */
struct run_result {
	struct log log;
	struct report report;
};

/* A missing log counts as one without exchanges. */
void run_result_read(struct run_result *r, const char *log_path);
void run_result_release(struct run_result *r);

/* Now, in microseconds since 1970. */
int64_t run_clock(void);

#endif
