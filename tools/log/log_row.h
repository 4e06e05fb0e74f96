/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_ROW_H
#define ORSHIM_LOG_ROW_H

/* Parses one line of a log into one row; used by log_read.c. */
#include "tools/log/log_read.h"

/*
 * Append the row of LINE to L and return it; valid until the next call. NULL,
 * and *FAULT, if the line is not a record.
 */
struct log_row *log_row_parse(struct log *l, const char *line, size_t n, enum log_fault *fault);

/* Set what ROW of L has of the launch record RECORD alone: the command, and where keys are. */
void log_take_launch(struct log *l, struct log_row *row, const cJSON *record);

/* Set ROW's client from its request's HEADERS. log_client.c */
void find_client(struct log *l, struct log_row *row, const cJSON *headers);

/* ARRAY with room for one more than COUNT elements of SIZE; dies without memory. */
void *log_grow(void *array, size_t count, size_t size);

/* Parse "2026-11-24T00:04:00.123Z" into microseconds; -1 if malformed. */
int64_t log_time(const char *text);

/* A member's text or number; NULL, FALLBACK if it is missing or another type. */
const char *log_text(const cJSON *object, const char *name);
int log_number(const cJSON *object, const char *name, int fallback);
cJSON *log_member(const cJSON *object, const char *name);

#endif
