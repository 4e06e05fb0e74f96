/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SAFE_WAIT_H
#define ORSHIM_SAFE_WAIT_H

/*
 * Finds out which threads of a process wait, in which system call, and which
 * of them may be borrowed. Reads /proc, so no thread is stopped.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { SAFE_WAIT_ARGUMENTS = 6 };

struct safe_wait {
	pid_t tid;
	long call; /* number of the system call in which it waits */
	uint64_t arguments[SAFE_WAIT_ARGUMENTS];
	bool forever; /* without a timeout */
};

/*
 * Choose a waiting thread of PID that may be borrowed, another one with each
 * call. Threads whose wait a stop would shorten are chosen only later:
 * PASSED_MS is the time since the search began.
 */
bool safe_wait_find(pid_t pid, int64_t passed_ms, struct safe_wait *r);

/* May a thread of PID be borrowed that waits in CALL with ARGUMENTS? Sets FOREVER. */
bool safe_wait_judge(pid_t pid, struct safe_wait *r);

#endif
