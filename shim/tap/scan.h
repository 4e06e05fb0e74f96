/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SCAN_H
#define ORSHIM_SCAN_H

/*
 * Finds the TLS libraries of this process and taps them. It recognises a library by
 * the symbols that an object exports, whatever its file is called, or by what is
 * embedded in the object (embedded_tls.h).
 */
#include <stdbool.h>

/*
 * Scan the exports of all objects, unless nothing was loaded since the last scan.
 * Waits for a scan of another thread (LIMIT_SCAN_WAIT_US).
 */
void scan_objects(void);

/*
 * A call of FUNCTION, which a TLS library exports, came by way of ours, and not from
 * the library itself: a library that is called by pointers is seen after all.
 */
void scan_reached(const void *function);

/*
 * scan_embedded() searches the objects that may embed a TLS library, each of them
 * once: the executable alone, or ALL of them, which is to be done before a connection.
 * The first search may take a while: it reads hundreds of megabytes. scan_has_news():
 * is there an object that was not searched yet?
 */
void scan_embedded(bool all);
bool scan_has_news(void);

/* The same, for the last time: seccomp filters will kill a process that opens a file. */
void scan_before_sandbox(void);

/*
 * Restore every method table; put our functions in again. Not to be called from a
 * constructor. Enabling also looks for new TLS libraries. False: another thread's
 * search did not end in time; nothing was changed.
 */
bool scan_disable(void);
bool scan_enable(void);

/* We were loaded into a running program: its calls do not reach our exported functions. */
void scan_set_late_attach(void);

void scan_before_fork(void);
void scan_after_fork(void); /* by the same thread, and by it in the child */

#endif
