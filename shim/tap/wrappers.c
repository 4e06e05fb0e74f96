/* SPDX-License-Identifier: MIT */
/*
 * The exported functions. Where the copy behind a call is tapped by its
 * method tables the call passes through; otherwise it is tapped here. What
 * libssl calls inside itself (SSL_write_early_data() calls SSL_write_ex(), by
 * its exported name in some builds) is not tapped a second time.
 */
#include "tap/wrappers.h"

#include <errno.h>
#include <linux/prctl.h>
#include <netinet/in.h>

#include "base/early.h"
#include "tap/caller.h"
#include "tap/process.h"
#include "tap/hook_guard.h"
#include "tap/objects.h"
#include "tap/plain.h"
#include "tap/scan.h"
#include "tap/openssl_handshake.h"
#include "tap/stubs.h"
#include "tap/tap.h"
#include "tap/untapped.h"

#define HOOK(returns, name, parameters, failure) \
	typedef returns(*name##_fn) parameters;  \
	__attribute__((visibility("default"))) returns name parameters;
#include "tap/hooks.def"
#undef HOOK

#define HOOK(returns, name, parameters, failure) FAILURE_##name = failure + 0,
enum {
#include "tap/hooks.def"
};
#undef HOOK

/* Set before main(), when they are called earlier then by themselves. */
static connect_fn real_connect EARLY;
static prctl_fn real_prctl EARLY;
static dlclose_fn real_dlclose EARLY;

/* A call on SSL: whether it is tapped here, and what was going on outside of it. */
struct call {
	struct callee callee;
	const void *outer;
	bool here;
};

static bool begin(struct call *c, enum hook_id hook, const void *site, const void *ssl)
{
	c->here = false;
	if (!caller_resolve(hook, site, &c->callee))
		return false;
	c->here = !c->callee.tapped && busy_connection != ssl;
	c->outer = busy_connection;
	if (c->here)
		busy_connection = ssl;
	return true;
}

static void end(const struct call *c)
{
	if (c->here)
		busy_connection = c->outer;
}

#define BEGIN(name)                                                    \
	struct call c;                                                 \
	if (!begin(&c, HOOK_##name, __builtin_return_address(0), ssl)) \
	return FAILURE_##name

int SSL_write(void *ssl, const void *bytes, int n)
{
	BEGIN(SSL_write);
	int result = ((SSL_write_fn)c.callee.real)(ssl, bytes, n);
	end(&c);
	if (c.here && result > 0)
		tap_bytes(ssl, SIDE_CLIENT, bytes, (size_t)result);
	return result;
}

int SSL_write_ex(void *ssl, const void *bytes, size_t n, size_t *put)
{
	BEGIN(SSL_write_ex);
	int result = ((SSL_write_ex_fn)c.callee.real)(ssl, bytes, n, put);
	end(&c);
	if (c.here && result > 0)
		tap_bytes(ssl, SIDE_CLIENT, bytes, *put);
	return result;
}

int SSL_write_ex2(void *ssl, const void *bytes, size_t n, uint64_t flags, size_t *put)
{
	BEGIN(SSL_write_ex2);
	int result = ((SSL_write_ex2_fn)c.callee.real)(ssl, bytes, n, flags, put);
	end(&c);
	if (c.here && result > 0)
		tap_bytes(ssl, SIDE_CLIENT, bytes, *put);
	return result;
}

int SSL_write_early_data(void *ssl, const void *bytes, size_t n, size_t *put)
{
	BEGIN(SSL_write_early_data);
	int result = ((SSL_write_early_data_fn)c.callee.real)(ssl, bytes, n, put);
	end(&c);
	if (c.here && result > 0)
		tap_bytes(ssl, SIDE_CLIENT, bytes, *put);
	return result;
}

int SSL_read(void *ssl, void *bytes, int n)
{
	BEGIN(SSL_read);
	int result = ((SSL_read_fn)c.callee.real)(ssl, bytes, n);
	end(&c);
	if (c.here && result > 0)
		tap_bytes(ssl, SIDE_SERVER, bytes, (size_t)result);
	else if (c.here && result == 0 && n > 0)
		tap_ended(ssl, SIDE_SERVER);
	return result;
}

int SSL_read_ex(void *ssl, void *bytes, size_t n, size_t *got)
{
	BEGIN(SSL_read_ex);
	int result = ((SSL_read_ex_fn)c.callee.real)(ssl, bytes, n, got);
	end(&c);
	if (c.here && result > 0)
		tap_bytes(ssl, SIDE_SERVER, bytes, *got);
	return result;
}

/* A server's function; 1 is SSL_READ_EARLY_DATA_SUCCESS, 2 the end of early data with *GOT 0. */
int SSL_read_early_data(void *ssl, void *bytes, size_t n, size_t *got)
{
	BEGIN(SSL_read_early_data);
	int result = ((SSL_read_early_data_fn)c.callee.real)(ssl, bytes, n, got);
	end(&c);
	if (c.here && result == 1)
		tap_bytes(ssl, SIDE_SERVER, bytes, *got);
	return result;
}

/* Goes past the method tables, so it is counted here whatever the tap. */
ssize_t SSL_sendfile(void *ssl, int fd, off_t offset, size_t n, int flags)
{
	BEGIN(SSL_sendfile);
	ssize_t result = ((SSL_sendfile_fn)c.callee.real)(ssl, fd, offset, n, flags);
	end(&c);
	if (result > 0)
		tap_skipped(ssl, SIDE_CLIENT, (size_t)result);
	return result;
}

/* A handshake as client returned to us; errno is as the original left it. */
static void look_at_handshake(const struct call *c, const void *ssl, int result)
{
	const struct tls_getters *ask = c->here ? scan_getters_of(c->callee.real) : NULL;

	if (ask && !tap_is_dropped(ssl))
		openssl_handshake_returned(ask, ssl, result);
}

int SSL_connect(void *ssl)
{
	BEGIN(SSL_connect);
	int result = ((SSL_connect_fn)c.callee.real)(ssl);
	end(&c);
	look_at_handshake(&c, ssl, result);
	return result;
}

int SSL_do_handshake(void *ssl)
{
	BEGIN(SSL_do_handshake);
	int result = ((SSL_do_handshake_fn)c.callee.real)(ssl);
	end(&c);
	const struct tls_getters *ask = c.here ? scan_getters_of(c.callee.real) : NULL;
	if (ask && ask->is_server && !ask->is_server(ssl))
		look_at_handshake(&c, ssl, result);
	return result;
}

/* Before the original: the address may be another connection's at once. */
void SSL_free(void *ssl)
{
	struct call c;

	if (!begin(&c, HOOK_SSL_free, __builtin_return_address(0), ssl))
		return;
	if (c.here && ssl)
		tap_closed(ssl);
	((SSL_free_fn)c.callee.real)(ssl);
	end(&c);
}

int SSL_clear(void *ssl)
{
	BEGIN(SSL_clear);
	if (c.here && ssl)
		tap_closed(ssl);
	int result = ((SSL_clear_fn)c.callee.real)(ssl);
	end(&c);
	return result;
}

static bool is_internet(const struct sockaddr *address, socklen_t n)
{
	return address && n >= sizeof(address->sa_family) &&
	       (address->sa_family == AF_INET || address->sa_family == AF_INET6);
}

/* The moment before a TLS connection: what was loaded by now can still be tapped in time. */
static void scan_before_connect(int fd, const struct sockaddr *address, socklen_t n)
{
	struct hook_guard g;

	if (!is_internet(address, n) || !hook_enter(&g))
		return;
	tap_expect_forks();
	scan_objects();
	if (scan_has_news() && untapped_is_stream(fd))
		scan_embedded(true);
	if (scan_is_untapped())
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
 * The moment before a sandbox: filters of system calls end who opens a file
 * behind them. They are installed with one of these, or right after the other.
 */
int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	struct hook_guard g;

	if ((option == PR_SET_NO_NEW_PRIVS || option == PR_SET_SECCOMP) && hook_enter(&g)) {
		tap_expect_forks();
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

void wrappers_start(void)
{
	real_connect = (connect_fn)objects_next(EARLY_TEXT("connect"));
	real_prctl = (prctl_fn)objects_next(EARLY_TEXT("prctl"));
	real_dlclose = (dlclose_fn)objects_next(EARLY_TEXT("dlclose"));
}
