/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PROGRAM_H
#define ORSHIM_PROGRAM_H

/* Finds the program of a tool's name, and checks whether a library can be preloaded into it. */
#include <limits.h>
#include <stdbool.h>

enum program_fault {
	PROGRAM_FINE,
	PROGRAM_NOT_FOUND,
	PROGRAM_NOT_EXECUTABLE,
};

struct program {
	char path[PATH_MAX];	    /* of the tool */
	char interpreter[PATH_MAX]; /* what really runs: PATH, or the interpreter of #! */
	const char *no_preload;	    /* why a preloaded library is not loaded; NULL: it is */
	bool gains_rights;	    /* the reason: a seccomp filter would take them away */
	bool is_foreign;	    /* built for another machine */
};

/* Look up NAME like execvp(3). */
enum program_fault program_find(struct program *p, const char *name);

/* What to do about FAULT of NAME, behind a complaint; static, "" for nothing. */
const char *program_hint(const char *name, enum program_fault fault);

/*
 * Find the library: ORSHIM_LIB, beside this executable, ../lib, installed. Dies
 * if there is none.
 */
void library_find(char path[PATH_MAX]);

#endif
