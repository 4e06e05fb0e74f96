/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CAPTURE_LOG_H
#define ORSHIM_CAPTURE_LOG_H

#include "tools/log/log_read.h"

/*
 * Play the capture PATH and read what would have been logged of it. Dies in the
 * name of COMMAND when PATH is no capture.
 */
void log_add_capture(struct log *l, const char *path, const char *command);

#endif
