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

/* Columns of S on a terminal: UTF-8 continuation bytes and colours (ECMA-48 SGR) take none. */
size_t columns_of(struct slice s);

/* LABEL, then TEXT; later lines are indented to where TEXT began. Ends with a line feed. */
void paragraph_add(struct paragraph *p, const char *label, struct slice text);

/*
 * Break the lines of the buffer from offset START on before words that do not fit;
 * lines that fit keep their spaces. A broken line goes on at column INDENT.
 */
void paragraph_fold(struct paragraph *p, size_t start, size_t indent);

#endif
