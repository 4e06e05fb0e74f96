/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SCAN_H
#define ORSHIM_SCAN_H

/*
 * Which TLS copies this process has, and how each is tapped: an object is one
 * by the symbols that it exports, whatever its file is called.
 */
#include <stdbool.h>

/* Look through all objects, unless nothing was loaded since the last time. */
void scan_objects(void);

/*
 * Put every method table back as it was, and our functions in again. By a
 * thread that is in no constructor. Waking looks for new copies as well.
 */
void scan_rest(void);
void scan_wake(void);

/* We were loaded into a running program: nothing exported by us is called. */
void scan_come_late(void);

/* Is FUNCTION part of a copy that is tapped by its method tables? */
bool scan_is_tapped(const void *function);

/* Is there a copy, and none that is tapped in any way? */
bool scan_is_blind(void);

/* Does anything loaded jump out of functions? _longjmp(), which OpenSSL calls, is not for handlers. */
void scan_for_jumps(void);

/* Is any copy tapped? Those that boringssl.h finds are not counted. */
bool scan_is_tapped_anywhere(void);

void scan_before_fork(void); /* pair with exactly one of the next two */
void scan_after_fork_in_parent(void);
void scan_after_fork_in_child(void);

#endif
