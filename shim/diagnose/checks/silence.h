/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SILENCE_H
#define ORSHIM_SILENCE_H

/* A connection to an API on which nothing was sent. */
#include "diagnose/diagnose.h"

/*
 * A connection to VENDOR (NULL: a host of the user's own list) ended without a
 * request: RULE_no_request_sent, then what the environment shows, at most MAX
 * findings. How many; 0: the user does not want to know.
 */
size_t silence_diagnose(const struct judge *judge, const struct vendor *vendor,
			struct finding *findings, size_t max);

#endif
