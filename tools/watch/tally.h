/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_TALLY_H
#define ORSHIM_TALLY_H

/* The running totals of `orshim watch`: of the requests that its filter takes. */
#include "report/json_out.h"
#include "tools/log/log_read.h"

struct tally {
	size_t requests, refused;
	struct retries retries;
};

void tally_add(struct tally *t, const struct log_row *row);

/* "12 requests, 3 refused; 2 of 12 requests are the SDK's retries" */
void tally_words(const struct tally *t, struct buf *out);

/* The same as the member "totals". */
void tally_json(const struct tally *t, struct json_out *j);

#endif
