/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CAPTURE_LOG_H
#define ORSHIM_CAPTURE_LOG_H

#include "tools/log/log_read.h"

/*
 * Play the capture PATH and parse the log that results. Dies with a message of
 * COMMAND if PATH is not a capture.
 */
void log_add_capture(struct log *l, const char *path, const char *command);

/* Parse RECORDS, JSON lines that came out of PATH. Dies with a message of COMMAND without memory. */
void log_add_records(struct log *l, struct slice records, const char *path, const char *command);

#endif
