/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_MASK_H
#define ORSHIM_MASK_H

/*
 * Writing of what may be shown, shared by token_show() and redact_text(). A
 * mask_out takes whole units and closes at the first that does not fit, so an
 * escape or a key's ends are never cut in two.
 */
#include "base/buf.h"

struct mask_out {
	struct buf *to;
	size_t left; /* bytes that may still be added; 0: closed */
};

void mask_put(struct mask_out *out, const void *bytes, size_t n);
__attribute__((format(printf, 2, 3))) void mask_f(struct mask_out *out, const char *format, ...);

/* Bytes as they are; controls and all above ASCII as \xNN. */
void mask_ascii(struct mask_out *out, struct slice bytes);

/* How many bytes at the beginning of RUN are public: a vendor's prefix, or "sk-". 0: none. */
size_t key_prefix(struct slice run);

/* 64 hex digits at the end of RUN and a few bytes before: an OpenRouter key that lost its prefix. */
bool is_bare_openrouter(struct slice run);

/* A run of token bytes: its public ends if it is a key, else its length. */
void mask_run(struct mask_out *out, struct slice run);

/* Of so few or such plain characters that it can be no secret. */
bool is_plain_word(struct slice run);

#endif
