/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HASH_H
#define ORSHIM_HASH_H

/* FNV-1a, 64 bits. To compare texts, not for security. */
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

#define HASH_START 0xcbf29ce484222325ULL

/* HASH, which began with HASH_START, with the bytes of S. */
static inline uint64_t hash_add(uint64_t hash, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		hash = (hash ^ (unsigned char)s.p[i]) * 0x100000001b3ULL;
	return hash;
}

/* The same for long texts, eight bytes at a time; the hash is another one. */
static inline uint64_t hash_words(uint64_t hash, struct slice s)
{
	uint64_t word;
	size_t i = 0;

	for (; i + sizeof(word) <= s.n; i += sizeof(word)) {
		memcpy(&word, s.p + i, sizeof(word));
		hash = (hash ^ word) * 0x100000001b3ULL;
		hash ^= hash >> 32; /* the upper bytes of a word must reach the lower ones */
	}
	return hash_add(hash, slice_from(s, i));
}

/* A number or address scattered over 32 bits, of which all are as good: by 2^64 / golden ratio. */
static inline uint32_t hash_number(uint64_t n)
{
	return (uint32_t)((n * 0x9E3779B97F4A7C15ULL) >> 32);
}

static inline uint64_t hash_of(struct slice s)
{
	return hash_add(HASH_START, s);
}

#endif
