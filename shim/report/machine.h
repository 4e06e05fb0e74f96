/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_MACHINE_H
#define ORSHIM_MACHINE_H

/*
 * On which machine a process runs, for its records in the logs of many machines.
 * Read by raw system calls when the first record is written, and before a sandbox is
 * closed; never when the process starts.
 */
#include "diagnose/environment.h"

enum {
	MACHINE_NAME = 64 + 1, /* ORSHIM_MACHINE */
	CONTAINER_NAME = 64 + 1,
	BOOT_NAME = 36 + 1,
	CI_NAME = 64 + 1,
	START_SIZE = 32, /* room for TIMESTAMP_SIZE */
};

/* Texts are "" where they are not known; nothing in them wants escaping. */
struct machine {
	int pid;               /* whose start it is; 0: nothing was read yet */
	bool known;            /* what does not change with a fork */
	char id[MACHINE_NAME]; /* ORSHIM_MACHINE, else machine_name() of the machine-id */
	char container[CONTAINER_NAME];
	char boot[BOOT_NAME];
	char ci[CI_NAME]; /* the run of the CI system, as its variable names it */
	char start[START_SIZE];
};

/*
 * Fill M for the process PID, at NOW_US of the clock since 1970. NAME is
 * ORSHIM_MACHINE, NULL if unset; ENV may be empty. Leaves errno alone. What was
 * read before is not read again.
 */
void machine_learn(struct machine *m, int pid, int64_t now_us, const char *name,
		   const struct environment *env);

/* The same where no file may be opened: the start is NOW_US, the rest what was read before. */
void machine_learn_blindly(struct machine *m, int pid, int64_t now_us);

/*
 * The first 12 hex digits of HMAC-SHA256 (RFC 2104) with the machine-id's text as
 * the key over "orshim": machine-id(5) asks that the id itself is not given away.
 */
void machine_name(struct slice machine_id, char out[MACHINE_NAME]);

/* 1 to 64 letters, digits, dots, underscores and hyphens */
bool machine_name_is_fit(const char *name);

/* The id of 64 hex digits in TEXT: behind MARK, or anywhere with "". Absent if there is none. */
struct slice machine_container(struct slice text, struct slice mark);

#endif
