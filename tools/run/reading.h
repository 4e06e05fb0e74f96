/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_READING_H
#define ORSHIM_READING_H

/*
 * Reads the user's files before a tool starts: regular files of at most
 * LIMIT_READ_FILE bytes, at most LIMIT_READ_FILES of them. Others are skipped
 * and counted.
 */
#include "base/buf.h"

struct reading {
	unsigned files; /* that were read */
	unsigned too_large, too_many, no_files, unreadable;
};

/*
 * Fill TEXT, which is initialised here and the caller's to release, with the
 * file PATH. False, and nothing to release, if it is not there, empty or
 * passed over.
 */
bool reading_load(struct reading *r, const char *path, struct buf *text);

#endif
