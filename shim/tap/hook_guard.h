/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HOOK_GUARD_H
#define ORSHIM_HOOK_GUARD_H

/*
 * The way of a host's thread through our code. Inside it keeps its errno,
 * cannot be cancelled, and whatever hook of ours it meets passes straight
 * through.
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

/* False: this thread is inside already, or the shim is off. Then do nothing at all. */
bool hook_enter(struct hook_guard *g);
void hook_leave(const struct hook_guard *g);

bool hook_is_inside(void);

/*
 * True: the shim was detached since G was entered. What this thread brings is
 * of a time that we have forgotten: bytes after it went by unseen.
 */
bool hook_guard_is_stale(const struct hook_guard *g);

/*
 * From here on signals wait until their thread leaves, but for those that
 * report a fault of the thread itself: a handler that never returns would
 * leave our locks, and malloc's, held for ever. Only for programs that can
 * jump out of one (siglongjmp), because it costs two system calls.
 */
void hook_guard_block_signals(void);

/* For good: our state cannot be trusted any more (forked in the middle of it). */
void hook_guard_turn_off(void);

/* Detached: nobody enters until hook_guard_enable(), which is false after hook_guard_turn_off(). */
void hook_guard_disable(void);
bool hook_guard_enable(void);

#endif
