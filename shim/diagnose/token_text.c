/* SPDX-License-Identifier: MIT */
#include "diagnose/token_text.h"

#include "base/ascii.h"

size_t token_run(struct slice s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && is_token_byte(s.p[at + n]))
		n++;
	return n;
}

static int base64_digit(char c)
{
	if (is_upper(c))
		return c - 'A';
	if (is_lower(c))
		return c - 'a' + 26;
	if (is_digit(c))
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

long base64_decode(struct slice s, char *out, size_t max)
{
	unsigned bits = 0;
	int held = 0;
	size_t n = 0;

	while (s.n && s.p[s.n - 1] == '=')
		s.n--;
	for (size_t i = 0; i < s.n; i++) {
		int digit = base64_digit(s.p[i]);
		if (digit < 0)
			return -1;
		bits = (bits << 6 | (unsigned)digit) & 0xffff;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		if (n < max)
			out[n++] = (char)(bits >> held & 0xff);
	}
	return (long)n;
}
