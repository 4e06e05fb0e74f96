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

/*
 * The settings are those of GIVEN (NAME=VALUE, each ended by NUL; copied) from
 * now on. -1 without memory or when they are too long: then nothing changed.
 * What environ_setting() gave before is gone: under the caller's lock.
 */
int environ_take_settings(struct slice given);

/* The copy's getenv(); NULL if unset. */
char *environ_setting(const char *name);

/*
 * *NOW_BLOCK becomes the NAME=VALUE entries, each ended by NUL, as they are now; as
 * they were at the start when they cannot be read. Borrowed until the next
 * call. True if they may differ from the last call's. One thread at a time.
 */
bool environ_now(struct slice *now_block);

/* From here on what was read last stays: a sandbox may end who reads memory by system calls. */
void environ_stop(void);

#endif
