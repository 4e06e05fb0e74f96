/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EXPORT_STATE_H
#define ORSHIM_EXPORT_STATE_H

/*
 * The state file of `orshim export --follow`: how far each log was exported,
 * for the next start. For each part of a log (the current file and the rotated
 * ones) it has the inode, the offset after the last line that was written, and
 * a hash of the first bytes, because inode numbers are reused.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { STATE_HEAD = 256, STATE_HASH = 24 + 1 };

struct state_part {
	const char *path; /* path of the log, also for its rotated file */
	uint64_t inode;
	int64_t offset;
	char head[STATE_HASH]; /* of the first STATE_HEAD bytes, at most OFFSET of them, in hex */
};

struct state {
	struct state_part *parts;
	size_t count;
};

/* Read the state file PATH; empty if there is none. Dies if it is not a state file. */
void state_read(struct state *s, const char *path);
void state_release(struct state *s);

/* Replace the file PATH atomically. Dies if it cannot be written. */
void state_write(const struct state *s, const char *path);

/* Hash the first bytes of FD before OFFSET; false if the file is shorter. */
bool state_head(int fd, int64_t offset, char out[STATE_HASH]);

#endif
