/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SHAPE_H
#define ORSHIM_SHAPE_H

/*
 * What a token's bytes say about it, found out once so that two rules cannot
 * report one mistake twice. A scheme word written again
 * and then quotation marks are stripped, as often as they come. What is left is the core, and
 * the core has exactly one form: the first of enum token_kind that fits, so
 * the order below is the order of precedence, from what explains most to what
 * explains least. Facts of the bytes alone: whether a form is a fault on this
 * host is for the rules.
 */
#include "base/ascii.h"
#include "diagnose/vendor_keys.h"
#include "diagnose/token_text.h"

/* How the scheme before the token is written. */
enum scheme_form {
	SCHEME_GOOD,       /* Bearer; also any location that has no scheme */
	SCHEME_NONE,       /* no scheme at all: the value begins with the token */
	SCHEME_CASE,       /* Bearer but for case */
	SCHEME_PUNCTUATED, /* Bearer: Bearer= Bearer, Bearer" or glued to the token */
	SCHEME_BASIC,
	SCHEME_FOREIGN, /* Digest, AWS4-…: has its own grammar, what follows is not a token */
	SCHEME_OTHER,   /* Token, ApiKey, JWT …, followed by what may be a token */
};

enum token_kind {
	TOKEN_EMPTY,
	TOKEN_BROKEN,      /* a control byte or line break inside */
	TOKEN_LITERAL,     /* undefined, null, [object Object] */
	TOKEN_CONFIG_LINE, /* NAME=value, Authorization: value */
	TOKEN_URL,
	TOKEN_UNEXPANDED,    /* ${NAME}, op://…; part: the name, command or place */
	TOKEN_MASKED,        /* what a screen shows instead of a key */
	TOKEN_DOCUMENT,      /* JSON, or a file's name */
	TOKEN_DUMMY,         /* what local servers are given: ollama, EMPTY */
	TOKEN_SAMPLE,        /* copied from documentation */
	TOKEN_VARIABLE_NAME, /* OPENROUTER_API_KEY */
	TOKEN_JOINED,    /* another credential with its scheme after a comma; part: the scheme */
	TOKEN_LIST,      /* several keys; part: the first separator */
	TOKEN_NON_ASCII, /* part: the first character that is not */
	TOKEN_PERCENT,   /* part: the first %XX */
	TOKEN_SPACED,    /* part: the blank inside */
	TOKEN_JWT,
	TOKEN_DOUBLED, /* a key glued to a key; part: the second */
	TOKEN_ENCODED, /* base64 of a key, a ciphertext, a hash */
	/* From here on it is an OpenRouter key but for a small damage. */
	TOKEN_CASE,
	TOKEN_LENGTH,  /* hex digits only, but not 64; part: the digits */
	TOKEN_CHARSET, /* part: the first byte that is not a lower-case hex digit */
	TOKEN_PREFIX, /* 64 hex digits after something like sk-or-v1-; part: what is there instead */
	TOKEN_PLAIN,  /* nothing to say */
};

static inline unsigned token_kind_bit(enum token_kind kind)
{
	return 1u << kind;
}

struct token_shape {
	enum scheme_form scheme;
	enum token_kind kind;
	struct slice again;   /* the scheme word at the token's beginning; absent if none */
	struct slice opening; /* quotation mark taken off the beginning; absent if none */
	struct slice closing; /* and off the end */
	struct slice core;    /* the token without all these */
	struct slice part;    /* of the core: see enum token_kind; absent where nothing is named */
	const struct vendor *vendor; /* the vendor of the core's prefix; NULL: unknown */
};

/* Fills all but the scheme. The slices point into TOKEN. */
void shape_read(struct token_shape *shape, struct slice token);

/* sk-or-v1- followed by exactly 64 lower-case hex digits. */
bool token_is_openrouter_shaped(struct slice token);

bool is_jwt(struct slice s);
bool is_scheme_word(struct slice word); /* Bearer, Basic, Token … in any case */

/* The quotation mark (ASCII, backtick, typographic) that S begins or ends with; absent if none. */
struct slice quote_at_start(struct slice s);
struct slice quote_at_end(struct slice s);

#endif
