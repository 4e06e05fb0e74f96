/* SPDX-License-Identifier: MIT */
/* What is sent in place of a key: words, templates and display forms. */
#include "diagnose/placeholder.h"
#include "diagnose/shape.h"
#include "diagnose/token_text.h"

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

/* Is there in S what may be a key? No name of a function or class is so long and has digits. */
static bool may_hold_key(struct slice s)
{
	enum { SHORTEST_KEY = 20 };

	for (size_t i = 0; i < s.n; i++) {
		size_t n = token_run(s, i);
		if (n >= SHORTEST_KEY && slice_has_digit(slice_sub(s, i, n)))
			return true;
		i += n;
	}
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
			return !may_hold_key(s);
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
	/* A long secret may contain any phrase; a placeholder is made of words. */
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
	static const char masks[][4] = { "***", "\xe2\x80\xa2" /* bullet U+2022 */,
					 "\xe2\x97\x8f" /* black circle U+25CF */,
					 "\xe2\x80\xa6" /* ellipsis U+2026 */ };

	for (size_t i = 0; i < COUNT(masks); i++)
		if (slice_has(s, slice_of(masks[i])))
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
	bool any_text; /* a command may be inside, not only a name */
	bool whole;    /* counts only when it is all of the token */
};

static struct slice template_at(struct slice s, size_t at)
{
	static const struct bracket brackets[] = {
		{ "${{", "}}", false, false },  { "$secret{", "}", true, false },
		{ "${", "}", true, false },     { "$(", ")", true, false },
		{ "$[", "]", false, false },    { "{{", "}}", false, false },
		{ "{env:", "}", false, false }, { "{", "}", false, false },
		{ "<%=", "%>", true, true },    { "<%", "%>", true, true },
		{ "<", ">", false, false },     { "[[", "]]", false, true },
		{ "[", "]", false, true },      { "((", "))", false, true },
		{ "%(", ")s", false, true },
	};

	for (size_t i = 0; i < COUNT(brackets); i++) {
		struct slice open = slice_of(brackets[i].open);
		struct slice close = slice_of(brackets[i].close);
		if (!slice_starts(slice_from(s, at), open) ||
		    (brackets[i].whole && (at || !slice_ends(s, close))))
			continue;
		struct slice name = enclosed(s, at, open, close);
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

/* What is between OPEN and CLOSE when they are the first and last bytes of S; else absent. */
static struct slice between(struct slice s, char open, char close)
{
	if (s.n < 3 || s.p[0] != open || s.p[s.n - 1] != close)
		return (struct slice){ NULL, 0 };
	return slice_sub(s, 1, s.n - 2);
}

/* $X, %X%, @X@, __X__ and `cmd` count only when they are the whole token: secrets have the signs, too. */
static struct slice whole_template(struct slice s)
{
	struct slice percent = between(s, '%', '%');
	struct slice at = between(s, '@', '@');
	struct slice command = between(s, '`', '`');
	size_t n = 0;

	if (s.n > 1 && s.p[0] == '$' && is_name(slice_from(s, 1)))
		return slice_from(s, 1);
	if (is_name(percent))
		return percent;
	if (is_name(at))
		return at;
	if (command.n && slice_byte(command, '`', 0) < 0 && slice_byte(command, ' ', 0) > 0)
		return command;
	if (s.n > 6 && slice_starts(s, SLICE("__")) && slice_ends(s, SLICE("__")) && is_name(s))
		return slice_sub(s, 2, s.n - 4);
	/* YAML: !secret name, !env_var NAME */
	while (s.n && s.p[0] == '!' && n + 1 < s.n && is_name_byte(s.p[n + 1]))
		n++;
	return n && n + 2 < s.n && s.p[n + 1] == ' ' ? slice_from(s, n + 2)
						     : (struct slice){ NULL, 0 };
}

static size_t name_run(struct slice s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && is_name_byte(s.p[at + n]))
		n++;
	return n;
}

/* Where secrets are kept, or how a program asks for one: what follows the word is a name. */
static bool is_store_word(struct slice word)
{
	static const char words[][WORD_SIZE] = {
		"env",     "environ",  "getenv",   "secret",         "secrets",     "secretref",
		"vault",   "keyvault", "keychain", "secretsmanager", "parameter",   "ssm",
		"keyring", "ref",      "file",     "credential",     "credentials", "cmd",
	};

	return equals_one_of(word, words, COUNT(words));
}

/* A word, a name or a number, never a secret. */
static bool is_reference_part(struct slice run)
{
	bool upper = false, lower = false, digit = false;

	if (is_variable_name(run))
		return true;
	for (size_t i = 0; i < run.n; i++) {
		upper |= is_upper(run.p[i]);
		lower |= is_lower(run.p[i]);
		digit |= is_digit(run.p[i]);
	}
	return run.n <= 12 || (run.n <= 40 && upper + lower + digit == 1);
}

bool is_file_path(struct slice s)
{
	static const char starts[][4] = { "/", "./", "../", "~/", ".\\" };
	bool path = s.n > 3 && is_letter(s.p[0]) && s.p[1] == ':' && s.p[2] == '\\';

	for (size_t i = 0; i < COUNT(starts); i++)
		path = path || slice_starts(s, slice_of(starts[i]));
	for (size_t i = 0; path && i < s.n; i += name_run(s, i) + 1)
		if (!is_reference_part(slice_sub(s, i, name_run(s, i))))
			return false;
	return path && s.n > 4;
}

/*
 * A variable named inside something else (os.environ/NAME, process.env.NAME), or
 * the place in a store (vault:team/key, projects/1/secrets/NAME): no part of it
 * could be a secret.
 */
static struct slice reference(struct slice s)
{
	struct slice variable = { NULL, 0 };
	struct slice place = { NULL, 0 };

	if (is_file_path(s))
		return variable;
	for (size_t i = 0; i < s.n;) {
		struct slice run = slice_sub(s, i, name_run(s, i));
		size_t end = i + run.n;

		if (!is_reference_part(run) || (unsigned char)s.p[i] >= 0x80)
			return (struct slice){ NULL, 0 };
		if (is_variable_name(run) && slice_byte(run, '_', 0) > 0 && run.n < s.n &&
		    !slice_starts(run, SLICE("YOUR_"))) /* a sample: sk-or-v1-YOUR_KEY */
			variable = run;
		if (is_store_word(run) && end + 1 < s.n && memchr(":/.([", s.p[end], 5))
			place = slice_from(s, end + 1);
		i = end + (run.n == 0);
	}
	return variable.n ? variable : place;
}

/*
 * scheme://path with a scheme that is not of the web (RFC 3986 section 3.1):
 * op://, vault://, ref+awsssm://, file://; and Amazon's names of resources.
 */
static struct slice store_address(struct slice s)
{
	size_t n = 0;

	if (slice_starts(s, SLICE("arn:aws")))
		return s;
	while (n < s.n && (is_letter(s.p[n]) || is_digit(s.p[n]) || memchr("+.-", s.p[n], 3)))
		n++;
	if (n < 2 || !is_letter(s.p[0]) || !slice_starts(slice_from(s, n), SLICE("://")))
		return (struct slice){ NULL, 0 };
	return n + 3 < s.n ? s : (struct slice){ NULL, 0 };
}

struct slice template_find(struct slice s)
{
	struct slice name = whole_template(s);
	long at = slice_find_nocase(s, SLICE("$env:"), 0);

	if (!name.n && at >= 0) {
		name = slice_from(s, (size_t)at + 5);
		name.n = name_run(name, 0);
	}
	for (size_t i = 0; !name.n && i < s.n; i++)
		if (memchr("${<[(%", s.p[i], 6))
			name = template_at(s, i);
	if (!name.n)
		name = store_address(s);
	if (!name.n)
		name = reference(s);
	return name.n ? name : (struct slice){ NULL, 0 };
}
