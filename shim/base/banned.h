/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_BANNED_H
#define ORSHIM_BANNED_H

/*
 * Forced into every file under shim/. What must not happen in somebody
 * else's process does not compile: ending it, writing to its streams, and
 * copies without a bound. The declaring headers come first, then the traps.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BANNED(name) sorry_##name##_is_banned_in_shim

#undef abort
#define abort() BANNED(abort)
#undef exit
#define exit(status) BANNED(exit)
#undef _exit
#define _exit(status) BANNED(_exit)
#undef assert
#define assert(condition) BANNED(assert)
#undef perror
#define perror(text) BANNED(perror)
#undef printf
#define printf(...) BANNED(printf)
#undef fprintf
#define fprintf(...) BANNED(fprintf)
#undef fopen
#define fopen(path, mode) BANNED(fopen)
#undef puts
#define puts(text) BANNED(puts)
#undef strcpy
#define strcpy(to, from) BANNED(strcpy)
#undef strcat
#define strcat(to, from) BANNED(strcat)
#undef sprintf
#define sprintf(...) BANNED(sprintf)
#undef strtok
#define strtok(...) BANNED(strtok)
#undef alloca
#define alloca(n) BANNED(alloca)

#endif
