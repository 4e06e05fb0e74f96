/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HOOK_CALL_H
#define ORSHIM_HOOK_CALL_H

/*
 * One call of a hooked TLS function: its original, and whether this call is tapped
 * here. If the TLS library is tapped by its method tables, the call passes through.
 * A call that the library makes to its own exported function
 * (SSL_write_early_data() calls SSL_write_ex(), gnutls_record_uncork() calls
 * gnutls_record_send()) is not tapped a second time.
 */
#include "tap/caller.h"

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
	const void *outer; /* the connection of the call around this one; NULL: none */
	bool here;         /* this call is tapped here */
};

/* SCAN looks for TLS libraries; it is called before a caller's original is looked up. */
void hook_call_start(void (*scan)(void));

/* Of HOOK on CONNECTION, which returns to SITE. False: there is no original to call. */
bool hook_call_begin(struct hook_call *c, enum hook_id hook, const void *site,
		     const void *connection);
void hook_call_end(const struct hook_call *c); /* the original has returned */

#endif
