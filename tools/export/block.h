/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EXPORT_BLOCK_H
#define ORSHIM_EXPORT_BLOCK_H

/* From lines of a log to lines of an export, which leave in blocks of whole lines. */
#include "tools/export/exported.h"
#include "tools/log/log_filter.h"

/* Append the exchange in one form as one line. False at OUT's ceiling: OUT is as before. */
typedef bool exchange_writer(struct buf *out, const struct exported *e);

struct block {
	const struct log_filter *filter; /* NULL: all */
	exchange_writer *put; /* NULL: the processes are written, flat */
	struct exported exported;
	struct buf out;
	void (*flushed)(void *context); /* after a block has left; may be NULL */
	void *context;
	bool gone; /* nobody reads stdout any more, or it is full: error says why */
	int error;
	size_t exchanges, bad; /* exchanges that were written; lines that are no record */
};

void block_init(struct block *b, exchange_writer *put);
void block_release(struct block *b);

/* Take a line; a block that is full goes to stdout. False when that is gone. A line_taker. */
bool block_line(void *block, struct slice line, bool too_long);

/* Learn what LINE says of a process, and write nothing. */
void block_learn(struct block *b, struct slice line);

/* What is in the block to stdout. False when that is gone. */
bool block_flush(struct block *b);

#endif
