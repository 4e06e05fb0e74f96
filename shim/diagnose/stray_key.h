/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_STRAY_KEY_H
#define ORSHIM_STRAY_KEY_H

/*
 * A credential in a request header that is not one of the known locations
 * (credential.h): what a rule reports in place of "no credential was sent".
 */
#include "diagnose/check_input.h"

struct stray_key {
	const struct field *field; /* NULL: there is none */
	struct slice key;          /* the part of its value that is the key; secret */
	const struct vendor
	    *vendor; /* the vendor of its form; NULL: found by the header's name or `Bearer` */
	const char *near; /* the gateway's header that its name resembles; NULL: none */
};

/*
 * The first header field outside the known locations that contains a key of known form,
 * `Bearer ` and something long, or, where the answer says that no key came,
 * something long under a name for keys. Cookies count by their form alone.
 * Never a header in which a gateway takes its own key.
 */
struct stray_key stray_key_find(const struct check_input *in);

/* The header in which a gateway takes its own key, if the request has one; NULL: none. */
const struct field *gateway_key_field(const struct message *m);

/*
 * Does a header outside the known locations contain the key, as its reader documents
 * it: a gateway's own, or a vendor's further one (X-Auth-Key of Cloudflare)? At a host
 * that nobody knows, and that gives a reason for its refusal: under a name for keys.
 */
bool has_key_elsewhere(const struct check_input *in);

#endif
