/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FOLLOW_LOGS_H
#define ORSHIM_FOLLOW_LOGS_H

#include "tools/export/block.h"

/*
 * Export the logs NAMES from their beginning, then every line that is added,
 * until SIGINT, SIGTERM or a closed stdout. A rotated log is read to its end,
 * and longer while a process still has it open. With STATE, a file name, the
 * export resumes where the last run ended. If a block was written and the state
 * was not saved after it, its lines are exported again. Dies if a log or the
 * state cannot be read.
 */
void follow_logs(struct block *b, char *const *names, size_t count, const char *state);

#endif
