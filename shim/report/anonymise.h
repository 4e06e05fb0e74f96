/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ANONYMISE_H
#define ORSHIM_ANONYMISE_H

/*
 * Secrets and texts replaced, in place and to the byte as long as they were,
 * by harmless ones of the same shape: what is malformed stays malformed at the
 * same offset. A replacement depends on the shape of what it replaces and on
 * how many were replaced before it, on nothing else, so it cannot be guessed
 * back, and to anonymise what is anonymised changes nothing.
 *
 * Nothing here allocates but the table; without memory for it, secrets of one
 * shape all look alike.
 */
#include <stdint.h>

#include "base/buf.h"
#include "diagnose/credential.h"

/* What was replaced so far, so that the same is always replaced by the same. */
struct pseudonyms {
	struct pseudonym *all;
	size_t count;
};

void anonymise_init(struct pseudonyms *d);
void anonymise_release(struct pseudonyms *d);

/*
 * A token, or any value that may hold one: runs of letters and digits are
 * replaced, each letter by a letter of its kind. What token_show() shows
 * stays: placeholders, a key's public prefix and its ends, words that are no
 * secret.
 */
void anonymise_token(struct pseudonyms *d, char *p, size_t n);

/* A value whose meaning nobody knows, a cookie: nothing but words of key settings stays. */
void anonymise_opaque(struct pseudonyms *d, char *p, size_t n);

/* Of Basic: base64 of user:password. */
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

/*
 * A stretch of token bytes at P, some of which are escaped (percent, and with
 * JSON as \uNNNN): what is secret when they are read is replaced, escaped as it
 * was. How many bytes were dealt with; 0: none is escaped.
 */
size_t anonymise_escaped(struct pseudonyms *d, const struct pseudonym_keys *keys, char *p, size_t n,
			bool json);

/* A token with escapes in it, of nothing else; false if P is none. */
bool anonymise_escaped_token(struct pseudonyms *d, char *p, size_t n);

/* A text that may not be shown: letters become x, digits 0, others a letter as long. */
void anonymise_text(char *p, size_t n);

/* The same, ASCII left as it is. */
void anonymise_letters(char *p, size_t n);

/* The inside of a JSON string that may not be shown; escapes stay where they are. */
void anonymise_string(char *p, size_t n);

/* How a body is read. */
enum body_kind {
	KIND_REQUEST,
	KIND_ANSWER,  /* of a request that went well: only an error inside it is kept */
	KIND_REFUSAL, /* the server's words are kept */
};

/* A whole body, JSON or not, sound or not. */
void anonymise_body(struct pseudonyms *d, const struct pseudonym_keys *keys, enum body_kind kind,
		   char *p, size_t n);

/* Bytes whose coding could not be undone: nothing but what tells the coding stays. */
void anonymise_coded(char *p, size_t n);

/* The body of an event stream. */
void anonymise_events(struct pseudonyms *d, const struct pseudonym_keys *keys, char *p, size_t n);

#endif
