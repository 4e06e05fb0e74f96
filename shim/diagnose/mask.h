/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_MASK_H
#define ORSHIM_MASK_H

/* Writing for people of what may be shown of a token, and of a text that may contain secrets. */
#include "base/buf.h"

enum { TOKEN_MASK_SIZE = 96 };

/*
 * Write what may be shown of TOKEN into OUT, NUL-terminated, control and
 * non-ASCII bytes as \xNN: `sk-or-v1-0e6...1c96`, `sk-proj-...ab12`,
 * `undefined`, `"sk-or-v1-0e6...1c96"` (quotes and other oddities around a
 * key stay visible), else `<38 bytes: hex>`. Never enough to use.
 */
void token_mask(struct slice token, char out[TOKEN_MASK_SIZE]);

/* Does token_mask() show all of TOKEN? Then it is a placeholder: ${KEY}, undefined, a sample. */
bool token_needs_no_mask(struct slice token);

/*
 * Copy TEXT (a server's message, a field's value, a path) with everything that
 * secret_scan.h calls a secret replaced by what may be shown of it, and with
 * control bytes, invalid UTF-8 and what steers a terminal or the direction of
 * writing as \xNN and \u{N}. At most MAX bytes are added.
 */
void mask_text(struct buf *out, struct slice text, size_t max);

/*
 * A budget: takes whole units and closes at the first that does not fit, so an
 * escape or a key's ends are never cut in two.
 */
struct mask_out {
	struct buf *to;
	size_t left; /* bytes that may still be added; 0: closed */
};

void mask_put(struct mask_out *out, const void *bytes, size_t n);
__attribute__((format(printf, 2, 3))) void mask_f(struct mask_out *out, const char *format, ...);

/* Bytes as they are; controls and all above ASCII as \xNN. */
void mask_ascii(struct mask_out *out, struct slice bytes);

/* A run of token bytes: its public ends if it is a key, else its length. */
void mask_run(struct mask_out *out, struct slice run);

#endif
