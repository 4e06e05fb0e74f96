/* SPDX-License-Identifier: MIT */
#include "diagnose/placeholder.h"
#include "diagnose/environment.h"
#include "diagnose/shape.h"

#include <string.h>

/* Shorter values are equal by accident: "test", "dummy", "1234567". */
enum { SHORTEST_TOKEN = 8 };

bool environment_next(const struct environment *env, size_t *at, struct slice *name,
		      struct slice *value)
{
	while (*at < env->block.n) {
		struct slice entry = slice_from(env->block, *at);
		const char *end = memchr(entry.p, '\0', entry.n);

		if (end)
			entry.n = (size_t)(end - entry.p);
		*at += entry.n + 1;
		long equals = slice_byte(entry, '=', 0);
		if (equals <= 0)
			continue;
		*name = slice_sub(entry, 0, (size_t)equals);
		*value = slice_from(entry, (size_t)equals + 1);
		return true;
	}
	return false;
}

struct slice environment_value(const struct environment *env, struct slice name)
{
	struct slice found;
	struct slice value;

	for (size_t at = 0; environment_next(env, &at, &found, &value);)
		if (slice_equal(found, name))
			return value;
	return (struct slice){ NULL, 0 };
}

static struct slice trim_space(struct slice s)
{
	while (s.n && is_space(s.p[0]))
		s = slice_from(s, 1);
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

static struct slice unquote(struct slice s)
{
	s = trim_space(s);
	if (s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'' || s.p[0] == '`') &&
	    s.p[s.n - 1] == s.p[0])
		return trim_space(slice_sub(s, 1, s.n - 2));
	return s;
}

enum value_match environment_compare(struct slice value, struct slice token)
{
	if (token.n < SHORTEST_TOKEN || value.n < token.n)
		return MATCH_NONE;
	if (slice_equal(value, token))
		return MATCH_EXACT;
	if (slice_equal(trim_space(value), token))
		return MATCH_TRIMMED;
	if (slice_equal(unquote(value), token))
		return MATCH_UNQUOTED;
	return MATCH_NONE;
}

/* Is NAME one of the usual variables for VENDOR's keys? */
static bool is_vendors_name(const struct vendor *vendor, struct slice name)
{
	struct slice rest = slice_of(vendor ? vendor->variables : NULL);
	struct slice variable;

	while (slice_cut(&rest, ' ', &variable))
		if (slice_equal(variable, name))
			return true;
	return false;
}

size_t environment_sources(const struct environment *env, struct slice token,
			   const struct vendor *vendor, struct slice *names, size_t max)
{
	struct slice name;
	struct slice value;
	size_t own = 0;
	size_t n = 0;

	for (size_t at = 0; n < max && environment_next(env, &at, &name, &value);) {
		if (environment_compare(value, token) == MATCH_NONE)
			continue;
		names[n++] = name;
		if (!is_vendors_name(vendor, name))
			continue;
		names[n - 1] = names[own];
		names[own++] = name;
	}
	return n;
}

bool environment_is_key_name(struct slice name)
{
	static const char words[][8] = { "API_KEY", "APIKEY", "_TOKEN", "_SECRET", "_KEY" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_has_nocase(name, slice_of(words[i])))
			return true;
	return false;
}

bool environment_is_near_miss(struct slice name)
{
	static const char names[][21] = { "OPEN_ROUTER_API_KEY",  "OPENROUTER_KEY",
					  "OPENROUTER_TOKEN",     "OPENROUTER_APIKEY",
					  "OPENROUTERAPIKEY",     "OPEN_ROUTER_KEY",
					  "OPENROUTER_API_TOKEN", "OPENROUTER_API_KEYS",
					  "OPENROUTER_SECRET" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal(name, slice_of(names[i])))
			return true;
	return slice_equal_nocase(name, SLICE("OPENROUTER_API_KEY")) &&
	       !slice_equal(name, SLICE("OPENROUTER_API_KEY"));
}

/* Offset of the first byte of VALUE that cannot be in a key; -1: none. */
static long odd_byte(struct slice value)
{
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] <= ' ' || (unsigned char)value.p[i] >= 0x7f)
			return (long)i;
	return -1;
}

const char *environment_damage(struct slice name, struct slice value)
{
	static const char vendors_ends[][12] = { "_API_KEY", "_APIKEY", "_AUTH_TOKEN" };
	bool is_key = false;

	for (size_t i = 0; i < sizeof(vendors_ends) / sizeof(vendors_ends[0]); i++)
		is_key |= slice_ends(name, slice_of(vendors_ends[i]));
	if (!is_key || value.n == 0)
		return NULL;
	if (slice_byte(value, '\n', 0) >= 0 || slice_byte(value, '\r', 0) >= 0)
		return "contains a line break";
	if (value.p[0] == '"' || value.p[0] == '\'' || value.p[0] == '`')
		return "contains quotation marks";
	long odd = odd_byte(value);
	if (odd >= 0)
		return (unsigned char)value.p[odd] >= 0x7f ? "contains a character that is not ASCII"
							   : "contains a space";
	if (value.p[0] == '$' || slice_has(value, SLICE("${")) || slice_has(value, SLICE("{{")))
		return "contains an unexpanded template";
	return NULL;
}

/*
 * Local servers are given anything as a key of OpenAI's, so a sample word
 * counts only as OpenRouter's key, or behind a vendor's own prefix.
 */
static const char *placeholder(const struct vendor *vendor, struct slice value)
{
	if (is_literal(value))
		return "is set to a word like undefined or null";
	if (is_masked(value))
		return "contains a masked key, not the key itself";
	if (is_sample(value) &&
	    (vendor_of_key(value) || vendor == vendor_named(SLICE("openrouter"))))
		return "contains a placeholder from documentation";
	return NULL;
}

const char *environment_key_damage(struct slice name, struct slice value)
{
	const struct vendor *vendor = vendor_of_variable(name);
	const char *damage = vendor ? environment_damage(name, value) : NULL;

	return damage || !vendor ? damage : placeholder(vendor, value);
}
