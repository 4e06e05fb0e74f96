/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CREDENTIAL_H
#define ORSHIM_CREDENTIAL_H

/*
 * The credentials of a request: where each stood and of which parts it was
 * made. Slices point into the request.
 */
#include "diagnose/shape.h"
#include "wire/exchange.h"

enum carrier {
	CARRIER_AUTHORIZATION,
	CARRIER_X_API_KEY,
	CARRIER_API_KEY,
	CARRIER_X_GOOG_API_KEY,
	CARRIER_SUBPROTOCOL, /* Sec-WebSocket-Protocol: ..., openai-insecure-api-key.KEY */
	CARRIER_URL, /* ?key= ?api_key= …, or a key of known prefix anywhere in the target */
};

const char *carrier_name(enum carrier c); /* "authorization" … "url" */

struct credential {
	enum carrier carrier;
	int field;          /* index into request.fields; -1 for CARRIER_URL */
	struct slice value; /* AUTH of the catalogue: the value without surrounding SP/TAB */
	struct slice
	    scheme; /* Authorization: up to the first SP/TAB; absent when the value is one word without a known scheme */
	struct slice gap;         /* the blanks between scheme and token */
	struct slice token;       /* the rest; other carriers: the value */
	bool known;               /* false: HTTP/2 joined late, the value went by unseen */
	struct token_shape shape; /* of the scheme and the token; only when known */
};

struct credentials {
	struct credential
	    all[LIMIT_CREDENTIALS]; /* Authorization fields first, in wire order, then the others */
	size_t count;
	bool
	    absent; /* certainly none: all fields were seen. With count 0 and !absent it is not knowable */
};

/* KNOWN: a credential looked at before, which then need not be looked at again; may be NULL. */
void credentials_find(struct credentials *c, const struct exchange *x,
		      const struct credential *known);

/* C with all its slices moved to VALUE, where the same bytes stand. */
struct credential credential_moved(const struct credential *c, struct slice value);

/* Nothing but a scheme, where one belongs, one blank, and a token of which nothing is to be said? */
bool credential_is_plain(const struct credential *c, const struct message *m);

/* The first of that carrier; NULL if there is none. */
const struct credential *credentials_by(const struct credentials *c, enum carrier carrier);

enum { TOKEN_SHOWN_MAX = 96 };

/*
 * Write what may be shown of TOKEN into OUT, NUL-terminated, control and
 * non-ASCII bytes as \xNN: `sk-or-v1-0e6...1c96`, `sk-proj-...ab12`,
 * `undefined`, `"sk-or-v1-0e6...1c96"` (quotes and other oddities around a
 * key stay visible), else `<38 bytes: hex>`. Never enough to use.
 */
void token_show(struct slice token, char out[TOKEN_SHOWN_MAX]);

/* "sha256:" and the first 12 hex digits of SHA-256 of the token as sent. */
enum { FINGERPRINT_SIZE = 7 + 12 + 1 };
void token_fingerprint(struct slice token, char out[FINGERPRINT_SIZE]);

/* sk-or-v1- followed by exactly 64 lower-case hex digits. */
bool token_is_openrouter_shaped(struct slice token);

/*
 * Copy TEXT (a server's message, a field's value, a path) with everything
 * token-like replaced by what token_show() gives, and with control bytes,
 * invalid UTF-8 and terminal escapes as \xNN. At most MAX bytes are added.
 */
void redact_text(struct buf *out, struct slice text, size_t max);

/*
 * Is there surely nothing in TEXT to take out and nothing to escape, in JSON
 * neither? Then redact_text() would copy it as it stands. One pass, no memory.
 */
bool text_is_plain(struct slice text);

#endif
