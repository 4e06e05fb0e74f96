/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_FILE_H
#define ORSHIM_LOG_FILE_H

/*
 * The file behind a sink that is not borrowed. Several processes, and several sinks
 * of one process, may have it open; each of them notices when its file was deleted or
 * rotated to NAME.1. Its open file stays in use until there is another one, so that
 * nothing is lost in a chroot or sandbox or without free descriptors. Errors are in
 * errno.
 */
#include "report/log.h"

/* Make S->fd a file that takes N bytes more; -1 and errno if there is none. */
void log_file_ready(struct sink *s, size_t n);

void log_file_close(const struct sink *s); /* the descriptor, unless the host has it now */

/* Still the file that we opened? A host may have closed it and got its number again. */
bool log_file_is_ours(const struct sink *s);

#endif
