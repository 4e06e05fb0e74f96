/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_GLIBC_H
#define ORSHIM_GLIBC_H

/*
 * What glibc has and musl has not, as weak names: with a strong one missing
 * musl's loader ends a program that has us in LD_PRELOAD. In such a process
 * they are NULL, and the constructor turns the shim off before any is called.
 */
#include <stdbool.h>
#include <stddef.h>

extern const char *gnu_get_libc_version(void) __attribute__((weak));
extern const char *strerrordesc_np(int number) __attribute__((weak));
extern void *dlvsym(void *handle, const char *name, const char *version) __attribute__((weak));

/* pthread_atfork(3) is this, in a part of glibc that is linked in and wants a strong one. */
extern int __register_atfork(void (*before)(void), void (*parent)(void), void (*child)(void),
			     void *object) __attribute__((weak));

static inline bool is_glibc(void)
{
	return gnu_get_libc_version != NULL;
}

#endif
