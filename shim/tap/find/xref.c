/* SPDX-License-Identifier: MIT */
#include "tap/find/xref.h"

#include <string.h>

enum {
	LANES = 16,
	BLOCK = 1024,       /* offsets that are judged together */
	BEYOND = 4 + LANES, /* bytes behind them that are looked at */
	CONDITIONS_MAX = 6,
};

/* Sixteen bytes side by side: SSE2 and NEON alike, by the compiler's own vectors. */
typedef unsigned char lanes __attribute__((vector_size(LANES)));
typedef uint64_t halves __attribute__((vector_size(LANES)));

/* The condition that is tested at every byte offset; "v" is the 32-bit value there. */
enum kind {
	VALUE,     /* v = a[0] */
	ADDRESSES, /* v = a[0] or a[1], or v + offset = a[2] or a[3] */
	RELATIVES, /* v + offset = a[2] or a[3] */
	NEAR,      /* v + offset within a[0] .. a[0] + a[1], which is below 0x10000 - BLOCK */
};

struct sought {
	enum kind kind;
	uint32_t a[4];
};

/* Two bytes side by side, AT bytes from an offset that may be a match. */
struct condition {
	unsigned char first;
	unsigned char second;
	unsigned char at;
};

struct conditions {
	struct condition list[CONDITIONS_MAX];
	size_t count;
};

static void require(struct conditions *c, uint32_t value, unsigned at)
{
	const uint32_t two = value >> 8 * at;
	const struct condition new = { (unsigned char)two, (unsigned char)(two >> 8),
				       (unsigned char)at };

	for (size_t i = 0; i < c->count; i++)
		if (memcmp(&c->list[i], &new, sizeof(new)) == 0)
			return;
	c->list[c->count++] = new;
}

/*
 * Compute the bytes that a match among the BLOCK offsets from AT on must have. A value
 * relative to its offset changes within the block, but its upper half at most once.
 */
static void conditions_of(const struct sought *s, uint32_t at, struct conditions *c)
{
	const uint32_t last = at + BLOCK - 1;

	c->count = 0;
	if (s->kind == NEAR) {
		require(c, s->a[0] - last, 2);
		require(c, s->a[0] + s->a[1] - at, 2);
		return;
	}
	if (s->kind == VALUE) {
		require(c, s->a[0], 0);
		return;
	}
	/* The upper half: that of two texts of one library is often the same. */
	for (int k = 0; k < 2 && s->kind == ADDRESSES; k++)
		require(c, s->a[k], 2);
	for (int k = 2; k < 4; k++) {
		require(c, s->a[k] - at, 2);
		require(c, s->a[k] - last, 2);
	}
}

static inline lanes load_lanes(const unsigned char *p)
{
	lanes v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

/* May there be a match at any of the SIZE offsets from P? SIZE is a multiple of LANES. */
static inline bool may_have(const unsigned char *p, size_t size, const struct conditions *c)
{
	lanes hit = { 0 };

	for (size_t k = 0; k < c->count; k++) {
		const lanes first = (lanes){ 0 } + c->list[k].first;
		const lanes second = (lanes){ 0 } + c->list[k].second;
		const unsigned char *q = p + c->list[k].at;

#ifndef __clang__ /* clang 11 does not know this, and unrolls by itself */
#pragma GCC unroll 16
#endif
		for (size_t i = 0; i < size; i += LANES)
			hit |= (lanes)(load_lanes(q + i) == first) &
			       (lanes)(load_lanes(q + i + 1) == second);
	}
	return (((halves)hit)[0] | ((halves)hit)[1]) != 0;
}

/* The index in A of the condition that matches at P; -1: none. */
static int match(const unsigned char *p, uint32_t offset, const struct sought *s)
{
	const uint32_t v = read_u32(p);

	if (s->kind == NEAR)
		return v + offset - s->a[0] <= s->a[1] ? 0 : -1;
	for (int k = s->kind == RELATIVES ? 2 : 0; k < (s->kind == VALUE ? 1 : 4); k++)
		if (v + (k < 2 ? 0 : offset) == s->a[k])
			return k;
	return -1;
}

/* A walk over a segment: piece by piece, each as often as it takes. */
struct walk {
	const struct image *m;
	const struct image_segment *s;
	const unsigned char *piece; /* of the segment, from START to END */
	size_t start;
	size_t stop; /* what begins here or later is the next piece's */
	size_t end;
	size_t at; /* the next offset to look at */
};

static struct walk walk_over(const struct image *m, const struct image_segment *s)
{
	return (struct walk){ .m = m, .s = s, .stop = (size_t)(-s->address & 3) };
}

static bool next_piece(struct walk *w)
{
	size_t n;

	w->start = w->at = w->stop;
	if (w->start + 4 > w->s->size)
		return false;
	w->piece = image_piece(w->m, w->s, w->start, &n);
	w->end = w->start + n;
	w->stop = w->end == w->s->size ? w->end - 3 : w->end - BEYOND;
	return true;
}

/* The first offset of N from P, the first of which is AT, that matches; N: none. */
static size_t seek_each(const unsigned char *p, size_t n, uint32_t at, const struct sought *s)
{
	size_t i = 0;

	while (i < n && match(p + i, at + (uint32_t)i, s) < 0)
		i++;
	return i;
}

/* The same of BLOCK offsets. */
static size_t seek_block(const unsigned char *p, uint32_t at, const struct sought *s)
{
	struct conditions c;

	conditions_of(s, at, &c);
	for (size_t i = may_have(p, BLOCK, &c) ? 0 : BLOCK; i < BLOCK; i += LANES) {
		size_t found = may_have(p + i, LANES, &c)
				   ? seek_each(p + i, LANES, at + (uint32_t)i, s)
				   : LANES;
		if (found < LANES)
			return i + found;
	}
	return BLOCK;
}

/* Write the next matching offset of the piece to *AT and move the walk past it. */
static bool seek_u32(struct walk *w, const struct sought *s, size_t *at)
{
	while (w->at < w->stop) {
		const unsigned char *p = w->piece + (w->at - w->start);
		const bool whole = w->at + BLOCK <= w->stop && w->at + BLOCK + BEYOND <= w->end;
		const size_t n = whole ? BLOCK : w->stop - w->at;
		const size_t found =
		    whole ? seek_block(p, (uint32_t)w->at, s) : seek_each(p, n, (uint32_t)w->at, s);

		*at = w->at + found;
		w->at = *at + (found < n);
		if (found < n)
			return true;
	}
	return false;
}

/* The same over the whole segment; a walk begins with it. */
static bool seek_next(struct walk *w, const struct sought *s, size_t *at)
{
	do {
		if (w->piece && seek_u32(w, s, at))
			return true;
	} while (next_piece(w));
	return false;
}

static uint64_t text_in(const struct image *m, const struct image_segment *s, const char *tail,
			size_t mark)
{
	const size_t length = strlen(tail);
	const struct sought rare = { VALUE, { read_u32((const unsigned char *)tail + mark) } };
	struct walk w = walk_over(m, s);
	size_t at;

	while (seek_next(&w, &rare, &at)) {
		size_t start = at - mark;

		if (at < mark || s->size - start <= length ||
		    memcmp(s->bytes + start, tail, length + 1) != 0)
			continue;
		while (start > 0 && s->bytes[start - 1] >= 0x20 && s->bytes[start - 1] < 0x7f)
			start--;
		return s->address + start;
	}
	return 0;
}

uint64_t xref_find_text(const struct image *m, const char *tail, size_t mark)
{
	bool apart =
	    false; /* constants have a segment of their own, which code is not searched for */

	for (int code = 0; code < 2; code++) {
		for (size_t i = 0; i < m->count && !(code && apart); i++) {
			const struct image_segment *s = &m->segments[i];
			uint64_t found;

			if (s->flags & PF_W || (s->flags & PF_X ? 1 : 0) != code)
				continue;
			apart |= !code && s->as_file && s->size > 4096;
			found = text_in(m, s, tail, mark);
			if (found)
				return found;
		}
	}
	return 0;
}

static void keep(const struct image *m, struct xrefs *found, struct xref new)
{
	if (found->count == XREF_MAX) {
		found->overflow = true;
		return;
	}
	found->list[found->count++] = new;
	if (!found->site && found->is_site(m, &new)) {
		found->site = new.at;
		found->low = new.at - found->reach;
		found->high = new.at + found->reach;
	}
}

/* x86-64: the 4 bytes at AT are an address; by mov r32, imm32 or by lea r64, [rip + disp32]. */
static void judge_x86(const struct walk *w, size_t at, int text, bool relative, struct xrefs *found)
{
	const unsigned char *p = w->s->bytes + at;
	const uint64_t after = w->s->address + at + 4;

	if (relative) {
		if (at >= 3 && p[-2] == 0x8d && (p[-1] & 0xc7) == 0x05 && (p[-3] & 0xfb) == 0x48)
			keep(w->m, found,
			     (struct xref){ after - 7, after, (p[-1] >> 3 & 7) | (p[-3] & 4) << 1,
					    text });
	} else if (at >= 1 && (p[-1] & 0xf8) == 0xb8) {
		bool high = at >= 2 && p[-2] == 0x41;

		keep(w->m, found,
		     (struct xref){ after - 5 - high, after, (p[-1] & 7) | high << 3, text });
	}
}

static void references_x86(struct walk *w, const uint64_t texts[2], struct xrefs *found)
{
	struct sought sought = { .kind = w->m->fixed ? ADDRESSES : RELATIVES };
	size_t at;

	for (int t = 0; t < 2; t++) {
		sought.a[t] = (uint32_t)texts[t];
		/* offset + disp32 = text - base - 4, modulo 2^32 */
		sought.a[2 + t] = (uint32_t)(texts[t] - w->s->address - 4);
	}
	while (seek_u32(w, &sought, &at)) {
		int k = match(w->s->bytes + at, (uint32_t)at, &sought);

		if (k >= 2 || (k >= 0 && texts[k] <= UINT32_MAX))
			judge_x86(w, at, k & 1, k >= 2, found);
	}
}

/* What ADR or ADRP at ADDRESS makes (Arm ARM, C6.2: immhi:immlo). */
static uint64_t arm64_address(uint32_t word, uint64_t address)
{
	int64_t imm = ((int32_t)(word << 8) >> 13) * 4 + (int32_t)(word >> 29 & 3);

	return word & 0x80000000 ? (address & ~0xfffULL) + (uint64_t)(imm * 4096)
				 : address + (uint64_t)imm;
}

/* The ADD that completes the ADRP at AT, a few instructions on. */
static void judge_adrp(const struct walk *w, size_t at, uint64_t page, const uint64_t texts[2],
		       struct xrefs *found)
{
	const struct image_segment *s = w->s;
	const uint32_t reg = read_u32(s->bytes + at) & 31;

	for (size_t i = at + 4; i + 4 <= s->size && i <= at + 64; i += 4) {
		uint32_t word = read_u32(s->bytes + i);

		if ((word & 0xffc003e0) != (0x91000000 | reg << 5))
			continue;
		for (int t = 0; t < 2; t++)
			if (page + (word >> 10 & 0xfff) == texts[t])
				keep(w->m, found,
				     (struct xref){ s->address + i, s->address + i + 4,
						    (int)(word & 31), t });
	}
}

static void judge_arm64(const struct walk *w, uint32_t word, const uint64_t texts[2],
			struct xrefs *found)
{
	const uint64_t address = w->s->address + w->at;
	const uint64_t made = arm64_address(word, address);

	for (int t = 0; t < 2; t++) {
		if (!(word & 0x80000000) && made == texts[t]) {
			keep(w->m, found,
			     (struct xref){ address, address + 4, (int)(word & 31), t });
		} else if (word & 0x80000000 && made == (texts[t] & ~0xfffULL)) {
			judge_adrp(w, w->at, made, texts, found);
			return;
		}
	}
}

static void references_arm64(struct walk *w, const uint64_t texts[2], struct xrefs *found)
{
	for (; w->at < w->stop; w->at += 4) {
		uint32_t word = read_u32(w->piece + (w->at - w->start));

		if ((word & 0x1f000000) == 0x10000000)
			judge_arm64(w, word, texts, found);
	}
}

/* TARGET is called: is it nearer to the site than what is known? */
static void narrow(struct xrefs *found, uint64_t target)
{
	if (target <= found->site && target > found->low)
		found->low = target;
	if (target > found->site && target < found->high)
		found->high = target;
}

static void calls_arm64(struct walk *w, struct xrefs *found)
{
	for (; w->at < w->stop; w->at += 4) {
		uint32_t word = read_u32(w->piece + (w->at - w->start));

		if (word >> 26 == 0x25)
			narrow(found, w->s->address + w->at +
					  (uint64_t)((int64_t)(int32_t)(word << 6) >> 4));
	}
}

static void calls_x86(struct walk *w, struct xrefs *found)
{
	const uint64_t low = found->site - found->reach;
	/* offset + rel32 = target - base - 4 */
	const struct sought near = {
		NEAR, { (uint32_t)(low - w->s->address - 4), (uint32_t)(2 * found->reach) }
	};
	size_t at;

	while (seek_u32(w, &near, &at))
		if (at >= 1 && w->s->bytes[at - 1] == 0xe8)
			narrow(found, w->s->address + at + 4 +
					  (uint64_t)(int64_t)(int32_t)read_u32(w->s->bytes + at));
}

static void calls(struct walk *w, struct xrefs *found)
{
	w->at = w->start;
	if (w->m->machine == EM_X86_64)
		calls_x86(w, found);
	else
		calls_arm64(w, found);
}

/* Behind the site both are searched in one pass, because reading takes most of the time. */
void xref_find_references(const struct image *m, const uint64_t texts[2], struct xrefs *found)
{
	struct walk first = { .stop = 0 };

	for (size_t i = 0; i < m->count; i++) {
		struct walk w = walk_over(m, &m->segments[i]);

		while (m->segments[i].flags & PF_X && next_piece(&w)) {
			const bool known = found->site != 0;

			if (m->machine == EM_X86_64)
				references_x86(&w, texts, found);
			else
				references_arm64(&w, texts, found);
			if (found->site)
				calls(&w, found);
			if (found->site && !known)
				first = w;
		}
	}
	for (size_t i = 0; found->site && i < m->count; i++) {
		struct walk w = walk_over(m, &m->segments[i]);

		if (first.s < w.s)
			return;
		while (w.s->flags & PF_X && (w.s != first.s || w.stop < first.start) &&
		       next_piece(&w))
			calls(&w, found);
	}
}
