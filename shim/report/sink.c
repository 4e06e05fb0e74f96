/* SPDX-License-Identifier: MIT */
#include "report/sink.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/direct.h"
#include "base/early.h"
#include "report/sink_file.h"

enum {
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

/* Descriptor 2 when the process began; 0, 0: there was none. */
static unsigned long long stderr_device EARLY, stderr_inode EARLY;
static bool stderr_is_known EARLY;

EARLY_CODE void sink_remember_stderr(void)
{
	struct stat st = { 0 };

	direct_fstat(STDERR_FILENO, &st);
	stderr_device = (unsigned long long)st.st_dev;
	stderr_inode = (unsigned long long)st.st_ino;
	stderr_is_known = true;
}

void sink_init_stderr(struct sink *s)
{
	sink_init_fd(s, STDERR_FILENO);
	s->known = stderr_is_known;
	s->device = stderr_device;
	s->inode = stderr_inode;
}

void sink_init_none(struct sink *s)
{
	*s = (struct sink){ .fd = -1, .failed = true };
}

static void give_up(struct sink *s)
{
	sink_close(s);
	s->failed = true;
}

static bool is_without_size_limit(void)
{
	struct rlimit size;

	return getrlimit(RLIMIT_FSIZE, &size) == 0 && size.rlim_cur == RLIM_INFINITY;
}

/* A regular file has no reader to lose, and without a size limit none is overstepped. */
static bool is_harmless(const struct sink *s)
{
	return s->regular && (s->locked_in ? s->unlimited : is_without_size_limit());
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
	sigprocmask(SIG_BLOCK, &ours, &before);

	long n = syscall(SYS_write, fd, line.p, line.n);
	int error = errno;

	if (n < 0 && (error == EPIPE || error == EFBIG))
		syscall(SYS_rt_sigtimedwait, &ours, NULL, &at_once, KERNEL_SIGSET_SIZE);
	sigprocmask(SIG_SETMASK, &before, NULL);
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
	return error == EAGAIN || error == EINTR || error == ENOSPC || error == EDQUOT ||
	       error == EMFILE || error == ENFILE || error == ENOMEM;
}

/* A borrowed descriptor may block: a parent that never reads would stop the host. */
static bool takes_bytes_now(int fd)
{
	static const struct timespec at_once = { 0, 0 };
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	errno = EAGAIN;
	return syscall(SYS_ppoll, &p, 1, &at_once, NULL, KERNEL_SIGSET_SIZE) != 0;
}

/* In pieces of PIPE_BUF, which a pipe that is ready takes whole (pipe(7)). */
static bool lend_line(struct sink *s, struct slice line)
{
	if (s->known && !sink_file_is_ours(s)) {
		errno = EBADF; /* closed by the host, the number belongs to something else */
		return false;
	}
	if (s->torn && (!takes_bytes_now(s->fd) || write_out(s, SLICE("\n")) != 1))
		return false;
	s->torn = false;
	while (line.n) {
		size_t piece = line.n < PIPE_BUF ? line.n : PIPE_BUF;
		if (!takes_bytes_now(s->fd))
			return false;
		long n = write_out(s, (struct slice){ line.p, piece });
		if (n <= 0)
			return false;
		s->torn = line.p[n - 1] != '\n';
		line = slice_from(line, (size_t)n);
	}
	return true;
}

/* False and errno: LINE is lost. */
static bool write_line(struct sink *s, struct slice line)
{
	sink_file_ready(s, line.n);
	if (s->fd < 0)
		return false;
	if (s->torn && write_out(s, SLICE("\n")) != 1)
		return false;
	s->torn = false;

	long n = write_out(s, line);
	s->torn = n > 0 && n < (long)line.n;
	if (s->torn)
		errno = s->regular ? ENOSPC : EAGAIN;
	return n == (long)line.n;
}

void sink_open(struct sink *s)
{
	int before = errno;

	if (!s->failed && s->fd < 0 && !s->borrowed) {
		sink_file_ready(s, 0);
		if (s->fd < 0 && !is_passing(errno)) {
			s->error = errno;
			give_up(s);
		}
	}
	errno = before;
}

void sink_lock_in(struct sink *s)
{
	sink_open(s);
	s->unlimited = is_without_size_limit();
	s->locked_in = true;
}

bool sink_write(struct sink *s, struct slice line)
{
	if (s->failed || line.n == 0)
		return false;

	int before = errno;
	bool written = s->borrowed ? lend_line(s, line) : write_line(s, line);

	if (!written) {
		s->lost++;
		s->error = errno;
		if (!is_passing(errno))
			give_up(s);
	}
	errno = before;
	return written;
}

void sink_close(struct sink *s)
{
	int before = errno;

	sink_file_close(s);
	s->fd = -1;
	free(s->name);
	s->name = NULL;
	errno = before;
}

void sink_after_fork(struct sink *s)
{
	if (s->path && strstr(s->path, "%p"))
		sink_close(s);
}
