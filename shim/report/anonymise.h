/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ANONYMISE_H
#define ORSHIM_ANONYMISE_H

/*
 * Replaces the secrets in a capture by pseudonyms, in place and byte for byte of the
 * same length, so that what is malformed stays malformed at the same offset. Doing
 * it twice changes nothing more. secret_scan.h decides what is a secret.
 */
#include "base/buf.h"
#include "diagnose/credential.h"
#include "report/pseudonym.h"

/*
 * A token, or a value that may have one in it: runs of letters and digits are
 * replaced, each letter by a letter of its class. What token_mask() shows
 * stays: placeholders, a key's public prefix and its ends, words that are no
 * secret.
 */
void anonymise_token(struct pseudonyms *d, char *p, size_t n);

/* A value of unknown meaning, such as a cookie: only the words of key settings stay. */
void anonymise_opaque(struct pseudonyms *d, char *p, size_t n);

/* Of Basic (RFC 7617): base64 of user:password. */
void anonymise_basic(struct pseudonyms *d, char *p, size_t n);

/* An identifier: its public beginning (call_, toolu_) stays. */
void anonymise_id(struct pseudonyms *d, char *p, size_t n);

/* A key as it was and as it is now; where a text quotes its beginning or end. */
struct pseudonym_key {
	struct slice was;
	struct slice now;
};

struct pseudonym_keys {
	struct pseudonym_key all[LIMIT_CREDENTIALS];
	size_t count;
};

/*
 * A text that may be shown but for the secrets in it: a server's message, a
 * request's target. ESCAPED: the inside of a JSON string.
 */
void anonymise_secrets(struct pseudonyms *d, const struct pseudonym_keys *keys, char *p, size_t n,
		       bool escaped);

#endif
