/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CALLER_H
#define ORSHIM_CALLER_H

/*
 * Finds the original of an exported function of ours: the function that the call would
 * have reached without us. That depends on the calling object, because each object of
 * the process may use another TLS library.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/hash.h"
#include "base/limits.h"

enum hook_id {
#define HOOK(returns, name, parameters, failure) HOOK_##name,
#include "tap/hooks.def"
#undef HOOK
	HOOK_COUNT
};

struct callee {
	void *real;
	bool tapped; /* its TLS library is tapped by the method tables */
	bool own;    /* the caller is that library itself, or in the same object */
};

/*
 * A cached result of caller_resolve(). It is published by its key, which is written
 * last and cleared first: who finds the same key before and after reading has a
 * consistent row.
 */
struct caller_row {
	_Atomic uintptr_t key;
	_Atomic(void *) real;
	atomic_bool tapped;
	atomic_bool own;
};
extern struct caller_row caller_rows[LIMIT_CALLERS];

/* Of HOOK called from SITE. User addresses leave the upper bits free. */
static inline uintptr_t caller_key(enum hook_id hook, const void *site)
{
	return (uintptr_t)site << 6 | (uintptr_t)hook;
}
_Static_assert(HOOK_COUNT <= 64, "a hook fits into the key");

static inline struct caller_row *caller_row(uintptr_t key)
{
	return &caller_rows[hash_number(key) % LIMIT_CALLERS];
}

/*
 * The cached result of caller_resolve() for the return address SITE. False: none yet.
 * In the header, because each call of a hooked function pays for it.
 */
static inline bool caller_recall(enum hook_id hook, const void *site, struct callee *found)
{
	const uintptr_t key = caller_key(hook, site);
	struct caller_row *row = caller_row(key);

	if (atomic_load_explicit(&row->key, memory_order_acquire) != key)
		return false;
	found->real = atomic_load_explicit(&row->real, memory_order_acquire);
	found->tapped = atomic_load_explicit(&row->tapped, memory_order_acquire);
	found->own = atomic_load_explicit(&row->own, memory_order_acquire);
	return atomic_load_explicit(&row->key, memory_order_relaxed) == key;
}

/* SITE is the return address of the call. False: there is no original. After scan_objects(). */
bool caller_resolve(enum hook_id hook, const void *site, struct callee *found);

void caller_forget_all(void); /* objects were unloaded, or TLS libraries found */

#endif
