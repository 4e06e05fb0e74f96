/* SPDX-License-Identifier: MIT */
#include "tap/stripped_openssl_find.h"

#include "tap/seek.h"

enum {
	VERSION_ANY = 0x10000, /* TLS_ANY_VERSION */
	FIRST_FUNCTION = 2,    /* words before it: version and flags, mask */
	FUNCTIONS = 11,        /* at least, in all layouts since 1.1.0 */
};

static bool is_table(const struct image *m, const unsigned char *p)
{
	if (read_u32(p) != VERSION_ANY)
		return false;
	for (int i = FIRST_FUNCTION; i < FIRST_FUNCTION + FUNCTIONS; i++)
		if (!image_is_code(m, read_u64(p + 8 * i)))
			return false;
	return true;
}

/* How many tables S holds besides COUNT; 4 is as good as any more. */
static size_t tables_in(const struct image *m, const struct image_segment *s, uint64_t tables[3],
			size_t count)
{
	const size_t size = 8 * (FIRST_FUNCTION + FUNCTIONS);

	size_t at = (size_t)(-s->address & 7);
	size_t n;

	while (count < 4 && at + size <= s->size) {
		const unsigned char *p = image_piece(m, s, at, &n);
		size_t i = 0;

		for (; count < 4 && i + size <= n; i += 8)
			if (is_table(m, p + i) && ++count < 4)
				tables[count - 1] = s->address + at + i;
		at += i;
	}
	return count;
}

/*
 * Programs that load anywhere have relocated pointers in segments that the
 * loader writes to, as most libraries' objects are compiled. Constants as the
 * file has them are looked through only in large programs: every helper comes
 * through here.
 */
bool stripped_openssl_find(const struct image *m, uint64_t tables[3])
{
	const bool large = image_code_size(m) >= LIMIT_SCAN_MIN;
	size_t count = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct image_segment *s = &m->segments[i];

		if (!(s->flags & PF_X) && (!s->as_file || large))
			count = tables_in(m, s, tables, count);
	}
	return count == 3 && seek_text(m, "ssl/s3_lib.c", 5) != 0;
}
