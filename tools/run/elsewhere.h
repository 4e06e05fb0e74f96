/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ELSEWHERE_H
#define ORSHIM_ELSEWHERE_H

/* Programs that start the tool in a container, a sandbox or on another machine. */
#include "base/buf.h"

/*
 * Appends to OUT one sentence, without its end, that the tool of ARGV (ended by NULL)
 * runs elsewhere and how LIBRARY and COMMAND get there. Nothing if it runs here.
 */
void elsewhere_say(char *const argv[], const char *library, const char *command, struct buf *out);

#endif
