/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SINK_H
#define ORSHIM_SINK_H

/*
 * A file, pipe or device that lines go to: the log, the text on stderr, captures.
 * A line is one write(2) with O_APPEND. Files have mode 0600 and are never opened
 * through a symlink. A line that cannot be written at once (full disk, full pipe)
 * is lost and counted; after any other error nothing more is written. No signal is
 * raised, nothing blocks, errno and cancellation state stay as they are.
 * sink_file.c finds, opens and rotates the file.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct sink {
	int fd;                 /* -1: closed */
	bool failed;            /* an error ended it */
	bool borrowed;          /* fd is not ours to close (stderr) */
	bool known;             /* with borrowed: device and inode say what fd must be */
	bool regular;           /* a regular file, not a device or pipe */
	bool fresh;             /* the file must not have been there */
	bool torn;              /* the last line went out in part: the next starts on a new one */
	bool locked_in;         /* opens nothing more: a sandbox would end the process */
	bool unlimited;         /* with locked_in: no file size limit is set */
	const char *path;       /* as given, %p not expanded; NULL with borrowed */
	char *name;             /* absolute and expanded; ours. NULL until it was opened */
	int pid;                /* process that opened it: %p and fork */
	int error;              /* errno of the last line that was lost; 0: none was */
	unsigned long lost;     /* lines that were not written */
	unsigned long long max; /* bytes above which the file is rotated to NAME.1; 0: never */
	int64_t look_us; /* how long it may be before the name is looked up again; 0: every line */
	int64_t looked_us;         /* when it was */
	int64_t now_us;            /* clock at the line to come, with look_us */
	unsigned long long device; /* of the file that was opened: hosts close descriptors */
	unsigned long long inode;  /* that they do not know and reuse the number */
};

/* PATH is borrowed; it is opened at the first line. */
void sink_init_file(struct sink *s, const char *path);
void sink_init_new_file(struct sink *s,
			const char *path); /* fails if PATH exists */
void sink_init_fd(struct sink *s, int fd); /* borrowed */
void sink_init_stderr(struct sink *s);     /* fails if descriptor 2 is not what it was at the start */
void sink_init_none(struct sink *s);

/* At the start of a process: what descriptor 2 is. Daemons close it and get its number again. */
void sink_remember_stderr(void);

/* Open it now rather than at the first line. */
void sink_open(struct sink *s);

/* Open it now: from here on a seccomp filter may end the process that opens a file. */
void sink_lock_in(struct sink *s);

/* Write all of LINE in one write(2). False if it went nowhere. */
bool sink_write(struct sink *s, struct slice line);
void sink_close(struct sink *s);

/* In a forked child: close and reopen later when the path holds %p. */
void sink_after_fork(struct sink *s);

#endif
