/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PARAGRAPH_H
#define ORSHIM_PARAGRAPH_H

/*
 * Lines of running text for people: a label, then words broken at the width.
 * TEXT is already safe for a terminal. Failing is sticky in `failed`.
 */
#include "base/buf.h"

struct paragraph {
	struct buf *to;
	int width; /* columns; 0: do not break */
	bool failed;
};

/* Characters of S on a terminal: UTF-8 continuation bytes take no column. */
size_t columns_of(struct slice s);

/* LABEL, then TEXT; later lines are indented to where TEXT began. Ends with a line feed. */
void paragraph_add(struct paragraph *p, const char *label, struct slice text);

#endif
