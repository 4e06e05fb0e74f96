/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LINE_READER_H
#define ORSHIM_LINE_READER_H

/* Reads a file line by line in chunks, so its size does not matter. */
#include <stdint.h>

#include "base/buf.h"

struct line_reader {
	int fd;
	int64_t at;      /* offset after the line that was passed on last, with its line feed */
	int64_t read_to; /* offset after the last byte that was read */
	bool too_long;   /* the unfinished line */
	struct buf begun;
};

/* Callback for each line, without its line feed. False: stop reading. */
typedef bool line_taker(void *context, struct slice line, bool too_long);

/* FD, which is borrowed, is at offset AT of its file. */
void line_reader_init(struct line_reader *l, int fd, int64_t at);
void line_reader_release(struct line_reader *l);

enum line_reader_end { LINE_READER_NO_MORE, LINE_READER_STOPPED, LINE_READER_TROUBLE };

/* Read all complete lines; more may follow. With LINE_READER_TROUBLE errno is the reason. */
enum line_reader_end line_reader_read(struct line_reader *l, line_taker *take, void *context);

/* Pass on the last line if it has no line feed. */
void line_reader_last(struct line_reader *l, line_taker *take, void *context);

#endif
