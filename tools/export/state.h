/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EXPORT_STATE_H
#define ORSHIM_EXPORT_STATE_H

/*
 * How far the logs of `orshim export --follow` were exported, in a file, for the
 * next start: of each part of a log (the file, and what it was before) its inode,
 * the byte behind the last line that has left, and a hash of its first bytes,
 * because inodes are used again.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { STATE_HEAD = 256, STATE_HASH = 24 + 1 };

struct state_part {
	const char *path; /* of the log, also for its rotated file */
	uint64_t inode;
	int64_t offset;
	char head[STATE_HASH]; /* of the first STATE_HEAD bytes, at most OFFSET of them, in hex */
};

struct state {
	struct state_part *parts;
	size_t count;
};

/* The state in the file PATH; empty without one. Dies when it is something else. */
void state_read(struct state *s, const char *path);
void state_release(struct state *s);

/* Replace the file PATH, in one step. Dies when it cannot be written. */
void state_write(const struct state *s, const char *path);

/* The hash of the first bytes of FD before OFFSET; false if they are not there. */
bool state_head(int fd, int64_t offset, char out[STATE_HASH]);

#endif
