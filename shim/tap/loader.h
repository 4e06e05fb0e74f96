/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOADER_H
#define ORSHIM_LOADER_H

/*
 * Around each call of ours into the loader. glibc leaves the lock of its list
 * of objects taken in the child of a fork() that met another thread in there
 * (dl_iterate_phdr()); the child then waits for ever as soon as it loads or
 * looks up anything. So a fork waits until none of our threads is in there.
 */
enum loader_part {
	LOADER_LIST,    /* dl_iterate_phdr(): waits for nobody who runs code of the host's */
	LOADER_LIBRARY, /* dlopen() and the like: may wait for a constructor that runs in dlopen() */
};

void loader_enter(enum loader_part part); /* may be nested */
void loader_leave(void);

/* dlopen() of a loaded object by its name, so that it stays until loader_unpin(); NULL: it is gone. */
void *loader_pin(const char *name);
void loader_unpin(void *handle); /* NULL: nothing is done */

/* dlsym(), or dlvsym() with VERSION (NULL: none). Leaves the host no message for dlerror(). */
void *loader_symbol(void *handle, const char *name, const char *version);

/*
 * Waits for those in the list LIMIT_SCAN_WAIT_US at most, and for the others
 * LIMIT_LOADER_WAIT_US: they may wait for a lock that the forking thread has.
 */
void loader_before_fork(void);
void loader_after_fork_in_parent(void);
void loader_after_fork_in_child(void);

#endif
