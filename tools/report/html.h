/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REPORT_HTML_H
#define ORSHIM_REPORT_HTML_H

/* Pieces of an HTML page. Text is escaped for content and quoted attributes alike. */
#include "tools/report/report.h"

/*
 * The page up to its verdict, TITLE, within <header>; TONE: "good", "warn",
 * "bad". Then come more of the header, html_main(), the content, html_end().
 */
void html_begin(struct buf *out, struct slice title, const char *tone);
void html_main(struct buf *out);
void html_end(struct buf *out);

void html_slice(struct buf *out, struct slice s);
void html_text(struct buf *out, const char *text); /* NULL: nothing */

/* Text of ours, with `code` in backticks. */
void html_prose(struct buf *out, const char *text);

/* A term and its value of a <dl>; nothing if it is NULL or empty. */
void html_pair(struct buf *out, const char *name, const char *value);
void html_pair_prose(struct buf *out, const char *name, const char *value);

/* The field, and the carets below it. */
void html_field(struct buf *out, const struct shown_field *f);

#endif
