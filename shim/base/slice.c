/* SPDX-License-Identifier: MIT */
#include "base/slice.h"

#include <string.h>
#include <strings.h>

#include "base/ascii.h"

/* memmem() makes a table first, which pays in longer texts only. */
enum { SHORT = 64 };

/* Mostly the bytes are the same. */
static bool is_same_nocase(const char *a, const char *b, size_t n)
{
	if (n == 0 || memcmp(a, b, n) == 0)
		return true;
	for (size_t i = 0; i < n; i++)
		if (to_lower(a[i]) != to_lower(b[i]))
			return false;
	return true;
}

bool slice_starts_nocase(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && is_same_nocase(s.p, prefix.p, prefix.n);
}

bool slice_ends(struct slice s, struct slice suffix)
{
	return s.n >= suffix.n && slice_equal(slice_from(s, s.n - suffix.n), suffix);
}

long slice_find(struct slice s, struct slice needle, size_t from)
{
	if (from > s.n || needle.n > s.n - from)
		return -1;
	if (needle.n == 0)
		return (long)from;
	if (s.n - from > SHORT) {
		const char *hit = memmem(s.p + from, s.n - from, needle.p, needle.n);
		return hit ? hit - s.p : -1;
	}
	for (long at = slice_byte(s, needle.p[0], from); at >= 0;
	     at = slice_byte(s, needle.p[0], (size_t)at + 1))
		if (slice_starts(slice_from(s, (size_t)at), needle))
			return at;
	return -1;
}

long slice_find_nocase(struct slice s, struct slice needle, size_t from)
{
	char first = needle.n ? to_lower(needle.p[0]) : 0;

	for (size_t i = from; i <= s.n && needle.n <= s.n - i; i++)
		if (needle.n == 0 ||
		    (to_lower(s.p[i]) == first && is_same_nocase(s.p + i, needle.p, needle.n)))
			return (long)i;
	return -1;
}

bool slice_has(struct slice s, struct slice needle)
{
	return slice_find(s, needle, 0) >= 0;
}

bool slice_has_nocase(struct slice s, struct slice needle)
{
	return slice_find_nocase(s, needle, 0) >= 0;
}

bool slice_has_digit(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_digit(s.p[i]))
			return true;
	return false;
}

struct slice slice_trim(struct slice s)
{
	while (s.n && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool slice_cut(struct slice *rest, char c, struct slice *piece)
{
	if (!rest->p)
		return false;
	long end = slice_byte(*rest, c, 0);
	if (end < 0) {
		*piece = *rest;
		*rest = (struct slice){ NULL, 0 };
		return true;
	}
	*piece = slice_sub(*rest, 0, (size_t)end);
	*rest = slice_from(*rest, (size_t)end + 1);
	return true;
}

bool slice_number(struct slice s, unsigned long long *value)
{
	unsigned long long n = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (__builtin_mul_overflow(n, 10ULL, &n) ||
		    __builtin_add_overflow(n, (unsigned long long)(s.p[i] - '0'), &n))
			return false;
	}
	*value = n;
	return true;
}
