/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_OWN_LOCK_H
#define ORSHIM_OWN_LOCK_H

/*
 * A lock that is only tried, and that belongs to a process: a child of fork()
 * has no other thread, so one that was held by another thread of the parent is
 * free there, whether fork handlers ran or not. All zero: free.
 */
#include <stdatomic.h>

struct own_lock {
	atomic_int holder; /* the process whose thread has it; 0: none */
};

enum own_lock_result {
	OWN_LOCK_BUSY, /* another thread has it */
	OWN_LOCK_TAKEN,
	OWN_LOCK_LEFT, /* taken; who had it before is not in this process: its work may be half done */
};

enum own_lock_result own_lock_try(struct own_lock *lock);
void own_lock_release(struct own_lock *lock); /* by who has it, or by the child of its fork() */

#endif
