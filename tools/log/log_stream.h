/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_STREAM_H
#define ORSHIM_LOG_STREAM_H

/*
 * Reads the files of a log, however large they are, in the same memory: their
 * lines are merged by time and passed on in windows of a few thousand rows.
 * Within a window rows are in the order of time. A file whose lines are further
 * out of order than a window keeps that disorder.
 */
#include "tools/log/log_read.h"

/* ROW of WINDOW; both are valid during the call only. */
typedef void log_taker(void *context, const struct log *window, const struct log_row *row);

/* A set of kinds of rows. */
#define LOG_KIND(kind) (1u << (kind))
enum { LOG_KINDS = (1u << (LOG_LAUNCH + 1)) - 1 };

/*
 * Pass all rows of these KINDS in L's files, which were opened by log_add(), to
 * TAKE. If KINDS are all, the files' counts and the faults of L are set.
 */
void log_stream(struct log *l, unsigned kinds, log_taker *take, void *context);

/*
 * Parse one line of file number FILE, at offset AT. LAST: it has no line feed.
 * False: it is no record, which is counted.
 */
bool log_take_line(struct log *l, unsigned file, const char *line, size_t n, int64_t at, bool last);
void log_take_too_long(struct log *l, unsigned file);

#endif
