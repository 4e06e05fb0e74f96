/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_SOURCE_H
#define ORSHIM_LOG_SOURCE_H

#include "tools/log/log_read.h"

/*
 * Read the log that a user names as "LOG" or "LOG#N"; without LOG the newest
 * kept run. Returns N, 0 if there is none. Dies with a message of COMMAND.
 */
unsigned source_add(struct log *l, const char *name, const char *command);

#endif
