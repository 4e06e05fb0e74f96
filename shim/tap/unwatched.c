/* SPDX-License-Identifier: MIT */
#include "tap/unwatched.h"

#include <stddef.h>

_Atomic(const void *) unwatched[1 << UNWATCHED_BITS];

static void unwatched_set(size_t place, const void *handle)
{
	atomic_store_explicit(&unwatched[place], handle, memory_order_relaxed);
}

void unwatched_add(const void *handle)
{
	unwatched_set(scatter(handle, UNWATCHED_BITS), handle);
}

void unwatched_remove(const void *handle)
{
	if (is_unwatched(handle))
		unwatched_set(scatter(handle, UNWATCHED_BITS), NULL);
}

void unwatched_clear(void)
{
	for (size_t i = 0; i < sizeof(unwatched) / sizeof(unwatched[0]); i++)
		unwatched_set(i, NULL);
}
