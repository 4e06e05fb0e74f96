/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_TARGET_H
#define ORSHIM_TARGET_H

/*
 * Would a program that is about to be executed load a preloaded library of
 * ours? Reads the head of its file; follows one "#!" line. When the file
 * cannot be read the answer is yes: the exec will say itself what is wrong.
 * Only stack memory, no locks.
 */
#include <stdbool.h>

#include "base/limits.h"

enum target_kind {
	TARGET_LOADS,
	TARGET_STATIC,     /* without a loader */
	TARGET_FOREIGN,    /* another architecture */
	TARGET_OTHER_LIBC, /* musl's loader */
	TARGET_PRIVILEGED, /* setuid, setgid or with file capabilities */
};

struct target {
	enum target_kind kind;
	bool is_script;     /* PATH is its interpreter */
	unsigned long size; /* of an ELF file, in bytes */
	char path
	    [LIMIT_PATH]; /* of the program; "" with TARGET_LOADS, or where only a descriptor is known */
};

/* Each fills T. */
void target_of(struct target *t, const char *path);
void target_in_path(struct target *t, const char *file); /* searched like execvp(3) */
void target_at(struct target *t, int dir,
	       const char *path); /* like execveat(2); "" with a descriptor */

#endif
