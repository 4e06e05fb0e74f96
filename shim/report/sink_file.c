/* SPDX-License-Identifier: MIT */
/*
 * System calls are made directly: open() of libc is a point where a thread of
 * the host may be cancelled, and may be hooked by others.
 */
#include "report/sink_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/direct.h"
#include "base/limits.h"
#include "report/sink_socket.h"

enum {
	/* Daemons and shells close low descriptors, or expect the lowest free one. */
	FD_FLOOR = 200,
	ROTATE_TRIES = 3, /* files that are looked at for room: others may fill them meanwhile */
};

/*
 * The path as it stays good when the host changes its folder, with %p as the
 * process id. The caller then owns it; NULL and errno if there is none.
 */
static char *expand_path(const char *path, int pid)
{
	char *out = malloc(LIMIT_PATH);
	size_t n = 0;

	if (out && path[0] != '/' && path[0]) {
		long got = syscall(SYS_getcwd, out, LIMIT_PATH); /* counts the NUL */
		n = got > 0 ? (size_t)got : LIMIT_PATH;
		if (n < LIMIT_PATH)
			out[n - 1] = '/';
	}
	for (const char *p = path; out && *p && n < LIMIT_PATH; p++) {
		size_t took = 1;
		if (p[0] == '%' && p[1] == 'p') {
			took = (size_t)snprintf(out + n, LIMIT_PATH - n, "%d", pid);
			p++;
		} else {
			out[n] = *p;
		}
		n += took;
	}
	if (!out || n >= LIMIT_PATH || !*path) {
		free(out);
		errno = !out ? ENOMEM : *path ? ENAMETOOLONG : ENOENT;
		return NULL;
	}
	out[n] = '\0';
	return out;
}

/*
 * Lines may go to a regular file, to /dev/null and the like, to a pipe that somebody
 * reads, or to the socket beside the file.
 */
static bool is_writable_kind(const struct stat *st)
{
	return S_ISREG(st->st_mode) || S_ISCHR(st->st_mode) || S_ISFIFO(st->st_mode) ||
	       S_ISSOCK(st->st_mode);
}

/*
 * O_NONBLOCK so that a FIFO without a reader, or a slow one, never stops the host.
 *
 * A symlink in the log's place is refused; another's file and a hard link are
 * not, for both have honest uses: a tool under sudo that writes into the log of
 * the user who called it, a log with a second name. The kernel prevents the dishonest
 * uses: a hard link to a file that one may not write (fs.protected_hardlinks), and a
 * file that somebody else puts into /tmp for us to write to (fs.protected_regular,
 * which needs the O_CREAT that we pass here). The lines contain no secret, so whoever
 * reads them gets no key.
 */
static int open_named(const char *name, int more)
{
	return (int)syscall(
	    SYS_openat, AT_FDCWD, name,
	    O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | more, 0600);
}

/* Out of the way of what a host does with low numbers; FD itself where few are allowed. */
static int move_up(int fd)
{
	long high = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, FD_FLOOR);

	if (high < 0)
		return fd;
	syscall(SYS_close, fd);
	return (int)high;
}

static bool is_same(const struct sink *s, const struct stat *st)
{
	return (unsigned long long)st->st_dev == s->device &&
	       (unsigned long long)st->st_ino == s->inode;
}

bool sink_file_is_ours(const struct sink *s)
{
	struct stat st;

	return direct_fstat(s->fd, &st) == 0 && is_same(s, &st);
}

void sink_file_close(const struct sink *s)
{
	if (s->fd >= 0 && !s->borrowed && sink_file_is_ours(s))
		syscall(SYS_close, s->fd);
}

/* Open S's file in the place of what was open; *ST is it. False and errno: all is as it was. */
static bool open_file(struct sink *s, struct stat *st)
{
	struct stat now;

	if (!s->name)
		s->name = expand_path(s->path, s->pid);
	if (!s->name)
		return false;
	int fd = open_named(s->name, O_CREAT | (s->fresh ? O_EXCL : 0));
	int error = errno;
	if (fd < 0 && !s->fresh)
		fd = sink_socket_open(s->path, error);
	if (fd < 0) {
		errno = error;
		return false;
	}
	if (direct_fstat(fd, &now) != 0 || !is_writable_kind(&now)) {
		syscall(SYS_close, fd);
		errno = EINVAL;
		return false;
	}
	sink_file_close(s);
	s->fd = move_up(fd);
	s->regular = S_ISREG(now.st_mode);
	s->device = (unsigned long long)now.st_dev;
	s->inode = (unsigned long long)now.st_ino;
	*st = now;
	return true;
}

static bool is_under_its_name(const struct sink *s)
{
	struct stat st;

	return direct_lstat(s->name, &st) == 0 && is_same(s, &st);
}

/*
 * Rename NAME to NAME.1, with a lock on the file. The lock is taken on another open
 * file description, as forked children share that of S->fd. Under the lock the name
 * must still be this file's.
 */
static void rename_locked(const struct sink *s)
{
	size_t n = strlen(s->name);
	char *old = malloc(n + sizeof(".1"));
	int fd = old ? open_named(s->name, 0) : -1;

	if (fd >= 0) {
		memcpy(old, s->name, n);
		memcpy(old + n, ".1", sizeof(".1"));
		if (syscall(SYS_flock, fd, LOCK_EX | LOCK_NB) == 0 && is_under_its_name(s))
			syscall(SYS_renameat, AT_FDCWD, s->name, AT_FDCWD, old);
		syscall(SYS_close, fd);
	}
	free(old);
}

/* Rotate if N bytes more do not fit; the next file of the name may be full as well. */
static void rotate(struct sink *s, struct stat *st, size_t n)
{
	for (int turn = 0; turn < ROTATE_TRIES; turn++) {
		if (!s->max || st->st_size == 0 || (unsigned long long)st->st_size + n <= s->max)
			return;
		rename_locked(s);
		if (is_under_its_name(s) || !open_file(s, st))
			return;
	}
}

static bool is_time_to_look(struct sink *s)
{
	if (s->now_us >= s->looked_us && s->now_us - s->looked_us < s->look_us)
		return false;
	s->looked_us = s->now_us;
	return true;
}

/*
 * The name means another file: another process has rotated the log, or somebody made
 * a new one. If no file has the name, ours stays in use until one does, unless it was
 * deleted: log rotation expects that, and in a chroot it looks the same.
 */
static void follow_name(struct sink *s, struct stat *st)
{
	struct stat named;

	if (st->st_nlink && !is_time_to_look(s))
		return;
	bool there = direct_lstat(s->name, &named) == 0;

	if (there ? !is_same(s, &named) : st->st_nlink == 0)
		open_file(s, st);
}

void sink_file_ready(struct sink *s, size_t n)
{
	struct stat st;

	if (s->fd >= 0 && (direct_fstat(s->fd, &st) != 0 || !is_same(s, &st)))
		s->fd = -1; /* not ours to close any more */
	if (s->fd >= 0 && s->regular && !s->locked_in)
		follow_name(s, &st);
	if (s->fd < 0 && s->locked_in)
		errno = EBADF;
	if (s->fd < 0 && !s->locked_in) {
		s->pid = (int)getpid();
		open_file(s, &st);
	}
	if (s->fd >= 0 && s->regular && !s->locked_in)
		rotate(s, &st, n);
}
