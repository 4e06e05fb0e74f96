/* SPDX-License-Identifier: MIT */
#include "tap/seek.h"

#include <string.h>

/* Four 32-bit lanes: SSE2 and NEON alike, by the compiler's own vectors. */
typedef uint32_t lanes __attribute__((vector_size(16)));
typedef uint64_t halves __attribute__((vector_size(16)));

enum { BLOCK = 256 }; /* offsets that are judged together */

/*
 * A 32-bit value is sought at every byte offset: as it is (EXACT), or counted
 * from its own place (RELATIVE: value + offset), each as a range low..low+span.
 */
struct sought {
	uint32_t low;
	uint32_t span;
	bool relative;
};

static inline lanes load_lanes(const unsigned char *p)
{
	lanes v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

/* Is there a match at any of the BLOCK offsets from P, which is OFFSET from the base? */
static inline bool block_has(const unsigned char *p, uint32_t offset, const struct sought *s)
{
	const lanes step = { 0, 4, 8, 12 };
	const uint32_t move = s->relative ? offset : 0;
	const uint32_t slope = s->relative ? 1 : 0;
	lanes hit = { 0, 0, 0, 0 };

	for (uint32_t i = 0; i < BLOCK; i += 16) {
		for (uint32_t j = 0; j < 4; j++) {
			lanes at = (step + (i + j)) * slope + (move - s->low);

			hit |= (lanes)(load_lanes(p + i + j) + at <= s->span);
		}
	}
	halves any = (halves)hit;

	return (any[0] | any[1]) != 0;
}

/* The same for one value, which needs no ordered comparison. */
static inline bool block_equals(const unsigned char *p, uint32_t offset, const struct sought *s)
{
	const lanes step = { 0, 4, 8, 12 };
	lanes at = s->relative ? step + (offset - s->low) : step * 0u - s->low;
	const uint32_t slope = s->relative ? 1 : 0;
	lanes hit = { 0, 0, 0, 0 };

	for (uint32_t i = 0; i < BLOCK; i += 16)
		for (uint32_t j = 0; j < 4; j++)
			hit |= (lanes)(load_lanes(p + i + j) + at == -slope * (i + j));
	halves any = (halves)hit;

	return (any[0] | any[1]) != 0;
}

static inline bool matches(const unsigned char *p, uint32_t offset, const struct sought *s)
{
	return read_u32(p) + (s->relative ? offset : 0) - s->low <= s->span;
}

/* The first offset at or after FROM where one of COUNT matches; N if there is none. */
static size_t seek_u32(const unsigned char *p, size_t n, size_t from, const struct sought *sought,
		       size_t count)
{
	size_t at = from;

	while (at + 4 <= n) {
		bool whole = at % BLOCK == 0 && n - at >= BLOCK + 16;
		size_t end = whole ? at + BLOCK : at + 1;
		bool hit = !whole;

		for (size_t k = 0; k < count && !hit; k++)
			hit = sought[k].span ? block_has(p + at, (uint32_t)at, &sought[k])
					     : block_equals(p + at, (uint32_t)at, &sought[k]);
		for (; hit && at < end; at++)
			for (size_t k = 0; k < count; k++)
				if (matches(p + at, (uint32_t)at, &sought[k]))
					return at;
		at = end;
	}
	return n;
}

static uint64_t text_in(const struct image_segment *s, const char *tail, size_t mark)
{
	const size_t length = strlen(tail);
	const struct sought rare = { read_u32((const unsigned char *)tail + mark), 0, false };
	size_t at = 0;

	while ((at = seek_u32(s->bytes, s->size, at, &rare, 1)) < s->size) {
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
	struct sought sought[4];
	int of[4];
	size_t count = 0;
	size_t at = 0;

	for (int t = 0; t < 2; t++) {
		if (!texts[t])
			continue;
		/* offset + disp32 = text - base - 4, modulo 2^32 */
		sought[count] = (struct sought){ (uint32_t)(texts[t] - s->address - 4), 0, true };
		of[count++] = t;
		if (!m->fixed || texts[t] > UINT32_MAX)
			continue;
		sought[count] = (struct sought){ (uint32_t)texts[t], 0, false };
		of[count++] = t;
	}
	while ((at = seek_u32(s->bytes, s->size, at, sought, count)) < s->size) {
		for (size_t k = 0; k < count; k++)
			if (matches(s->bytes + at, (uint32_t)at, &sought[k]))
				judge_x86(s, at, of[k], sought[k].relative, found);
		at++;
	}
}

/* What ADR or ADRP at ADDRESS makes (Arm ARM, C6.2: immhi:immlo). */
static uint64_t arm64_address(uint32_t word, uint64_t address)
{
	int64_t imm = (int32_t)(word << 8) >> 13 << 2 | (int32_t)(word >> 29 & 3);

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
			if (texts[t] && page + (word >> 10 & 0xfff) == texts[t])
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
			if (!texts[t])
				continue;
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
	const struct sought near = { (uint32_t)(low - s->address - 4), (uint32_t)(high - low),
				     true };
	size_t at = 1;

	while ((at = seek_u32(s->bytes, s->size, at, &near, 1)) < s->size) {
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
