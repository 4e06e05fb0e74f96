/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SECRET_WORDS_H
#define ORSHIM_SECRET_WORDS_H

/* The words that mark a secret, and those that do not: one list each. */
#include "base/slice.h"

/*
 * Does a name before `=` or `:` say that its value is a secret? By its last
 * word, in any case: api_key, accessToken, X-Auth-Token, password.
 */
bool names_secret(struct slice name);

/* The same for a member of a body, where hiding too much does no harm: anywhere in NAME. */
bool names_secret_within(struct slice name);

/* Bearer, Basic: a credential follows. */
bool is_scheme_of_secret(struct slice word);

/* Words around keys in slips (export, Authorization, sk): not secret. */
bool is_public_word(struct slice run);

/*
 * How many bytes at the beginning of RUN say that it is an identifier which a
 * server gives out to be quoted (gen-, req_, call_); 0: none. An account's
 * (user_) is one too, but identifies a person.
 */
size_t id_prefix(struct slice run);

/* Such an identifier, or a UUID (RFC 9562 section 4), and no account's. */
bool is_public_id(struct slice run);

/* Of so few or such plain characters that it can be no secret. */
bool is_plain_word(struct slice run);

#endif
