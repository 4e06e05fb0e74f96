/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_BANNED_H
#define ORSHIM_BANNED_H

/*
 * Included into every file under shim/ by the compiler's options. Makes calls that a
 * library must not make in the host's process fail to compile: ending the process,
 * writing to its streams, copying without a bound. The headers that declare these
 * functions come first, then the traps.
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
