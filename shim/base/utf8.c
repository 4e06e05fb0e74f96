/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

int utf8_character(struct slice s, size_t at, unsigned *code)
{
	const unsigned char *p = (const unsigned char *)s.p + at;
	unsigned char low = 0x80, high = 0xbf; /* of the second byte */
	unsigned value;
	int n;

	if (at >= s.n || p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	value = p[0] & (0x7fU >> n);
	for (int i = 1; i < n; i++) {
		if (at + (size_t)i == s.n)
			return -1;
		if (p[i] < low || p[i] > high)
			return 0;
		value = value << 6 | (p[i] & 0x3f);
		low = 0x80;
		high = 0xbf;
	}
	if (code)
		*code = value;
	return n;
}
