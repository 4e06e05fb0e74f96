/* SPDX-License-Identifier: MIT */
#include "tools/attach/safe_wait.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tools/attach/remote.h"

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
#ifndef STATX_TYPE /* musl has had no statx() for long */
#include <linux/stat.h>
#define statx(...) syscall(SYS_statx, __VA_ARGS__)
#endif

enum {
	RANKS = 3,
	RANK_MS = 150,            /* for so long only better waits are taken */
	LONG_SLEEP_NS = 10000000, /* sleeps inside allocator spin locks are shorter */
};

enum clock_kind {
	CLOCK_NONE,    /* the wait has no timeout */
	CLOCK_POINTER, /* NULL: no timeout */
	CLOCK_NUMBER,  /* negative: no timeout */
	CLOCK_SLEEP,   /* a timespec that must be long */
	CLOCK_RUNNING, /* restart of a limited wait that was stopped before */
};

/*
 * Waits that never mean a lock of the allocator, of thread creation or of the
 * loader. A futex wait qualifies only for a condition variable, a semaphore or
 * a thread's end: mutexes use another operation.
 */
static const struct waiting {
	long call;
	enum clock_kind clock;
	int argument;     /* index of the argument that names the clock */
	int descriptor;   /* argument that must not be a file; -1 */
	int rank_forever; /* 0: a stop leaves no trace */
	int rank_limited;
} waits[] = {
	{ SYS_futex, CLOCK_POINTER, 3, -1, 0, 0 },
#ifdef SYS_poll /* newer machines have but the calls that replace these */
	{ SYS_epoll_wait, CLOCK_NUMBER, 3, -1, 0, 2 },
	{ SYS_poll, CLOCK_NUMBER, 2, -1, 0, 0 },
	{ SYS_select, CLOCK_POINTER, 4, -1, 0, 1 },
#endif
	{ SYS_epoll_pwait, CLOCK_NUMBER, 3, -1, 0, 2 },
	{ SYS_epoll_pwait2, CLOCK_POINTER, 3, -1, 0, 2 },
	{ SYS_ppoll, CLOCK_POINTER, 2, -1, 0, 1 },
	{ SYS_pselect6, CLOCK_POINTER, 4, -1, 0, 1 },
	{ SYS_nanosleep, CLOCK_SLEEP, 0, -1, 1, 1 },
	{ SYS_clock_nanosleep, CLOCK_SLEEP, 2, -1, 1, 1 },
	{ SYS_restart_syscall, CLOCK_RUNNING, 0, -1, 1, 1 }, /* of poll, nanosleep or a futex */
	{ SYS_accept, CLOCK_NONE, 0, -1, 1, 1 },
	{ SYS_accept4, CLOCK_NONE, 0, -1, 1, 1 },
	{ SYS_wait4, CLOCK_NONE, 0, -1, 0, 0 },
	{ SYS_waitid, CLOCK_NONE, 0, -1, 0, 0 },
	{ SYS_read, CLOCK_NONE, 0, 0, 1, 1 },
	{ SYS_recvfrom, CLOCK_NONE, 0, 0, 2, 2 }, /* SO_RCVTIMEO makes it end with EINTR */
	{ SYS_recvmsg, CLOCK_NONE, 0, 0, 2, 2 },
};

/* Sockets, pipes, terminals and event descriptors. The loader waits for files, too. */
static bool is_no_file(pid_t pid, uint64_t fd)
{
	char link[64];
	struct statx st;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)pid, (int)fd);
	/* DONT_SYNC: a file server that does not answer must not block us. */
	return statx(AT_FDCWD, link, AT_STATX_DONT_SYNC, STATX_TYPE, &st) == 0 &&
	       !S_ISREG(st.stx_mode) && !S_ISDIR(st.stx_mode) && !S_ISBLK(st.stx_mode);
}

static bool is_futex_of_choice(uint64_t operation)
{
	return (operation & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
}

static bool sleeps_long(pid_t pid, uint64_t at)
{
	struct timespec t;

	return remote_read(pid, at, &t, sizeof(t)) && (t.tv_sec > 0 || t.tv_nsec >= LONG_SLEEP_NS);
}

/* The rank of a wait, lower is better; -1: this thread must not be borrowed. */
static int judge(pid_t pid, long call, const uint64_t a[SAFE_WAIT_ARGUMENTS], bool *forever)
{
	const struct waiting *w = waits;
	const struct waiting *end = waits + sizeof(waits) / sizeof(waits[0]);

	while (w < end && w->call != call)
		w++;
	if (w == end || (call == SYS_futex && !is_futex_of_choice(a[1])) ||
	    (w->clock == CLOCK_SLEEP && !sleeps_long(pid, a[w->argument])) ||
	    (w->descriptor >= 0 && !is_no_file(pid, a[w->descriptor])))
		return -1;
	*forever = w->clock == CLOCK_NONE || (w->clock == CLOCK_POINTER && !a[w->argument]) ||
		   (w->clock == CLOCK_NUMBER && (int)a[w->argument] < 0);
	return *forever ? w->rank_forever : w->rank_limited;
}

/* "232 0x5 0x… " of a thread that waits; "running" or "-1 …" of others. */
static int look_at_thread(pid_t pid, struct safe_wait *r)
{
	uint64_t *a = r->arguments;
	char name[64], line[256];
	FILE *f;
	int rank = -1;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/syscall", (int)pid, (int)r->tid);
	f = fopen(name, "re");
	if (f && fgets(line, sizeof(line), f) &&
	    sscanf(line, "%ld %lx %lx %lx %lx %lx %lx", &r->call, &a[0], &a[1], &a[2], &a[3], &a[4],
		   &a[5]) == 1 + SAFE_WAIT_ARGUMENTS)
		rank = judge(pid, r->call, a, &r->forever);
	if (f)
		fclose(f);
	return rank;
}

bool safe_wait_judge(pid_t pid, struct safe_wait *r)
{
	return judge(pid, r->call, r->arguments, &r->forever) >= 0;
}

bool safe_wait_find(pid_t pid, int64_t passed_ms, struct safe_wait *r)
{
	static unsigned turn;
	const int most = passed_ms / RANK_MS < RANKS ? (int)(passed_ms / RANK_MS) : RANKS - 1;
	unsigned count = 0;
	int best = most + 1;
	char name[64];
	struct dirent *entry;

	turn++;
	snprintf(name, sizeof(name), "/proc/%d/task", (int)pid);
	DIR *threads = opendir(name);
	while (threads && (entry = readdir(threads))) {
		struct safe_wait one = { .tid = (pid_t)atoi(entry->d_name) };
		int rank = one.tid > 0 ? look_at_thread(pid, &one) : -1;

		if (rank < 0 || rank > best || rank > most)
			continue;
		if (rank < best)
			count = 0;
		best = rank;
		/* Among n equal threads, take the next one each time. */
		if (count++ == 0 || turn % count == 0)
			*r = one;
	}
	if (threads)
		closedir(threads);
	return count > 0;
}
