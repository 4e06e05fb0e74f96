/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ROFF_H
#define ORSHIM_ROFF_H

/* The manual pages: text of the tables in the words of man(7). */
#include "base/buf.h"

/* One line of running text; line breaks in TEXT are spaces. Begins with no request. */
void roff_text(struct buf *out, const char *text);

/* TEXT with its lines as they stand, as an example. */
void roff_example(struct buf *out, const char *text);

/* "Label: text" on a line of its own. */
void roff_line(struct buf *out, const char *label, const char *text);

/* The paragraphs of TEXT, parted by empty lines; what is indented stands as it is. */
void roff_paragraphs(struct buf *out, const char *text);

#endif
