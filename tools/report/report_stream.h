/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REPORT_STREAM_H
#define ORSHIM_REPORT_STREAM_H

/*
 * Reports on logs of any size in the same memory. A log with more than
 * REPORT_ROWS_MAX records is not kept: its records are counted as they come
 * by, and of the exchanges the newest KEPT_MAX stay, and so many that failed.
 */
#include "tools/log/log_filter.h"
#include "tools/log/log_stream.h"
#include "tools/log/name_set.h"
#include "tools/report/report.h"

enum {
	REPORT_ROWS_MAX = 100000,
	KEPT_MAX = 10000,
	KEPT_BYTES_MAX = 48 << 20, /* of those; if they are larger there are fewer */
	KEPT_PROCESSES_MAX = 1000,
	KEPT_LAUNCHES_MAX = 100,
};

/* Where a large log comes from once more, for formats that write each record. */
struct report_source {
	const struct log_filter *filter; /* NULL: none */
	struct name_set alive;           /* processes of which FILTER takes something */
};

/*
 * Makes R of L's files, whose rows are not used, and puts into L the rows that
 * are kept. NUMBER: an exchange of the first file that is kept in any case; 0.
 * FILTER, or NULL, must outlive R. Returns how many exchanges and connections
 * there are.
 */
size_t report_stream(struct report *r, struct log *l, const struct log_filter *filter,
		     unsigned number);

/* Pass each row of KIND to TAKE, in the order of time; all, and not only those that are kept. */
void report_each(const struct report *r, enum log_kind kind, log_taker *take, void *context);

#endif
