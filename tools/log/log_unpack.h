/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_UNPACK_H
#define ORSHIM_LOG_UNPACK_H

/*
 * A log is read once in order and its lines are looked up again later, so it has to be a
 * file. What is no plain file is copied into one without a name, in $TMPDIR (or /tmp), or
 * in memory where that cannot be written to.
 */

/* The copy of what FD, a pipe, has; closes FD unless it is stdin. Dies on trouble. */
int log_spooled(int fd, const char *path);

/*
 * FD, a file at its beginning, if it is plain; else the unpacked copy, and FD is closed. By
 * its first bytes: gzip (RFC 1952), Zstandard (RFC 8878); several members are read on.
 */
int log_unpacked(int fd, const char *path);

#endif
