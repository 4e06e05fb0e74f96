/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REVEAL_H
#define ORSHIM_REVEAL_H

/*
 * Writing of what may be shown, shared by token_show() and redact_text(). A
 * sink takes whole units and closes at the first that does not fit, so an
 * escape or a key's ends are never cut in two.
 */
#include "base/buf.h"

struct sink {
	struct buf *out;
	size_t left; /* bytes that may still be added; 0: closed */
};

void sink_put(struct sink *sink, const void *bytes, size_t n);
__attribute__((format(printf, 2, 3))) void sink_f(struct sink *sink, const char *format, ...);

/* Bytes as they are; controls and all above ASCII as \xNN. */
void sink_ascii(struct sink *sink, struct slice bytes);

/* How many bytes at the beginning of RUN are public: a vendor's prefix, or "sk-". 0: none. */
size_t reveal_prefix(struct slice run);

/* 64 hex digits at the end of RUN and a few bytes before: an OpenRouter key that lost its prefix. */
bool is_bare_openrouter(struct slice run);

/* A run of token bytes: its public ends if it is a key, else its length. */
void reveal_run(struct sink *sink, struct slice run);

/* Of so few or such plain characters that it can be no secret. */
bool is_plain_word(struct slice run);

#endif
