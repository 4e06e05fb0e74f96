/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SCAN_H
#define ORSHIM_SCAN_H

/*
 * Which TLS copies this process has, and how each is tapped: an object is one
 * by the symbols that it exports, whatever its file is called, or by what is
 * recognised inside it (embedded_tls.h).
 */
#include <stdbool.h>

/*
 * Look at what all objects export, unless nothing was loaded since the last
 * time. Waits for another thread that is at it (LIMIT_SCAN_WAIT_US).
 */
void scan_objects(void);

/*
 * Look into the objects that may hide a TLS library, each of them once: into
 * the executable, and into ALL, which is to come before a connection. Is there
 * anything that was not looked at yet? It may be a while: hundreds of
 * megabytes are read the first time.
 */
void scan_embedded(bool all);
bool scan_has_news(void);

/* The same, and for the last time: filters of system calls will end who opens a file. */
void scan_before_sandbox(void);

/*
 * Put every method table back as it was, and our functions in again. By a
 * thread that is in no constructor. Waking looks for new copies as well.
 * False: another thread's search did not end in time; nothing was changed.
 */
bool scan_disable(void);
bool scan_enable(void);

/* We were loaded into a running program: nothing exported by us is called. */
void scan_set_late_attach(void);

void scan_before_fork(void);
void scan_after_fork(void); /* by the same thread, and by it in the child */

#endif
