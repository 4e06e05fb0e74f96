/* SPDX-License-Identifier: MIT */
#include "tools/log/command_words.h"

#include <stdlib.h>
#include <string.h>

#include "diagnose/mask.h"
#include "diagnose/secret_scan.h"
#include "diagnose/secret_words.h"
#include "diagnose/shape.h"
#include "report/field_display.h"
#include "tools/command.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { WORDS_MAX = 64, BARE_KEY = 16 };

/* ---- values */

/* $NAME as environment variables are named; $ecret is a password. */
static bool is_variable(struct slice value)
{
	for (size_t i = 1; i < value.n; i++)
		if (!is_upper(value.p[i]) && value.p[i] != '_' && (i == 1 || !is_digit(value.p[i])))
			return false;
	return value.n > 1 && value.p[0] == '$';
}

/* Text that a shell replaces ($NAME, $(...), `...`), or that is printed in full anyway. */
static bool is_placeholder(struct slice value)
{
	if (is_variable(value))
		return true;
	if (slice_starts(value, SLICE("$(")) || slice_starts(value, SLICE("`")))
		return true;
	return value.n == 0 || token_needs_no_mask(value);
}

static struct slice without_quotes(struct slice value)
{
	while (value.n && memchr("\"'\\", value.p[0], 3))
		value = slice_from(value, 1);
	while (value.n && memchr("\"'\\", value.p[value.n - 1], 3))
		value.n--;
	return value;
}

/* `Bearer VALUE`: the value. */
static struct slice without_scheme(struct slice value)
{
	size_t n = token_run(value, 0);

	if (!n || n == value.n || !is_blank(value.p[n]) || !is_scheme_word(slice_sub(value, 0, n)))
		return value;
	return slice_trim(slice_from(value, n));
}

static bool is_secret_value(struct slice value)
{
	return !is_placeholder(without_quotes(without_scheme(without_quotes(value))));
}

/* Does WORD itself contain a secret? */
static bool holds_secret(struct slice word)
{
	struct secret_scan scan = secret_scan_of(word, false);
	struct secret_span span;

	while (secret_next(&scan, &span))
		if (span.kind != SPAN_TEXT &&
		    (span.kind != SPAN_VALUE || is_secret_value(slice_sub(word, span.at, span.n))))
			return true;
	return false;
}

/* ---- NAME=VALUE, "name": "value", Name: value */

static bool names_value(struct slice name)
{
	static const char ends[][8] = { "pass", "pw", "bearer" };

	if (slice_starts_nocase(name, SLICE("no-")))
		return false;
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct slice end = slice_of(ends[i]);
		if (name.n >= end.n && slice_equal_nocase(slice_from(name, name.n - end.n), end) &&
		    (name.n == end.n || !is_alphanumeric(name.p[name.n - end.n - 1])))
			return true;
	}
	return names_secret(name);
}

/* The value that begins at AT of WORD: up to its closing quote, else to a blank or the end. */
static struct slice value_at(struct slice word, size_t at, bool assigned)
{
	struct slice rest = slice_from(word, at);
	char quote = rest.n && memchr("\"'", rest.p[0], 2) ? rest.p[0] : '\0';
	size_t n = quote ? 1 : 0;

	/* A quoted value may have blanks; a command inside a word ends at one. */
	while (n < rest.n && (quote ? rest.p[n] != quote : !memchr("\"'", rest.p[n], 2)) &&
	       (quote || !assigned || !is_space(rest.p[n])))
		n++;
	return without_quotes(slice_sub(rest, 0, n));
}

static bool assigns_secret(struct slice word)
{
	for (size_t i = 0; i < word.n; i++) {
		size_t name = token_run(word, i), end = i + name;
		if (name == 0)
			continue;
		i = end - 1;
		while (end < word.n && memchr("\"'\\", word.p[end], 3))
			end++;
		while (end < word.n && word.p[end] == ' ')
			end++;
		if (end == word.n || !memchr("=:", word.p[end], 2) ||
		    !names_value(slice_sub(word, i + 1 - name, name)))
			continue;
		bool assigned = word.p[end] == '=';
		/* key://host, a::b */
		if (!assigned && end + 1 < word.n && memchr("/:", word.p[end + 1], 2))
			continue;
		for (end++; end < word.n && memchr(" \\", word.p[end], 2);)
			end++;
		if (is_secret_value(value_at(word, end, assigned)))
			return true;
	}
	return false;
}

/* A `Name: value` header field: secret unless the field is known to be public. */
static bool is_secret_field(struct slice line)
{
	struct slice rest = line, name;

	slice_cut(&rest, ':', &name);
	name = slice_trim(name);
	return rest.p && name.n && name.p[0] != '@' && !field_is_clear(name) &&
	       is_secret_value(slice_trim(rest));
}

/* user:password, but not two numbers (docker's user and group). */
static bool is_pair(struct slice value)
{
	long colon = slice_byte(value, ':', 0);
	bool letters = false;

	for (size_t i = 0; i < value.n; i++)
		letters |= !is_digit(value.p[i]) && value.p[i] != ':';
	return colon >= 0 && letters &&
	       !slice_starts(slice_from(value, (size_t)colon), SLICE("://")) &&
	       is_secret_value(value);
}

static bool is_pair_with_percent(struct slice value)
{
	return slice_byte(value, '%', 0) > 0 && !is_placeholder(value);
}

static bool is_assignment(struct slice value)
{
	return slice_byte(value, '=', 0) > 0;
}

/* ---- options */

/*
 * An option whose value is a secret if IS_SECRET confirms it. The value of a
 * short option may be attached.
 */
struct secret_option {
	const char *tools; /* base names separated by blanks; NULL: any program */
	const char *name;  /* "-u", "--user" */
	bool (*is_secret)(struct slice value);
};

#define MYSQL \
	" mysql mysqldump mysqladmin mysqlimport mysqlshow mariadb mariadb-dump mariadb-admin "
#define WITH_KEY " openai chatgpt gpt sgpt tgpt mods aichat interpreter cohere openssl "

static const struct secret_option secret_options[] = {
	{ " curl ", "-u", is_secret_value },
	{ " curl ", "--user", is_secret_value },
	{ " curl ", "-U", is_secret_value },
	{ " curl ", "--proxy-user", is_secret_value },
	{ " curl ", "--tlsuser", is_secret_value },
	{ " curl ", "-b", is_assignment },
	{ " curl ", "--cookie", is_assignment },
	{ " curl ", "-E", is_pair },
	{ " curl ", "--cert", is_pair },
	{ " curl ", "--proxy-cert", is_pair },
	{ " curl ", "--key", NULL }, /* a file */
	{ " curl ", "--proxy-key", NULL },
	{ " http https xh xhs ", "-a", is_secret_value },
	{ " smbclient rpcclient net ", "-U", is_pair_with_percent },
	{ " sshpass unzip zip 7z 7za rar unrar htpasswd redis-cli ", "-p", is_secret_value },
	{ " zip unzip ", "-P", is_secret_value },
	{ " redis-cli ", "-a", is_secret_value },
	{ MYSQL, "-p", is_secret_value },
	{ WITH_KEY, "-k", is_secret_value },
	{ " openssl ", "-K", is_secret_value },
	{ NULL, "-H", is_secret_field },
	{ NULL, "--header", is_secret_field },
	{ NULL, "--headers", is_secret_field },
	{ NULL, "--proxy-header", is_secret_field },
	{ NULL, "-u", is_pair },
	{ NULL, "--user", is_pair },
	{ NULL, "-U", is_pair },
	{ NULL, "--cookie", is_assignment },
	{ NULL, "--oauth2-bearer", is_secret_value },
	/*
	 * Options that take names of conversations and the like; a value that
	 * looks like a key is found anyway.
	 */
	{ NULL, "--session", NULL },
};

/* The program's name without its folders. */
static struct slice base_name(const char *word)
{
	const char *slash = strrchr(word, '/');

	return slice_of(slash ? slash + 1 : word);
}

/* Is one of the words before I one of TOOLS? `sudo -E env A=b curl …`. */
static bool runs_tool(const char *const argv[], size_t i, const char *tools)
{
	for (size_t k = 0; k < i; k++) {
		struct slice name = base_name(argv[k]);
		struct slice all = slice_of(tools);
		long at = name.n ? slice_find(all, name, 0) : -1;
		if (at > 0 && all.p[at - 1] == ' ' && all.p[(size_t)at + name.n] == ' ')
			return true;
	}
	return false;
}

static const struct secret_option *option_named(const char *const argv[], size_t i,
						struct slice name)
{
	for (size_t k = 0; k < COUNT(secret_options); k++) {
		const struct secret_option *o = &secret_options[k];
		if (slice_equal(slice_of(o->name), name) &&
		    (!o->tools || runs_tool(argv, i, o->tools)))
			return o;
	}
	return NULL;
}

/* A key without a name: long, of digits and letters, no path, no name with a dot or an underscore. */
static bool is_bare_key(struct slice value)
{
	bool letter = false;

	for (size_t i = 0; i < value.n; i++) {
		letter |= is_letter(value.p[i]);
		if (!is_alphanumeric(value.p[i]) && value.p[i] != '-')
			return false;
	}
	return value.n >= BARE_KEY && letter && slice_has_digit(value);
}

/* VALUE is all or part of ARGV[I]: is it a secret as the value of the option NAME? */
static bool is_secret_of(const char *const argv[], size_t i, struct slice name, struct slice value)
{
	const struct secret_option *o = option_named(argv, i, name);
	struct slice plain = name;

	if (o)
		return o->is_secret && o->is_secret(value);
	while (plain.n && plain.p[0] == '-')
		plain = slice_from(plain, 1);
	if (slice_equal(name, SLICE("-k")))
		return is_bare_key(value);
	return plain.n > 1 && names_value(plain) && is_secret_value(value);
}

/*
 * In a word like `-sSu` or `-uUSER:PW`, the offset of curl's short option that
 * takes the value; 0: none.
 */
static size_t curl_option_with_value(struct slice word)
{
	for (size_t i = 1; i < word.n && is_alphanumeric(word.p[i]); i++)
		if (memchr("AbcCdDeEFhHKmoPQrtTuUwxXyYz", word.p[i], 27))
			return i;
	return 0;
}

/* A value attached to its option: `-uUSER:PW`, `--user=USER:PW`. */
static bool is_glued_secret(const char *const argv[], size_t i, struct slice word)
{
	struct slice value = word, name;

	if (word.n < 3 || word.p[0] != '-')
		return false;
	if (word.p[1] == '-') {
		slice_cut(&value, '=', &name);
		return value.p && is_secret_of(argv, i, name, value);
	}
	size_t at = runs_tool(argv, i, " curl ") ? curl_option_with_value(word) : 1;
	if (at == 0 || at + 1 >= word.n)
		return false;
	char option[3] = { '-', word.p[at], '\0' };
	const struct secret_option *o = option_named(argv, i, slice_of(option));
	return o && o->is_secret && o->is_secret(slice_from(word, at + 1));
}

/* The option at the end of the word before ARGV[I]. */
static bool is_value_of_secret(const char *const argv[], size_t i, struct slice word)
{
	struct slice before = slice_of(argv[i - 1]);
	char option[3] = { '-', 0, 0 };

	if (i < 2 || before.n < 2 || before.p[0] != '-' || slice_byte(before, '=', 0) >= 0)
		return false;
	if (before.p[1] != '-' && runs_tool(argv, i - 1, " curl ")) {
		size_t at = curl_option_with_value(before);
		if (at + 1 != before.n)
			return false;
		option[1] = before.p[at];
		before = slice_of(option);
	}
	/* An option where a value is expected: then the option before it takes no value. */
	if (word.n > 1 && word.p[0] == '-' && !slice_has(word, SLICE(":")))
		return false;
	return is_secret_of(argv, i, before, word);
}

/* ---- words */

static bool is_secret_alone(const char *const argv[], size_t i)
{
	struct slice word = slice_of(argv[i]);

	return holds_secret(word) || assigns_secret(word) ||
	       (i && (is_glued_secret(argv, i, word) || is_value_of_secret(argv, i, word)));
}

/* A command inside a word, `sh -c 'curl -u me:pw …'`: the same rules apply to its words. */
static bool is_secret_command(const char *command)
{
	const char *words[WORDS_MAX];
	char *copy = strdup(command);
	size_t count = 0;
	bool secret = false;

	if (!copy)
		die("out of memory");
	for (char *p = copy; *p && count < WORDS_MAX;) {
		p += strspn(p, " \t\n;|&");
		if (!*p)
			break;
		char quote = *p == '"' || *p == '\'' ? *p++ : '\0';
		words[count++] = p;
		p += quote ? strcspn(p, (char[]){ quote, 0 }) : strcspn(p, " \t\n;|&");
		if (*p)
			*p++ = '\0';
	}
	for (size_t i = 0; i < count && !secret; i++)
		secret = is_secret_alone(words, i);
	free(copy);
	return secret;
}

bool word_is_secret(const char *const argv[], size_t i)
{
	if (i == 0)
		return false;
	if (is_secret_alone(argv, i))
		return true;
	return strpbrk(argv[i], " \t\n") && is_secret_command(argv[i]);
}
