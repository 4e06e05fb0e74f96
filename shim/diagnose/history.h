/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HISTORY_H
#define ORSHIM_HISTORY_H

/*
 * What earlier exchanges of the same process (or log) looked like: one row per
 * (host, endpoint, credential fingerprint), bounded, the longest unused is
 * forgotten first. Written after an exchange was judged, read by the checks
 * of section 6 and by redirect_dropped_auth.
 */
#include <stdint.h>

#include "diagnose/credential.h"
#include "diagnose/keyed_requests.h"
#include "diagnose/endpoint.h"
#include "diagnose/redirect.h"
#include "diagnose/retry.h"

struct history_row {
	char host[64];
	int endpoint;                       /* enum endpoint_kind */
	char fingerprint[FINGERPRINT_SIZE]; /* "": no credential */
	uint32_t fine;                      /* 2xx without an error inside */
	uint32_t unauthorized;              /* refused for the credentials by the first server */
	uint32_t failed;                    /* other failures */
	uint64_t last;                      /* counter value at its last exchange */
};

/* What was found out about a credential, for as long as the same comes again. */
struct cached_key {
	size_t n;                     /* bytes of VALUE; 0: none is known */
	char value[LIMIT_CACHED_KEY]; /* of its header field; never written anywhere */
	struct credential credential; /* its slices point into VALUE */
	char fingerprint[FINGERPRINT_SIZE];
	char shown[TOKEN_MASK_SIZE];
	bool sourced; /* the variables with this value were looked up in BLOCK */
	struct slice block;
	struct slice sources[LIMIT_SOURCES];
	size_t source_count;
};

/* Does M carry the known key where it stood last time? */
bool cached_key_is_in(const struct cached_key *key, const struct message *m);

struct history {
	struct history_row rows[LIMIT_HISTORY];
	size_t count;
	struct keyed_requests keyed;
	struct failed_requests failed;
	uint64_t counter;                /* exchanges so far */
	struct cached_key key;           /* the last one that counted: most tools have one */
	struct cached_endpoint endpoint; /* the last one */
	struct redirect redirect;        /* the last one, while its follower may come */
};

void history_init(struct history *h);

struct check_input;
void history_add(struct history *h, const struct check_input *in);

/* Was HOST asked something that needs a key before? */
bool history_has_host(const struct history *h, struct slice host);

/* The rows of the exchange's host, one after the other: *AT starts at 0; NULL at the end. */
const struct history_row *history_of_host(const struct check_input *in, size_t *at);

/* Did this process send a key to the exchange's host before? */
bool history_had_key(const struct check_input *in);

#endif
