/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ROFF_H
#define ORSHIM_ROFF_H

/* Writes the manual pages: text from the tables as man(7) macros. */
#include "base/buf.h"

/* One line of running text; line breaks in TEXT become spaces. Never begins with a roff request. */
void roff_text(struct buf *out, const char *text);

/* TEXT as an example, line by line. */
void roff_example(struct buf *out, const char *text);

/* "Label: text" on a separate line. */
void roff_line(struct buf *out, const char *label, const char *text);

/* The paragraphs of TEXT, separated by empty lines; indented lines are kept as they are. */
void roff_paragraphs(struct buf *out, const char *text);

#endif
