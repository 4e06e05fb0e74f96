/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_DIFF_H
#define ORSHIM_DIFF_H

/*
 * Compares two recorded exchanges: the differences between their requests,
 * ranked by how likely each explains why one was refused. The text is masked
 * and safe for a terminal.
 */
#include <stdbool.h>

#include <cJSON.h>

#include "tools/log/log_read.h"

enum { DIFFERENCES_MAX = 256, PARTS_MAX = 3, DIFFERENCE_SHOWN = 200, RANK_NOISE = 0 };

struct difference {
	int rank; /* higher explains more; RANK_NOISE: differs in every request */
	char what[96];
	char a[DIFFERENCE_SHOWN], b[DIFFERENCE_SHOWN];
	bool has_parts; /* how many of the diff's differences this one includes */
};

struct diff {
	struct difference all[DIFFERENCES_MAX]; /* highest rank first */
	size_t count;
	size_t noise;                       /* at the end of ALL */
	struct difference parts[PARTS_MAX]; /* of those which have one: the key */
	size_t part_count;
};

void diff_requests(struct diff *d, const cJSON *a, const cJSON *b);

#endif
