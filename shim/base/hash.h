/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HASH_H
#define ORSHIM_HASH_H

/* FNV-1a, 64 bits. To compare texts, not for security. */
#include <stdint.h>

#include "base/slice.h"

#define HASH_START 0xcbf29ce484222325ULL

/* HASH, which began with HASH_START, with the bytes of S. */
static inline uint64_t hash_add(uint64_t hash, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		hash = (hash ^ (unsigned char)s.p[i]) * 0x100000001b3ULL;
	return hash;
}

static inline uint64_t hash_of(struct slice s)
{
	return hash_add(HASH_START, s);
}

#endif
