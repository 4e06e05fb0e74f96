/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_DISGUISE_H
#define ORSHIM_DISGUISE_H

/*
 * Secrets and texts replaced, in place and to the byte as long as they were,
 * by harmless ones of the same shape: what is malformed stays malformed at the
 * same offset. A replacement depends on the shape of what it replaces and on
 * how many were replaced before it, on nothing else, so it cannot be guessed
 * back, and to disguise what is disguised changes nothing.
 *
 * Nothing here allocates but the table; without memory for it, secrets of one
 * shape all look alike.
 */
#include <stdint.h>

#include "base/buf.h"
#include "diagnose/credential.h"

/* What was replaced so far, so that the same is always replaced by the same. */
struct disguise {
	struct stand_in *all;
	size_t count;
};

void disguise_init(struct disguise *d);
void disguise_release(struct disguise *d);

/*
 * A token, or any value that may hold one: runs of letters and digits are
 * replaced, each letter by a letter of its kind. What token_show() shows
 * stays: placeholders, a key's public prefix and its ends, words that are no
 * secret.
 */
void disguise_token(struct disguise *d, char *p, size_t n);

/* A value whose meaning nobody knows, a cookie: nothing but words of key settings stays. */
void disguise_opaque(struct disguise *d, char *p, size_t n);

/* Of Basic: base64 of user:password. */
void disguise_basic(struct disguise *d, char *p, size_t n);

/* An identifier: its public beginning (call_, toolu_) stays. */
void disguise_id(struct disguise *d, char *p, size_t n);

/* A key as it was and as it is now; where a text quotes its beginning or end. */
struct disguised_key {
	struct slice was;
	struct slice now;
};

struct disguised_keys {
	struct disguised_key all[LIMIT_CREDENTIALS];
	size_t count;
};

/*
 * A text that may be shown but for the secrets in it: a server's message, a
 * request's target. ESCAPED: the inside of a JSON string.
 */
void disguise_secrets(struct disguise *d, const struct disguised_keys *keys, char *p, size_t n,
		      bool escaped);

/*
 * A stretch of token bytes at P, some of which are escaped (percent, and with
 * JSON as \uNNNN): what is secret when they are read is replaced, escaped as it
 * was. How many bytes were dealt with; 0: none is escaped.
 */
size_t disguise_escaped(struct disguise *d, const struct disguised_keys *keys, char *p, size_t n,
			bool json);

/* A token with escapes in it, of nothing else; false if P is none. */
bool disguise_escaped_token(struct disguise *d, char *p, size_t n);

/* A text that may not be shown: letters become x, digits 0, others a letter as long. */
void disguise_text(char *p, size_t n);

/* The same, ASCII left as it is. */
void disguise_letters(char *p, size_t n);

/* The inside of a JSON string that may not be shown; escapes stay where they are. */
void disguise_string(char *p, size_t n);

/* How a body is read. */
enum body_kind {
	KIND_REQUEST,
	KIND_ANSWER,  /* of a request that went well: only an error inside it is kept */
	KIND_REFUSAL, /* the server's words are kept */
};

/* A whole body, JSON or not, sound or not. */
void disguise_body(struct disguise *d, const struct disguised_keys *keys, enum body_kind kind,
		   char *p, size_t n);

/* Bytes whose coding could not be undone: nothing but what tells the coding stays. */
void disguise_coded(char *p, size_t n);

/* The body of an event stream. */
void disguise_events(struct disguise *d, const struct disguised_keys *keys, char *p, size_t n);

#endif
