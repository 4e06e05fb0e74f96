/* SPDX-License-Identifier: MIT */
#include "report/json_out.h"

#include <stdint.h>

#include "base/utf8.h"

void json_out_init(struct json_out *j, struct buf *to)
{
	*j = (struct json_out){ .to = to };
}

bool json_out_ok(const struct json_out *j)
{
	return !j->failed;
}

static inline void put(struct json_out *j, const char *bytes, size_t n)
{
	if (!j->failed && buf_add(j->to, bytes, n) != 0)
		j->failed = true;
}

/* The letter of the two-byte escape of C (RFC 8259 section 7); 0 if it has none. */
static char short_escape(unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		return (char)c;
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return 0;
	}
}

static void put_escaped(struct json_out *j, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char letter = short_escape(c);

	if (letter)
		put(j, (char[]){ '\\', letter }, 2);
	else
		put(j, (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
}

/* Bytes that need no escape in a string; above ASCII whole sequences need none. */
static const bool plain[256] = {
	[' ' ... '!'] = true,
	['#' ... '['] = true,
	[']' ... '~'] = true,
};

/* S from AT on, where the first byte is that is not plain. */
static void put_rest(struct json_out *j, struct slice s, size_t at)
{
	size_t run = 0; /* start of the bytes that go out as they are */
	size_t i = at;

	while (i < s.n) {
		unsigned char c = (unsigned char)s.p[i];
		int taken = plain[c] ? 1 : c >= 0x80 ? utf8_character(s, i, NULL) : 0;

		if (taken > 0) {
			i += (size_t)taken;
			continue;
		}
		put(j, s.p + run, i - run);
		if (c >= 0x80)
			put(j, "\xef\xbf\xbd", 3);
		else
			put_escaped(j, c);
		run = ++i;
	}
	if (s.n > run)
		put(j, s.p + run, s.n - run);
}

void json_put_plain(struct json_out *j, struct slice text)
{
	char *at = json_room(j, text.n + 2);

	if (!at)
		return;
	at[0] = '"';
	memcpy(at + 1, text.p, text.n);
	at[text.n + 1] = '"';
}

void json_put_string(struct json_out *j, struct slice text)
{
	size_t i = 0;

	if (!text.p) {
		json_put_word(j, SLICE("null"));
		return;
	}
	while (i < text.n && plain[(unsigned char)text.p[i]])
		i++;
	if (i == text.n) {
		json_put_plain(j, text);
		return;
	}
	put(j, "\"", 1);
	put_rest(j, text, i);
	put(j, "\"", 1);
}

void json_put_number(struct json_out *j, int64_t value)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		digits[--at] = '-';
	json_put_word(j, (struct slice){ digits + at, sizeof(digits) - at });
}
