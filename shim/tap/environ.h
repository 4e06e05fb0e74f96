/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ENVIRON_H
#define ORSHIM_ENVIRON_H

/*
 * The process's environment: our own settings as they were at the start, and
 * the live variables, read so that a thread that changes them meanwhile can
 * do no harm.
 */
#include "base/slice.h"

/* In the constructor, while there is one thread: copies ORSHIM_* and a few the text's look depends on. */
void environ_start(char *const *initial);

/* The copy's getenv(); NULL if unset. */
char *environ_setting(const char *name);

/*
 * NAME=VALUE entries, each ended by NUL, as they are now; as they were at the
 * start when they cannot be read. Borrowed until the next call. One thread at
 * a time.
 */
struct slice environ_now(void);

#endif
