/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_KEYED_REQUESTS_H
#define ORSHIM_KEYED_REQUESTS_H

/*
 * The kinds of requests of this process that carried a key. A request without a key is
 * compared with them. Bounded; the longest unused is forgotten first.
 */
#include "base/limits.h"
#include "base/slice.h"

#include <stdint.h>

struct keyed_request {
	char host[64]; /* lower case */
	char method[8];
	char path[LIMIT_KEYED_PATH];
	signed char stream; /* of the body: 1, 0; -1: absent */
	signed char http;   /* enum http_version */
	int status;         /* of the last answer */
	uint64_t at;        /* counter value of the last */
};

struct keyed_requests {
	struct keyed_request all[LIMIT_KEYED];
	size_t count;
	size_t last; /* the newest */
};

struct check_input;
struct detail;

/* Remember the exchange, the COUNTER-th, if it carried a key. */
void keyed_requests_add(struct keyed_requests *k, const struct check_input *in, uint64_t counter);

/*
 * Write to D how this request, without a key, differs from the one most
 * like it that had one. False: nothing that is remembered differs.
 */
bool keyed_requests_compare(const struct keyed_requests *k, const struct check_input *in,
			    struct detail *d);

#endif
