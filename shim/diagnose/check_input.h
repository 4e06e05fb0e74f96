/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CHECK_INPUT_H
#define ORSHIM_CHECK_INPUT_H

/*
 * Everything that a check may look at, derived once per exchange. Immutable
 * while the checks run.
 */
#include "diagnose/answer.h"
#include "diagnose/credential.h"
#include "diagnose/environment.h"
#include "diagnose/found_keys.h"
#include "diagnose/history.h"
#include "diagnose/json/json.h"
#include "diagnose/own_key.h"
#include "diagnose/endpoint.h"
#include "diagnose/rules.h"
#include "diagnose/vendors.h"

struct cJSON;

struct check_input {
	const struct exchange *x;
	const struct vendor *vendor;   /* whose API the host serves; NULL: unknown */
	bool is_openrouter;            /* vendor is OpenRouter ("OR" of the catalogue) */
	bool host_private;             /* host_is_private(): loopback, LAN */
	struct slice repeated_segment; /* endpoint.h */
	bool is_api;                   /* host watched or path a known endpoint */
	bool is_public;                /* needs no key: GET /models and the like */
	bool probe; /* not an API call, and without a key: no answer to it is a refusal */
	bool lint;  /* a file instead of traffic: a missing answer is not a fault */
	enum endpoint_kind endpoint;
	const char *locations; /* vendor_locations(); "" without a vendor */
	/* The credential that counts: the vendor's own location, else the first; NULL: none. */
	const struct credential *credential;
	unsigned token_kinds;                /* token_kind_bit() of each credential that counts */
	char fingerprint[FINGERPRINT_SIZE];  /* of its token; "" without one */
	char shown[TOKEN_MASK_SIZE];         /* token_mask() of it; "" when it is not known */
	const struct vendor *key_vendor;     /* the vendor of its prefix; NULL: unknown */
	struct slice sources[LIMIT_SOURCES]; /* variables whose value is the token */
	size_t source_count;
	/* Of a failure only: what the environment has for this host, and who names it. */
	struct own_key own;
	struct slice base_sources[LIMIT_SOURCES];
	size_t base_source_count;
	struct answer answer;
	struct retry retry;          /* known after the checks */
	struct json_outline outline; /* of the request's body */
	bool body_judged;            /* the body was linted: the answer failed, or `lint` */
	struct json_verdict json;    /* with body_judged and a JSON endpoint */
	struct cJSON *body;          /* tree of a body that passed; NULL otherwise */
	/* A fault has been found that makes a request fail even with a good key. */
	bool credential_explained;
	const struct environment *environment; /* may be empty, never NULL */
	const struct found_keys *found;        /* may be empty, never NULL */
	const struct history *history;         /* before this exchange, never NULL */
	struct credentials credentials;        /* the last member: the largest, it is not cleared */
};

#endif
