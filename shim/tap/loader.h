/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOADER_H
#define ORSHIM_LOADER_H

/*
 * Guards our calls into the loader against fork(). If another thread is inside
 * dl_iterate_phdr() at a fork(), glibc leaves the lock of its list of objects taken in
 * the child, which then waits for ever as soon as it loads or looks up anything. So
 * fork() waits until none of our threads is inside the loader.
 */
enum loader_part {
	LOADER_LIST,    /* dl_iterate_phdr(): never waits for a thread that runs the host's code */
	LOADER_LIBRARY, /* dlopen() and the like: may wait for a constructor that runs in dlopen() */
};

void loader_enter(enum loader_part part); /* may be nested */
void loader_leave(void);

/* dlopen() of a loaded object by name: it stays loaded until loader_unpin(). NULL: not loaded. */
void *loader_pin(const char *name);
void loader_unpin(void *handle); /* NULL: nothing is done */

/* dlsym(), or dlvsym() with VERSION (NULL: none). Leaves the host no message for dlerror(). */
void *loader_symbol(void *handle, const char *name, const char *version);

/*
 * Waits LIMIT_SCAN_WAIT_US at most for threads in LOADER_LIST, and LIMIT_LOADER_WAIT_US
 * for the others: they may be waiting for a lock that the forking thread has.
 */
void loader_before_fork(void);
void loader_after_fork_in_parent(void);
void loader_after_fork_in_child(void);

#endif
