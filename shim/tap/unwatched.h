/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_UNWATCHED_H
#define ORSHIM_UNWATCHED_H

/*
 * Handles that are known not to be watched, without a lock: this is the common case and
 * must cost next to nothing. The cache may lack such a handle, but it never has a wrong
 * one: a handle is removed when the host frees its connection, before another
 * connection can get the address.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { UNWATCHED_BITS = 10 };

extern _Atomic(const void *) unwatched[1 << UNWATCHED_BITS];

/* A number of BITS bits. Allocations are 16 bytes apart at least; 2^64 / golden ratio. */
static inline unsigned scatter(const void *handle, unsigned bits)
{
	return (unsigned)(((uint64_t)(uintptr_t)handle * 0x9E3779B97F4A7C15ULL) >> (64 - bits));
}

static inline bool is_unwatched(const void *handle)
{
	return atomic_load_explicit(&unwatched[scatter(handle, UNWATCHED_BITS)],
				    memory_order_relaxed) == handle;
}

void unwatched_add(const void *handle);
void unwatched_remove(const void *handle);
void unwatched_clear(void);

#endif
