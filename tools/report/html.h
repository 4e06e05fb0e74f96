/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REPORT_HTML_H
#define ORSHIM_REPORT_HTML_H

/* Pieces of the HTML report. Text is escaped for content and quoted attributes alike. */
#include "tools/report/report.h"

/* The page around its content; TONE: "good", "warn", "bad". */
void html_begin(struct buf *out, struct slice title, const char *tone);
void html_end(struct buf *out);

void html_slice(struct buf *out, struct slice s);
void html_text(struct buf *out, const char *text);                    /* NULL: nothing */
void html_pair(struct buf *out, const char *name, const char *value); /* of a <dl>; none if empty */
void html_field(struct buf *out, const struct shown_field *f);
/* Where the key of ROW came from, if that is known. */
void html_origin(struct buf *out, const struct report *r, const struct log_row *row);

void html_link(struct buf *out, const struct report *r, const struct log_row *row);

/* One request with its answer, folded. */
void html_exchange(const struct report *r, const struct log_row *row, struct buf *out);

#endif
