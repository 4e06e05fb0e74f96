/* SPDX-License-Identifier: MIT */
#include "tap/libraries.h"

#include <string.h>

#include "base/early.h"
#include "tap/loader.h"

static struct library libraries[LIMIT_TLS_LIBRARIES];
static atomic_bool was_any EARLY; /* a slot was given out */
static atomic_uint library_count EARLY;
static atomic_uint tapped_count EARLY;
static atomic_uint unreached_count EARLY;

/* Read without the lock by wrappers; {0, 0} when not tapped in this way. */
struct tapped_span {
	_Atomic uintptr_t low;
	_Atomic uintptr_t high;
};
static struct tapped_span by_table[LIMIT_TLS_LIBRARIES];
static struct tapped_span by_export[LIMIT_TLS_LIBRARIES];
static struct {
	alignas(max_align_t) char bytes[TLS_GETTERS_SIZE];
} driver_getters[LIMIT_TLS_LIBRARIES]; /* immutable while by_export[] has its `low` */

void *tls_object_symbol(const struct tls_object *l, const char *name)
{
	void *own = object_symbol(l->object, name);

	return own || !l->handle ? own : loader_symbol(l->handle, name, NULL);
}

struct library *libraries_slot(size_t i)
{
	return &libraries[i];
}

size_t libraries_free_slot(void)
{
	size_t i = 0;

	atomic_store(&was_any, true);
	while (i < LIMIT_TLS_LIBRARIES && libraries[i].span.high)
		i++;
	return i;
}

struct library *libraries_at(const struct object *o)
{
	uintptr_t low = object_span(o).low;

	for (size_t i = 0; atomic_load(&was_any) && i < LIMIT_TLS_LIBRARIES; i++)
		if (libraries[i].span.high && libraries[i].span.low == low)
			return &libraries[i];
	return NULL;
}

void libraries_publish(size_t i, const void *of_driver)
{
	struct tapped_span *span =
	    libraries[i].info.tap == TAP_INTERPOSED ? &by_export[i] : &by_table[i];

	if (of_driver)
		memcpy(driver_getters[i].bytes, of_driver, TLS_GETTERS_SIZE);
	atomic_store(&span->high, libraries[i].span.high);
	atomic_store(&span->low, libraries[i].span.low);
}

void libraries_clear(size_t i)
{
	atomic_store(&by_export[i].low, 0);
	atomic_store(&by_table[i].low, 0);
	atomic_store(&by_table[i].high, 0);
	/* First: a fork() on another thread may leave the rest undone in its child. */
	__atomic_store_n(&libraries[i].span.high, 0, __ATOMIC_SEQ_CST);
	libraries[i] = (struct library){ 0 };
}

void libraries_recount(void)
{
	unsigned count = 0, with_tap = 0, unreached = 0;

	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++)
		if (libraries[i].span.high && atomic_load(&libraries[i].stage) != LIBRARY_ADDING) {
			count++;
			with_tap += libraries[i].info.tap != TAP_NONE;
			unreached += libraries[i].may_be_reached;
		}
	atomic_store(&library_count, count);
	atomic_store(&tapped_count, with_tap);
	atomic_store(&unreached_count, unreached);
}

unsigned libraries_count(void)
{
	return atomic_load(&library_count);
}

unsigned libraries_tapped_count(void)
{
	return atomic_load(&tapped_count);
}

unsigned libraries_unreached_count(void)
{
	return atomic_load(&unreached_count);
}

/* The index of the span that holds FUNCTION; LIMIT_TLS_LIBRARIES: none does. */
static size_t find_span(struct tapped_span spans[LIMIT_TLS_LIBRARIES], const void *function)
{
	uintptr_t at = (uintptr_t)function;

	for (size_t i = 0; i < LIMIT_TLS_LIBRARIES; i++) {
		uintptr_t low = atomic_load(&spans[i].low);
		if (low && at >= low && at < atomic_load(&spans[i].high))
			return i;
	}
	return LIMIT_TLS_LIBRARIES;
}

bool libraries_is_tapped(const void *function)
{
	return find_span(by_table, function) < LIMIT_TLS_LIBRARIES;
}

const void *libraries_getters_of(const void *function)
{
	size_t i = find_span(by_export, function);

	return i < LIMIT_TLS_LIBRARIES ? driver_getters[i].bytes : NULL;
}
