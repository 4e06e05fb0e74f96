/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_PASSED_H
#define ORSHIM_REDIRECT_PASSED_H

/* What the relay told `orshim run` at the end (run_relay_settle), for people. */
#include <stdbool.h>

#include "base/buf.h"

/*
 * Appends sentences about REPORT, each ended by a line feed and without
 * "orshim: " in front: the hosts that were not looked into, with the way to
 * look into one, and those that could not be, with the reason. Nothing if all
 * was seen.
 */
void passed_say(struct slice report, struct buf *out);

/* Does REPORT name any that could not be looked into? */
bool passed_with_reason(struct slice report);

#endif
