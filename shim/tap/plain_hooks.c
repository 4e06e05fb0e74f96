/* SPDX-License-Identifier: MIT */
/*
 * The functions of plain_hooks.def: the original first, then, where its
 * descriptor is watched, what went by. What the original returns and its errno
 * stay.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/early.h"
#include "tap/objects.h"
#include "tap/plain.h"

#define HOOK(returns, name, parameters, failure) \
	typedef returns(*name##_fn) parameters;  \
	__attribute__((visibility("default"))) returns name parameters;
#include "tap/plain_hooks.def"
#undef HOOK

/* Set before main(); NULL when a constructor that runs before ours calls one. */
static struct {
#define HOOK(returns, name, parameters, failure) name##_fn name;
#include "tap/plain_hooks.def"
#undef HOOK
} real EARLY;

void plain_start(void)
{
#define HOOK(returns, name, parameters, failure) real.name = (name##_fn)objects_next(#name);
#include "tap/plain_hooks.def"
#undef HOOK
}

/* The original is not known yet: no socket is watched by then, so the system call will do. */
#define OR_KERNEL(name, number, ...) \
	(__builtin_expect(!!real.name, 1) ? real.name(__VA_ARGS__) : syscall(number, __VA_ARGS__))

static void sent(int fd, const void *bytes, ssize_t n)
{
	struct iovec piece = { (void *)bytes, n > 0 ? (size_t)n : 0 };

	if (n > 0)
		plain_bytes(fd, SIDE_CLIENT, &piece, 1, piece.iov_len);
}

/* ASKED: how much there was room for; without any, 0 is not the end. */
static void received(int fd, const struct iovec *pieces, size_t count, size_t asked, ssize_t n)
{
	if (n > 0)
		plain_bytes(fd, SIDE_SERVER, pieces, count, (size_t)n);
	else if (n == 0 && asked)
		plain_ended(fd);
}

static void received_one(int fd, void *bytes, size_t asked, int flags, ssize_t n)
{
	struct iovec piece = { bytes, asked };

	if (!(flags & (MSG_PEEK | MSG_TRUNC | MSG_ERRQUEUE | MSG_OOB)))
		received(fd, &piece, 1, asked, n);
}

static size_t size_of(const struct iovec *pieces, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += pieces[i].iov_len;
	return n;
}

#define WATCHED(fd) __builtin_expect(plain_is_watched(fd), 0)

ssize_t write(int fd, const void *bytes, size_t n)
{
	ssize_t result = OR_KERNEL(write, SYS_write, fd, bytes, n);

	if (WATCHED(fd))
		sent(fd, bytes, result);
	return result;
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
	ssize_t result = OR_KERNEL(writev, SYS_writev, fd, pieces, count);

	if (WATCHED(fd) && result > 0)
		plain_bytes(fd, SIDE_CLIENT, pieces, (size_t)count, (size_t)result);
	return result;
}

ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to,
	       socklen_t size)
{
	ssize_t result = OR_KERNEL(sendto, SYS_sendto, fd, bytes, n, flags, to, size);

	if (WATCHED(fd) && !(flags & MSG_OOB))
		sent(fd, bytes, result);
	return result;
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
	ssize_t result = __builtin_expect(!!real.send, 1)
			     ? real.send(fd, bytes, n, flags)
			     : syscall(SYS_sendto, fd, bytes, n, flags, NULL, 0);

	if (WATCHED(fd) && !(flags & MSG_OOB))
		sent(fd, bytes, result);
	return result;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	ssize_t result = OR_KERNEL(sendmsg, SYS_sendmsg, fd, message, flags);

	if (WATCHED(fd) && result > 0 && !(flags & MSG_OOB))
		plain_bytes(fd, SIDE_CLIENT, message->msg_iov, message->msg_iovlen, (size_t)result);
	return result;
}

ssize_t sendfile(int fd, int from, off_t *offset, size_t n)
{
	ssize_t result = OR_KERNEL(sendfile, SYS_sendfile, fd, from, offset, n);

	if (WATCHED(fd) && result > 0)
		plain_skipped(fd, (size_t)result);
	return result;
}

ssize_t sendfile64(int fd, int from, off_t *offset, size_t n)
{
	ssize_t result = OR_KERNEL(sendfile64, SYS_sendfile, fd, from, offset, n);

	if (WATCHED(fd) && result > 0)
		plain_skipped(fd, (size_t)result);
	return result;
}

ssize_t read(int fd, void *bytes, size_t n)
{
	ssize_t result = OR_KERNEL(read, SYS_read, fd, bytes, n);

	if (WATCHED(fd))
		received_one(fd, bytes, n, 0, result);
	return result;
}

ssize_t __read_chk(int fd, void *bytes, size_t n, size_t room)
{
	ssize_t result = __builtin_expect(!!real.__read_chk, 1)
			     ? real.__read_chk(fd, bytes, n, room)
			     : syscall(SYS_read, fd, bytes, n < room ? n : room);

	if (WATCHED(fd))
		received_one(fd, bytes, n, 0, result);
	return result;
}

ssize_t readv(int fd, const struct iovec *pieces, int count)
{
	ssize_t result = OR_KERNEL(readv, SYS_readv, fd, pieces, count);

	if (WATCHED(fd) && result >= 0)
		received(fd, pieces, (size_t)count, size_of(pieces, (size_t)count), result);
	return result;
}

ssize_t recv(int fd, void *bytes, size_t n, int flags)
{
	ssize_t result = __builtin_expect(!!real.recv, 1)
			     ? real.recv(fd, bytes, n, flags)
			     : syscall(SYS_recvfrom, fd, bytes, n, flags, NULL, NULL);

	if (WATCHED(fd))
		received_one(fd, bytes, n, flags, result);
	return result;
}

ssize_t __recv_chk(int fd, void *bytes, size_t n, size_t room, int flags)
{
	ssize_t result =
	    __builtin_expect(!!real.__recv_chk, 1)
		? real.__recv_chk(fd, bytes, n, room, flags)
		: syscall(SYS_recvfrom, fd, bytes, n < room ? n : room, flags, NULL, NULL);

	if (WATCHED(fd))
		received_one(fd, bytes, n, flags, result);
	return result;
}

ssize_t recvfrom(int fd, void *bytes, size_t n, int flags, struct sockaddr *from, socklen_t *size)
{
	ssize_t result = OR_KERNEL(recvfrom, SYS_recvfrom, fd, bytes, n, flags, from, size);

	if (WATCHED(fd))
		received_one(fd, bytes, n, flags, result);
	return result;
}

ssize_t __recvfrom_chk(int fd, void *bytes, size_t n, size_t room, int flags, struct sockaddr *from,
		       socklen_t *size)
{
	ssize_t result =
	    __builtin_expect(!!real.__recvfrom_chk, 1)
		? real.__recvfrom_chk(fd, bytes, n, room, flags, from, size)
		: syscall(SYS_recvfrom, fd, bytes, n < room ? n : room, flags, from, size);

	if (WATCHED(fd))
		received_one(fd, bytes, n, flags, result);
	return result;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t result = OR_KERNEL(recvmsg, SYS_recvmsg, fd, message, flags);

	if (WATCHED(fd) && result >= 0 &&
	    !(flags & (MSG_PEEK | MSG_TRUNC | MSG_ERRQUEUE | MSG_OOB)))
		received(fd, message->msg_iov, message->msg_iovlen,
			 size_of(message->msg_iov, message->msg_iovlen), result);
	return result;
}

/* Before the original: another thread may get the same number at once. */
int close(int fd)
{
	if (WATCHED(fd))
		plain_closing(fd);
	return (int)OR_KERNEL(close, SYS_close, fd);
}

int dup(int fd)
{
	int result = (int)OR_KERNEL(dup, SYS_dup, fd);

	if (WATCHED(fd) && result >= 0)
		plain_duplicated(fd, result);
	return result;
}

/* TO is closed in passing; a call that fails leaves it, which is then watched no longer. */
int dup2(int fd, int to)
{
	if (WATCHED(to) && fd != to)
		plain_closing(to);
	int result = __builtin_expect(!!real.dup2, 1) ? real.dup2(fd, to)
		     : fd == to ? (int)syscall(SYS_fcntl, fd, F_GETFD) < 0 ? -1 : fd
				: (int)syscall(SYS_dup3, fd, to, 0);
	if (WATCHED(fd) && result >= 0 && fd != to)
		plain_duplicated(fd, result);
	return result;
}

int dup3(int fd, int to, int flags)
{
	if (WATCHED(to) && fd != to)
		plain_closing(to);
	int result = (int)OR_KERNEL(dup3, SYS_dup3, fd, to, flags);
	if (WATCHED(fd) && result >= 0)
		plain_duplicated(fd, result);
	return result;
}

/* Its third word is a number, a pointer, or is not there: as glibc takes it. */
#define FCNTL(name)                                                                           \
	va_list words;                                                                        \
	va_start(words, command);                                                             \
	void *third = va_arg(words, void *);                                                  \
	va_end(words);                                                                        \
	int result = (int)OR_KERNEL(name, SYS_fcntl, fd, command, third);                     \
	if (WATCHED(fd) && result >= 0 && (command == F_DUPFD || command == F_DUPFD_CLOEXEC)) \
		plain_duplicated(fd, result);                                                 \
	return result

int fcntl(int fd, int command, ...)
{
	FCNTL(fcntl);
}

int fcntl64(int fd, int command, ...)
{
	FCNTL(fcntl64);
}
