/* SPDX-License-Identifier: MIT */
#include "tap/plain.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/private_address.h"
#include "tap/own_pid.h"
#include "tap/tap.h"
#include "tap/unwatched.h"

#ifndef SO_COOKIE
#define SO_COOKIE 57 /* Linux 4.12 */
#endif

enum slot_state {
	SLOT_FREE,
	SLOT_NEW,  /* nothing was written yet, or less than a method */
	SLOT_BUSY, /* a thread is deciding */
	SLOT_HTTP,
};

/* A watched descriptor. */
struct slot {
	_Atomic uint64_t cookie; /* of its socket: a number may be another's at any time */
	_Atomic int pid;         /* the process that connected it: children do not watch it */
	_Atomic int state;
	unsigned char n; /* of first */
	char first[8];   /* what was written while NEW */
};

static _Atomic uint64_t watched[LIMIT_PLAIN / 64];
static struct slot slots[LIMIT_PLAIN];

bool plain_is_watched(int fd)
{
	return (unsigned)fd < LIMIT_PLAIN &&
	       atomic_load_explicit(&watched[fd / 64], memory_order_relaxed) >> (fd % 64) & 1;
}

static int socket_option(int fd, int which, void *value, socklen_t size)
{
	int before = errno;
	int failed = (int)syscall(SYS_getsockopt, fd, SOL_SOCKET, which, value, &size);

	errno = before;
	return failed;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;

	return socket_option(fd, SO_COOKIE, &cookie, sizeof(cookie)) == 0 ? cookie : 0;
}

static bool is_tcp(int fd)
{
	int type = 0, protocol = 0;

	return socket_option(fd, SO_TYPE, &type, sizeof(type)) == 0 && type == SOCK_STREAM &&
	       socket_option(fd, SO_PROTOCOL, &protocol, sizeof(protocol)) == 0 &&
	       protocol == IPPROTO_TCP;
}

/* No pointer of the host's: those have the highest bit clear. */
static const void *connection_key(uint64_t cookie)
{
	return (const void *)(uintptr_t)(cookie | TAP_PLAIN);
}

static void watch(int fd, uint64_t cookie, enum slot_state state)
{
	struct slot *s = &slots[fd];

	s->n = 0;
	atomic_store(&s->cookie, cookie);
	atomic_store(&s->pid, own_pid());
	atomic_store(&s->state, state);
	atomic_fetch_or(&watched[fd / 64], 1ULL << (fd % 64));
}

static void forget(int fd)
{
	atomic_fetch_and(&watched[fd / 64], ~(1ULL << (fd % 64)));
	atomic_store(&slots[fd].state, SLOT_FREE);
}

/* The next descriptor from I on, other than FD, that has the socket, too; LIMIT_PLAIN: none. */
static int other(int i, int fd, uint64_t cookie)
{
	while (i < LIMIT_PLAIN &&
	       (i == fd || !plain_is_watched(i) || atomic_load(&slots[i].cookie) != cookie))
		i += atomic_load_explicit(&watched[i / 64], memory_order_relaxed) ? 1 : 64 - i % 64;
	return i;
}

/* Stop watching FD: its connection is over or cannot be followed. */
static void stop_watching(int fd)
{
	uint64_t cookie = atomic_load(&slots[fd].cookie);
	bool is_http = atomic_load(&slots[fd].state) == SLOT_HTTP;

	forget(fd);
	if (is_http && other(0, fd, cookie) == LIMIT_PLAIN)
		tap_closed(connection_key(cookie));
}

void plain_connected(int fd, const struct sockaddr *address, socklen_t n)
{
	uint64_t cookie;

	if ((unsigned)fd >= LIMIT_PLAIN || !address_is_private(address, n) || !is_tcp(fd))
		return;
	cookie = cookie_of(fd);
	if (plain_is_watched(fd) && atomic_load(&slots[fd].cookie) == cookie)
		return; /* asked again whether it is connected */
	if (cookie)
		watch(fd, cookie, SLOT_NEW);
}

/* Is what is known of FD still so, in this process? */
static bool is_same(int fd)
{
	const struct slot *s = &slots[fd];

	if (atomic_load(&s->pid) != own_pid())
		return false;
	if (atomic_load(&s->cookie) == cookie_of(fd))
		return true;
	forget(fd); /* closed by a way that we do not see */
	return false;
}

static void hand_on(int fd, enum side side, const char *bytes, size_t n)
{
	const void *handle = connection_key(atomic_load(&slots[fd].cookie));

	tap_bytes(handle, side, bytes, n);
	if (is_unwatched(handle))
		stop_watching(fd);
}

/* The client's first bytes: HTTP or not. */
static void decide(int fd, const char *bytes, size_t n)
{
	struct slot *s = &slots[fd];
	int expected = SLOT_NEW;
	size_t kept = s->n, taken = sizeof(s->first) - kept < n ? sizeof(s->first) - kept : n;

	if (!atomic_compare_exchange_strong(&s->state, &expected, SLOT_BUSY)) {
		stop_watching(fd); /* two threads at a time: their order is not known */
		return;
	}
	memcpy(s->first + kept, bytes, taken);
	s->n = (unsigned char)(kept + taken);
	switch (begins_request(s->first, s->n)) {
	case 0:
		atomic_store(&s->state, SLOT_NEW);
		return;
	case 1:
		atomic_store(&s->state, SLOT_HTTP);
		for (int i = 0; (i = other(i, fd, s->cookie)) < LIMIT_PLAIN; i++)
			atomic_store(&slots[i].state, SLOT_HTTP);
		if (kept)
			hand_on(fd, SIDE_CLIENT, s->first, kept);
		if (plain_is_watched(fd))
			hand_on(fd, SIDE_CLIENT, bytes, n);
		return;
	default:
		stop_watching(fd);
	}
}

static void one_piece(int fd, enum side side, const char *bytes, size_t n)
{
	int state = atomic_load(&slots[fd].state);

	if (state == SLOT_HTTP)
		hand_on(fd, side, bytes, n);
	else if (state == SLOT_NEW && side == SIDE_CLIENT)
		decide(fd, bytes, n);
	else
		stop_watching(fd); /* its server speaks first */
}

void plain_bytes(int fd, enum side side, const struct iovec *pieces, size_t count, size_t n)
{
	int before = errno;

	if (is_same(fd))
		for (size_t i = 0; i < count && n && plain_is_watched(fd); i++) {
			size_t here = pieces[i].iov_len < n ? pieces[i].iov_len : n;
			if (here)
				one_piece(fd, side, pieces[i].iov_base, here);
			n -= here;
		}
	errno = before;
}

void plain_skipped(int fd, size_t n)
{
	int before = errno;

	if (is_same(fd)) {
		if (atomic_load(&slots[fd].state) == SLOT_HTTP)
			tap_skipped(connection_key(atomic_load(&slots[fd].cookie)), SIDE_CLIENT, n);
		else
			stop_watching(fd);
	}
	errno = before;
}

void plain_ended(int fd)
{
	int before = errno;

	if (is_same(fd) && atomic_load(&slots[fd].state) == SLOT_HTTP)
		tap_ended(connection_key(atomic_load(&slots[fd].cookie)), SIDE_SERVER);
	errno = before;
}

/* A vfork() child shares the parent's memory and must not change its table. */
static bool is_own(int fd)
{
	return atomic_load(&slots[fd].pid) == (int)syscall(SYS_getpid);
}

void plain_duplicated(int fd, int to)
{
	if (!is_own(fd))
		return;
	/* While a thread decides about FD, TO is not watched: only one may decide. */
	if ((unsigned)to >= LIMIT_PLAIN || atomic_load(&slots[fd].state) == SLOT_BUSY)
		return;
	watch(to, atomic_load(&slots[fd].cookie), (enum slot_state)atomic_load(&slots[fd].state));
}

void plain_closing(int fd)
{
	int before = errno;

	if (is_own(fd))
		stop_watching(fd);
	errno = before;
}
