/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PASSAGE_H
#define ORSHIM_PASSAGE_H

/*
 * The way of a host's thread through our code. Inside it keeps its errno,
 * cannot be cancelled, and whatever hook of ours it meets passes straight
 * through.
 */
#include <stdbool.h>
#include <stdint.h>

struct passage {
	uint64_t saved_signals; /* with signals_wait */
	bool signals_wait;
	int saved_errno;
	int saved_cancel;
	unsigned turn; /* how often the shim had been detached */
};

/* False: this thread is inside already, or the shim is off. Then do nothing at all. */
bool passage_enter(struct passage *p);
void passage_leave(const struct passage *p);

bool passage_is_inside(void);

/*
 * True: the shim was detached since P was entered. What this thread brings is
 * of a time that we have forgotten: bytes after it went by unseen.
 */
bool passage_is_stale(const struct passage *p);

/*
 * From here on signals wait until their thread leaves, but for those that
 * report a fault of the thread itself: a handler that never returns would
 * leave our locks, and malloc's, held for ever. Only for programs that can
 * jump out of one (siglongjmp), because it costs two system calls.
 */
void passage_expect_jumps(void);

/* For good: our state cannot be trusted any more (forked in the middle of it). */
void passage_turn_off(void);

/* Detached: nobody enters until passage_wake(), which is false after passage_turn_off(). */
void passage_rest(void);
bool passage_wake(void);

#endif
