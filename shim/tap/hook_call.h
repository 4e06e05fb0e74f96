/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HOOK_CALL_H
#define ORSHIM_HOOK_CALL_H

/*
 * One call of a hooked TLS function: its original, and whether this call is tapped
 * here. If the TLS library is tapped by its method tables, the call passes through.
 * A call that the library makes to its own exported function
 * (SSL_write_early_data() calls SSL_write_ex(), gnutls_record_uncork() calls
 * gnutls_record_send()) is not tapped a second time.
 *
 * The call around it is known by its connection, not by its thread: the original may
 * change the fibre in the middle of its work (ASYNC_pause_job(), a BIO of the host's),
 * so that calls of a thread do not end in the order of their beginnings, and may end in
 * another thread. One that a signal handler jumps out of never ends.
 */
#include <stdatomic.h>

#include "tap/caller.h"
#include "tap/unwatched.h"

#define HOOK(returns, name, parameters, failure) \
	typedef returns(*name##_fn) parameters;  \
	__attribute__((visibility("default"))) returns name parameters;
#include "tap/hooks.def"
#undef HOOK

#define HOOK(returns, name, parameters, failure) FAILURE_##name = failure + 0,
enum {
#include "tap/hooks.def"
};
#undef HOOK

struct hook_call {
	struct callee callee;
	_Atomic uintptr_t *open; /* where it is noted that it has not returned; NULL: nowhere */
	bool here;               /* this call is tapped here */
};

/*
 * SCAN looks for TLS libraries; it is called before a caller's original is looked up.
 * REACHED is told the first function of GnuTLS that a client calls, as it was found.
 */
void hook_call_start(void (*scan)(void), void (*reached)(const void *function));

/*
 * The original of HOOK, if nothing is to be learnt from this call's bytes: the library is
 * tapped by its method tables, or CONNECTION is not watched. The hook then ends in a jump
 * to it, and this is all that such a call pays. NULL: hook_call_begin() knows.
 */
static inline void *hook_call_past(enum hook_id hook, const void *site, const void *connection)
{
	struct callee c;

	return caller_recall(hook, site, &c) && (c.tapped || is_unwatched(connection)) ? c.real
										       : NULL;
}

/* The first lines of a hook: its call is C from here on. */
#define HOOK_CALL(name, connection)                                                     \
	struct hook_call c;                                                             \
	if (!hook_call_begin(&c, HOOK_##name, __builtin_return_address(0), connection)) \
	return FAILURE_##name

/* The same of a hook that sees bytes; after CONNECTION come its other parameters. */
#define HOOK_CALL_BYTES(name, connection, ...)                                             \
	void *past = hook_call_past(HOOK_##name, __builtin_return_address(0), connection); \
	if (past)                                                                          \
		return ((name##_fn)past)(connection, __VA_ARGS__);                         \
	HOOK_CALL(name, connection)

/* Of HOOK on CONNECTION, which returns to SITE. False: there is no original to call. */
bool hook_call_begin(struct hook_call *c, enum hook_id hook, const void *site,
		     const void *connection);
void hook_call_end(const struct hook_call *c); /* the original has returned */

/* C frees CONNECTION: no other call on it is going on, whatever was jumped out of. */
void hook_call_forget(struct hook_call *c, const void *connection);

/* Has a call on CONNECTION that is tapped here not returned yet? */
bool hook_call_is_open(const void *connection);

#endif
