/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_ROW_H
#define ORSHIM_LOG_ROW_H

/* One line of a log into one row; what log_read.c is made of. */
#include "tools/log/log_read.h"

/*
 * Append the row of LINE to L and return it until the next; NULL, and *FAULT,
 * if the line is no record.
 */
struct log_row *log_row_parse(struct log *l, const char *line, size_t n, enum log_fault *fault);

/* Who sent the exchange ROW, by its request's HEADERS: ROW's client. log_client.c */
void find_client(struct log *l, struct log_row *row, const cJSON *headers);

/* ARRAY with room for one more than COUNT elements of SIZE; dies without memory. */
void *log_grow(void *array, size_t count, size_t size);

/* "2026-11-24T00:04:00.123Z" in microseconds; -1 if it is no such text. */
int64_t log_time(const char *text);

/* A member's text or number; NULL, FALLBACK if it is missing or another type. */
const char *log_text(const cJSON *object, const char *name);
int log_number(const cJSON *object, const char *name, int fallback);
cJSON *log_member(const cJSON *object, const char *name);

#endif
