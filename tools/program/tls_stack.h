/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_TLS_STACK_H
#define ORSHIM_TLS_STACK_H

/*
 * Lists the TLS libraries of a program from its file and the libraries that it
 * needs; nothing is run or loaded. Each finding comes with its evidence.
 */
#include <limits.h>
#include <stdbool.h>

#include "report/record.h"
#include "tools/program/elf.h"
#include "tools/program/rooted.h"

enum { STACKS_MAX = 8 };

struct tls_stack {
	const char *library;
	char object
	    [PATH_MAX]; /* the library that hides it; "": the program, or it has a file of its own */
	char version[32]; /* "" if unknown */
	char evidence[512];
	enum tap_kind tap;
	char reason[128]; /* why it cannot be tapped; "" if it can */
};

struct tls_survey {
	struct tls_stack found[STACKS_MAX];
	size_t count;
	char root[ROOT_SIZE];	  /* below which libraries are looked for; "": ours */
	const char *library_path; /* LD_LIBRARY_PATH; NULL: none */
	bool speaks_h2; /* has an HTTP/2 library, as far as can be seen */
	bool speaks_h3; /* has an HTTP/3 library: traffic over it is not observed */
};

/*
 * E is the program at PATH. Its libraries are those below ROOT ("/proc/PID/root";
 * "": our own), where PATH is, too, and of LIBRARY_PATH (LD_LIBRARY_PATH, or
 * NULL), which is to stay as long as S.
 */
void tls_survey(struct tls_survey *s, struct elf *e, const char *path, const char *root,
		const char *library_path);

/*
 * Libraries that PID, whose root folder is ROOT, has mapped, searched like those
 * that a program needs; also reports whether liborshim.so is among them.
 */
void tls_survey_process(struct tls_survey *s, int pid, const char *root, bool *has_shim);

/* The protocol that it will likely use with an API. */
const char *tls_http_guess(const struct tls_survey *s);

#endif
