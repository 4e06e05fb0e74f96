/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PROCESSES_H
#define ORSHIM_PROCESSES_H

/*
 * Caches what a log records once for each process, for the exchanges of that
 * process: about the last 16,384 processes, by machine, process id and start.
 */
#include <stdint.h>

enum { PROCESS_TEXTS = 8 };

struct processes;

struct known_process {
	uint64_t name; /* name_of_process(); 0: the slot is free */
	uint64_t used;
	char *texts[PROCESS_TEXTS]; /* NULL: not recorded */
};

struct processes *processes_new(void);
void processes_free(struct processes *p);

/* A hash of the process; never 0. Texts are "" if the record lacks them. */
uint64_t name_of_process(const char *machine, int64_t pid, const char *start);

/* Find the process; NULL if it was not recorded. */
const struct known_process *processes_find(struct processes *p, uint64_t name);

/* A slot for the process, without texts; replaces the least recently used one. */
struct known_process *processes_anew(struct processes *p, uint64_t name);

#endif
