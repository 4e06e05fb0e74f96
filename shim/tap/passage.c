/* SPDX-License-Identifier: MIT */
#include "tap/passage.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/early.h"

static _Thread_local bool inside;

enum { PASSAGE_OPEN, PASSAGE_RESTING, PASSAGE_OFF };
static atomic_int off EARLY;
static atomic_uint turns EARLY;
static atomic_bool jumps EARLY;

#define SIGNAL(n) (1ULL << ((n)-1)) /* as the kernel's sigset_t has it */

enum {
	GLIBC_CANCEL = 32, /* glibc's own: cancelling a thread, and set*id() of all of them */
	GLIBC_SETXID = 33,
};

static const uint64_t waiting =
    ~(SIGNAL(SIGSEGV) | SIGNAL(SIGBUS) | SIGNAL(SIGFPE) | SIGNAL(SIGILL) | SIGNAL(SIGTRAP) |
      SIGNAL(SIGABRT) | SIGNAL(SIGSYS) | SIGNAL(GLIBC_CANCEL) | SIGNAL(GLIBC_SETXID));

static void change_signals(int how, const uint64_t *set, uint64_t *before)
{
	syscall(SYS_rt_sigprocmask, how, set, before, sizeof(*set));
}

bool passage_enter(struct passage *p)
{
	/* The turn first: who is let in after a detach has a turn after it, too. */
	p->turn = atomic_load_explicit(&turns, memory_order_acquire);
	if (inside || atomic_load_explicit(&off, memory_order_relaxed))
		return false;
	p->saved_errno = errno;
	p->signals_wait = atomic_load_explicit(&jumps, memory_order_relaxed);
	if (p->signals_wait)
		change_signals(SIG_BLOCK, &waiting, &p->saved_signals);
	inside = true;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &p->saved_cancel);
	return true;
}

void passage_leave(const struct passage *p)
{
	int ignored;

	inside = false;
	pthread_setcancelstate(p->saved_cancel, &ignored);
	if (p->signals_wait)
		change_signals(SIG_SETMASK, &p->saved_signals, NULL);
	errno = p->saved_errno;
}

bool passage_is_inside(void)
{
	return inside;
}

bool passage_is_stale(const struct passage *p)
{
	return p->turn != atomic_load_explicit(&turns, memory_order_relaxed);
}

void passage_expect_jumps(void)
{
	atomic_store_explicit(&jumps, true, memory_order_relaxed);
}

void passage_turn_off(void)
{
	atomic_store_explicit(&off, PASSAGE_OFF, memory_order_relaxed);
}

void passage_rest(void)
{
	int open = PASSAGE_OPEN;

	atomic_fetch_add(&turns, 1);
	atomic_compare_exchange_strong(&off, &open, PASSAGE_RESTING);
}

bool passage_wake(void)
{
	int resting = PASSAGE_RESTING;

	return atomic_compare_exchange_strong(&off, &resting, PASSAGE_OPEN) ||
	       resting == PASSAGE_OPEN;
}
