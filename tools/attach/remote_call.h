/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REMOTE_CALL_H
#define ORSHIM_REMOTE_CALL_H

/*
 * One thread of another process, borrowed with ptrace(2) for the length of a
 * call of a function. Only a thread is taken that waits in a system call in
 * which neither the allocator nor the loader ever waits: it holds none of
 * their locks. The others run on, so whoever holds one lets go of it.
 *
 * The call is made as the kernel makes a signal handler's: below the red zone,
 * with a signal frame to return to. Should we be killed in the middle, the
 * thread finds its way back by itself. Otherwise it gets back each register,
 * its signal mask and its wait, which goes on where it was.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

enum { REMOTE_CALL_XSTATE_MAX = 16384, REMOTE_CALL_ARGUMENTS = 6 };

struct remote_thread {
	pid_t pid, tid;
	uint64_t restorer; /* its libc's return from a signal handler */
	struct user_regs_struct regs;
	unsigned char xstate[REMOTE_CALL_XSTATE_MAX];
	size_t xstate_size;
	uint64_t mask;
	bool forever;  /* the wait has no end of its own */
	uint64_t last; /* what the last system call of the function returned */
	pid_t created; /* the thread that the function made; 0: none */
};

enum remote_call_result {
	REMOTE_CALL_READY,
	REMOTE_CALL_NO_THREAD,   /* no thread came to rest in time */
	REMOTE_CALL_REFUSED,     /* ptrace(2) failed: errno */
	REMOTE_CALL_INTERRUPTED, /* *STOP became true */
};

/* Take a thread of PID within TIMEOUT_MS. RESTORER is set by the caller in B. */
enum remote_call_result remote_call_begin(struct remote_thread *thread, pid_t pid, long timeout_ms,
					  const volatile bool *stop);

/*
 * Have the thread call FUNCTION, on its own stack or, with STACK, below that.
 * False: it did not come to its end, and everything is as before the call; or,
 * with tid 0 in B, it has not come to its end yet and was let go in it.
 */
bool remote_call(struct remote_thread *thread, uint64_t function,
		 const uint64_t arguments[REMOTE_CALL_ARGUMENTS], uint64_t stack);

/* Write into pages that the thread itself cannot write. */
bool remote_call_poke(struct remote_thread *thread, uint64_t to, const unsigned char *bytes,
		      size_t n);

/* Let it go, as it was. */
void remote_call_end(struct remote_thread *thread);

#endif
