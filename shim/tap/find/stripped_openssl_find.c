/* SPDX-License-Identifier: MIT */
#include "tap/find/stripped_openssl_find.h"

#include "tap/find/xref.h"

enum {
	VERSION_ANY = 0x10000, /* TLS_ANY_VERSION */
	TLS_1_0 = 0x0301,
	TLS_1_3 = 0x0304,
	FLAGS_MAX = 0xff,
	CODE_MIN = 0x1000, /* what is below is a number, not code, at whatever address */
	FUNCTIONS = 2,     /* words before them: version and flags, mask */
	WORDS = 13,        /* at least, in all layouts since 1.1.0 */
	CANDIDATES = 32,   /* three for each version of TLS, and what looks alike */
};

/* The word of `accept`, from which on: connect, read, peek, write (method_table.c). */
static const unsigned layouts[] = { 5, 8 };

struct candidates {
	uint64_t at[CANDIDATES];
	size_t count;
};

static bool is_table(const struct image *m, const unsigned char *p)
{
	const uint32_t version = read_u32(p);

	if ((version != VERSION_ANY && (version < TLS_1_0 || version > TLS_1_3)) ||
	    read_u32(p + 4) > FLAGS_MAX)
		return false;
	for (unsigned i = FUNCTIONS; i < WORDS; i++)
		if (read_u64(p + 8 * i) < CODE_MIN || !image_is_code(m, read_u64(p + 8 * i)))
			return false;
	return true;
}

static void tables_in(const struct image *m, const struct image_segment *s, struct candidates *c)
{
	size_t at = (size_t)(-s->address & 7);
	size_t n;

	while (at + 8 * WORDS <= s->size) {
		const unsigned char *p = image_piece(m, s, at, &n);
		size_t i = 0;

		for (; i + 8 * WORDS <= n; i += 8)
			if (is_table(m, p + i) && c->count < CANDIDATES)
				c->at[c->count++] = s->address + at + i;
		at += i;
	}
}

/* One only connects, the other only accepts: what it cannot do is one and the same function. */
static bool is_pair(const struct image *m, uint64_t client, uint64_t server, unsigned accept)
{
	const unsigned connect = accept + 1, last = accept + 4;
	uint64_t c[WORDS], s[WORDS];

	for (unsigned i = 0; i < WORDS; i++) {
		c[i] = image_word(m, client + 8 * i);
		s[i] = image_word(m, server + 8 * i);
		if (i >= FUNCTIONS && i <= last && i != accept && i != connect && c[i] != s[i])
			return false;
	}
	return c[accept] == s[connect] && c[connect] != c[accept] && s[accept] != c[accept] &&
	       s[accept] != c[connect] && c[last] != c[last - 1] && c[last] != c[last - 2] &&
	       c[last - 1] != c[last - 2];
}

/* In one of the layouts. */
static bool is_pair_of_any(const struct image *m, uint64_t client, uint64_t server)
{
	for (size_t l = 0; l < sizeof(layouts) / sizeof(layouts[0]); l++)
		if (is_pair(m, client, server, layouts[l]))
			return true;
	return false;
}

static bool find_pair(const struct image *m, const struct candidates *c, uint64_t pair[2])
{
	for (size_t i = 0; i < c->count; i++)
		for (size_t k = 0; k < c->count; k++)
			if (is_pair_of_any(m, c->at[i], c->at[k])) {
				pair[0] = c->at[i];
				pair[1] = c->at[k];
				return true;
			}
	return false;
}

/* Data that the loader relocates and that is read-only afterwards. */
static bool is_relocated(const struct image_segment *s)
{
	return !s->as_file && !(s->flags & (PF_X | PF_W));
}

/*
 * Tables are constants that hold addresses. Where these are relocated they
 * are among the few pages that the loader makes read-only afterwards, which
 * costs next to nothing to look through; else, if the linker keeps none
 * apart, among what is written to. Only a program that lies at a fixed
 * address can have them in its file as they are.
 */
static void look_through(const struct image *m, struct candidates *found)
{
	bool apart = false;

	for (size_t i = 0; i < m->count; i++)
		if (is_relocated(&m->segments[i])) {
			apart = true;
			tables_in(m, &m->segments[i], found);
		}
	for (size_t i = 0; i < m->count; i++) {
		const struct image_segment *s = &m->segments[i];

		if (!(s->flags & PF_X) &&
		    ((!s->as_file && s->flags & PF_W && !apart) || (s->as_file && m->fixed)))
			tables_in(m, s, found);
	}
}

bool stripped_openssl_find(const struct image *m, uint64_t pair[2])
{
	struct candidates found = { .count = 0 };

	look_through(m, &found);
	return find_pair(m, &found, pair) && xref_find_text(m, "ssl/s3_lib.c", 5) != 0;
}

bool stripped_openssl_is_pair(const struct image *m, const uint64_t pair[2])
{
	for (int i = 0; i < 2; i++) {
		const unsigned char *p = image_at(m, pair[i], 8 * WORDS);

		if (!p || pair[i] % 8 || !is_table(m, p))
			return false;
	}
	return is_pair_of_any(m, pair[0], pair[1]);
}
