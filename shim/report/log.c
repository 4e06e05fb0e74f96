/* SPDX-License-Identifier: MIT */
#include "report/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	PATH_SIZE = 4096,
	/* Daemons and shells close low descriptors, or expect the lowest free one. */
	FD_FLOOR = 200,
	KERNEL_SIGSET_SIZE = 8, /* the kernel's sigset_t, smaller than libc's */
};

void sink_init_file(struct sink *s, const char *path)
{
	*s = (struct sink){ .fd = -1, .path = path };
}

void sink_init_new_file(struct sink *s, const char *path)
{
	*s = (struct sink){ .fd = -1, .path = path, .fresh = true };
}

void sink_init_fd(struct sink *s, int fd)
{
	*s = (struct sink){ .fd = fd, .borrowed = true };
}

void sink_init_none(struct sink *s)
{
	*s = (struct sink){ .fd = -1, .failed = true };
}

static void fall_silent(struct sink *s)
{
	sink_close(s);
	s->failed = true;
}

/* PATH with %p as the process id; false if it does not fit. */
static bool expand_path(const char *path, int pid, char out[PATH_SIZE])
{
	size_t n = 0;

	for (const char *p = path; *p; p++) {
		int took = 1;
		if (p[0] == '%' && p[1] == 'p') {
			took = snprintf(out + n, PATH_SIZE - n, "%d", pid);
			p++;
		} else if (n < PATH_SIZE) {
			out[n] = *p;
		}
		n += (size_t)took;
		if (n >= PATH_SIZE)
			return false;
	}
	out[n] = '\0';
	return n > 0;
}

/* Lines may go to a regular file, to /dev/null and the like, or to a pipe that somebody reads. */
static bool is_writable_kind(int fd, struct stat *st)
{
	if (fstat(fd, st) != 0)
		return false;
	return S_ISREG(st->st_mode) || S_ISCHR(st->st_mode) || S_ISFIFO(st->st_mode);
}

/*
 * The system calls are made directly: open() and write() of libc are points
 * where a thread of the host may be cancelled, and may be hooked by others.
 * O_NONBLOCK so that a FIFO without a reader, or a slow one, never stops the host.
 */
static void open_file(struct sink *s)
{
	char path[PATH_SIZE];
	struct stat st;

	s->pid = (int)getpid();
	if (!expand_path(s->path, s->pid, path)) {
		fall_silent(s);
		return;
	}
	long fd =
	    syscall(SYS_openat, AT_FDCWD, path,
		    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
			(s->fresh ? O_EXCL : 0),
		    0600);
	if (fd < 0) {
		fall_silent(s);
		return;
	}
	long high = syscall(SYS_fcntl, (int)fd, F_DUPFD_CLOEXEC, FD_FLOOR);
	if (high >= 0)
		syscall(SYS_close, (int)fd);
	else
		high = fd; /* few descriptors allowed: the low one will do */
	s->fd = (int)high;
	if (!is_writable_kind(s->fd, &st)) {
		fall_silent(s);
		return;
	}
	s->regular = S_ISREG(st.st_mode);
	s->device = (unsigned long long)st.st_dev;
	s->inode = (unsigned long long)st.st_ino;
}

/* Still the file that we opened? A host may have closed it and got its number again. */
static bool is_still_ours(const struct sink *s)
{
	struct stat st;

	return fstat(s->fd, &st) == 0 && (unsigned long long)st.st_dev == s->device &&
	       (unsigned long long)st.st_ino == s->inode;
}

/* A regular file has no reader to lose, and without a size limit none is overstepped. */
static bool is_harmless(const struct sink *s)
{
	struct rlimit size;

	return s->regular && getrlimit(RLIMIT_FSIZE, &size) == 0 && size.rlim_cur == RLIM_INFINITY;
}

/*
 * write(2) that cannot raise SIGPIPE (stderr is a pipe without a reader) or
 * SIGXFSZ (file size limit) in the host: both go to the writing thread, so
 * they are blocked here and taken away if this write made them pending.
 */
static long write_quietly(int fd, struct slice line)
{
	static const struct timespec at_once = { 0, 0 };
	sigset_t ours, before, pending;

	sigemptyset(&ours);
	sigaddset(&ours, SIGPIPE);
	sigaddset(&ours, SIGXFSZ);
	sigpending(&pending);
	if (sigismember(&pending, SIGPIPE) == 1)
		sigdelset(&ours, SIGPIPE);
	if (sigismember(&pending, SIGXFSZ) == 1)
		sigdelset(&ours, SIGXFSZ);
	pthread_sigmask(SIG_BLOCK, &ours, &before);

	long n = syscall(SYS_write, fd, line.p, line.n);
	int error = errno;

	if (n < 0 && (error == EPIPE || error == EFBIG))
		syscall(SYS_rt_sigtimedwait, &ours, NULL, &at_once, KERNEL_SIGSET_SIZE);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return n;
}

static long write_out(const struct sink *s, struct slice line)
{
	return is_harmless(s) ? syscall(SYS_write, s->fd, line.p, line.n)
			      : write_quietly(s->fd, line);
}

/* Trouble that passes: the line is lost, the next may go through. */
static bool is_passing(int error)
{
	return error == EAGAIN || error == EINTR || error == ENOSPC || error == EDQUOT;
}

/* A borrowed descriptor may block: a parent that never reads would stop the host. */
static bool takes_bytes_now(int fd)
{
	static const struct timespec at_once = { 0, 0 };
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return syscall(SYS_ppoll, &p, 1, &at_once, NULL, KERNEL_SIGSET_SIZE) != 0;
}

static bool write_line(struct sink *s, struct slice line)
{
	if (!s->borrowed && s->fd >= 0 && !is_still_ours(s))
		s->fd = -1; /* not ours to close any more */
	if (s->fd < 0)
		open_file(s);
	if (s->fd < 0 || (s->borrowed && !takes_bytes_now(s->fd)))
		return false;
	if (s->torn && write_out(s, SLICE("\n")) != 1)
		return false;
	s->torn = false;

	long n = write_out(s, line);
	if (n < 0 && !is_passing(errno))
		fall_silent(s);
	s->torn = n > 0 && n < (long)line.n;
	return n == (long)line.n;
}

void sink_open(struct sink *s)
{
	int before = errno;

	if (!s->failed && s->fd < 0)
		open_file(s);
	errno = before;
}

bool sink_write(struct sink *s, struct slice line)
{
	if (s->failed || line.n == 0)
		return false;

	int before = errno;
	bool written = write_line(s, line);

	if (!written)
		s->lost++;
	errno = before;
	return written;
}

void sink_close(struct sink *s)
{
	int before = errno;

	if (s->fd >= 0 && !s->borrowed && is_still_ours(s))
		syscall(SYS_close, s->fd);
	s->fd = -1;
	errno = before;
}

void sink_after_fork(struct sink *s)
{
	if (s->path && strstr(s->path, "%p"))
		sink_close(s);
}
