/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_UNPACK_H
#define ORSHIM_LOG_UNPACK_H

#include <stdint.h>

/*
 * Makes a log seekable. A log is read once in order and its lines are looked up
 * again later, so pipes and compressed files are copied into a file without a
 * name, in $TMPDIR (or /tmp), or in memory if that cannot be written.
 */

/* Copy all of FD, a pipe; closes FD unless it is stdin. Dies on errors, and at more than MOST bytes. */
int log_spooled(int fd, const char *path, int64_t most);

/*
 * FD, a file at its beginning, if it is not compressed; else the decompressed
 * copy, and FD is closed. Detects gzip (RFC 1952) and Zstandard (RFC 8878) by
 * their first bytes; all members are read. Dies at more than MOST bytes.
 */
int log_unpacked(int fd, const char *path, int64_t most);

#endif
