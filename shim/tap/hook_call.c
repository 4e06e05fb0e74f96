/* SPDX-License-Identifier: MIT */
#include "tap/hook_call.h"

#include "base/early.h"
#include "base/limits.h"
#include "tap/hook_guard.h"

/* Set in the constructor: a call that comes earlier is tapped without a scan before it. */
static void (*scan_first)(void) EARLY;
static void (*tell_reached)(const void *function) EARLY;

/*
 * The calls that have not returned, by connection and by what they do: GnuTLS lets one
 * thread read from a session while another writes to it. With all of a key's places taken,
 * one note gives way; what its call does inside may then be counted twice.
 */
static _Atomic uintptr_t open_calls[LIMIT_OPEN_CALLS];
enum { PLACES = 4, READING = 1 }; /* handles are aligned: their lowest bit is free */

void hook_call_start(void (*scan)(void), void (*reached)(const void *function))
{
	scan_first = scan;
	tell_reached = reached;
}

/* The first place of CONNECTION; the others follow. */
static _Atomic uintptr_t *places_of(const void *connection)
{
	const size_t rows = LIMIT_OPEN_CALLS / PLACES;

	return &open_calls[hash_number((uintptr_t)connection) % rows * PLACES];
}

void hook_call_forget(struct hook_call *c, const void *connection)
{
	_Atomic uintptr_t *at = places_of(connection);

	for (size_t i = 0; i < PLACES; i++)
		if ((atomic_load_explicit(&at[i], memory_order_relaxed) & ~(uintptr_t)READING) ==
		    (uintptr_t)connection)
			atomic_store_explicit(&at[i], 0, memory_order_relaxed);
	c->open = NULL;
}

bool hook_call_is_open(const void *connection)
{
	const _Atomic uintptr_t *at = places_of(connection);
	const uintptr_t key = (uintptr_t)connection;

	for (size_t i = 0; i < PLACES; i++)
		if ((atomic_load_explicit(&at[i], memory_order_relaxed) & ~(uintptr_t)READING) ==
		    key)
			return true;
	return false;
}

static bool is_reading(enum hook_id hook)
{
	const uint32_t those = 1u << HOOK_SSL_read | 1u << HOOK_SSL_read_ex |
			       1u << HOOK_SSL_read_early_data | 1u << HOOK_gnutls_record_recv |
			       1u << HOOK_gnutls_record_recv_seq |
			       1u << HOOK_gnutls_record_recv_packet;

	return those >> hook & 1;
}
_Static_assert(HOOK_COUNT <= 32, "a bit for each hook");

/* Where the call is noted now: the place of one that was jumped out of, a free one, or the first. */
static _Atomic uintptr_t *note(const void *connection, enum hook_id hook)
{
	const uintptr_t key = (uintptr_t)connection | (is_reading(hook) ? READING : 0);
	_Atomic uintptr_t *at = places_of(connection), *free_one = at;

	for (size_t i = PLACES; i-- > 0;) {
		uintptr_t there = atomic_load_explicit(&at[i], memory_order_relaxed);
		if (there == key)
			return &at[i];
		if (!there)
			free_one = &at[i];
	}
	atomic_store_explicit(free_one, key, memory_order_relaxed);
	return free_one;
}

static bool resolve(enum hook_id hook, const void *site, struct callee *found)
{
	struct hook_guard g;
	bool entered = hook_enter(&g);

	if (entered && scan_first)
		scan_first();
	bool is_found = caller_resolve(hook, site, found);
	/* Not by another one: called past us, GnuTLS itself may end with a jump that comes by way of us. */
	if (entered && is_found && tell_reached && hook == HOOK_gnutls_init && !found->own)
		tell_reached(found->real);
	if (entered)
		hook_leave(&g);
	return is_found;
}

bool hook_call_begin(struct hook_call *c, enum hook_id hook, const void *site,
		     const void *connection)
{
	c->open = NULL;
	c->here = false;
	if (!caller_recall(hook, site, &c->callee) && !resolve(hook, site, &c->callee))
		return false;
	c->here =
	    !c->callee.tapped && !(c->callee.own && connection && hook_call_is_open(connection));
	if (c->here && connection)
		c->open = note(connection, hook);
	return true;
}

void hook_call_end(const struct hook_call *c)
{
	if (c->open)
		atomic_store_explicit(c->open, 0, memory_order_relaxed);
}
