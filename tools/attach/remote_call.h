/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REMOTE_CALL_H
#define ORSHIM_REMOTE_CALL_H

/*
 * Borrows one thread of another process with ptrace(2) to call one function.
 * Only a thread that waits in a system call which neither the allocator nor the
 * loader uses is taken, so it owns none of their locks. The other threads keep
 * running and release the locks that they own.
 *
 * The call is made as the kernel calls a signal handler: below the red zone,
 * with a signal frame to return to. If we are killed in the middle, the thread
 * returns by that frame. Otherwise we restore every register, the signal mask
 * and the wait, which continues where it was.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tools/attach/registers.h"
#include "tools/attach/safe_wait.h"

struct remote_thread {
	pid_t pid, tid;
	uint64_t restorer; /* its libc's return from a signal handler */
	struct registers regs;
	uint64_t mask;
	struct safe_wait wait;
	uint64_t last; /* what the last system call of the function returned */
	pid_t created; /* the thread that the function made; 0: none */
};

enum remote_call_result {
	REMOTE_CALL_READY,
	REMOTE_CALL_NO_THREAD,   /* no thread reached a suitable wait in time */
	REMOTE_CALL_REFUSED,     /* ptrace(2) failed: errno */
	REMOTE_CALL_INTERRUPTED, /* *STOP became true */
};

/* Borrow a thread of PID within TIMEOUT_MS. The caller sets RESTORER in B. */
enum remote_call_result remote_call_begin(struct remote_thread *thread, pid_t pid, long timeout_ms,
					  const volatile bool *stop);

/*
 * Have the thread call FUNCTION, on its own stack or, with STACK, below that
 * address. False: the call did not finish. Then everything is as before the
 * call; or, with tid 0 in B, the thread was released while still in it.
 */
bool remote_call(struct remote_thread *thread, uint64_t function,
		 const uint64_t arguments[REGISTERS_ARGUMENTS], uint64_t stack);

/* Write into pages that the thread itself cannot write. */
bool remote_call_poke(struct remote_thread *thread, uint64_t to, const unsigned char *bytes,
		      size_t n);

/* Release the thread in the state in which it was taken. */
void remote_call_end(struct remote_thread *thread);

#endif
