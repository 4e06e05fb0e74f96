/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CLAIMS_H
#define ORSHIM_CLAIMS_H

/*
 * The claims of a JWT (RFC 7519 section 4.1): its issuer, audience, expiry, scope. Read
 * only after a refusal, to compare them with host and clock. The claims about a person
 * (sub, email, name) are never read.
 */
#include "diagnose/check_input.h"

struct claims {
	char audience[96]; /* the first of aud; "" if there is none, or it may be a person's */
	char issuer[96];   /* iss; the same */
	char scope[96];    /* scp or scope; the same */
	long long expires; /* exp, seconds since 1970; 0: absent */
};

/* False: TOKEN is not a JWT, or one that we do not read. */
bool claims_read(struct slice token, struct claims *claims);

/* Seconds from the token's end to the answer's Date, if it has expired by then; else 0. */
long long claims_expired_for(const struct claims *claims, const struct check_input *in);

/*
 * Is C a JWT that was refused and whose claims name another service
 * than the vendor that was asked?
 */
bool token_is_foreign_jwt(const struct check_input *in, const struct credential *c);

/*
 * Seconds by which the JWT of the request had expired when it was refused for its
 * credential; 0: it had not, or nothing says so.
 */
long long token_expired_for(const struct check_input *in);

/*
 * Seconds from the time at which the request was signed (X-Amz-Date of AWS
 * Signature Version 4) to the answer's Date; negative: it was signed later than the
 * server's now. 0 where one of them is not there.
 */
long long claims_signed_before(const struct check_input *in);

/* Append ", issued by ..., for ..." to D, as far as the token says so. */
void claims_describe(struct detail *d, const struct claims *claims);

/* Append "N days", hours or minutes. */
void claims_describe_duration(struct detail *d, long long seconds);

#endif
