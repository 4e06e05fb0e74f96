/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_OWN_LOCK_H
#define ORSHIM_OWN_LOCK_H

/*
 * A try-only lock that records its process. A child of fork() has only one thread, so
 * a lock that another thread of the parent had is free in the child, even if no fork
 * handler ran. All zero: free.
 */
#include <stdatomic.h>

struct own_lock {
	atomic_int holder; /* the process whose thread has it; 0: none */
};

enum own_lock_result {
	OWN_LOCK_BUSY, /* another thread has it */
	OWN_LOCK_TAKEN,
	OWN_LOCK_LEFT, /* taken; its last owner was a thread of the parent: work may be half done */
};

enum own_lock_result own_lock_try(struct own_lock *lock);
void own_lock_release(struct own_lock *lock); /* by the owner, or the child of its fork() */

#endif
