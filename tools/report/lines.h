/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REPORT_LINES_H
#define ORSHIM_REPORT_LINES_H

/* Parts of a report that several texts have. */
#include "tools/report/report.h"

void say_paragraph(struct buf *out, const struct text_style *style, const char *label,
		   struct slice text);

/* Ends the line that begins at START of OUT; where it does not fit it goes on at INDENT columns. */
void say_end(struct buf *out, const struct text_style *style, size_t start, size_t indent);
void say_field(struct buf *out, const struct text_style *style, const struct shown_field *f);

/* The requests of a log as sparklines, one row a kind of request. */
void say_timeline(const struct report *r, const struct text_style *style, struct buf *out);

/* What could not be read, a line each. */
void say_faults(const struct log *l, const char *indent, struct buf *out);
bool has_faults(const struct log *l);

/* The record's finding of RULE; NULL. */
const cJSON *finding_named(const cJSON *record, const char *rule);

#endif
