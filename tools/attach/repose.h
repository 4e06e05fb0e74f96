/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REPOSE_H
#define ORSHIM_REPOSE_H

/*
 * Which threads of a process wait, in what, and whether a call may be made in
 * their place: /proc tells it without stopping any.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

enum { REPOSE_INSTRUCTION = 2 }; /* bytes of `syscall` */

struct repose {
	pid_t tid;
	long call;    /* number of the system call it waits in */
	bool forever; /* without a limit of time */
};

/*
 * A thread of PID that waits where it may be borrowed, another one with each
 * call. Those whose wait a stop would shorten are taken only after a while:
 * PASSED_MS since the search began.
 */
bool repose_find(pid_t pid, int64_t passed_ms, struct repose *r);

/*
 * Now that it is stopped with REGS: is it still in that call, and in no
 * signal handler (whose way back is RESTORER)?
 */
bool repose_holds(const struct repose *r, pid_t pid, const struct user_regs_struct *regs,
		  uint64_t restorer);

/* Would the kernel make the call anew, or go on with what is left of its time? */
bool repose_restarts(const struct user_regs_struct *regs);
bool repose_has_clock(const struct user_regs_struct *regs);

#endif
