/* SPDX-License-Identifier: MIT */
#include "tap/loader.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/early.h"
#include "base/glibc.h"
#include "base/limits.h"

/* A thread that enters adds itself and then reads `forking`; one that forks does the reverse. */
static atomic_int present[2] EARLY; /* threads, by enum loader_part */
static atomic_int forking EARLY;    /* threads, too */
static atomic_int waiting EARLY;    /* for the end of all forks */
static _Thread_local int depth;     /* of this thread, 0: outside */
static _Thread_local enum loader_part where;

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Until COUNT is 0 or MOST_US are over. */
static void wait_for_none(const atomic_int *count, int64_t most_us)
{
	static const struct { /* the kernel's, in which time_t has 64 bits */
		int64_t s, ns;
	} step = { 0, 50000 };
	int saved = errno;

	if (!atomic_load(count))
		return;
	for (int64_t began = now_us(); atomic_load(count) && now_us() - began < most_us;)
		syscall(SYS_nanosleep, &step, NULL); /* libc's ends a thread that is cancelled */
	errno = saved;
}

void loader_enter(enum loader_part part)
{
	if (depth++)
		return;
	where = part;
	atomic_fetch_add(&present[where], 1);
	if (!atomic_load(&forking))
		return;
	int64_t began = now_us();
	atomic_fetch_add(&waiting, 1);
	do {
		atomic_fetch_sub(&present[where], 1);
		wait_for_none(&forking, LIMIT_SCAN_WAIT_US);
		atomic_fetch_add(&present[where], 1);
	} while (atomic_load(&forking) && now_us() - began < LIMIT_SCAN_WAIT_US);
	atomic_fetch_sub(&waiting, 1);
}

void loader_leave(void)
{
	if (--depth == 0)
		atomic_fetch_sub(&present[where], 1);
}

void *loader_pin(const char *name)
{
	loader_enter(LOADER_LIBRARY);
	void *handle = libc_hold(name);
	loader_leave();
	return handle;
}

void loader_unpin(void *handle)
{
	if (!handle)
		return;
	loader_enter(LOADER_LIBRARY);
	dlclose(handle);
	loader_leave();
}

void *loader_symbol(void *handle, const char *name, const char *version)
{
	loader_enter(LOADER_LIBRARY);
	void *found = libc_symbol(handle, name, version);
	loader_leave();
	return found;
}

void loader_before_fork(void)
{
	wait_for_none(&waiting,
		      LIMIT_LOADER_WAIT_US); /* threads that fork all the time let others in */
	atomic_fetch_add(&forking, 1);
	if (depth)
		return;
	wait_for_none(&present[LOADER_LIST], LIMIT_SCAN_WAIT_US);
	wait_for_none(&present[LOADER_LIBRARY], LIMIT_LOADER_WAIT_US);
}

void loader_after_fork_in_parent(void)
{
	atomic_fetch_sub(&forking, 1);
}

void loader_after_fork_in_child(void)
{
	atomic_store(&forking, 0);
	atomic_store(&waiting, 0);
	atomic_store(&present[LOADER_LIST], 0);
	atomic_store(&present[LOADER_LIBRARY], 0);
	if (depth)
		atomic_store(&present[where], 1);
}
