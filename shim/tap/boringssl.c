/* SPDX-License-Identifier: MIT */
#include "tap/boringssl.h"

#include <errno.h>

#include "base/limits.h"
#include "tap/find/boringssl_find.h"
#include "tap/pages.h"
#include "tap/stubs.h"
#include "tap/tap.h"

/* BoringSSL's Span<uint8_t>; as an argument it travels as its two members. */
struct bytes_span {
	const uint8_t *p;
	size_t n;
};

/* SSLMessage: one of the handshake, as it came. RAW is BODY with its four bytes of header. */
struct message_view {
	bool is_v2_hello;
	uint8_t type;
	struct bytes_span body;
	struct bytes_span raw;
};

/* BoringSSL, ssl/internal.h: ssl_open_record_t. */
enum { OPEN_RECORD_SUCCESS = 0, OPEN_RECORD_CLOSE_NOTIFY = 3, OPEN_RECORD_ERROR = 4 };

/* RFC 8446 sections 4 and 5.1. */
enum {
	MESSAGE_CLIENT_HELLO = 1,
	MESSAGE_CERTIFICATE = 11,
	MESSAGE_FINISHED = 20,

	RECORD_CHANGE_CIPHER_SPEC = 20,
	RECORD_ALERT = 21,
	RECORD_DATA = 23,
	RECORD_HEADER = 5,
	ALERT_WARNING = 1,
	ALERT_FATAL = 2,
};

/*
 * A function of the handshake. We pass on every argument register, so that a version
 * with one more argument works, too.
 */
typedef long handshake_function(void *ssl, void *a, void *b, void *c, void *d, void *e);

/* The functions of the table that are replaced. */
struct functions {
	void (*free)(void *ssl);
	handshake_function *get_message;    /* (ssl, struct message_view *out): is there one? */
	handshake_function *open_handshake; /* (ssl, consumed, alert, in, n): a record */
	handshake_function *finish_message; /* (ssl, cbb, struct bytes_span *out): ours is ready */
	int (*open_app_data)(void *ssl, struct bytes_span *out, size_t *consumed, uint8_t *alert,
			     uint8_t *in, size_t n);
	int (*write_app_data)(void *ssl, bool *needs_handshake, size_t *written, const uint8_t *in,
			      size_t n);
};

static struct functions
    originals[LIMIT_TLS_LIBRARIES]; /* immutable while the set's stubs are in use */

/* Also called by SSL_clear(): then the handle is a new connection, too. */
static void free_connection(size_t i, void *ssl)
{
	int saved = errno;

	if (!tap_is_inside())
		tap_closed(ssl);
	errno = saved;
	originals[i].free(ssl);
}

/* A message of the server's; the handshake asks for the same one again until it has used it. */
static void read_message(const void *ssl, const struct message_view *m)
{
	if (m->is_v2_hello || m->raw.n != m->body.n + 4 || m->raw.p + 4 != m->body.p ||
	    m->raw.p[0] != m->type)
		return;
	if (m->type == MESSAGE_CERTIFICATE)
		tap_certificate(ssl, certificate_in_message(
					 (struct slice){ (const char *)m->body.p, m->body.n }));
	else if (m->type == MESSAGE_FINISHED)
		tap_finished(ssl, SIDE_SERVER);
}

static long get_message(size_t i, void *ssl, void *a, void *b, void *c, void *d, void *e)
{
	long result = originals[i].get_message(ssl, a, b, c, d, e);
	int saved = errno;

	if ((bool)(result & 0xff) && !tap_is_inside())
		read_message(ssl, a);
	errno = saved;
	return result;
}

/* Why a record ended the handshake: an alert, decrypted by now, or bytes that are not TLS. */
static void read_refusal(const void *ssl, const uint8_t *in, size_t n)
{
	struct handshake h = handshake_unknown(HANDSHAKE_FAILED);
	bool clear = n >= RECORD_HEADER + 2 && in[0] == RECORD_ALERT;
	bool sealed =
	    n >= RECORD_HEADER + 3 && in[0] == RECORD_DATA && in[RECORD_HEADER + 2] == RECORD_ALERT;

	if (n < RECORD_HEADER || !tap_in_handshake(ssl))
		return;
	if ((clear || sealed) &&
	    (in[RECORD_HEADER] == ALERT_FATAL || in[RECORD_HEADER] == ALERT_WARNING))
		h.alert = in[RECORD_HEADER + 1];
	h.not_tls = in[0] < RECORD_CHANGE_CIPHER_SPEC || in[0] > RECORD_DATA;
	tap_handshake_failed(ssl, (struct slice){ NULL, 0 }, &h);
}

static long open_handshake(size_t i, void *ssl, void *a, void *b, void *in, void *n, void *e)
{
	long result = originals[i].open_handshake(ssl, a, b, in, n, e);
	int saved = errno;

	if ((int)result == OPEN_RECORD_ERROR && in && !tap_is_inside())
		read_refusal(ssl, in, (size_t)n);
	errno = saved;
	return result;
}

/* A message of this process, before it is sent. */
static void read_own(const void *ssl, const struct bytes_span *m)
{
	struct slice name;
	bool quic;

	if (m->n < 4 || !m->p)
		return;
	if (m->p[0] == MESSAGE_FINISHED)
		tap_finished(ssl, SIDE_CLIENT);
	if (m->p[0] != MESSAGE_CLIENT_HELLO)
		return;
	name = client_hello_name((struct slice){ (const char *)m->p, m->n }, &quic);
	if (!quic)
		tap_handshake_begun(ssl, name, false);
}

static long finish_message(size_t i, void *ssl, void *a, void *out, void *c, void *d, void *e)
{
	long result = originals[i].finish_message(ssl, a, out, c, d, e);
	int saved = errno;

	if ((bool)(result & 0xff) && !tap_is_inside())
		read_own(ssl, out);
	errno = saved;
	return result;
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

#define HANDSHAKE_STUB(name, i)                                                        \
	static long name##_##i(void *ssl, void *a, void *b, void *c, void *d, void *e) \
	{                                                                              \
		return name(i, ssl, a, b, c, d, e);                                    \
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
	}                                                                                          \
	HANDSHAKE_STUB(get_message, i)                                                             \
	HANDSHAKE_STUB(open_handshake, i)                                                          \
	HANDSHAKE_STUB(finish_message, i)

/* clang-format off */
EACH_STUB_SET(STUBS)

#define STUB_SET(i) \
	{ free_##i, get_message_##i, open_handshake_##i, finish_message_##i, open_##i, write_##i },
static const struct functions sets[] = { EACH_STUB_SET(STUB_SET) };
/* clang-format on */

static const char *put(uint64_t table, const struct functions *f)
{
	void **slot = (void **)(uintptr_t)table;
	const struct patch patches[] = {
		{ &slot[BORINGSSL_FREE / 8], (void *)f->free },
		{ &slot[BORINGSSL_GET_MESSAGE / 8], (void *)f->get_message },
		{ &slot[BORINGSSL_OPEN_HANDSHAKE / 8], (void *)f->open_handshake },
		{ &slot[BORINGSSL_FINISH_MESSAGE / 8], (void *)f->finish_message },
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

	const struct {
		unsigned at;
		void *original;
	} kept[] = {
		{ BORINGSSL_FREE, &originals[i].free },
		{ BORINGSSL_GET_MESSAGE, &originals[i].get_message },
		{ BORINGSSL_OPEN_HANDSHAKE, &originals[i].open_handshake },
		{ BORINGSSL_FINISH_MESSAGE, &originals[i].finish_message },
		{ BORINGSSL_OPEN_APP_DATA, &originals[i].open_app_data },
		{ BORINGSSL_WRITE_APP_DATA, &originals[i].write_app_data },
	};

	for (size_t k = 0; k < sizeof(kept) / sizeof(kept[0]); k++)
		__builtin_memcpy(kept[k].original, &slot[kept[k].at / 8], sizeof(void *));
	return put(table, &sets[i]);
}

void boringssl_untap(uint64_t table, size_t i)
{
	if (boringssl_is_tapped(table, i))
		put(table, &originals[i]);
}
