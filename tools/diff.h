/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_DIFF_H
#define ORSHIM_DIFF_H

/*
 * Two records of exchanges, compared: what differs in the requests, ranked by
 * how likely it explains that one was refused. Redacted, safe for a terminal.
 */
#include <stdbool.h>

#include <cJSON.h>

#include "tools/log/log_read.h"

enum { DIFFERENCES_MAX = 256, PARTS_MAX = 3, DIFFERENCE_SHOWN = 200, RANK_NOISE = 0 };

struct difference {
	int rank; /* higher explains more; RANK_NOISE: differs in every request */
	char what[96];
	char a[DIFFERENCE_SHOWN], b[DIFFERENCE_SHOWN];
	bool has_parts; /* those of the diff: in what this one shows */
};

struct diff {
	struct difference all[DIFFERENCES_MAX]; /* highest rank first */
	size_t count;
	size_t noise;                       /* at the end of ALL */
	struct difference parts[PARTS_MAX]; /* of the one that has them: the key */
	size_t part_count;
};

void diff_requests(struct diff *d, const cJSON *a, const cJSON *b);

#endif
