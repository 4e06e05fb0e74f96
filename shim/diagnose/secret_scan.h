/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SECRET_SCAN_H
#define ORSHIM_SECRET_SCAN_H

/*
 * What is a secret in a text: decided here and nowhere else. Masking for
 * people (mask.h), pseudonyms in captures (report/anonymise.h) and the words of
 * a command line that are kept (tools/log/command_words.c) all ask this scanner.
 */
#include "base/slice.h"

/* The order says nothing. */
enum span_kind {
	SPAN_TEXT,     /* no secret */
	SPAN_KEY,      /* a vendor's key, or an OpenRouter key that lost its prefix */
	SPAN_KEY_REST, /* behind a key that something cut in two */
	SPAN_GROUPED,  /* a key written in groups with blanks between them */
	SPAN_JWT,
	SPAN_ACCOUNT,  /* user_… */
	SPAN_RANDOM,   /* long, and drawn by lot as it seems */
	SPAN_VALUE,    /* behind a name or a scheme that promises a secret; may be a placeholder */
	SPAN_COOKIE,   /* behind Cookie: or Set-Cookie: */
	SPAN_USERINFO, /* between :// and @ (RFC 3986 section 3.2.1) */
	SPAN_ESCAPED,  /* escaped.h: reads as a secret, or as letters that need no escape */
};

struct secret_span {
	size_t at;
	size_t n;
	enum span_kind kind;
};

struct secret_scan {
	struct slice text;
	bool json; /* the inside of a JSON string: a backslash and what it escapes are one sign */
	size_t at; /* up to here the text is cut into spans */
	struct secret_span next; /* a secret that was found further on; n == 0: none */
	bool beside_key; /* what comes before the next blank or comma may be the rest of a key */
};

static inline struct secret_scan secret_scan_of(struct slice text, bool json)
{
	return (struct secret_scan){ .text = text, .json = json };
}

/*
 * The next span of the text; false at its end. Spans follow each other without
 * a gap, two of SPAN_TEXT may, too. Allocates nothing; of the text only what
 * comes later may be changed or read anew, so a caller may write over the span.
 */
bool secret_next(struct secret_scan *s, struct secret_span *span);

/* How many bytes at the beginning of RUN are public: a vendor's prefix, or "sk-". 0: not a key. */
size_t key_prefix(struct slice run);

/* Of RUN, which begins with a key of PREFIX: where another key is glued to it; RUN.n: nowhere. */
size_t key_glued(struct slice run, size_t prefix);

/* 64 hex digits at the end of RUN and a few bytes before: an OpenRouter key that lost its prefix. */
bool is_bare_openrouter(struct slice run);

#endif
