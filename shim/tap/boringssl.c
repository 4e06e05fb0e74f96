/* SPDX-License-Identifier: MIT */
#include "tap/boringssl.h"

#include <errno.h>

#include "base/limits.h"
#include "tap/find/boringssl_find.h"
#include "tap/pages.h"
#include "tap/tap.h"

/* BoringSSL's Span<uint8_t>; as an argument it travels as its two members. */
struct bytes_span {
	const uint8_t *p;
	size_t n;
};

/* BoringSSL, ssl/internal.h: ssl_open_record_t. */
enum { OPEN_RECORD_SUCCESS = 0, OPEN_RECORD_CLOSE_NOTIFY = 3 };

/* The functions of the table that are replaced. */
struct functions {
	void (*free)(void *ssl);
	int (*open_app_data)(void *ssl, struct bytes_span *out, size_t *consumed, uint8_t *alert,
			     uint8_t *in, size_t n);
	int (*write_app_data)(void *ssl, bool *needs_handshake, size_t *written, const uint8_t *in,
			      size_t n);
};

static struct functions originals[LIMIT_COPIES]; /* immutable while the set's stubs are in use */

/* Also called by SSL_clear(): then the handle is a new connection, too. */
static void free_connection(size_t i, void *ssl)
{
	int saved = errno;

	if (!tap_is_inside())
		tap_closed(ssl);
	errno = saved;
	originals[i].free(ssl);
}

static int open_app_data(size_t i, void *ssl, struct bytes_span *out, size_t *consumed,
			 uint8_t *alert, uint8_t *in, size_t n)
{
	int result = originals[i].open_app_data(ssl, out, consumed, alert, in, n);
	int saved = errno;

	if (!tap_is_inside()) {
		if (result == OPEN_RECORD_SUCCESS && out->n)
			tap_bytes(ssl, SIDE_SERVER, out->p, out->n);
		else if (result == OPEN_RECORD_CLOSE_NOTIFY)
			tap_ended(ssl, SIDE_SERVER);
	}
	errno = saved;
	return result;
}

static int write_app_data(size_t i, void *ssl, bool *needs_handshake, size_t *written,
			  const uint8_t *in, size_t n)
{
	int result = originals[i].write_app_data(ssl, needs_handshake, written, in, n);
	int saved = errno;

	if (result > 0 && *written && *written <= n && !tap_is_inside())
		tap_bytes(ssl, SIDE_CLIENT, in, *written);
	errno = saved;
	return result;
}

#define STUBS(i)                                                                                   \
	static void free_##i(void *ssl)                                                            \
	{                                                                                          \
		free_connection(i, ssl);                                                           \
	}                                                                                          \
	static int open_##i(void *ssl, struct bytes_span *out, size_t *consumed, uint8_t *alert,   \
			    uint8_t *in, size_t n)                                                 \
	{                                                                                          \
		return open_app_data(i, ssl, out, consumed, alert, in, n);                         \
	}                                                                                          \
	static int write_##i(void *ssl, bool *needs_handshake, size_t *written, const uint8_t *in, \
			     size_t n)                                                             \
	{                                                                                          \
		return write_app_data(i, ssl, needs_handshake, written, in, n);                    \
	}
#define SETS(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)

/* clang-format off */
SETS(STUBS)

#define STUB_SET(i) { free_##i, open_##i, write_##i },
static const struct functions sets[] = { SETS(STUB_SET) };
/* clang-format on */

_Static_assert(sizeof(sets) / sizeof(sets[0]) == LIMIT_COPIES, "one set of stubs for each copy");

static const char *put(uint64_t table, const struct functions *f)
{
	void **slot = (void **)(uintptr_t)table;
	const struct patch patches[] = {
		{ &slot[BORINGSSL_FREE / 8], (void *)f->free },
		{ &slot[BORINGSSL_OPEN_APP_DATA / 8], (void *)f->open_app_data },
		{ &slot[BORINGSSL_WRITE_APP_DATA / 8], (void *)f->write_app_data },
	};

	return pages_patch(patches, sizeof(patches) / sizeof(patches[0]));
}

bool boringssl_is_tapped(uint64_t table, size_t i)
{
	return ((void **)(uintptr_t)table)[BORINGSSL_FREE / 8] == (void *)sets[i].free;
}

const char *boringssl_tap(uint64_t table, size_t i)
{
	void **slot = (void **)(uintptr_t)table;

	__builtin_memcpy(&originals[i].free, &slot[BORINGSSL_FREE / 8], sizeof(void *));
	__builtin_memcpy(&originals[i].open_app_data, &slot[BORINGSSL_OPEN_APP_DATA / 8],
			 sizeof(void *));
	__builtin_memcpy(&originals[i].write_app_data, &slot[BORINGSSL_WRITE_APP_DATA / 8],
			 sizeof(void *));
	return put(table, &sets[i]);
}

void boringssl_untap(uint64_t table, size_t i)
{
	if (boringssl_is_tapped(table, i))
		put(table, &originals[i]);
}
