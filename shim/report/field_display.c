/* SPDX-License-Identifier: MIT */
#include "report/field_display.h"

#include <string.h>

#include "report/paragraph.h"

enum {
	ESCAPE_SIZE = 4, /* \xNN */
};

/*
 * The fields whose values others may read: not cookies, credentials or accounts.
 * A PREFIX row is for all names that begin like it.
 */
static const struct {
	char name
	    [26]; /* here, not behind a pointer: nothing to relocate when the library is loaded */
	unsigned char n;
	bool prefix;
} clear_fields[] = {
#define CLEAR(name)                           \
	{                                     \
		name, sizeof(name) - 1, false \
	}
#define CLEAR_PREFIX(name)                   \
	{                                    \
		name, sizeof(name) - 1, true \
	}
	/* What most messages have comes first. */
	CLEAR("host"),
	CLEAR("user-agent"),
	CLEAR_PREFIX("content-"),
	CLEAR_PREFIX("accept"),
	CLEAR("date"),
	CLEAR("server"),
	CLEAR("cf-ray"),
	CLEAR_PREFIX("x-stainless-"),
	CLEAR_PREFIX("access-control-"),
	CLEAR("transfer-encoding"),
	CLEAR("te"),
	CLEAR("trailer"),
	CLEAR("connection"),
	CLEAR("keep-alive"),
	CLEAR("upgrade"),
	CLEAR("expect"),
	CLEAR("origin"),
	CLEAR("location"),
	CLEAR_PREFIX("sec-fetch-"),
	CLEAR("anthropic-version"),
	CLEAR("anthropic-beta"),
	CLEAR("openai-version"),
	CLEAR("openai-processing-ms"),
	CLEAR("http-referer"),
	CLEAR("x-title"),
	CLEAR_PREFIX("x-openrouter-"),
	CLEAR("via"),
	CLEAR("vary"),
	CLEAR("allow"),
	CLEAR("age"),
	CLEAR("cache-control"),
	CLEAR("cf-cache-status"),
	CLEAR("retry-after"),
	CLEAR_PREFIX("x-ratelimit-"),
	CLEAR("x-request-id"),
	CLEAR("request-id"),
	CLEAR("x-generation-id"),
	CLEAR_PREFIX("x-clerk-auth-"),
	CLEAR("strict-transport-security"),
#undef CLEAR
#undef CLEAR_PREFIX
};

bool field_is_clear(struct slice name)
{
	char first = name.n ? (char)(name.p[0] | 0x20) : '\0';

	for (size_t i = 0; i < sizeof(clear_fields) / sizeof(clear_fields[0]); i++) {
		size_t n = clear_fields[i].n;
		if (clear_fields[i].name[0] != first)
			continue;
		if ((n == name.n || (clear_fields[i].prefix && n < name.n)) &&
		    slice_starts_nocase(name, (struct slice){ clear_fields[i].name, n }))
			return true;
	}
	return false;
}

bool field_is_other_host(const struct field *f, struct slice host)
{
	return f->name.n == 4 && slice_equal_nocase(f->name, SLICE("host")) &&
	       !slice_has_nocase(f->value, host);
}

/* The value up to its query or fragment, in which anything may be. */
static struct slice without_query(struct slice value)
{
	size_t n = 0;

	while (n < value.n && value.p[n] != '?' && value.p[n] != '#')
		n++;
	return slice_sub(value, 0, n);
}

/*
 * Words before a credential: the registered schemes (IANA, HTTP
 * authentication schemes) and what people write by mistake. Any other word in
 * their place may be part of a secret.
 */
static const char scheme_words[][14] = {
	"bearer", "basic",     "token",  "apikey", "api-key", "api_key",   "key",
	"jwt",    "digest",    "oauth",  "dpop",   "ntlm",    "negotiate", "hawk",
	"auth",   "x-api-key", "secret", "none",   "null",    "undefined", "authorization",
};

bool scheme_is_clear(struct slice word)
{
	if (slice_equal(word, SLICE("Bearer")))
		return true;
	while (word.n && strchr(":=,\"'", word.p[word.n - 1]))
		word.n--;
	for (size_t i = 0; i < sizeof(scheme_words) / sizeof(scheme_words[0]); i++)
		if (slice_equal_nocase(word, slice_of(scheme_words[i])))
			return true;
	return false;
}

/* Length of the scheme at the start of VALUE with the blanks after it; 0: there is none to show. */
static size_t scheme_length(struct slice value)
{
	size_t n = 0;

	while (n < value.n && value.p[n] != ' ' && value.p[n] != '\t')
		n++;
	if (!scheme_is_clear(slice_sub(value, 0, n)))
		return 0;
	while (n < value.n && (value.p[n] == ' ' || value.p[n] == '\t'))
		n++;
	return n;
}

static void show_credential(struct buf *out, struct slice value, size_t max)
{
	char token[TOKEN_MASK_SIZE];
	size_t scheme = scheme_length(value);

	mask_text(out, slice_sub(value, 0, scheme), max);
	if (scheme == value.n && scheme > 0)
		return;
	token_mask(slice_from(value, scheme), token);
	buf_add_some(out, token, strlen(token));
}

/* A URL: what it asks for is not shown. */
static bool is_link(struct slice name)
{
	return slice_equal_nocase(name, SLICE("location")) ||
	       slice_equal_nocase(name, SLICE("http-referer"));
}

void field_show(struct buf *out, const struct field *f, size_t max)
{
	if (!f->known)
		buf_add_some(out, "<not seen>", 10);
	else if (is_link(f->name))
		mask_text(out, without_query(f->value), max);
	else if (field_is_clear(f->name))
		mask_text(out, f->value, max);
	else
		show_credential(out, f->value, max);
}

/* How many bytes at the start of SHOWN (with BACKWARDS: its end) show C; 0: they do not. */
static size_t stands_for(unsigned char c, struct slice shown, bool backwards)
{
	static const char hex[] = "0123456789abcdef";
	const char escape[] = { '\\', 'x', hex[c >> 4], hex[c & 15], 0 };
	struct slice escaped = { escape, ESCAPE_SIZE };
	struct slice last = backwards && shown.n ? slice_from(shown, shown.n - 1) : shown;

	if (backwards ? slice_ends(shown, escaped) : slice_starts_nocase(shown, escaped))
		return ESCAPE_SIZE;
	return last.n && (unsigned char)last.p[0] == c ? 1 : 0;
}

size_t display_column(struct slice value, struct slice shown, size_t at)
{
	size_t from = 0; /* bytes of SHOWN that follow VALUE from its start */
	size_t i = 0;
	size_t step;

	for (; i < value.n && i < at; i++) {
		step = stands_for((unsigned char)value.p[i], slice_from(shown, from), false);
		if (step == 0)
			break;
		from += step;
	}
	if (i >= at || i >= value.n)
		return columns_of(slice_sub(shown, 0, from));

	struct slice head = shown; /* what is left when the end that follows VALUE is taken off */
	for (i = value.n; i > at; i--) {
		step = head.n > from ? stands_for((unsigned char)value.p[i - 1], head, true) : 0;
		if (step == 0)
			return columns_of(slice_sub(shown, 0, from));
		head.n -= step;
	}
	return columns_of(head);
}
