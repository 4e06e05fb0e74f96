/* SPDX-License-Identifier: MIT */
/* What stands where a key should: words, templates and display forms. */
#include "diagnose/shape.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))


static bool is_name_byte(char c)
{
	return is_alphanumeric(c) || c == '_';
}

enum { WORD_SIZE = 19 }; /* of a word of the tables, with its NUL */

static bool equals_one_of(struct slice s, const char (*words)[WORD_SIZE], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal_nocase(s, slice_of(words[i])))
			return true;
	return false;
}

bool is_literal(struct slice s)
{
	static const char words[][WORD_SIZE] = { "undefined", "null", "none",  "nil",
						 "nan",       "true", "false", "(null)" };
	static const char starts[][11] = { "[object ", "<function", "<bound", "SecretStr(",
					   "Promise {" };

	if (equals_one_of(s, words, COUNT(words)))
		return true;
	for (size_t i = 0; i < COUNT(starts); i++)
		if (slice_starts(s, slice_of(starts[i])))
			return true;
	return false;
}

bool is_variable_name(struct slice s)
{
	if (s.n < 6 || !is_upper(s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (!is_upper(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '_')
			return false;
	return slice_has(s, SLICE("KEY")) || slice_has(s, SLICE("TOKEN")) ||
	       slice_has(s, SLICE("SECRET"));
}

bool is_local_dummy(struct slice s)
{
	static const char words[][WORD_SIZE] = {
		"ollama",    "empty",    "not-needed",      "not_needed",    "none-needed",
		"dummy",     "noop",     "no-key",          "lm-studio",     "lmstudio",
		"dummy-key", "sk-dummy", "no-key-required", "no-key-needed", "sk-no-key-required",
		"local",     "unused",   "not-used",        "user_provided",
	};

	return equals_one_of(s, words, COUNT(words));
}

/* Lower case, with '_' and ' ' as '-', so that one spelling of a phrase is enough. */
static bool has_phrase(struct slice s, const char *phrase)
{
	struct slice wanted = slice_of(phrase);

	for (size_t i = 0; i + wanted.n <= s.n; i++) {
		size_t n = 0;
		while (n < wanted.n) {
			char c = to_lower(s.p[i + n]);
			if ((c == '_' || c == ' ' ? '-' : c) != wanted.p[n])
				break;
			n++;
		}
		if (n == wanted.n)
			return true;
	}
	return false;
}

/* The rest of S after a vendor's prefix, or after "sk-"; S itself if it has none. */
static struct slice after_prefix(struct slice s)
{
	const struct vendor *vendor = vendor_of_key(s);
	struct slice prefix = vendor ? vendor_key_prefix(vendor, s) : (struct slice){ NULL, 0 };

	if (prefix.n == 0 && slice_starts_nocase(s, SLICE("sk-")))
		prefix = slice_sub(s, 0, 3);
	return slice_from(s, prefix.n);
}

/* One character over and over, at least LEAST times, from the start of S to its end. */
static bool is_all_one(struct slice s, size_t least)
{
	for (size_t i = 1; i < s.n; i++)
		if (s.p[i] != s.p[0])
			return false;
	return s.n >= least;
}

static bool has_run_of(struct slice s, size_t least)
{
	size_t run = 1;

	for (size_t i = 1; i < s.n; i++) {
		run = s.p[i] == s.p[i - 1] ? run + 1 : 1;
		if (run >= least)
			return true;
	}
	return false;
}

static bool is_x_or_dot(char c)
{
	return c == 'x' || c == 'X' || c == '.';
}

bool is_sample(struct slice s)
{
	static const char words[][WORD_SIZE] = { "test", "api-key",   "api_key", "apikey",
						 "key",  "token",     "hello",   "claude",
						 "xxx",  "my-api-key" };
	static const char phrases[][13] = {
		"your-",       "yourapikey", "your-key",   "-key-here",    "keyhere",
		"changeme",    "change-me",  "replace-me", "insert-",      "example-",
		"placeholder", "enter-your", "put-your",   "api-key-here",
	};
	struct slice rest = after_prefix(s);
	bool prefixed = rest.n < s.n;

	if (equals_one_of(rest, words, COUNT(words)) && !is_variable_name(rest))
		return true;
	/* A secret of some length may hold any phrase; a placeholder is made of words. */
	for (size_t i = 0; s.n <= 64 && i < COUNT(phrases); i++)
		if (has_phrase(s, phrases[i]))
			return true;
	if (rest.n && is_x_or_dot(rest.p[0]) && is_all_one(rest, prefixed ? 3 : 4))
		return true;
	return has_run_of(rest, 8) && (prefixed || is_all_one(rest, 8));
}

/* Something readable on both sides of the LENGTH bytes at AT. */
static bool is_between(struct slice s, size_t at, size_t length)
{
	return at > 0 && at + length < s.n && is_name_byte(s.p[at + length]) &&
	       (is_name_byte(s.p[at - 1]) || s.p[at - 1] == '-');
}

bool is_masked(struct slice s)
{
	static const char blots[][4] = { "***", "\xe2\x80\xa2" /* bullet U+2022 */,
					 "\xe2\x97\x8f" /* black circle U+25CF */,
					 "\xe2\x80\xa6" /* ellipsis U+2026 */ };

	for (size_t i = 0; i < COUNT(blots); i++)
		if (slice_has(s, slice_of(blots[i])))
			return true;
	if (slice_equal_nocase(s, SLICE("<redacted>")) ||
	    slice_equal_nocase(s, SLICE("[redacted]")) || slice_equal_nocase(s, SLICE("redacted")))
		return true;
	long dots = slice_find(s, SLICE("..."), 0);
	if (dots < 0)
		return false;
	struct slice tail = slice_from(s, (size_t)dots + 3);
	/* `sk-or-v1-...` without a tail, or x's around the dots: a sample, not a display form. */
	return is_between(s, (size_t)dots, 3) && !is_all_one(tail, 1);
}

/* The bytes between OPEN at AT and the next CLOSE; absent without one. */
static struct slice enclosed(struct slice s, size_t at, struct slice open, struct slice close)
{
	size_t from = at + open.n;
	long end = slice_find(s, close, from);

	if (end < 0 || (size_t)end == from)
		return (struct slice){ NULL, 0 };
	return slice_trim(slice_sub(s, from, (size_t)end - from));
}

/* NAME, or a.b.c, my-key, env:NAME: what is written between braces, never a key. */
static bool is_template_name(struct slice s)
{
	if (s.n == 0 || s.n > 64 || !(is_letter(s.p[0]) || s.p[0] == '_') || vendor_of_key(s) ||
	    slice_equal_nocase(s, SLICE("redacted")))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_name_byte(s.p[i]) && !memchr(" .:-/", s.p[i], 5))
			return false;
	return true;
}

struct bracket {
	char open[9], close[3];
	bool any_text; /* a command stands inside, not a name */
};

static struct slice template_at(struct slice s, size_t at)
{
	static const struct bracket brackets[] = {
		{ "${{", "}}", false }, { "$secret{", "}", true }, { "${", "}", true },
		{ "$(", ")", true },    { "{{", "}}", false },     { "{env:", "}", false },
		{ "{", "}", false },    { "<", ">", false },
	};

	for (size_t i = 0; i < COUNT(brackets); i++) {
		struct slice open = slice_of(brackets[i].open);
		if (!slice_starts(slice_from(s, at), open))
			continue;
		struct slice name = enclosed(s, at, open, slice_of(brackets[i].close));
		if (name.n && (brackets[i].any_text || is_template_name(name)))
			return name;
	}
	return (struct slice){ NULL, 0 };
}

static bool is_name(struct slice s)
{
	if (s.n == 0 || is_digit(s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_name_byte(s.p[i]))
			return false;
	return true;
}

/* $X and %X% and `cmd` count only when they are the whole token: the signs occur in secrets too. */
static struct slice whole_template(struct slice s)
{
	struct slice inner = slice_sub(s, 1, s.n > 2 ? s.n - 2 : 0);

	if (s.n > 1 && s.p[0] == '$' && is_name(slice_from(s, 1)))
		return slice_from(s, 1);
	if (s.n > 2 && s.p[0] == '%' && s.p[s.n - 1] == '%' && is_name(inner))
		return inner;
	if (s.n > 2 && s.p[0] == '`' && s.p[s.n - 1] == '`' && slice_byte(inner, '`', 0) < 0 &&
	    slice_byte(inner, ' ', 0) > 0)
		return inner;
	return (struct slice){ NULL, 0 };
}

struct slice template_find(struct slice s)
{
	struct slice name = whole_template(s);
	long at = slice_find_nocase(s, SLICE("$env:"), 0);

	if (!name.n && at >= 0) {
		name = slice_from(s, (size_t)at + 5);
		size_t n = 0;
		while (n < name.n && is_name_byte(name.p[n]))
			n++;
		name.n = n;
	}
	for (size_t i = 0; !name.n && i < s.n; i++)
		if (s.p[i] == '$' || s.p[i] == '{' || s.p[i] == '<')
			name = template_at(s, i);
	return name.n ? name : (struct slice){ NULL, 0 };
}
