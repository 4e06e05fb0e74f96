/* SPDX-License-Identifier: MIT */
/* The hooked functions of libc: moments at which TLS libraries are looked for. */
#include "tap/wrappers.h"

#include <errno.h>
#include <linux/prctl.h>
#include <netinet/in.h>

#include "base/early.h"
#include "tap/forks.h"
#include "tap/hook_call.h"
#include "tap/hook_guard.h"
#include "tap/libraries.h"
#include "tap/objects.h"
#include "tap/plain.h"
#include "tap/process.h"
#include "tap/scan.h"
#include "tap/untapped.h"

/* Set by the constructor, or by the first call if that comes earlier. */
static connect_fn real_connect EARLY;
static prctl_fn real_prctl EARLY;
static dlclose_fn real_dlclose EARLY;

static bool is_internet(const struct sockaddr *address, socklen_t n)
{
	return address && n >= sizeof(address->sa_family) &&
	       (address->sa_family == AF_INET || address->sa_family == AF_INET6);
}

/* Just before a TLS connection: a library that is loaded by now can still be tapped in time. */
static void scan_before_connect(int fd, const struct sockaddr *address, socklen_t n)
{
	struct hook_guard g;

	if (!is_internet(address, n) || !hook_enter(&g))
		return;
	forks_expect();
	scan_objects();
	if (scan_has_news() && untapped_is_stream(fd))
		scan_embedded(true);
	if (libraries_count() && !libraries_tapped_count() && !untapped_is_undecided())
		process_report_if_untapped(process_clock());
	hook_leave(&g);
}

int connect(int fd, const struct sockaddr *address, socklen_t n)
{
	scan_before_connect(fd, address, n);
	if (!real_connect)
		wrappers_start();
	if (!real_connect) {
		errno = ENOSYS;
		return FAILURE_connect;
	}
	int result = real_connect(fd, address, n);
	struct hook_guard g;
	bool connected = result == 0 || errno == EINPROGRESS;
	if (connected && is_internet(address, n) && hook_enter(&g)) {
		untapped_connected(fd, address, n);
		plain_connected(fd, address, n);
		hook_leave(&g);
	}
	return result;
}

/*
 * Just before a sandbox: its seccomp filters may kill a process that opens a file. They
 * are installed by one of these functions, or right after the other.
 */
int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	struct hook_guard g;

	if ((option == PR_SET_NO_NEW_PRIVS || option == PR_SET_SECCOMP) && hook_enter(&g)) {
		forks_expect();
		scan_before_sandbox();
		process_enter_sandbox();
		hook_leave(&g);
	}
	if (!real_prctl)
		wrappers_start();
	if (!real_prctl) {
		errno = ENOSYS;
		return FAILURE_prctl;
	}
	return real_prctl(option, a, b, c, d);
}

int dlclose(void *handle)
{
	if (!real_dlclose)
		wrappers_start();
	if (!real_dlclose)
		return FAILURE_dlclose;
	int result = real_dlclose(handle);
	if (!hook_is_inside())
		caller_forget_all();
	return result;
}

static void scan_before_lookup(void)
{
	forks_expect();
	scan_objects();
}

EARLY_CODE void wrappers_start(void)
{
	hook_call_start(scan_before_lookup, scan_reached);
	real_connect = (connect_fn)objects_next("connect");
	real_prctl = (prctl_fn)objects_next("prctl");
	real_dlclose = (dlclose_fn)objects_next("dlclose");
}
