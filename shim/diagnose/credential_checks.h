/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CREDENTIAL_CHECKS_H
#define ORSHIM_CREDENTIAL_CHECKS_H

/*
 * Which of a request's credentials a fault matters in, for the checks of the
 * sections on the credential and the place.
 */
#include "diagnose/check_input.h"
#include "diagnose/detail.h"

/*
 * Does the server look at C? Any Authorization field, the vendor's own header,
 * and any other header when there is no Authorization. A value that was not seen does not count.
 */
bool credential_counts(const struct check_input *in, const struct credential *c);

/* token_kind_bit() of each credential that counts. */
unsigned credential_kinds(const struct check_input *in);

/* The first credential that counts and whose token is of KIND; NULL if there is none. */
const struct credential *credential_of_kind(const struct check_input *in, enum token_kind kind);

/* The first Authorization field whose scheme has FORM; NULL if there is none. */
const struct credential *authorization_of_scheme(const struct check_input *in,
						 enum scheme_form form);

/*
 * User and password of a Basic credential (RFC 7617 section 2), decoded into
 * ROOM of SIZE bytes, where the slices then point. False: it is not base64 of
 * user:password.
 */
bool basic_read(const struct credential *c, char *room, size_t size, struct slice *user,
		struct slice *password);

/*
 * Does a model server of this machine refuse because it is itself not signed in where its cloud
 * models run (Ollama: signin_url in the answer, models whose names end in "cloud")?
 */
bool server_wants_sign_in(const struct check_input *in);

/*
 * A server on this machine or network that is not a known vendor's may need no
 * key: what is sent as one is not a fault until it is refused.
 */
bool key_is_idle(const struct check_input *in);

/*
 * Is a request without any of our locations as it should be? It is public, a
 * preflight, the exchange of a login's code for a key, or a gateway's own
 * header carries the key.
 */
bool needs_no_key(const struct check_input *in);

/* The header that the vendor documents for this path; absent without a vendor. */
struct slice first_location(const struct check_input *in);

/* Does the vendor take its key as `Authorization: Bearer` here? False without a vendor. */
bool vendor_takes_bearer(const struct check_input *in);

/* How a line break got into a credential's field. */
enum value_break {
	BREAK_NONE,
	BREAK_INSIDE,      /* bare CR or LF, or a fold, within the value */
	BREAK_BEFORE_REST, /* CRLF within it: the next line is its rest */
	BREAK_AT_END,      /* its line alone ends in a bare LF */
};

/* AT: offset of the break in the value. */
enum value_break value_break_of(const struct check_input *in, const struct credential *c, long *at);

/* Point at the first byte of PART (a slice of C's value), and at END if that is present. */
void point_at(struct detail *d, const struct credential *c, struct slice part, struct slice end);

/* Say "TEXT: " and what may be shown of the token. */
void detail_token(struct detail *d, const char *text, struct slice token);

#endif
