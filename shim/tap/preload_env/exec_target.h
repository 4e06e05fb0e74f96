/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EXEC_TARGET_H
#define ORSHIM_EXEC_TARGET_H

/*
 * Would a program that is about to be executed load our preloaded library? Reads the
 * head of its file and follows one "#!" line. If the file cannot be read the answer
 * is yes: then exec itself reports the error. Only stack memory, no locks.
 */
#include <stdbool.h>

#include "base/limits.h"

enum exec_target_kind {
	EXEC_LOADS,
	EXEC_STATIC,     /* without a loader */
	EXEC_FOREIGN,    /* another architecture */
	EXEC_OTHER_LIBC, /* neither glibc's loader nor musl's */
	EXEC_PRIVILEGED, /* setuid, setgid or with file capabilities */
	EXEC_HIDDEN,     /* decided by preload_env.c: the library is not there for it */
};

struct exec_target {
	enum exec_target_kind kind;
	bool is_script;     /* PATH is its interpreter */
	unsigned long size; /* of an ELF file, in bytes */
	char path
	    [LIMIT_PATH]; /* of the program; "" with EXEC_LOADS, or where only a descriptor is known */
};

/* Each fills T. */
void exec_target_of(struct exec_target *t, const char *path);
void exec_target_in_path(struct exec_target *t, const char *file); /* searched like execvp(3) */
void exec_target_at(struct exec_target *t, int dir,
		    const char *path); /* like execveat(2); "" with a descriptor */

#endif
