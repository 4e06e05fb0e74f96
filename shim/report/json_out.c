/* SPDX-License-Identifier: MIT */
#include "report/json_out.h"

#include <stdint.h>

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

/*
 * Bytes of the UTF-8 sequence at the start of S (RFC 3629 section 4, by its
 * table of well-formed sequences); 0 if there is none.
 */
static size_t sequence_length(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t want = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	unsigned char low = 0x80;
	unsigned char high = 0xbf;

	if (p[0] < 0xc2 || p[0] > 0xf4 || s.n < want)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < want; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return want;
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

static void put_string(struct json_out *j, struct slice s)
{
	size_t run = 0; /* start of the bytes that go out as they are */
	size_t i = 0;

	put(j, "\"", 1);
	while (i < s.n) {
		unsigned char c = (unsigned char)s.p[i];
		size_t taken = 1;

		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
			i++;
			continue;
		}
		if (c >= 0x80)
			taken = sequence_length(slice_from(s, i));
		if (c >= 0x80 && taken > 0) {
			i += taken;
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
	put(j, "\"", 1);
}

/* The comma and the name before any value. KEY is ours: nothing in it wants escaping. */
static void put_key(struct json_out *j, const char *key)
{
	char text[64];
	size_t n = 0;

	if (j->comma)
		text[n++] = ',';
	j->comma = true;
	if (key) {
		text[n++] = '"';
		while (*key && n < sizeof(text) - 2)
			text[n++] = *key++;
		text[n++] = '"';
		text[n++] = ':';
	}
	put(j, text, n);
}

static void put_word(struct json_out *j, const char *key, struct slice word)
{
	put_key(j, key);
	put(j, word.p, word.n);
}

void json_object(struct json_out *j, const char *key)
{
	put_word(j, key, SLICE("{"));
	j->comma = false;
}

void json_object_end(struct json_out *j)
{
	put(j, "}", 1);
	j->comma = true;
}

void json_array(struct json_out *j, const char *key)
{
	put_word(j, key, SLICE("["));
	j->comma = false;
}

void json_array_end(struct json_out *j)
{
	put(j, "]", 1);
	j->comma = true;
}

void json_text(struct json_out *j, const char *key, const char *value)
{
	json_slice(j, key, slice_of(value));
}

void json_slice(struct json_out *j, const char *key, struct slice value)
{
	if (!value.p) {
		json_null(j, key);
		return;
	}
	put_key(j, key);
	put_string(j, value);
}

void json_number(struct json_out *j, const char *key, int64_t value)
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
	put_word(j, key, (struct slice){ digits + at, sizeof(digits) - at });
}

void json_bool(struct json_out *j, const char *key, bool value)
{
	put_word(j, key, value ? SLICE("true") : SLICE("false"));
}

void json_null(struct json_out *j, const char *key)
{
	put_word(j, key, SLICE("null"));
}
