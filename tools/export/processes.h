/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PROCESSES_H
#define ORSHIM_PROCESSES_H

/*
 * What a log tells once of a process, for its exchanges: the last 16,384
 * processes or so, found by machine, process id and start.
 */
#include <stdint.h>

enum { PROCESS_TEXTS = 8 };

struct processes;

struct known_process {
	uint64_t name; /* name_of_process(); 0: an empty place */
	uint64_t used;
	char *texts[PROCESS_TEXTS]; /* NULL: not told */
};

struct processes *processes_new(void);
void processes_free(struct processes *p);

/* A number for a process; never 0. Texts are "" where the record has none. */
uint64_t name_of_process(const char *machine, int64_t pid, const char *start);

/* The process; NULL if nothing was told of it. */
const struct known_process *processes_find(struct processes *p, uint64_t name);

/* Its place with no text in it, in the stead of the one that was not used for longest. */
struct known_process *processes_anew(struct processes *p, uint64_t name);

#endif
