/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HASH_H
#define ORSHIM_HASH_H

/* FNV-1a, 64 bits. To compare texts, not for security. */
#include <stdint.h>

#include "base/slice.h"

static inline uint64_t hash_of(struct slice s)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < s.n; i++)
		hash = (hash ^ (unsigned char)s.p[i]) * 0x100000001b3ULL;
	return hash;
}

#endif
