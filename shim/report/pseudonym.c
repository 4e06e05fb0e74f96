/* SPDX-License-Identifier: MIT */
#include "report/pseudonym.h"

#include "base/ascii.h"
#include "base/hash.h"

enum {
	SALTS = 16,      /* tries to find a pseudonym with the shape of the original */
	KEPT_REPEAT = 8, /* equal characters in a row that are no secret but a sample */
	COMPARED = 1024, /* of a secret; what is longer is not tried again */
};

/* One thing that was replaced. */
struct pseudonym {
	uint64_t was; /* hash of the secret; collisions only make two secrets look alike */
	uint64_t now; /* and of its pseudonym */
	uint32_t salt;
};

void pseudonyms_init(struct pseudonyms *d)
{
	*d = (struct pseudonyms){ 0 };
}

void pseudonyms_release(struct pseudonyms *d)
{
	free(d->all);
	*d = (struct pseudonyms){ 0 };
}

/* Index of the row for the secret with the hash WAS; `count` if it is new. */
static size_t find(const struct pseudonyms *d, uint64_t was)
{
	size_t i = d->count;

	/* The latest first: conversations repeat what was said last. */
	while (i > 0)
		if (d->all[--i].was == was)
			return i;
	return d->count;
}

/* As find(); makes a row if there is none. May give `count` at the ceiling. */
static size_t find_or_add(struct pseudonyms *d, uint64_t was)
{
	size_t i = find(d, was);

	if (i < d->count || d->count == LIMIT_PSEUDONYMS)
		return i;
	/* Room is doubled whenever the count reaches a power of two. */
	if ((d->count & (d->count - 1)) == 0) {
		size_t room = d->count ? d->count * 2 : 1;
		struct pseudonym *all = realloc(d->all, room * sizeof(*all));
		if (!all)
			return d->count;
		d->all = all;
	}
	d->all[d->count++] = (struct pseudonym){ .was = was };
	return i;
}

/* Is HASH that of a pseudonym? */
static bool is_pseudonym(const struct pseudonyms *d, uint64_t hash)
{
	for (size_t i = d->count; i-- > 0;)
		if (d->all[i].now == hash)
			return true;
	return false;
}

static unsigned prng(size_t ordinal, uint32_t salt, size_t at)
{
	uint64_t h = (ordinal + 1) * 0x9e3779b97f4a7c15ULL + salt * 0xc2b2ae3d27d4eb4fULL +
		     at * 0x165667b19e3779f9ULL;

	h = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9ULL;
	return (unsigned)((h ^ (h >> 32)) & 0xffff);
}

/* The characters that may replace C; NULL: C stays. */
static const char *same_class(char c)
{
	if (c >= '0' && c <= '9')
		return "0123456789";
	if (c >= 'a' && c <= 'f')
		return "abcdef";
	if (c >= 'g' && c <= 'z')
		return "ghijklmnopqrstuvwyz";
	if (c >= 'A' && c <= 'F')
		return "ABCDEF";
	return c >= 'G' && c <= 'Z' ? "GHIJKLMNOPQRSTUVWYZ" : NULL;
}

static bool all_hex(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_hex_byte(s.p[i]))
			return false;
	return s.n >= 16;
}

/* How many bytes at the start of P are equal. */
static size_t repeat_length(const char *p, size_t n)
{
	size_t i = 1;

	while (i < n && p[i] == p[0])
		i++;
	return i;
}

/*
 * Replace the bytes at P. Neighbours that were equal stay equal and others
 * become none, so that no row of equal ones comes or goes (placeholder.c sees
 * a sample in eight). Of pure hex nothing shines through, not even where its
 * letters were.
 */
static void substitute(char *p, size_t n, size_t ordinal, uint32_t salt)
{
	bool hex = all_hex((struct slice){ p, n });
	char before = '\0'; /* as it was */

	for (size_t i = 0; i < n; i++) {
		size_t row = repeat_length(p + i, n - i);
		if (row >= KEPT_REPEAT && p[i] != before) {
			before = p[i];
			i += row - 1;
			continue;
		}
		const char *class = hex ? "0123456789abcdef" : same_class(p[i]);
		char c = p[i];
		if (class && c == before && !hex) {
			p[i] = p[i - 1];
		} else if (class) {
			size_t size = strlen(class);
			size_t at = prng(ordinal, salt, i) % size;
			if (i && class[at] == p[i - 1])
				at = (at + 1) % size;
			p[i] = class[at];
		}
		before = c;
	}
}

/* Parts of a key, at any place, by which its vendor is known. */
static const struct slice marks[] = { SLICE("T3BlbkFJ"), SLICE("_enc_") };

static void put_marks_back(char *p, struct slice was)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		long at = slice_find(was, marks[i], 0);
		if (at >= 0)
			memcpy(p + at, marks[i].p, marks[i].n);
	}
}

static bool is_taken(const struct pseudonyms *d, size_t mine, uint64_t now)
{
	for (size_t i = d->count; i-- > 0;)
		if (i != mine && d->all[i].now == now)
			return true;
	return false;
}

/* Replace all of P but the first HEAD and the last TAIL bytes. */
void pseudonym_replace(struct pseudonyms *d, char *p, size_t n, size_t head, size_t tail)
{
	char was[COMPARED];
	size_t kept = n < sizeof(was) ? n : sizeof(was);

	if (head + tail >= n || is_pseudonym(d, hash_of((struct slice){ p, n })))
		return;
	size_t i = find_or_add(d, hash_of((struct slice){ p, n }));
	memcpy(was, p, kept);
	for (uint32_t salt = i < d->count ? d->all[i].salt : 0;; salt++) {
		memcpy(p, was, kept);
		substitute(p + head, n - head - tail, i, salt);
		put_marks_back(p, (struct slice){ was, kept });
		if (i == d->count)
			return;
		uint64_t now = hash_of((struct slice){ p, n });
		bool known = d->all[i].now == now;
		if (known || n > kept || salt >= d->all[i].salt + SALTS || !is_taken(d, i, now)) {
			d->all[i].now = now;
			d->all[i].salt = salt;
			return;
		}
	}
}

bool pseudonym_exists(const struct pseudonyms *d, const char *p, size_t n)
{
	return find(d, hash_of((struct slice){ p, n })) < d->count;
}

bool pseudonyms_retry(struct pseudonyms *d, size_t from, unsigned turn)
{
	for (size_t i = from; i < d->count; i++)
		d->all[i].salt = turn % SALTS * (SALTS + 1);
	return turn < SALTS;
}
