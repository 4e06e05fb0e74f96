/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_RUN_REPORT_H
#define ORSHIM_RUN_REPORT_H

#include "tools/report/report.h"

/*
 * The report of one run, with which `orshim run` ends. LOG_PATH may hold %p;
 * START is where the run's lines begin in it, SINCE_US when it began. Appends
 * nothing and returns false when there is nothing at or above WARNING.
 */
bool run_report(const char *log_path, int64_t start, int64_t since_us, struct buf *out);

/* The annotations of GitHub Actions for the run, and its summary of the job. */
void run_annotate(const char *log_path, int64_t start, int64_t since_us);

/* How bad it was: what `run --fail-on` goes by. */
enum run_outcome { RUN_UNSEEN, RUN_CLEAN, RUN_WARNINGS, RUN_ERRORS };

enum run_outcome run_outcome(const char *log_path, int64_t start, int64_t since_us);

/*
 * The whole report into FILE, in the format that its name ends in
 * (formats.def), else text. Complains and goes on when FILE cannot be written.
 */
void run_report_file(const char *log_path, int64_t start, int64_t since_us, const char *file);

/* The lines of that run; LOG_PATH may hold %p. Appends as many as fit. */
void run_lines(const char *log_path, int64_t start, int64_t since_us, struct buf *out);

/* What a log says of a run, for comparison. Release both. */
struct run_result {
	struct log log;
	struct report report;
};

/* A missing log is one without exchanges. */
void run_result_read(struct run_result *r, const char *log_path);
void run_result_release(struct run_result *r);

/* Now, in microseconds since 1970. */
int64_t run_clock(void);

#endif
