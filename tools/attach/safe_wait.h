/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SAFE_WAIT_H
#define ORSHIM_SAFE_WAIT_H

/*
 * Which threads of a process wait, in what, and whether a call may be made in
 * their place: /proc tells it without stopping any.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

enum { SYSCALL_BYTES = 2 }; /* bytes of `syscall` */

struct safe_wait {
	pid_t tid;
	long call;    /* number of the system call it waits in */
	bool forever; /* without a limit of time */
};

/*
 * A thread of PID that waits where it may be borrowed, another one with each
 * call. Those whose wait a stop would shorten are taken only after a while:
 * PASSED_MS since the search began.
 */
bool safe_wait_find(pid_t pid, int64_t passed_ms, struct safe_wait *r);

/*
 * Now that it is stopped with REGS: is it still in that call, and in no
 * signal handler (whose way back is RESTORER)?
 */
bool safe_wait_is_unchanged(const struct safe_wait *r, pid_t pid,
			    const struct user_regs_struct *regs, uint64_t restorer);

/* Would the kernel make the call anew, or go on with what is left of its time? */
bool safe_wait_restarts(const struct user_regs_struct *regs);
bool safe_wait_has_timeout(const struct user_regs_struct *regs);

#endif
