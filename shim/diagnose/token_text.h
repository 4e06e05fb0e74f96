/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_TOKEN_TEXT_H
#define ORSHIM_TOKEN_TEXT_H

/* What a token is written in: its bytes, and base64. */
#include "base/slice.h"

/* base64 or base64url (RFC 4648) of S into OUT, at most MAX bytes; how many, -1 if S is neither. */
long base64_decode(struct slice s, char *out, size_t max);

/* How many bytes of a token (is_token_byte()) begin at offset AT of S. */
size_t token_run(struct slice s, size_t at);

#endif
