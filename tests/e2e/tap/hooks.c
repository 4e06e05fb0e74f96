/* SPDX-License-Identifier: MIT */
/*
 * Preloaded behind the shim: replaces libc's functions for files
 * and ends a process in which the shim calls one of them.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void look_at(const void *caller, const char *name)
{
	Dl_info info;

	if (!dladdr(caller, &info) || !info.dli_fname || !strstr(info.dli_fname, "liborshim"))
		return;
	dprintf(2, "the shim called %s()\n", name);
	_exit(97);
}

/* By another name in C: some of them are declared with any number of parameters. */
#define HOOK(returns, name, parameters, arguments)                                \
	returns hook_##name parameters __asm__(#name);                            \
	returns hook_##name parameters                                            \
	{                                                                         \
		look_at(__builtin_return_address(0), #name);                      \
		return ((returns(*) parameters)dlsym(RTLD_NEXT, #name))arguments; \
	}

HOOK(int, fstat, (int fd, struct stat *st), (fd, st))
HOOK(int, fstat64, (int fd, struct stat64 *st), (fd, st))
HOOK(int, stat, (const char *path, struct stat *st), (path, st))
HOOK(int, stat64, (const char *path, struct stat64 *st), (path, st))
HOOK(int, lstat, (const char *path, struct stat *st), (path, st))
HOOK(int, lstat64, (const char *path, struct stat64 *st), (path, st))
HOOK(int, open, (const char *path, int flags, mode_t mode), (path, flags, mode))
HOOK(int, open64, (const char *path, int flags, mode_t mode), (path, flags, mode))
HOOK(int, openat, (int dir, const char *path, int flags, mode_t mode), (dir, path, flags, mode))
HOOK(int, openat64, (int dir, const char *path, int flags, mode_t mode), (dir, path, flags, mode))
HOOK(int, close, (int fd), (fd))
HOOK(ssize_t, read, (int fd, void *to, size_t n), (fd, to, n))
HOOK(ssize_t, pread, (int fd, void *to, size_t n, off_t at), (fd, to, n, at))
HOOK(ssize_t, pread64, (int fd, void *to, size_t n, off64_t at), (fd, to, n, at))
HOOK(ssize_t, write, (int fd, const void *from, size_t n), (fd, from, n))
HOOK(int, unlink, (const char *path), (path))
HOOK(int, rename, (const char *from, const char *to), (from, to))
HOOK(int, mkdir, (const char *path, mode_t mode), (path, mode))
HOOK(int, access, (const char *path, int mode), (path, mode))
HOOK(ssize_t, readlink, (const char *path, char *to, size_t n), (path, to, n))
HOOK(uid_t, geteuid, (void), ())
