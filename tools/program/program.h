/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PROGRAM_H
#define ORSHIM_PROGRAM_H

/*
 * The program behind a tool's name: where it is, and whether a preloaded
 * library would get into it.
 */
#include <limits.h>
#include <stdbool.h>

enum program_fault {
	PROGRAM_FINE,
	PROGRAM_NOT_FOUND,
	PROGRAM_NOT_EXECUTABLE,
};

struct program {
	char path[PATH_MAX];	    /* of the tool */
	char interpreter[PATH_MAX]; /* what really runs: the same, or the program of its #! line */
	const char *no_preload;	    /* why a preloaded library does not get in; NULL: it does */
	bool gains_rights;	    /* that is why: a filter of system calls would take them away */
	bool is_foreign;	    /* built for another machine */
};

/* Look for NAME like execvp(3). */
enum program_fault program_find(struct program *p, const char *name);

/* The library: ORSHIM_LIB, beside this executable, ../lib, installed. Dies without one. */
void library_find(char path[PATH_MAX]);

#endif
