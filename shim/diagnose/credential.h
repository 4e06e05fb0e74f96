/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CREDENTIAL_H
#define ORSHIM_CREDENTIAL_H

/*
 * The credentials of a request: the location and the parts of each. Slices point into
 * the request.
 */
#include "diagnose/fingerprint.h"
#include "diagnose/mask.h"
#include "diagnose/shape.h"
#include "wire/exchange.h"

enum location {
	LOCATION_AUTHORIZATION,
	LOCATION_X_API_KEY,
	LOCATION_API_KEY,
	LOCATION_X_GOOG_API_KEY,
	LOCATION_SUBPROTOCOL, /* Sec-WebSocket-Protocol: ..., openai-insecure-api-key.KEY */
	LOCATION_URL, /* ?key= ?api_key= …, or a key of known prefix anywhere in the target */
};

const char *location_name(enum location c); /* "authorization" … "url" */

struct credential {
	enum location location;
	int field;          /* index into request.fields; -1 for LOCATION_URL */
	struct slice value; /* AUTH of the catalogue: the value without surrounding SP/TAB */
	struct slice
	    scheme; /* Authorization: up to the first SP/TAB; absent when the value is one word without a known scheme */
	struct slice gap;         /* the blanks between scheme and token */
	struct slice token;       /* the rest; other locations: the value */
	bool known;               /* false: HTTP/2 joined late, the value went by unseen */
	struct token_shape shape; /* of the scheme and the token; only when known */
};

struct credentials {
	struct credential
	    all[LIMIT_CREDENTIALS]; /* Authorization fields first, in wire order, then the others */
	size_t count;
	char url[LIMIT_URL_KEY]; /* a key of the URL, without its percent-encoding */
	struct slice encoded;    /* the same as written in the URL; absent: not encoded */
	bool
	    absent; /* certainly none: all fields were seen. With count 0 and !absent it is not knowable */
};

/* KNOWN: a credential looked at before, which then need not be looked at again; may be NULL. */
void credentials_find(struct credentials *c, const struct exchange *x,
		      const struct credential *known);

/* C with all its slices moved to VALUE, which has the same bytes. */
struct credential credential_moved(const struct credential *c, struct slice value);

/* The first of that location; NULL if there is none. */
const struct credential *credentials_by(const struct credentials *c, enum location location);

#endif
