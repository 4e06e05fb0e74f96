/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SINK_FILE_H
#define ORSHIM_SINK_FILE_H

/*
 * The file behind a sink that is not borrowed. Several processes, and several sinks
 * of one process, may have it open; each of them notices when its file was deleted or
 * rotated to NAME.1. Its open file stays in use until there is another one, so that
 * nothing is lost in a chroot or sandbox or without free descriptors. Errors are in
 * errno.
 */
#include "report/sink.h"

/* Make S->fd a file that takes N bytes more; -1 and errno if there is none. */
void sink_file_ready(struct sink *s, size_t n);

void sink_file_close(const struct sink *s); /* the descriptor, unless the host has it now */

/* Still the file that we opened? A host may have closed it and got its number again. */
bool sink_file_is_ours(const struct sink *s);

#endif
