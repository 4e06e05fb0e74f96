/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SAFE_WAIT_H
#define ORSHIM_SAFE_WAIT_H

/*
 * Finds out which threads of a process wait, in which system call, and whether
 * a call may be made on one of them. Reads /proc, so no thread is stopped.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

enum { SYSCALL_BYTES = 2 }; /* bytes of `syscall` */

struct safe_wait {
	pid_t tid;
	long call;    /* number of the system call in which it waits */
	bool forever; /* without a timeout */
};

/*
 * Choose a waiting thread of PID that may be borrowed, another one with each
 * call. Threads whose wait a stop would shorten are chosen only later:
 * PASSED_MS is the time since the search began.
 */
bool safe_wait_find(pid_t pid, int64_t passed_ms, struct safe_wait *r);

/*
 * The thread is stopped with REGS: is it still in that call, and not in a
 * signal handler (recognised by its return address RESTORER)?
 */
bool safe_wait_is_unchanged(const struct safe_wait *r, pid_t pid,
			    const struct user_regs_struct *regs, uint64_t restorer);

/* Would the kernel restart the call, or continue it with the rest of its timeout? */
bool safe_wait_restarts(const struct user_regs_struct *regs);
bool safe_wait_has_timeout(const struct user_regs_struct *regs);

#endif
