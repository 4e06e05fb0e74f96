/* SPDX-License-Identifier: MIT */
/*
 * Which words of a command line are not kept. In doubt one is withheld: then a
 * run cannot be repeated, while a key that was written down stays written.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "tools/log/runs.h"

enum { SECRET_MIN = 6 };

static const char *const secret_names[] = { "api-key", "apikey",     "api_key", "token",
					    "secret",  "passw",      "bearer",  "authorization",
					    "cookie",  "credential", "basic " };

/* Is there a key in WORD? What is only escaped when it is shown is no key for that. */
static bool holds_key(const char *word)
{
	struct slice rest = slice_of(word);
	bool found = false;

	while (rest.n && !found) {
		size_t n = 0;
		while (n < rest.n && rest.p[n] > 0x20 && rest.p[n] < 0x7f && rest.p[n] != '\\')
			n++;
		if (n) {
			struct slice piece = { rest.p, n };
			struct buf shown;
			buf_init(&shown, 4 * n + 64);
			redact_text(&shown, piece, 4 * n + 64);
			found = !slice_equal(buf_slice(&shown), piece);
			buf_release(&shown);
		}
		rest = slice_from(rest, n + (n < rest.n));
	}
	return found;
}

static bool names_secret(struct slice name)
{
	for (size_t i = 0; i < sizeof(secret_names) / sizeof(secret_names[0]); i++)
		if (slice_has_nocase(name, slice_of(secret_names[i])))
			return true;
	return false;
}

/* Long enough for a secret, and neither a shell's variable nor a number. */
static bool is_value(const char *p)
{
	size_t n = 0;
	bool digits = true;

	while (p[n] && !strchr(" \t\n\"'`,;&|<>(){}$", p[n])) {
		digits = digits && isdigit((unsigned char)p[n]);
		n++;
	}
	return n >= SECRET_MIN && !digits;
}

/* What follows a name: `-id: "Bearer VALUE`, `=VALUE`, ` VALUE` after a scheme. */
static bool gives_value(const char *p)
{
	static const char *const schemes[] = { "bearer ", "basic ", "token " };

	while (isalnum((unsigned char)*p) || *p == '-' || *p == '_')
		p++;
	const char *end = p;
	p += strspn(p, "\"'\\:= ");
	if (p == end)
		return false;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncasecmp(p, schemes[i], strlen(schemes[i])) == 0)
			p += strlen(schemes[i]);
	return is_value(p);
}

/* "Authorization: Bearer …", "OPENROUTER_API_KEY=…", anywhere in WORD. */
static bool assigns_secret(const char *word)
{
	struct slice w = slice_of(word);

	for (size_t i = 0; i < sizeof(secret_names) / sizeof(secret_names[0]); i++) {
		struct slice name = slice_of(secret_names[i]);
		long at = slice_find_nocase(w, name, 0);
		for (; at >= 0; at = slice_find_nocase(w, name, (size_t)at + 1)) {
			/* "basic " has its blank in it already */
			const char *after = word + at + name.n;
			if (gives_value(after) || (after[-1] == ' ' && is_value(after)))
				return true;
		}
	}
	return false;
}

/* "https://user:password@host" */
static bool has_userinfo(const char *word)
{
	const char *at = strstr(word, "://");

	if (!at)
		return false;
	at += 3;
	const char *end = at + strcspn(at, "/?# ");
	const char *sign = memchr(at, '@', (size_t)(end - at));
	return sign && memchr(at, ':', (size_t)(sign - at));
}

bool word_is_secret(const char *word, const char *before)
{
	if (holds_key(word) || assigns_secret(word) || has_userinfo(word))
		return true;
	if (!before || before[0] != '-' || strchr(before, '=') || word[0] == '-' || word[0] == '$')
		return false;
	return strcmp(before, "-u") == 0 || strcmp(before, "--user") == 0 ||
	       (names_secret(slice_of(before)) && is_value(word));
}
