/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_GLIBC_H
#define ORSHIM_GLIBC_H

/*
 * glibc functions, weak and by version, so that one build of the shim loads under
 * every glibc from 2.28 on and under musl. The linker binds a name to the newest
 * version on the build machine, so functions that have moved since 2.28 are declared
 * here with their oldest version. They are weak because before 2.34 they were in libdl
 * and libpthread, which not every process loads, and because musl lacks some of them:
 * the loader ends a program in which a strong symbol is missing. NULL where absent.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A sanitizer interposes some of these: its build uses the plain names, so it
 * sees the calls. A glibc before 2.34 has no later version to ask for.
 */
#if defined(ORSHIM_ANY_GLIBC) || !__GLIBC_PREREQ(2, 34)
#define OLDEST(name)
#elif defined(__x86_64__)
#define OLDEST(name) __asm__(".symver " #name ", " #name "@GLIBC_2.2.5");
#elif defined(__aarch64__)
#define OLDEST(name) __asm__(".symver " #name ", " #name "@GLIBC_2.17");
#endif

#pragma weak dlopen
#pragma weak dlsym
#pragma weak dlerror
#pragma weak pthread_once
#pragma weak pthread_mutex_trylock
OLDEST(dlopen)
OLDEST(dlsym)
OLDEST(dlerror)
OLDEST(dlvsym)
OLDEST(pthread_once)
OLDEST(pthread_mutex_trylock)

/* These exist in glibc only. */
extern const char *gnu_get_libc_version(void) __attribute__((weak));
extern void *dlvsym(void *handle, const char *name, const char *version) __attribute__((weak));

/* pthread_atfork(3) is this, in a part of glibc that is linked in and wants a strong one. */
extern int __register_atfork(void (*before)(void), void (*parent)(void), void (*child)(void),
			     void *object) __attribute__((weak));

static inline bool is_glibc(void)
{
	return gnu_get_libc_version != NULL;
}

/* NAME of this VERSION as dlvsym(3) finds it, of any with NULL or without versions. No dlerror(3) is left. */
static inline void *libc_symbol(void *handle, const char *name, const char *version)
{
	void *found = NULL;

	if (version && dlvsym)
		found = dlvsym(handle, name, version);
	else if (dlsym)
		found = dlsym(handle, name);
	if (!found && dlerror)
		dlerror();
	return found;
}

/* Of the loaded library FILE, which stays loaded until dlclose(); NULL: it is not. No dlerror(3) is left. */
static inline void *libc_hold(const char *file)
{
	void *handle = dlopen ? dlopen(file, RTLD_LAZY | RTLD_NOLOAD) : NULL;

	if (!handle && dlerror)
		dlerror();
	return handle;
}

/* A process without libpthread has one thread. */
static inline void libc_once(pthread_once_t *once, void (*call)(void))
{
	static const pthread_once_t begun = PTHREAD_ONCE_INIT + 1;

	if (pthread_once) {
		pthread_once(once, call);
	} else if (*once == PTHREAD_ONCE_INIT) {
		*once = begun;
		call();
	}
}

/* As pthread_mutex_trylock(3). In a process with one thread it always succeeds. */
static inline int libc_trylock(pthread_mutex_t *lock)
{
	return pthread_mutex_trylock ? pthread_mutex_trylock(lock) : pthread_mutex_lock(lock);
}

#endif
