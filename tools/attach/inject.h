/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_INJECT_H
#define ORSHIM_INJECT_H

/*
 * Puts an attach request (base/attach_proto.h) into a process and has it
 * carried out there by a new thread. No thread of the program waits for the
 * loader, and if a lock is taken the new thread waits for it like any other.
 *
 * We do not use a debugger for this. gdb stops every thread wherever it is and
 * calls dlopen() in one of them. That hangs for ever when this thread, or one
 * that stays stopped, is in the allocator. gdb also writes breakpoints into the
 * loader, which kill the process when gdb is killed, and it reads the symbols
 * of a program of a hundred megabytes meanwhile.
 */
#include <stdbool.h>
#include <stddef.h>

#include "tools/attach/target.h"

enum inject_result {
	INJECT_DONE,        /* MESSAGE is the answer */
	INJECT_REFUSED,     /* MESSAGE is the reason; the process is unchanged */
	INJECT_PENDING,     /* MESSAGE is the stage; the request may still be carried out */
	INJECT_INTERRUPTED, /* *STOP became true; the process is unchanged */
};

/* LIBRARY and SETTINGS are file names; "" with ATTACH_VERB_DETACH. */
enum inject_result inject(const struct target *t, enum attach_verb verb, const char *library,
			  const char *settings, const volatile bool *stop,
			  char message[ATTACH_MESSAGE]);

#endif
