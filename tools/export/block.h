/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EXPORT_BLOCK_H
#define ORSHIM_EXPORT_BLOCK_H

/* Turns lines of a log into lines of an export, and writes them in blocks of whole lines. */
#include "tools/export/exported.h"
#include "tools/log/log_filter.h"

/* Append the exchange as one line. False if OUT is full: then OUT is unchanged. */
typedef bool exchange_writer(struct buf *out, const struct exported *e);

struct block {
	const struct log_filter *filter; /* NULL: all */
	exchange_writer *put; /* NULL: export the process records, flat */
	struct exported exported;
	struct buf out;
	void (*flushed)(void *context); /* called after a block was written; may be NULL */
	void *context;
	bool gone; /* stdout cannot be written any more: error is the reason */
	int error;
	size_t exchanges, bad; /* exchanges written; lines that are not records */
};

void block_init(struct block *b, exchange_writer *put);
void block_release(struct block *b);

/* Take one line; a full block is written to stdout. False when stdout is gone. A line_taker. */
bool block_line(void *block, struct slice line, bool too_long);

/* Note the process that LINE describes, without any output. */
void block_learn(struct block *b, struct slice line);

/* Write the rest of the block to stdout. False when stdout is gone. */
bool block_flush(struct block *b);

#endif
