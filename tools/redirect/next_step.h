/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_NEXT_STEP_H
#define ORSHIM_REDIRECT_NEXT_STEP_H

/* What to do when a run has shown no API exchange. */
#include "tools/redirect/run_relay.h"

struct unseen {
	const char *tool;    /* as it was called */
	const char *command; /* the same with its words, as far as they may be shown */
	struct slice report; /* of the relay */
	unsigned tapped;     /* processes whose TLS was tapped */
	unsigned untapped;   /* and those whose TLS could not be: why is said before */
	struct slice addon;  /* an add-on whose own TLS was not; n == 0: none */
	struct slice
	    unfollowed; /* a child that the library did not get into: "name: why"; n == 0: none */
};

/*
 * Appends the end of a sentence: which TLS the tool has, why nothing was seen,
 * and the one thing to do.
 */
void next_step_say(const struct run_relay *r, const struct unseen *u, struct buf *out);

#endif
