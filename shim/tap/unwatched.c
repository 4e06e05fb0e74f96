/* SPDX-License-Identifier: MIT */
#include "tap/unwatched.h"

_Atomic(const void *) unwatched[LIMIT_UNWATCHED];

static void unwatched_set(size_t place, const void *handle)
{
	atomic_store_explicit(&unwatched[place], handle, memory_order_relaxed);
}

void unwatched_add(const void *handle)
{
	unwatched_set(unwatched_place(handle), handle);
}

void unwatched_remove(const void *handle)
{
	if (is_unwatched(handle))
		unwatched_set(unwatched_place(handle), NULL);
}

void unwatched_clear(void)
{
	for (size_t i = 0; i < LIMIT_UNWATCHED; i++)
		unwatched_set(i, NULL);
}
