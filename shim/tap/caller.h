/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CALLER_H
#define ORSHIM_CALLER_H

/*
 * Where a call to an exported function of ours would have gone without us.
 * That depends on who calls: each object of the process may have a TLS
 * library of its own.
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
	bool tapped; /* its copy is tapped by the method tables */
};

/* What caller_resolve() found for the return address SITE before. False: nothing yet. */
bool caller_recall(enum hook_id hook, const void *site, struct callee *found);

/* SITE is the return address of the call. False: there is no original. After scan_objects(). */
bool caller_resolve(enum hook_id hook, const void *site, struct callee *found);

void caller_forget_all(void); /* objects were unloaded, or copies found */

#endif
