/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ENVIRON_H
#define ORSHIM_ENVIRON_H

/*
 * The process's environment: our own settings as they were at the start, and the live
 * variables, read safely even while another thread changes them.
 */
#include "base/slice.h"

/* In the constructor, with one thread: copies ORSHIM_* and a few variables that style the text. */
void environ_start(char *const *initial);

/*
 * Replace the settings by GIVEN (NAME=VALUE, each ended by NUL; copied). -1 without
 * memory or when they are too long: then nothing changed. Frees the strings that
 * environ_setting() returned before, so the caller must have its lock.
 */
int environ_take_settings(struct slice given);

/* As getenv(), from the copied settings; NULL if unset. */
char *environ_setting(const char *name);

/*
 * *NOW_BLOCK becomes the NAME=VALUE entries, each ended by NUL, as they are now; as
 * they were at the start when they cannot be read. Borrowed until the next
 * call. True if they may differ from the last call's. One thread at a time.
 */
bool environ_now(struct slice *now_block);

/* Never read again from here on: a sandbox may kill a process that calls process_vm_readv(2). */
void environ_stop(void);

#endif
