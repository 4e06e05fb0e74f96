/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_INJECT_H
#define ORSHIM_INJECT_H

/*
 * Bring an order (base/attach_proto.h) into a process and have it carried out there
 * by a thread of its own: so nobody's work waits for the loader, and a lock
 * that somebody holds is waited for like by any thread.
 *
 * Own code rather than a debugger's: gdb stops every thread wherever it is
 * and calls dlopen() in one of them, which hangs for ever when that one, or
 * one that stays stopped, is in the allocator; it writes breakpoints into the
 * loader, which kill the process when gdb is killed; and it reads the symbols
 * of a program of a hundred megabytes meanwhile.
 */
#include <stdbool.h>
#include <stddef.h>

#include "tools/attach/target.h"

enum inject_result {
	INJECT_DONE,        /* MESSAGE is the answer */
	INJECT_REFUSED,     /* MESSAGE is why; the process is as it was */
	INJECT_PENDING,     /* MESSAGE is what it waits for: it may still be carried out */
	INJECT_INTERRUPTED, /* *STOP became true; the process is as it was */
};

/* LIBRARY and SETTINGS are files; "" with ATTACH_VERB_DETACH. */
enum inject_result inject(const struct target *t, enum attach_verb verb, const char *library,
			  const char *settings, const volatile bool *stop,
			  char message[ATTACH_MESSAGE]);

#endif
