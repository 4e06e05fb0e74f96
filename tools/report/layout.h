/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REPORT_LAYOUT_H
#define ORSHIM_REPORT_LAYOUT_H

/* Lines, paragraphs and colours of the texts for a terminal. */
#include "report/text.h"
#include "tools/report/report.h"

/* By enum severity; "" is none. */
extern const char *const severity_colour[];

/* TEXT in COLOUR, an ECMA-48 sequence, if the style has colours. */
void say_coloured(struct buf *out, const struct text_style *style, const char *colour,
		  const char *text);

/* LABEL and TEXT, folded at the width; further lines begin below the text. */
void say_paragraph(struct buf *out, const struct text_style *style, const char *label,
		   struct slice text);

/*
 * Wraps the line that begins at byte START of OUT and ends it; further lines
 * are indented by INDENT columns.
 */
void say_end(struct buf *out, const struct text_style *style, size_t start, size_t indent);

/* A header field, and carets below the place of the finding. */
void say_field(struct buf *out, const struct text_style *style, const struct shown_field *f);

#endif
