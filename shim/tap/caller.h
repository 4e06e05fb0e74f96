/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CALLER_H
#define ORSHIM_CALLER_H

/*
 * Finds the original of an exported function of ours: the function that the call would
 * have reached without us. That depends on the calling object, because each object of
 * the process may use another TLS library.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

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

/* The cached result of caller_resolve() for the return address SITE. False: none yet. */
bool caller_recall(enum hook_id hook, const void *site, struct callee *found);

/* SITE is the return address of the call. False: there is no original. After scan_objects(). */
bool caller_resolve(enum hook_id hook, const void *site, struct callee *found);

void caller_forget_all(void); /* objects were unloaded, or TLS libraries found */

#endif
