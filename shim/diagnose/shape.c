/* SPDX-License-Identifier: MIT */
#include "diagnose/encoded.h"
#include "diagnose/placeholder.h"
#include "diagnose/shape.h"

#include "diagnose/credential.h"

#define OPENROUTER_PREFIX SLICE("sk-or-v1-")

enum { OPENROUTER_DIGITS = 64 };

static const struct slice absent = { NULL, 0 };

static bool is_lower_hex(char c)
{
	return is_hex_byte(c);
}

static bool is_any_hex(char c)
{
	return hex_value(c) >= 0;
}

/* Three dotted runs, the first of them base64url of `{"` (RFC 7519 section 3). */
bool is_jwt(struct slice s)
{
	if (!slice_starts(s, SLICE("eyJ")))
		return false;
	size_t header = token_run(s, 0);
	if (header + 1 >= s.n || s.p[header] != '.')
		return false;
	size_t claims = token_run(s, header + 1);
	size_t dot = header + 1 + claims;
	return claims && dot < s.n && s.p[dot] == '.' && dot + 1 + token_run(s, dot + 1) == s.n;
}

bool is_scheme_word(struct slice word)
{
	static const char words[][10] = { "Bearer", "Basic",     "Token", "ApiKey", "Api-Key",
					  "Key",    "Digest",    "JWT",   "OAuth",  "DPoP",
					  "Hawk",   "Negotiate", "NTLM" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_equal_nocase(word, slice_of(words[i])))
			return true;
	return false;
}

static const char quotes[][4] = {
	"\"",
	"'",
	"`",
	"\xe2\x80\x9c",
	"\xe2\x80\x9d",
	"\xe2\x80\x98",
	"\xe2\x80\x99",
	"\xe2\x80\x9e",
	"\xc2\xab",
	"\xc2\xbb",
};

struct slice quote_at_start(struct slice s)
{
	for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++)
		if (slice_starts(s, slice_of(quotes[i])))
			return slice_sub(s, 0, strlen(quotes[i]));
	return absent;
}

struct slice quote_at_end(struct slice s)
{
	for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++)
		if (slice_ends(s, slice_of(quotes[i])))
			return slice_from(s, s.n - strlen(quotes[i]));
	return absent;
}

static bool has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_control(s.p[i]))
			return true;
	return false;
}

/* The name before an assignment or of a header ends in one of these. */
static bool names_a_secret(struct slice name)
{
	static const char ends[][14] = { "key", "token", "secret", "authorization" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct slice end = slice_of(ends[i]);
		if (name.n >= end.n && slice_equal_nocase(slice_from(name, name.n - end.n), end))
			return true;
	}
	return false;
}

/* NAME=value, name: value, export NAME=value; the padding of base64 is not a value. */
static bool is_config_line(struct slice s)
{
	static const struct slice starts[] = {
		{ "export ", 7 }, { "set ", 4 }, { "setx ", 5 }, { "-H ", 3 }
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (slice_starts(s, starts[i]))
			return true;
	if (slice_has(s, SLICE("_API_KEY=")))
		return true;
	size_t n = token_run(s, 0);
	if (!names_a_secret(slice_sub(s, 0, n)))
		return false;
	while (n < s.n && (is_blank(s.p[n]) || s.p[n] == '"' || s.p[n] == '\''))
		n++;
	return n + 1 < s.n && (s.p[n] == '=' || s.p[n] == ':') && s.p[n + 1] != '=';
}

/* The scheme word before a blank or colon at the start of S, with them; absent without one. */
static struct slice scheme_again(struct slice s)
{
	size_t n = 6;

	if (!slice_starts_nocase(s, SLICE("bearer")))
		return absent;
	while (n < s.n && (is_blank(s.p[n]) || s.p[n] == ':'))
		n++;
	return n > 6 || s.n == 6 ? slice_sub(s, 0, n) : absent;
}

static bool is_command(struct slice s)
{
	return s.n && s.p[0] == '`' && template_find(s).n;
}

/* Take scheme words and quotation marks off the core. */
static void strip(struct token_shape *shape)
{
	for (int layers = 0; layers < 4; layers++) {
		struct slice core = shape->core;
		struct slice again = scheme_again(core);
		if (again.n) {
			if (!shape->again.n)
				shape->again = again;
			shape->core = slice_from(core, again.n);
			continue;
		}
		if (is_command(core) || is_config_line(core))
			return;
		struct slice opening = quote_at_start(core);
		core = slice_from(core, opening.n);
		struct slice closing = quote_at_end(core);
		core.n -= closing.n;
		if (!opening.n && !closing.n)
			return;
		if (opening.n && !shape->opening.n)
			shape->opening = opening;
		if (closing.n && !shape->closing.n)
			shape->closing = closing;
		shape->core = core;
	}
}

static bool is_document(struct slice s)
{
	static const char ends[][6] = { ".json", ".env", ".txt", ".pem" };

	if (s.n && (s.p[0] == '{' || s.p[0] == '['))
		return true;
	if (slice_has(s, SLICE("\"private_key\"")) || is_file_path(s))
		return true;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (slice_ends(s, slice_of(ends[i])) && !is_jwt(s))
			return true;
	return false;
}

/* `, Bearer ` in the middle: two fields that were joined (RFC 9110 section 5.3). */
static struct slice joined_scheme(struct slice s)
{
	for (long at = slice_byte(s, ',', 0); at >= 0; at = slice_byte(s, ',', (size_t)at + 1)) {
		struct slice rest = slice_from(s, (size_t)at + 1);
		struct slice word = slice_trim(rest);
		word.n = token_run(word, 0);
		if (rest.n && is_blank(rest.p[0]) && is_scheme_word(word))
			return word;
	}
	return absent;
}

static bool is_key_piece(struct slice s, bool prefix_needed)
{
	struct slice piece = slice_trim(s);

	if (piece.n >= 12 && (vendor_of_key(piece) || slice_starts(piece, SLICE("sk-"))))
		return true;
	return !prefix_needed && piece.n >= 16 && token_run(piece, 0) == piece.n;
}

/* The separator between two keys. */
static struct slice list_separator(struct slice s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (!memchr(",;| \t", s.p[i], 5))
			continue;
		bool blank = is_blank(s.p[i]);
		struct slice left = slice_sub(s, 0, i);
		struct slice right = slice_from(s, i + 1);
		size_t n = 0;
		right = slice_trim(right);
		while (n < right.n && !memchr(",;| \t", right.p[n], 5))
			n++;
		if (is_key_piece(left, blank) && is_key_piece(slice_sub(right, 0, n), blank))
			return slice_sub(s, i, 1);
		return absent;
	}
	return absent;
}

/* The first character above ASCII, all its bytes. */
static struct slice non_ascii(struct slice s)
{
	size_t at = 0;
	size_t n = 1;

	while (at < s.n && (unsigned char)s.p[at] < 0x80)
		at++;
	if (at == s.n)
		return absent;
	while (at + n < s.n && n < 4 && ((unsigned char)s.p[at + n] & 0xc0) == 0x80)
		n++;
	return slice_sub(s, at, n);
}

static struct slice percent_escape(struct slice s)
{
	for (size_t i = 0; i + 2 < s.n; i++)
		if (s.p[i] == '%' && is_any_hex(s.p[i + 1]) && is_any_hex(s.p[i + 2]))
			return slice_sub(s, i, 3);
	return absent;
}

static struct slice inner_blank(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_blank(s.p[i]))
			return slice_sub(s, i, 1);
	return absent;
}

/* The same prefix once more, so far in that it cannot be part of one key. */
static struct slice second_key(const struct vendor *vendor, struct slice s)
{
	struct slice prefix = vendor ? vendor_key_prefix(vendor, s) : absent;

	if (prefix.n < 4)
		return absent;
	long at = slice_find(s, prefix, prefix.n);
	return at < 0 ? absent : slice_from(s, (size_t)at);
}

static size_t hex_run(struct slice s, bool (*accepted)(char))
{
	size_t n = 0;

	while (n < s.n && accepted(s.p[n]))
		n++;
	return n;
}

/* After the exact prefix. */
static enum token_kind digits_form(struct slice digits, struct slice *part)
{
	size_t lower = hex_run(digits, is_lower_hex);
	bool all_hex = hex_run(digits, is_any_hex) == digits.n;

	if (digits.n == OPENROUTER_DIGITS && lower == digits.n)
		return TOKEN_PLAIN;
	if (all_hex && digits.n == OPENROUTER_DIGITS)
		return TOKEN_CASE;
	*part = all_hex ? digits : slice_sub(digits, lower, 1);
	return all_hex ? TOKEN_LENGTH : TOKEN_CHARSET;
}

/* Is PART what is left of WHOLE when letters are taken out? */
static bool is_thinned(struct slice part, struct slice whole)
{
	size_t n = 0;

	for (size_t i = 0; i < whole.n && n < part.n; i++)
		n += whole.p[i] == part.p[n];
	return n == part.n;
}

/*
 * Could BEFORE be what a slip of hand left of sk-or-v1-? Empty, an end of it,
 * it with other separators or look-alikes, with something in front, or without
 * one or two of its letters. sk- alone is how others' keys begin.
 */
static bool is_damaged_prefix(struct slice before)
{
	char plain[16];
	size_t n = 0;

	if (before.n > 16)
		return false;
	for (size_t i = 0; i < before.n; i++) {
		char c = before.p[i];
		c = to_lower(c);
		if (is_alphanumeric(c))
			plain[n++] = c == '0' ? 'o' : c == 'l' || c == 'i' ? '1' : c;
	}
	struct slice left = { plain, n };
	return n == 0 || slice_ends(SLICE("skorv1"), left) || slice_ends(left, SLICE("skorv1")) ||
	       (n >= 4 && is_thinned(left, SLICE("skorv1")));
}

/* Is S an OpenRouter key, but for its prefix? */
static bool has_damaged_prefix(struct slice s, struct slice *part)
{
	if (s.n < OPENROUTER_DIGITS)
		return false;
	size_t before = s.n - OPENROUTER_DIGITS;
	if (hex_run(slice_from(s, before), is_lower_hex) != OPENROUTER_DIGITS ||
	    !is_damaged_prefix(slice_sub(s, 0, before)))
		return false;
	*part = slice_sub(s, 0, before);
	return true;
}

static enum token_kind openrouter_form(struct slice s, struct slice *part)
{
	struct slice prefix = OPENROUTER_PREFIX;

	if (slice_starts(s, prefix))
		return digits_form(slice_from(s, prefix.n), part);
	if (slice_starts_nocase(s, prefix) && s.n == prefix.n + OPENROUTER_DIGITS &&
	    hex_run(slice_from(s, prefix.n), is_any_hex) == OPENROUTER_DIGITS)
		return TOKEN_CASE;
	return has_damaged_prefix(s, part) ? TOKEN_PREFIX : TOKEN_PLAIN;
}

/* Forms that have something to point at, in their order. */
static enum token_kind pointed_form(struct slice s, const struct vendor *vendor, struct slice *part)
{
	if ((*part = joined_scheme(s)).n)
		return TOKEN_JOINED;
	if ((*part = list_separator(s)).n)
		return TOKEN_LIST;
	if ((*part = non_ascii(s)).n)
		return TOKEN_NON_ASCII;
	if ((*part = percent_escape(s)).n)
		return TOKEN_PERCENT;
	if ((*part = inner_blank(s)).n)
		return TOKEN_SPACED;
	if (is_jwt(s))
		return TOKEN_JWT;
	if ((*part = second_key(vendor, s)).n)
		return TOKEN_DOUBLED;
	if (encoding_of(s))
		return TOKEN_ENCODED;
	return openrouter_form(s, part);
}

static bool is_web_address(struct slice s)
{
	return slice_starts_nocase(s, SLICE("http://")) ||
	       slice_starts_nocase(s, SLICE("https://")) ||
	       slice_starts_nocase(s, SLICE("ws://")) || slice_starts_nocase(s, SLICE("wss://"));
}

static enum token_kind core_form(struct slice s, const struct vendor *vendor, struct slice *part)
{
	*part = absent;
	if (s.n == 0)
		return TOKEN_EMPTY;
	if (has_control(s))
		return TOKEN_BROKEN;
	if (is_literal(s))
		return TOKEN_LITERAL;
	if (is_config_line(s))
		return TOKEN_CONFIG_LINE;
	if (is_web_address(s))
		return TOKEN_URL;
	/* `{cipher}...` and `ENC(...)` look like templates. */
	if (is_marked_encrypted(s))
		return TOKEN_ENCODED;
	*part = template_find(s);
	if (part->n)
		return TOKEN_UNEXPANDED;
	if (is_masked(s))
		return TOKEN_MASKED;
	if (is_document(s))
		return TOKEN_DOCUMENT;
	if (is_local_dummy(s))
		return TOKEN_DUMMY;
	if (is_sample(s))
		return TOKEN_SAMPLE;
	if (is_variable_name(s))
		return TOKEN_VARIABLE_NAME;
	return pointed_form(s, vendor, part);
}

void shape_read(struct token_shape *shape, struct slice token)
{
	*shape = (struct token_shape){ .scheme = SCHEME_GOOD, .kind = TOKEN_PLAIN, .core = token };
	/* What nearly all requests carry. */
	if (token_is_openrouter_shaped(token) && !is_sample(token)) {
		shape->vendor = vendor_of_key(token);
		return;
	}
	strip(shape);
	shape->vendor = vendor_of_key(shape->core);
	shape->kind = core_form(shape->core, shape->vendor, &shape->part);
	if (shape->kind == TOKEN_PREFIX && shape->part.n)
		shape->vendor = vendor_named(SLICE("openrouter"));
}

bool token_is_openrouter_shaped(struct slice token)
{
	struct slice part;

	return slice_starts(token, OPENROUTER_PREFIX) &&
	       digits_form(slice_from(token, OPENROUTER_PREFIX.n), &part) == TOKEN_PLAIN;
}
