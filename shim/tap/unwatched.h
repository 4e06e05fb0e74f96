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
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/limits.h"

extern _Atomic(const void *) unwatched[LIMIT_UNWATCHED];

static inline size_t unwatched_place(const void *handle)
{
	return hash_number((uintptr_t)handle) % LIMIT_UNWATCHED;
}

static inline bool is_unwatched(const void *handle)
{
	return atomic_load_explicit(&unwatched[unwatched_place(handle)], memory_order_relaxed) ==
	       handle;
}

void unwatched_add(const void *handle);
void unwatched_remove(const void *handle);
void unwatched_clear(void);

#endif
