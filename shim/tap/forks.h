/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FORKS_H
#define ORSHIM_FORKS_H

/*
 * Handlers of fork(): every lock of ours is taken before it, so that the child
 * finds whole data under free locks.
 */

/*
 * Register the handlers, once. Before threads can hold locks of ours: processes
 * without TLS that make no connection are spared it.
 */
void forks_expect(void);

#endif
