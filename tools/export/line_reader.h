/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LINE_READER_H
#define ORSHIM_LINE_READER_H

/* The lines of a file, piece by piece: its size does not matter. */
#include <stdint.h>

#include "base/buf.h"

struct line_reader {
	int fd;
	int64_t at;      /* behind the line that is or was handed out, its line feed included */
	int64_t read_to; /* behind the last byte that was read */
	bool too_long;   /* the line that is begun */
	struct buf begun;
};

/* What becomes of a line without its line feed. False: read no more. */
typedef bool line_taker(void *context, struct slice line, bool too_long);

/* FD, which is borrowed, stands at byte AT of its file. */
void line_reader_init(struct line_reader *l, int fd, int64_t at);
void line_reader_release(struct line_reader *l);

enum line_reader_end { LINE_READER_NO_MORE, LINE_READER_STOPPED, LINE_READER_TROUBLE };

/* All lines that are whole; more may come. With LINE_READER_TROUBLE errno says what. */
enum line_reader_end line_reader_read(struct line_reader *l, line_taker *take, void *context);

/* The last line, if it has no line feed. */
void line_reader_last(struct line_reader *l, line_taker *take, void *context);

#endif
