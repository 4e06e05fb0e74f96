/* SPDX-License-Identifier: MIT */
/* The token is a key, but for a damage. Damage to an OpenRouter key is judged where it is checked. */
#include "diagnose/checks/checks.h"
#include "diagnose/credential_checks.h"

static const struct slice nowhere = { NULL, 0 };

struct known_character {
	char bytes[4];
	char name[40];
};

static const char *character_name(struct slice bytes)
{
	static const struct known_character known[] = {
		{ "\xef\xbb\xbf", "byte order mark, U+FEFF" },
		{ "\xe2\x80\x8b", "zero width space, U+200B" },
		{ "\xe2\x80\x8c", "zero width non-joiner, U+200C" },
		{ "\xe2\x80\x8d", "zero width joiner, U+200D" },
		{ "\xe2\x81\xa0", "word joiner, U+2060" },
		{ "\xc2\xa0", "no-break space, U+00A0" },
		{ "\xa0", "no-break space in Latin-1" },
		{ "\xc2\xad", "soft hyphen, U+00AD" },
		{ "\xe2\x80\x90", "hyphen, U+2010" },
		{ "\xe2\x80\x91", "no-break hyphen, U+2011" },
		{ "\xe2\x80\x93", "en dash, U+2013" },
		{ "\xe2\x80\x94", "em dash, U+2014" },
		{ "\xe2\x80\x98", "left quotation mark, U+2018" },
		{ "\xe2\x80\x99", "right quotation mark, U+2019" },
		{ "\xe2\x80\x9c", "left double quotation mark, U+201C" },
		{ "\xe2\x80\x9d", "right double quotation mark, U+201D" },
		{ "\xe2\x80\xa8", "line separator, U+2028" },
		{ "\xe2\x80\xaf", "narrow no-break space, U+202F" },
		{ "\xe3\x80\x80", "wide space, U+3000" },
		{ "\xef\xbc\x9a", "wide colon, U+FF1A" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_equal(slice_of(known[i].bytes), bytes))
			return known[i].name;
	return bytes.n == 1 ? "one byte above ASCII, as Latin-1 sends it" : "not ASCII";
}

void describe_non_ascii(const struct credential *c, struct detail *d)
{
	struct slice part = c->shape.part;
	detail_f(d, "byte%s", part.n > 1 ? "s" : "");
	for (size_t i = 0; i < part.n; i++)
		detail_f(d, " 0x%02X", (unsigned char)part.p[i]);
	detail_f(d, " (%s) at offset %zu of the token", character_name(part),
		 (size_t)(part.p - c->token.p));
	point_at(d, c, part, nowhere);
}

bool check_auth_token_length(const struct check_input *in, struct detail *d)
{
	const struct credential *c = credential_of_kind(in, TOKEN_LENGTH);
	long at;

	/* A value that was cut in two is short for that reason. */
	if (!c || !in->is_openrouter || value_break_of(in, c, &at) == BREAK_BEFORE_REST)
		return false;
	detail_f(d, "%zu hex digits after sk-or-v1- instead of 64", c->shape.part.n);
	detail_point(d, location_name(c->location),
		     (long)(c->shape.core.p - c->value.p + (long)c->shape.core.n), -1);
	return true;
}

void describe_prefix(const struct credential *c, struct detail *d)
{
	if (c->shape.part.n == 0) {
		detail_f(d, "64 hex digits with no prefix before them");
	} else {
		detail_f(d, "64 hex digits after `");
		detail_masked(d, c->shape.part, 40);
		detail_f(d, "`, where sk-or-v1- belongs");
	}
	point_at(d, c, c->shape.core, nowhere);
}

/* What the byte was probably meant to be; 0 if one cannot say. */
static char meant_digit(char c)
{
	static const char pairs[][2] = { { 'O', '0' }, { 'o', '0' }, { 'l', '1' }, { 'I', '1' },
					 { 'i', '1' }, { 'S', '5' }, { 's', '5' }, { 'Z', '2' },
					 { 'z', '2' }, { 'g', '9' }, { 'q', '9' } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (pairs[i][0] == c)
			return pairs[i][1];
	return 0;
}

void describe_charset(const struct credential *c, struct detail *d)
{
	char byte = c->shape.part.p[0];
	char meant = meant_digit(byte);
	detail_f(d, "`%c` at offset %zu of the token is not a hex digit", byte,
		 (size_t)(c->shape.part.p - c->token.p));
	if (meant)
		detail_f(d, " (misread for %c?)", meant);
	if (c->shape.core.n != 73)
		detail_f(d, ", and the token has %zu bytes instead of 73", c->shape.core.n);
	point_at(d, c, c->shape.part, nowhere);
}

void describe_case(const struct credential *c, struct detail *d)
{
	size_t capitals = 0;
	struct slice first = nowhere;
	for (size_t i = 0; i < c->shape.core.n; i++) {
		if (c->shape.core.p[i] < 'A' || c->shape.core.p[i] > 'Z')
			continue;
		if (!first.n)
			first = slice_sub(c->shape.core, i, 1);
		capitals++;
	}
	detail_f(d, "%zu capital letters in a key that has none", capitals);
	point_at(d, c, first, nowhere);
}
