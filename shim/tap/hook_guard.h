/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HOOK_GUARD_H
#define ORSHIM_HOOK_GUARD_H

/*
 * Re-entrancy guard: every hook enters it before our code runs. It saves errno,
 * disables cancellation, and makes any hook that our own code calls pass straight
 * through to the original.
 */
#include <stdbool.h>
#include <stdint.h>

struct hook_guard {
	uint64_t saved_signals; /* with signals_wait */
	bool signals_wait;
	int saved_errno;
	int saved_cancel;
	unsigned turn; /* how often the shim had been detached */
};

/* False: this thread is inside the guard already, or the shim is off. Then do nothing at all. */
bool hook_enter(struct hook_guard *g);
void hook_leave(const struct hook_guard *g);

bool hook_is_inside(void);

/*
 * True: the shim was detached since this thread entered G. Drop what the thread
 * brings: its connection was forgotten, and later bytes may have gone by unseen.
 */
bool hook_guard_is_stale(const struct hook_guard *g);

/*
 * From here on hook_enter() blocks signals until the thread leaves, except those
 * that report a fault of the thread itself. A signal handler that never returns
 * would leave our locks, and malloc's, locked for ever. Only for programs that can
 * jump out of a handler (siglongjmp), because it costs two system calls.
 */
void hook_guard_block_signals(void);

/* For good: our state cannot be trusted any more (forked in the middle of it). */
void hook_guard_turn_off(void);

/* Detach: no thread enters until hook_guard_enable(), which fails after hook_guard_turn_off(). */
void hook_guard_disable(void);
bool hook_guard_enable(void);

#endif
