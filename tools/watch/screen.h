/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SCREEN_H
#define ORSHIM_SCREEN_H

/*
 * The lines of a full screen. They are put together anew each time, and those
 * that have changed are written. Text is cut at the right margin by its columns;
 * a byte that would steer the terminal is shown as "?".
 */
#include "base/buf.h"
#include "tools/watch/terminal.h"

enum paint {
	PAINT_PLAIN,
	PAINT_BOLD,
	PAINT_BAD,
	PAINT_GOOD,
	PAINT_SOFT,
	PAINT_CHOSEN,
	PAINT_COUNT
};

struct screen_line {
	struct buf now, shown;
	int column; /* of the next text */
};

struct screen {
	struct terminal terminal;
	struct screen_line *lines; /* one for each row of the terminal */
	int line_count;
};

/* Begin a new picture. Everything is written if the terminal was resized. */
void screen_begin(struct screen *s);

/*
 * Append TEXT to the line ROW, in exactly WIDTH columns; -1: as many as are left.
 * PAINT_CHOSEN fills its columns.
 */
void screen_put(struct screen *s, int row, enum paint paint, struct slice text, int width);

void screen_show(struct screen *s);
void screen_release(struct screen *s);

/* Columns that a character takes on a terminal: 0, 1 or 2 (Unicode's UAX 11). */
int columns_of_character(unsigned character);

#endif
