/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FOLLOW_H
#define ORSHIM_FOLLOW_H

/*
 * Follows a log while it is written, by looking at it ten times a second:
 * inotify misses changes on network and container file systems. A file that was
 * replaced or truncated is read from its beginning.
 */
#include <sys/types.h>

#include "base/buf.h"

struct follow {
	const char *path;
	bool all;        /* begin with the rotated file and the existing content */
	bool from_start; /* begin with the existing content */
	/* One line without its line feed; TOO_LONG: only its beginning. */
	void (*take)(void *context, struct slice line, bool too_long);
	void *context;
	int fd;
	off_t at;
	ino_t inode;
	struct buf line; /* begun and not ended */
	bool too_long;
	bool anew; /* set when a file is begun at its first byte; the reader clears it */
};

enum { FOLLOW_LOOK_MS = 100 };

/*
 * Begin; F has path, all, take and context. Dies if the path can never be read,
 * waits if it does not exist yet. follow_close() releases what F has.
 */
void follow_open(struct follow *f);
void follow_close(struct follow *f);

/* Hand out the lines that have come. Ends early when follow_stop() was called. */
void follow_read(struct follow *f);

/* From a signal handler, too: nothing more is wanted. */
void follow_stop(int signal_number);
bool follow_is_stopped(void);

#endif
