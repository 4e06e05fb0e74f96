/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EXPORT_LINES_H
#define ORSHIM_EXPORT_LINES_H

/* The lines of a file, piece by piece: its size does not matter. */
#include <stdint.h>

#include "base/buf.h"

struct lines {
	int fd;
	int64_t at;      /* behind the line that is or was handed out, its line feed included */
	int64_t read_to; /* behind the last byte that was read */
	bool too_long;   /* the line that is begun */
	struct buf begun;
};

/* What becomes of a line without its line feed. False: read no more. */
typedef bool line_taker(void *context, struct slice line, bool too_long);

/* FD, which is borrowed, stands at byte AT of its file. */
void lines_init(struct lines *l, int fd, int64_t at);
void lines_release(struct lines *l);

enum lines_end { LINES_NO_MORE, LINES_STOPPED, LINES_TROUBLE };

/* All lines that are whole; more may come. With LINES_TROUBLE errno says what. */
enum lines_end lines_read(struct lines *l, line_taker *take, void *context);

/* The last line, if it has no line feed. */
void lines_last(struct lines *l, line_taker *take, void *context);

#endif
