/* SPDX-License-Identifier: MIT */
#include "diagnose/placeholder.h"
#include "diagnose/secret_words.h"

#include "diagnose/shape.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_word_byte(char c)
{
	return is_alphanumeric(c);
}

/* Does NAME end in the word END? GLUED: to whatever else: PGPASSWORD, authtoken; monkey, too. */
static bool ends_in_word(struct slice name, struct slice end, bool glued)
{
	if (name.n < end.n || !slice_equal_nocase(slice_from(name, name.n - end.n), end))
		return false;
	if (name.n == end.n || glued)
		return true;
	char before = name.p[name.n - end.n - 1], first = name.p[name.n - end.n];
	return !is_word_byte(before) || (is_upper(first) && !is_upper(before));
}

bool names_secret(struct slice name)
{
	static const char glued[][14] = { "key",    "token",      "secret",       "password",
					  "passwd", "passphrase", "authorization" };
	static const char words[][12] = { "pwd",       "signature",  "sig",
					  "auth",      "cookie",     "session",
					  "sessionid", "credential", "credentials" };

	for (size_t i = 0; i < COUNT(glued); i++)
		if (ends_in_word(name, slice_of(glued[i]), true))
			return true;
	for (size_t i = 0; i < COUNT(words); i++)
		if (ends_in_word(name, slice_of(words[i]), false))
			return true;
	return false;
}

bool names_secret_within(struct slice name)
{
	return names_secret(name) || slice_has_nocase(name, SLICE("key")) ||
	       slice_has_nocase(name, SLICE("token")) || slice_has_nocase(name, SLICE("secret")) ||
	       slice_has_nocase(name, SLICE("passw")) ||
	       slice_has_nocase(name, SLICE("authorization"));
}

bool is_scheme_of_secret(struct slice word)
{
	return slice_equal_nocase(word, SLICE("Bearer")) ||
	       slice_equal_nocase(word, SLICE("Basic"));
}

bool is_public_word(struct slice run)
{
	static const char words[][14] = {
		"export",        "set",       "setx",  "apiKey", "api_key",     "apikey",
		"api-key",       "x-api-key", "key",   "token",  "Key",         "Authorization",
		"authorization", "type",      "sk-or", "sk",     "v1",          "json",
		"env",           "txt",       "pem",   "enc",    "private_key", "http",
		"https",         "H",
	};

	if (is_scheme_word(run) || is_variable_name(run) || is_literal(run))
		return true;
	for (size_t i = 0; i < COUNT(words); i++)
		if (slice_equal(run, slice_of(words[i])))
			return true;
	return false;
}

size_t id_prefix(struct slice run)
{
	static const char starts[][10] = { "gen-",   "chatcmpl-", "chatcmpl_", "req_",
					   "req-",   "msg_",      "resp_",     "call_",
					   "toolu_", "fc_",       "user_" };

	for (size_t i = 0; i < COUNT(starts); i++)
		if (slice_starts(run, slice_of(starts[i])))
			return strlen(starts[i]);
	return 0;
}

/* 8-4-4-4-12 hex digits. */
static bool is_uuid(struct slice run)
{
	if (run.n != 36)
		return false;
	for (size_t i = 0; i < run.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? run.p[i] != '-' : hex_value(run.p[i]) < 0)
			return false;
	}
	return true;
}

bool is_public_id(struct slice run)
{
	return (id_prefix(run) && !slice_starts(run, SLICE("user_"))) || is_uuid(run);
}

bool is_plain_word(struct slice run)
{
	bool digit = slice_has_digit(run), upper = false;

	for (size_t i = 1; i < run.n; i++)
		upper |= is_upper(run.p[i]);
	return run.n < 8 || (!digit && !upper && run.n <= 20);
}
