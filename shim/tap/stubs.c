/* SPDX-License-Identifier: MIT */
/*
 * After the original has returned, a stub calls no OpenSSL function: the host's next
 * SSL_get_error() reads the thread's error queue and the connection's state. Only
 * getters, which change neither, are called: when a handshake returns, and once for
 * a connection that is older than our attachment.
 */
#include "tap/stubs.h"

#include "tap/hook_call.h"
#include "tap/openssl_handshake.h"
#include "tap/unwatched.h"

static struct {
	struct method_functions original;
	struct tls_getters getters;
} behind[LIMIT_TLS_LIBRARIES]; /* an entry is immutable while its stubs are in a table */

static int clear(size_t i, void *ssl)
{
	tap_closed(ssl);
	return behind[i].original.clear(ssl);
}

/* Before the original: another thread may get the same address at once. */
static void free_connection(size_t i, void *ssl)
{
	tap_closed(ssl);
	behind[i].original.free(ssl);
}

static int connect_client(size_t i, void *ssl)
{
	int result = behind[i].original.connect(ssl);

	if (!hook_call_is_open(ssl) && !is_unwatched(ssl))
		openssl_handshake_returned(&behind[i].getters, ssl, result);
	return result;
}

static int read_bytes(size_t i, void *ssl, void *bytes, size_t n, size_t *got)
{
	if (is_unwatched(ssl))
		return behind[i].original.read(ssl, bytes, n, got);
	int result = behind[i].original.read(ssl, bytes, n, got);
	if (hook_call_is_open(ssl))
		return result;
	if (result > 0)
		tap_bytes_asking(ssl, SIDE_SERVER, bytes, *got, &behind[i].getters);
	else if (result == 0 && n > 0)
		tap_ended(ssl, SIDE_SERVER);
	return result;
}

static int write_bytes(size_t i, void *ssl, const void *bytes, size_t n, size_t *put)
{
	if (is_unwatched(ssl))
		return behind[i].original.write(ssl, bytes, n, put);
	int result = behind[i].original.write(ssl, bytes, n, put);
	if (result > 0 && !hook_call_is_open(ssl))
		tap_bytes_asking(ssl, SIDE_CLIENT, bytes, *put, &behind[i].getters);
	return result;
}

#define STUBS(i)                                                                  \
	static int clear_##i(void *ssl)                                           \
	{                                                                         \
		return clear(i, ssl);                                             \
	}                                                                         \
	static void free_##i(void *ssl)                                           \
	{                                                                         \
		free_connection(i, ssl);                                          \
	}                                                                         \
	static int connect_##i(void *ssl)                                         \
	{                                                                         \
		return connect_client(i, ssl);                                    \
	}                                                                         \
	static int read_##i(void *ssl, void *bytes, size_t n, size_t *got)        \
	{                                                                         \
		return read_bytes(i, ssl, bytes, n, got);                         \
	}                                                                         \
	static int write_##i(void *ssl, const void *bytes, size_t n, size_t *put) \
	{                                                                         \
		return write_bytes(i, ssl, bytes, n, put);                        \
	}

/* clang-format off */
EACH_STUB_SET(STUBS)

#define STUB_SET(i) { clear_##i, free_##i, connect_##i, read_##i, write_##i },
static const struct method_functions sets[] = { EACH_STUB_SET(STUB_SET) };
/* clang-format on */

const struct method_functions *stubs_of(size_t i)
{
	return &sets[i];
}

const struct method_functions *stubs_originals(size_t i)
{
	return &behind[i].original;
}

void stubs_set(size_t i, const struct method_functions *originals,
	       const struct tls_getters *getters)
{
	behind[i].original = *originals;
	behind[i].getters = *getters;
}
