/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FORKS_H
#define ORSHIM_FORKS_H

/*
 * Handlers of fork(): they take every lock of ours before it and release them after
 * it, so that the child has consistent data and free locks.
 */

/*
 * Register the handlers, once. Called before a thread can take a lock of ours, not in
 * the constructor: a process without TLS that makes no connection need not pay for it.
 */
void forks_expect(void);

#endif
