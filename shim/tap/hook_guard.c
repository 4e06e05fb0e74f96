/* SPDX-License-Identifier: MIT */
#include "tap/hook_guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/early.h"

static _Thread_local bool inside;

enum { GUARD_ON, GUARD_DISABLED, GUARD_OFF };
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

bool hook_enter(struct hook_guard *g)
{
	/* Read the turn first: a thread that enters after a detach then has a later turn, too. */
	g->turn = atomic_load_explicit(&turns, memory_order_acquire);
	if (inside || atomic_load_explicit(&off, memory_order_relaxed))
		return false;
	g->saved_errno = errno;
	g->signals_wait = atomic_load_explicit(&jumps, memory_order_relaxed);
	if (g->signals_wait)
		change_signals(SIG_BLOCK, &waiting, &g->saved_signals);
	inside = true;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &g->saved_cancel);
	return true;
}

void hook_leave(const struct hook_guard *g)
{
	int ignored;

	inside = false;
	pthread_setcancelstate(g->saved_cancel, &ignored);
	if (g->signals_wait)
		change_signals(SIG_SETMASK, &g->saved_signals, NULL);
	errno = g->saved_errno;
}

bool hook_is_inside(void)
{
	return inside;
}

bool hook_guard_is_stale(const struct hook_guard *g)
{
	return g->turn != atomic_load_explicit(&turns, memory_order_relaxed);
}

void hook_guard_block_signals(void)
{
	atomic_store_explicit(&jumps, true, memory_order_relaxed);
}

void hook_guard_turn_off(void)
{
	atomic_store_explicit(&off, GUARD_OFF, memory_order_relaxed);
}

void hook_guard_disable(void)
{
	int open = GUARD_ON;

	atomic_fetch_add(&turns, 1);
	atomic_compare_exchange_strong(&off, &open, GUARD_DISABLED);
}

bool hook_guard_enable(void)
{
	int resting = GUARD_DISABLED;

	return atomic_compare_exchange_strong(&off, &resting, GUARD_ON) || resting == GUARD_ON;
}
