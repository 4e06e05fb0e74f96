/* SPDX-License-Identifier: MIT */
#include "tap/forks.h"

#include "base/glibc.h"
#include "tap/hook_guard.h"
#include "tap/loader.h"
#include "tap/process.h"
#include "tap/scan.h"
#include "tap/table.h"
#include "tap/tap.h"

extern void *__dso_handle __attribute__((visibility("hidden"))); /* names this library */

/* A fork handler of the host's may fork itself: only the outermost fork counts. */
static _Thread_local struct {
	unsigned depth;
	bool holds_all;
} forks;

static void before_fork(void)
{
	if (forks.depth++)
		return;
	forks.holds_all = !hook_is_inside();
	if (!forks.holds_all)
		return;
	scan_before_fork();
	table_lock_all();
	process_lock();
	loader_before_fork();
}

static void unlock_after_fork(void)
{
	process_unlock();
	table_unlock_all();
	scan_after_fork();
}

static void after_fork_in_parent(void)
{
	tap_forked(false);
	if (!forks.depth || --forks.depth || !forks.holds_all)
		return;
	loader_after_fork_in_parent();
	unlock_after_fork();
}

static void after_fork_in_child(void)
{
	tap_forked(true);
	if (!forks.depth || --forks.depth)
		return;
	if (!forks.holds_all) {
		hook_guard_turn_off();
		return;
	}
	loader_after_fork_in_child();
	process_after_fork();
	unlock_after_fork();
}

static void register_handlers(void)
{
	int (*atfork)(void (*)(void), void (*)(void), void (*)(void));

	if (__register_atfork) {
		__register_atfork(before_fork, after_fork_in_parent, after_fork_in_child,
				  &__dso_handle);
		return;
	}
	atfork = (int (*)(void (*)(void), void (*)(void), void (*)(void)))libc_symbol(
	    RTLD_DEFAULT, "pthread_atfork", NULL);
	if (atfork)
		atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

void forks_expect(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	libc_once(&once, register_handlers);
}
