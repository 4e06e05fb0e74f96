/* SPDX-License-Identifier: MIT */
#include "diagnose/escaped.h"

#include "base/ascii.h"
#include "base/utf8.h"

enum { REFERENCE_DIGITS = 6, WIDE_FIRST = 0xff01, WIDE_LAST = 0xff5e, WIDE_OFFSET = 0xfee0 };

/* DIGITS digits of BASE at AT; -1: something else is there. */
static int number_at(struct slice s, size_t at, size_t digits, int base)
{
	int value = 0;

	if (at + digits > s.n)
		return -1;
	for (size_t i = 0; i < digits; i++) {
		int digit = hex_value(s.p[at + i]);
		if (digit < 0 || digit >= base)
			return -1;
		value = value * base + digit;
	}
	return value;
}

/* &#115; or &#x73; */
static size_t reference_at(struct slice s, size_t at, int *value)
{
	bool hex = at + 2 < s.n && (s.p[at + 2] | 0x20) == 'x';
	size_t from = at + 2 + hex, n = 0;

	if (!slice_starts(slice_from(s, at), SLICE("&#")))
		return 0;
	while (n < REFERENCE_DIGITS && from + n < s.n && hex_value(s.p[from + n]) >= 0)
		n++;
	if (n == 0 || from + n == s.n || s.p[from + n] != ';')
		return 0;
	*value = number_at(s, from, n, hex ? 16 : 10);
	return from + n + 1 - at;
}

/* Length of an escape, of whatever character; *VALUE: its code point, -1: none. */
static size_t character_at(struct slice s, size_t at, int *value)
{
	unsigned code = 0;

	*value = -1;
	switch (s.p[at]) {
	case '%':
		*value = number_at(s, at + 1, 2, 16);
		return 3;
	case '\\':
		if (at + 1 < s.n && s.p[at + 1] == 'u')
			*value = number_at(s, at + 2, 4, 16);
		if (*value >= WIDE_FIRST && *value <= WIDE_LAST)
			*value -= WIDE_OFFSET;
		return 6;
	case '&':
		return reference_at(s, at, value);
	case '\xef':
		if (utf8_character(s, at, &code) == 3 && code >= WIDE_FIRST && code <= WIDE_LAST)
			*value = (int)code - WIDE_OFFSET;
		return 3;
	default:
		return 0;
	}
}

size_t escaped_character(struct slice s, size_t at, char *byte)
{
	int value;
	size_t n = character_at(s, at, &value);

	if (value < 0x20 || value > 0x7e)
		return 0;
	*byte = (char)value;
	return n;
}

size_t escaped_byte(struct slice s, size_t at, char *byte)
{
	size_t n = escaped_character(s, at, byte);

	return n && is_token_byte(*byte) ? n : 0;
}

void escaped_read(struct escaped *e, struct slice s, size_t at)
{
	size_t row = 0;
	char byte = 0;

	e->n = e->length = e->escapes = e->in_row = 0;
	while (at + e->length < s.n && e->n < ESCAPED_MAX) {
		char c = s.p[at + e->length];
		size_t n = may_escape(c) ? escaped_byte(s, at + e->length, &byte) : 0;
		if (!n && !is_token_byte(c))
			break;
		row = n && c != '\xef' ? row + 1 : 0;
		e->in_row = row > e->in_row ? row : e->in_row;
		e->escapes += n > 0;
		e->plain[e->n] = n ? byte : c;
		e->at[e->n++] = (uint16_t)e->length;
		e->length += n ? n : 1;
	}
}

/* C in place of the reference of N bytes at P, with as many digits; what needs more becomes an 'a' (97). */
static void write_reference(char *p, size_t n, char c)
{
	static const char digits[] = "0123456789abcdef";
	bool hex = (p[2] | 0x20) == 'x';
	unsigned base = hex ? 16 : 10, value = (unsigned char)c;
	size_t from = 2 + hex;

	if (!hex && n - from - 1 < 3 && value > 99)
		value = 'a';
	for (size_t i = n - 2; i >= from; i--, value /= base)
		p[i] = digits[value % base];
}

void escaped_put(char *p, size_t n, char c)
{
	static const char digits[] = "0123456789abcdef";

	if (n == 1) {
		*p = c;
	} else if (*p == '&') {
		write_reference(p, n, c);
	} else if (*p == '\xef') {
		p[1] = c < 0x60 ? '\xbc' : '\xbd';
		p[2] = (char)(c < 0x60 ? c - 0x20 + 0x80 : c - 0x60 + 0x80);
	} else {
		/* \uff41 is as \u0061, but for 0x20. */
		if (n == 6 && p[2] != '0')
			c = (char)(c - 0x20);
		p[n - 2] = digits[(c >> 4) & 15];
		p[n - 1] = digits[c & 15];
	}
}

void escaped_write(const struct escaped *e, char *p)
{
	for (size_t i = 0; i < e->n; i++) {
		size_t end = i + 1 < e->n ? e->at[i + 1] : e->length;
		escaped_put(p + e->at[i], end - e->at[i], e->plain[i]);
	}
}
