/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HISTORY_H
#define ORSHIM_HISTORY_H

/*
 * What earlier exchanges of the same process (or log) looked like: one row per
 * (host, path family, credential fingerprint), bounded, the oldest forgotten
 * first. Written after an exchange was judged, read by the checks of section 6.
 */
#include <stdint.h>

#include "diagnose/credential.h"

struct history_row {
	char host[64];
	char family[32];		    /* "chat", "models", … of the path: history_family() */
	char fingerprint[FINGERPRINT_SIZE]; /* "" : no credential */
	uint32_t answered;		    /* 2xx */
	uint32_t unauthorized;		    /* 401 or 403 */
	uint32_t failed;		    /* other */
	uint64_t last;			    /* counter value at its last exchange */
};

struct history {
	struct history_row rows[LIMIT_HISTORY];
	size_t count;
	uint64_t counter;
	char redirect_origin[80]; /* scheme://host of the last 30x's Location, for redirect_dropped_auth */
	char redirect_from[64];	  /* host that sent it */
	int redirect_status;
	bool redirect_had_auth;
	bool redirect_was_post;
	uint64_t redirect_at; /* counter value; 0: none */
};

void history_init(struct history *h);

struct evidence;
void history_add(struct history *h, const struct evidence *e);

#endif
