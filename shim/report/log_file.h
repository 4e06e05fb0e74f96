/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_FILE_H
#define ORSHIM_LOG_FILE_H

/*
 * The file behind a sink that is not borrowed. Several processes, and several
 * sinks of one, may have it open; each notices by itself when its file was
 * deleted or has become NAME.1. What it has open stays in use until there is
 * another: in a chroot or a sandbox, or with no descriptor left, nothing is
 * lost. errno says what went wrong last.
 */
#include "report/log.h"

/* Make S->fd a file that takes N bytes more, or -1. Then errno says why. */
void log_file_ready(struct sink *s, size_t n);

void log_file_close(const struct sink *s); /* the descriptor, unless the host has it now */

/* Still the file that we opened? A host may have closed it and got its number again. */
bool log_file_is_ours(const struct sink *s);

#endif
