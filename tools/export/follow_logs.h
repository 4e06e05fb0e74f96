/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FOLLOW_LOGS_H
#define ORSHIM_FOLLOW_LOGS_H

#include "tools/export/block.h"

/*
 * Export the logs NAMES from their beginning, then what is added to them, until
 * SIGINT or SIGTERM, or until nobody reads. A log that is rotated is read to its
 * end, and further while a process still has it open. With STATE, a file's name,
 * it begins where the last run ended; a line whose block has left without the
 * state's having been written comes once more. Dies over a log or state that
 * cannot be read.
 */
void follow_logs(struct block *b, char *const *names, size_t count, const char *state);

#endif
