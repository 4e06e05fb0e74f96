/* SPDX-License-Identifier: MIT */
/* Secrets behind percent escapes (RFC 3986 section 2.1) and \uNNNN of JSON. */
#include "base/ascii.h"
#include "report/anonymise.h"

enum { PLAIN_MAX = 256, ESCAPES_SECRET = 8 };

/* A stretch of token bytes, some of them escaped. */
struct stretch {
	char plain[PLAIN_MAX];
	uint16_t at[PLAIN_MAX]; /* where each stands */
	size_t n;
	size_t length; /* bytes of the text */
	size_t in_row; /* most escapes that follow each other */
};

/* How many bytes the escape at AT takes, and its byte if that is one of a token; 0: none is there. */
static size_t escape_at(const char *p, size_t n, size_t at, bool json, char *byte)
{
	bool percent = p[at] == '%';
	size_t length = percent ? 3 : 6;

	if (n - at < length || (!percent && !(json && p[at] == '\\' && p[at + 1] == 'u')))
		return 0;
	int high = hex_value(p[at + length - 2]), low = hex_value(p[at + length - 1]);
	if (!percent && (p[at + 2] != '0' || p[at + 3] != '0'))
		return 0;
	*byte = (char)(high * 16 + low);
	return high >= 0 && low >= 0 && is_token_byte(*byte) ? length : 0;
}

static void read_stretch(struct stretch *s, const char *p, size_t n, bool json)
{
	size_t row = 0;
	char byte;

	s->n = s->length = s->in_row = 0;
	while (s->length < n && s->n < PLAIN_MAX) {
		size_t escape = escape_at(p, n, s->length, json, &byte);
		if (!escape && !is_token_byte(p[s->length]))
			break;
		row = escape ? row + 1 : 0;
		s->in_row = row > s->in_row ? row : s->in_row;
		s->plain[s->n] = escape ? byte : p[s->length];
		s->at[s->n++] = (uint16_t)s->length;
		s->length += escape ? escape : 1;
	}
}

/* The stretch as it is now, each byte escaped where it was. */
static void write_back(const struct stretch *s, char *p)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < s->n; i++) {
		size_t end = i + 1 < s->n ? s->at[i + 1] : s->length;
		if (end - s->at[i] == 1) {
			p[s->at[i]] = s->plain[i];
			continue;
		}
		p[end - 2] = digits[(s->plain[i] >> 4) & 15];
		p[end - 1] = digits[s->plain[i] & 15];
	}
}

size_t anonymise_escaped(struct pseudonyms *d, const struct pseudonym_keys *keys, char *p, size_t n,
			 bool json)
{
	struct stretch s;

	read_stretch(&s, p, n, json);
	if (!s.in_row || s.n < ESCAPES_SECRET)
		return 0;
	char was[PLAIN_MAX];
	memcpy(was, s.plain, s.n);
	anonymise_secrets(d, keys, s.plain, s.n, false);
	/* Nobody escapes letters without a reason. */
	if (s.in_row >= ESCAPES_SECRET && memcmp(was, s.plain, s.n) == 0)
		anonymise_text(s.plain, s.n);
	if (memcmp(was, s.plain, s.n) != 0)
		write_back(&s, p);
	return s.length;
}

bool anonymise_escaped_token(struct pseudonyms *d, char *p, size_t n)
{
	struct stretch s;

	read_stretch(&s, p, n, false);
	if (!s.in_row || s.length != n)
		return false;
	anonymise_token(d, s.plain, s.n);
	write_back(&s, p);
	return true;
}
