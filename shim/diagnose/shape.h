/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SHAPE_H
#define ORSHIM_SHAPE_H

/*
 * What a token's bytes say about it, found out once so that two rules cannot
 * blame one mistake twice. A token is peeled: a scheme word written again,
 * then quotation marks, as often as they come. What is left is the core, and
 * the core has exactly one form: the first of enum token_form that fits, so
 * the order below is the order of precedence, from what explains most to what
 * explains least. Facts of the bytes alone: whether a form is a fault on this
 * host is for the rules.
 */
#include "base/ascii.h"
#include "diagnose/vendor_keys.h"

/* How the scheme before the token is written. */
enum scheme_form {
	SCHEME_GOOD,       /* Bearer; also any carrier that has no scheme */
	SCHEME_NONE,       /* no scheme at all: the value begins with the token */
	SCHEME_CASE,       /* Bearer but for case */
	SCHEME_PUNCTUATED, /* Bearer: Bearer= Bearer, Bearer" or glued to the token */
	SCHEME_BASIC,
	SCHEME_FOREIGN, /* Digest, AWS4-…: has its own grammar, what follows is no token */
	SCHEME_OTHER,   /* Token, ApiKey, JWT …, followed by what may be a token */
};

enum token_form {
	FORM_EMPTY,
	FORM_BROKEN,      /* a control byte or line break inside */
	FORM_LITERAL,     /* undefined, null, [object Object] */
	FORM_CONFIG_LINE, /* NAME=value, Authorization: value */
	FORM_URL,
	FORM_UNEXPANDED,    /* ${NAME}, op://…; part: the name, command or place */
	FORM_MASKED,        /* what a screen shows instead of a key */
	FORM_DOCUMENT,      /* JSON, or a file's name */
	FORM_DUMMY,         /* what local servers are given: ollama, EMPTY */
	FORM_SAMPLE,        /* copied from documentation */
	FORM_VARIABLE_NAME, /* OPENROUTER_API_KEY */
	FORM_JOINED,        /* another credential with its scheme after a comma; part: the scheme */
	FORM_LIST,          /* several keys; part: the first separator */
	FORM_NON_ASCII,     /* part: the first character that is not */
	FORM_PERCENT,       /* part: the first %XX */
	FORM_SPACED,        /* part: the blank inside */
	FORM_JWT,
	FORM_DOUBLED, /* a key glued to a key; part: the second */
	FORM_ENCODED, /* base64 of a key, a ciphertext, a hash */
	/* From here on it is an OpenRouter key but for a small damage. */
	FORM_CASE,
	FORM_LENGTH,  /* hex digits only, but not 64; part: the digits */
	FORM_CHARSET, /* part: the first byte that is no lower-case hex digit */
	FORM_PREFIX, /* 64 hex digits after something like sk-or-v1-; part: what is there instead */
	FORM_PLAIN,  /* nothing to say */
};

struct token_shape {
	enum scheme_form scheme;
	enum token_form form;
	struct slice again;   /* the scheme word at the token's beginning; absent if none */
	struct slice opening; /* quotation mark taken off the beginning; absent if none */
	struct slice closing; /* and off the end */
	struct slice core;    /* the token without all these */
	struct slice part;    /* of the core: see enum token_form; absent where nothing is named */
	const struct vendor *vendor; /* whose key the core is; NULL: cannot tell */
};

/* Fills all but the scheme. The slices point into TOKEN. */
void shape_read(struct token_shape *shape, struct slice token);

/* sk-or-v1- followed by exactly 64 lower-case hex digits. */
bool token_is_openrouter_shaped(struct slice token);

/* The name or command of the first template in S; absent if there is none. placeholder.c */
struct slice template_find(struct slice s);
/* Words that stand where a key should; S is the whole core. placeholder.c */
bool is_literal(struct slice s);
bool is_variable_name(struct slice s);
bool is_local_dummy(struct slice s);
bool is_sample(struct slice s);
/* A path of plain words, from the root, the home or the working directory. */
bool is_file_path(struct slice s);
/* Has S been shortened or blotted for showing? placeholder.c */
bool is_masked(struct slice s);

/*
 * How S was stored instead of kept as it is: text that completes "N bytes that
 * …"; NULL: it is no stored form that we know. encoded.c
 */
const char *encoding_of(struct slice s);

/* How many bytes at the beginning of S tell the ciphertext's format, as Fernet's gAAAAA; 0: none. encoded.c */
size_t ciphertext_beginning(struct slice s);
/* Does WORD say that what follows was encrypted? encoded.c */
bool means_encrypted(struct slice word);
/* A word for encryption before something long: ENC(...), encrypted:..., {cipher}... encoded.c */
bool is_marked_encrypted(struct slice s);

/* base64 or base64url of S into OUT, at most MAX bytes; how many, -1 if S is neither. */
long base64_decode(struct slice s, char *out, size_t max);

size_t token_run(struct slice s, size_t at); /* how many token bytes stand at AT */
bool is_jwt(struct slice s);
bool is_scheme_word(struct slice word); /* Bearer, Basic, Token … in any case */

/* The quotation mark (ASCII, backtick, typographic) that S begins or ends with; absent if none. */
struct slice quote_at_start(struct slice s);
struct slice quote_at_end(struct slice s);

#endif
