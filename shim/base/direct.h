/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_DIRECT_H
#define ORSHIM_DIRECT_H

/*
 * System calls without libc. Another preloaded library may interpose libc's functions
 * (the fstat() of libfakeroot ends a process that has no FAKEROOTKEY), and several are
 * cancellation points of the host's threads. Each returns as the libc function of the
 * same name does: -1 and errno on error.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int direct_openat(int dir, const char *path, int flags, mode_t mode)
{
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

static inline int direct_open(const char *path, int flags, mode_t mode)
{
	return direct_openat(AT_FDCWD, path, flags, mode);
}

static inline int direct_close(int fd)
{
	return (int)syscall(SYS_close, fd);
}

/* Linux 5.9 has it; older headers of libc have no name for it. */
static inline int direct_close_range(unsigned first, unsigned last)
{
	return (int)syscall(__NR_close_range, first, last, 0);
}

static inline ssize_t direct_read(int fd, void *to, size_t n)
{
	return syscall(SYS_read, fd, to, n);
}

static inline ssize_t direct_pread(int fd, void *to, size_t n, off_t at)
{
	return syscall(SYS_pread64, fd, to, n, at);
}

static inline ssize_t direct_write(int fd, const void *from, size_t n)
{
	return syscall(SYS_write, fd, from, n);
}

/* The kernel's struct stat is glibc's on the 64-bit machines that we are built for. */
static inline int direct_fstat(int fd, struct stat *st)
{
	return (int)syscall(SYS_fstat, fd, st);
}

static inline int direct_stat(const char *path, struct stat *st)
{
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, st, 0);
}

static inline int direct_lstat(const char *path, struct stat *st)
{
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

static inline int direct_mkdir(const char *path, mode_t mode)
{
	return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

static inline int direct_unlink(const char *path)
{
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

static inline int direct_rename(const char *from, const char *to)
{
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

static inline int direct_access(const char *path, int mode)
{
	return (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

static inline ssize_t direct_readlink(const char *path, char *to, size_t n)
{
	return syscall(SYS_readlinkat, AT_FDCWD, path, to, n);
}

static inline pid_t direct_gettid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

static inline uid_t direct_geteuid(void)
{
	return (uid_t)syscall(SYS_geteuid);
}

#endif
