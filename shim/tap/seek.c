/* SPDX-License-Identifier: MIT */
#include "tap/seek.h"

#include <string.h>

/* Four 32-bit lanes: SSE2 and NEON alike, by the compiler's own vectors. */
typedef uint32_t lanes __attribute__((vector_size(16)));
typedef uint64_t halves __attribute__((vector_size(16)));

enum { BLOCK = 256 }; /* offsets that are judged together */

/* What is sought at every byte offset; "v" is the 32-bit value there. */
enum kind {
	VALUE,     /* v = a[0] */
	ADDRESSES, /* v = a[0] or a[1], or v + offset = a[2] or a[3] */
	NEAR,      /* v + offset within a[0] .. a[0] + a[1] */
};

struct sought {
	enum kind kind;
	uint32_t a[4];
};

static inline lanes load_lanes(const unsigned char *p)
{
	lanes v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline bool any(lanes l)
{
	halves h = (halves)l;

	return (h[0] | h[1]) != 0;
}

/* Is there a match at any of the BLOCK offsets from P, the first of which is OFFSET? */
static bool block_has(const unsigned char *p, uint32_t offset, const struct sought *s)
{
	const lanes zero = { 0, 0, 0, 0 };
	const lanes a0 = zero + s->a[0], a1 = zero + s->a[1];
	const lanes a2 = zero + s->a[2], a3 = zero + s->a[3];
	lanes at = (lanes){ 0, 4, 8, 12 } + offset;
	lanes hit = zero;

	for (uint32_t i = 0; i < BLOCK; i += 16, at += 12) {
		for (uint32_t j = 0; j < 4; j++, at += 1) {
			lanes v = load_lanes(p + i + j);
			lanes w = v + at;

			if (s->kind == VALUE)
				hit |= (lanes)(v == a0);
			else if (s->kind == ADDRESSES)
				hit |= (lanes)(v == a0) | (lanes)(v == a1) | (lanes)(w == a2) |
				       (lanes)(w == a3);
			else
				hit |= (lanes)(w - a0 <= a1);
		}
	}
	return any(hit);
}

/* Which of A is met at P; -1 for none. */
static int match(const unsigned char *p, uint32_t offset, const struct sought *s)
{
	uint32_t v = read_u32(p);

	if (s->kind == NEAR)
		return v + offset - s->a[0] <= s->a[1] ? 0 : -1;
	for (int k = 0; k < (s->kind == VALUE ? 1 : 4); k++)
		if (v + (k < 2 ? 0 : offset) == s->a[k])
			return k;
	return -1;
}

/* The first offset at or after FROM where S is met; N if there is none. */
static size_t seek_u32(const unsigned char *p, size_t n, size_t from, const struct sought *s)
{
	size_t at = from;

	while (at + 4 <= n) {
		bool whole = at % BLOCK == 0 && n - at >= BLOCK + 16;
		size_t end = whole ? at + BLOCK : at + 1;
		bool hit = !whole || block_has(p + at, (uint32_t)at, s);

		for (; hit && at < end; at++)
			if (match(p + at, (uint32_t)at, s) >= 0)
				return at;
		at = end;
	}
	return n;
}

static uint64_t text_in(const struct image_segment *s, const char *tail, size_t mark)
{
	const size_t length = strlen(tail);
	const struct sought rare = { VALUE, { read_u32((const unsigned char *)tail + mark) } };
	size_t at = 0;

	while ((at = seek_u32(s->bytes, s->size, at, &rare)) < s->size) {
		if (at >= mark && s->size - (at - mark) > length &&
		    memcmp(s->bytes + at - mark, tail, length + 1) == 0) {
			size_t start = at - mark;

			while (start > 0 && s->bytes[start - 1] >= 0x20 &&
			       s->bytes[start - 1] < 0x7f)
				start--;
			return s->address + start;
		}
		at++;
	}
	return 0;
}

uint64_t seek_text(const struct image *m, const char *tail, size_t mark)
{
	bool apart =
	    false; /* constants have a segment of their own, which code is not searched for */

	for (int code = 0; code < 2; code++) {
		for (size_t i = 0; i < m->count && !(code && apart); i++) {
			const struct image_segment *s = &m->segments[i];
			uint64_t found;

			if (s->flags & PF_W || (s->flags & PF_X ? 1 : 0) != code)
				continue;
			apart |= !code && s->size > 4096;
			found = text_in(s, tail, mark);
			if (found)
				return found;
		}
	}
	return 0;
}

static void keep(struct references *found, uint64_t at, uint64_t after, int reg, int text)
{
	if (found->count == SEEK_MAX) {
		found->overflow = true;
		return;
	}
	found->list[found->count++] =
	    (struct reference){ .at = at, .after = after, .reg = reg, .text = text };
}

/* x86-64: the 4 bytes at AT are an address; by mov r32, imm32 or by lea r64, [rip + disp32]. */
static void judge_x86(const struct image_segment *s, size_t at, int text, bool relative,
		      struct references *found)
{
	const unsigned char *p = s->bytes + at;
	const uint64_t after = s->address + at + 4;

	if (relative) {
		if (at >= 3 && p[-2] == 0x8d && (p[-1] & 0xc7) == 0x05 && (p[-3] & 0xfb) == 0x48)
			keep(found, after - 7, after, (p[-1] >> 3 & 7) | (p[-3] & 4) << 1, text);
	} else if (at >= 1 && (p[-1] & 0xf8) == 0xb8) {
		bool high = at >= 2 && p[-2] == 0x41;

		keep(found, after - 5 - high, after, (p[-1] & 7) | high << 3, text);
	}
}

static void references_x86(const struct image *m, const struct image_segment *s,
			   const uint64_t texts[2], struct references *found)
{
	struct sought sought = { .kind = ADDRESSES };
	size_t at = 0;

	for (int t = 0; t < 2; t++) {
		sought.a[t] = (uint32_t)texts[t];
		/* offset + disp32 = text - base - 4, modulo 2^32 */
		sought.a[2 + t] = (uint32_t)(texts[t] - s->address - 4);
	}
	while ((at = seek_u32(s->bytes, s->size, at, &sought)) < s->size) {
		int k = match(s->bytes + at, (uint32_t)at, &sought);

		if (k >= 2 || (m->fixed && texts[k] <= UINT32_MAX))
			judge_x86(s, at, k & 1, k >= 2, found);
		at++;
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
static void judge_adrp(const struct image_segment *s, size_t at, uint64_t page,
		       const uint64_t texts[2], struct references *found)
{
	const uint32_t reg = read_u32(s->bytes + at) & 31;

	for (size_t i = at + 4; i + 4 <= s->size && i <= at + 64; i += 4) {
		uint32_t word = read_u32(s->bytes + i);

		if ((word & 0xffc003e0) != (0x91000000 | reg << 5))
			continue;
		for (int t = 0; t < 2; t++)
			if (page + (word >> 10 & 0xfff) == texts[t])
				keep(found, s->address + i, s->address + i + 4, word & 31, t);
	}
}

static void references_arm64(const struct image_segment *s, const uint64_t texts[2],
			     struct references *found)
{
	for (size_t at = (size_t)(-s->address & 3); at + 4 <= s->size; at += 4) {
		uint32_t word = read_u32(s->bytes + at);
		uint64_t made;

		if ((word & 0x1f000000) != 0x10000000)
			continue;
		made = arm64_address(word, s->address + at);
		for (int t = 0; t < 2; t++) {
			if (!(word & 0x80000000) && made == texts[t]) {
				keep(found, s->address + at, s->address + at + 4, word & 31, t);
			} else if (word & 0x80000000 && made == (texts[t] & ~0xfffULL)) {
				judge_adrp(s, at, made, texts, found);
				break;
			}
		}
	}
}

void seek_references(const struct image *m, const uint64_t texts[2], struct references *found)
{
	found->count = 0;
	found->overflow = false;
	for (size_t i = 0; i < m->count; i++) {
		const struct image_segment *s = &m->segments[i];

		if (!(s->flags & PF_X))
			continue;
		if (m->machine == EM_X86_64)
			references_x86(m, s, texts, found);
		else if (m->machine == EM_AARCH64)
			references_arm64(s, texts, found);
	}
}

static size_t calls_arm64(const struct image_segment *s, uint64_t low, uint64_t high,
			  uint64_t targets[SEEK_MAX], size_t count)
{
	for (size_t at = (size_t)(-s->address & 3); at + 4 <= s->size; at += 4) {
		uint32_t word = read_u32(s->bytes + at);
		uint64_t target = s->address + at + (uint64_t)((int64_t)(int32_t)(word << 6) >> 4);

		if (word >> 26 == 0x25 && target >= low && target <= high && count < SEEK_MAX)
			targets[count++] = target;
	}
	return count;
}

static size_t calls_x86(const struct image_segment *s, uint64_t low, uint64_t high,
			uint64_t targets[SEEK_MAX], size_t count)
{
	/* offset + rel32 = target - base - 4 */
	const struct sought near = { NEAR,
				     { (uint32_t)(low - s->address - 4), (uint32_t)(high - low) } };
	size_t at = 1;

	while ((at = seek_u32(s->bytes, s->size, at, &near)) < s->size) {
		if (s->bytes[at - 1] == 0xe8 && count < SEEK_MAX)
			targets[count++] = s->address + at + 4 +
					   (uint64_t)(int64_t)(int32_t)read_u32(s->bytes + at);
		at++;
	}
	return count;
}

size_t seek_calls(const struct image *m, uint64_t low, uint64_t high, uint64_t targets[SEEK_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct image_segment *s = &m->segments[i];

		if (!(s->flags & PF_X))
			continue;
		if (m->machine == EM_X86_64)
			count = calls_x86(s, low, high, targets, count);
		else if (m->machine == EM_AARCH64)
			count = calls_arm64(s, low, high, targets, count);
	}
	return count;
}
