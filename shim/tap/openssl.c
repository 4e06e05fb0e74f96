/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL and the libraries with the same API: BoringSSL, AWS-LC, LibreSSL. OpenSSL is
 * tapped by its method tables if they are recognised, the others by their exported
 * functions, below.
 */
#include <stdio.h>
#include <string.h>

#include "tap/hook_call.h"
#include "tap/libraries.h"
#include "tap/method_table.h"
#include "tap/openssl_handshake.h"
#include "tap/tap.h"

_Static_assert(sizeof(struct tls_getters) <= TLS_GETTERS_SIZE, "the registry has room for them");

/* 0xMNNFFPPS; before 3.0 FF is the third number and PP a letter. */
static void spell_version(unsigned long v, char *out, size_t size)
{
	unsigned patch = (unsigned)(v >> 4 & 0xff);

	if (v >> 28 >= 3)
		snprintf(out, size, "%lu.%lu.%u", v >> 28, v >> 20 & 0xff, patch);
	else
		snprintf(out, size, "%lu.%lu.%lu%c", v >> 28, v >> 20 & 0xff, v >> 12 & 0xff,
			 patch > 0 && patch <= 26 ? (char)('a' + patch - 1) : '\0');
}

static const char *library_of(const struct tls_object *l, unsigned long version)
{
	if (tls_object_symbol(l, "awslc_api_version_num"))
		return "AWS-LC";
	if (tls_object_symbol(l, "BORINGSSL_self_test"))
		return "BoringSSL";
	if (version >> 28 == 2)
		return "LibreSSL";
	return version ? "OpenSSL" : "unknown";
}

/* libssl's own, or those of libcrypto, on which it depends. */
static struct tls_getters getters_of(const struct tls_object *l)
{
	const struct object *o = l->object;

	return (struct tls_getters){
		.servername =
		    (const char *(*)(const void *, int))object_symbol(o, "SSL_get_servername"),
		.is_server = (int (*)(const void *))object_symbol(o, "SSL_is_server"),
		.is_dtls = (int (*)(const void *))object_symbol(o, "SSL_is_dtls"),
		.error = (int (*)(const void *, int))object_symbol(o, "SSL_get_error"),
		.state = (const char *(*)(const void *))object_symbol(o, "SSL_state_string"),
		.first_error = (unsigned long (*)(void))tls_object_symbol(l, "ERR_peek_error"),
		.last_error = (unsigned long (*)(void))tls_object_symbol(l, "ERR_peek_last_error"),
		.verify_mode = (int (*)(const void *))object_symbol(o, "SSL_get_verify_mode"),
		.quic = (int (*)(const void *))object_symbol(o, "SSL_is_quic"),
		.verify_result = (long (*)(const void *))object_symbol(o, "SSL_get_verify_result"),
		.peer_chain =
		    (const void *(*)(const void *))object_symbol(o, "SSL_get_peer_cert_chain"),
		.chain_at =
		    (const void *(*)(const void *, int))tls_object_symbol(l, "OPENSSL_sk_value"),
		.encode = (int (*)(const void *, unsigned char **))tls_object_symbol(l, "i2d_X509"),
		.alpn = (void (*)(const void *, const unsigned char **, unsigned *))object_symbol(
		    o, "SSL_get0_alpn_selected"),
		.bio = (const void *(*)(const void *))object_symbol(o, "SSL_get_rbio"),
		.bio_type = (int (*)(const void *))tls_object_symbol(l, "BIO_method_type"),
		.bio_read = (uint64_t(*)(const void *))tls_object_symbol(l, "BIO_number_read"),
		.boringssl = tls_object_symbol(l, "BORINGSSL_self_test") != NULL ||
			     tls_object_symbol(l, "awslc_api_version_num") != NULL,
	};
}

static unsigned long version_of(const struct tls_object *l)
{
	unsigned long (*number)(void) =
	    (unsigned long (*)(void))tls_object_symbol(l, "OpenSSL_version_num");

	return number ? number() : 0;
}

static const char *describe(const struct tls_object *l, char version[TLS_VERSION_SIZE],
			    void *getters)
{
	const struct tls_getters found = getters_of(l);
	const unsigned long number = version_of(l);

	memcpy(getters, &found, sizeof(found));
	if (number)
		spell_version(number, version, TLS_VERSION_SIZE);
	return library_of(l, number);
}

static const char *tap_method_tables(const struct tls_object *l, size_t i)
{
	const struct method_recipe recipe = {
		.object = l->object,
		.getters = getters_of(l),
		.version = version_of(l),
	};

	if (strcmp(library_of(l, recipe.version), "OpenSSL") != 0)
		return "only OpenSSL's method tables are known";
	return method_table_tap(&recipe, i);
}

const struct tls_driver openssl_driver = { describe, tap_method_tables };

static const struct tls_getters *getters_for(const struct hook_call *c)
{
	return libraries_getters_of(c->callee.real);
}

int SSL_write(void *ssl, const void *bytes, int n)
{
	HOOK_CALL_BYTES(SSL_write, ssl, bytes, n);
	int result = ((SSL_write_fn)c.callee.real)(ssl, bytes, n);
	hook_call_end(&c);
	if (c.here && result > 0)
		tap_bytes_asking(ssl, SIDE_CLIENT, bytes, (size_t)result, getters_for(&c));
	return result;
}

int SSL_write_ex(void *ssl, const void *bytes, size_t n, size_t *put)
{
	HOOK_CALL_BYTES(SSL_write_ex, ssl, bytes, n, put);
	int result = ((SSL_write_ex_fn)c.callee.real)(ssl, bytes, n, put);
	hook_call_end(&c);
	if (c.here && result > 0)
		tap_bytes_asking(ssl, SIDE_CLIENT, bytes, *put, getters_for(&c));
	return result;
}

int SSL_write_ex2(void *ssl, const void *bytes, size_t n, uint64_t flags, size_t *put)
{
	HOOK_CALL_BYTES(SSL_write_ex2, ssl, bytes, n, flags, put);
	int result = ((SSL_write_ex2_fn)c.callee.real)(ssl, bytes, n, flags, put);
	hook_call_end(&c);
	if (c.here && result > 0)
		tap_bytes_asking(ssl, SIDE_CLIENT, bytes, *put, getters_for(&c));
	return result;
}

int SSL_write_early_data(void *ssl, const void *bytes, size_t n, size_t *put)
{
	HOOK_CALL_BYTES(SSL_write_early_data, ssl, bytes, n, put);
	int result = ((SSL_write_early_data_fn)c.callee.real)(ssl, bytes, n, put);
	hook_call_end(&c);
	if (c.here && result > 0)
		tap_bytes_asking(ssl, SIDE_CLIENT, bytes, *put, getters_for(&c));
	return result;
}

int SSL_read(void *ssl, void *bytes, int n)
{
	HOOK_CALL_BYTES(SSL_read, ssl, bytes, n);
	int result = ((SSL_read_fn)c.callee.real)(ssl, bytes, n);
	hook_call_end(&c);
	if (c.here && result > 0)
		tap_bytes_asking(ssl, SIDE_SERVER, bytes, (size_t)result, getters_for(&c));
	else if (c.here && result == 0 && n > 0)
		tap_ended(ssl, SIDE_SERVER);
	return result;
}

int SSL_read_ex(void *ssl, void *bytes, size_t n, size_t *got)
{
	HOOK_CALL_BYTES(SSL_read_ex, ssl, bytes, n, got);
	int result = ((SSL_read_ex_fn)c.callee.real)(ssl, bytes, n, got);
	hook_call_end(&c);
	if (c.here && result > 0)
		tap_bytes_asking(ssl, SIDE_SERVER, bytes, *got, getters_for(&c));
	return result;
}

/* A server's function; 1 is SSL_READ_EARLY_DATA_SUCCESS, 2 the end of early data with *GOT 0. */
int SSL_read_early_data(void *ssl, void *bytes, size_t n, size_t *got)
{
	HOOK_CALL_BYTES(SSL_read_early_data, ssl, bytes, n, got);
	int result = ((SSL_read_early_data_fn)c.callee.real)(ssl, bytes, n, got);
	hook_call_end(&c);
	if (c.here && result == 1)
		tap_bytes_asking(ssl, SIDE_SERVER, bytes, *got, getters_for(&c));
	return result;
}

/* Goes past the method tables, so it is counted here whatever the tap. */
ssize_t SSL_sendfile(void *ssl, int fd, off_t offset, size_t n, int flags)
{
	HOOK_CALL(SSL_sendfile, ssl);
	ssize_t result = ((SSL_sendfile_fn)c.callee.real)(ssl, fd, offset, n, flags);
	hook_call_end(&c);
	if (result > 0)
		tap_skipped(ssl, SIDE_CLIENT, (size_t)result);
	return result;
}

/* A handshake as client returned to us; errno is as the original left it. */
static void look_at_handshake(const struct hook_call *c, const void *ssl, int result)
{
	const struct tls_getters *ask = c->here ? getters_for(c) : NULL;

	if (ask && !is_unwatched(ssl))
		openssl_handshake_returned(ask, ssl, result);
}

int SSL_connect(void *ssl)
{
	HOOK_CALL(SSL_connect, ssl);
	int result = ((SSL_connect_fn)c.callee.real)(ssl);
	hook_call_end(&c);
	look_at_handshake(&c, ssl, result);
	return result;
}

int SSL_do_handshake(void *ssl)
{
	HOOK_CALL(SSL_do_handshake, ssl);
	int result = ((SSL_do_handshake_fn)c.callee.real)(ssl);
	hook_call_end(&c);
	const struct tls_getters *ask = c.here ? getters_for(&c) : NULL;
	if (ask && ask->is_server && !ask->is_server(ssl))
		look_at_handshake(&c, ssl, result);
	return result;
}

/* Before the original: another thread may get the same address at once. */
void SSL_free(void *ssl)
{
	struct hook_call c;

	if (!hook_call_begin(&c, HOOK_SSL_free, __builtin_return_address(0), ssl))
		return;
	if (c.here && ssl) {
		hook_call_forget(&c, ssl);
		tap_closed(ssl);
	}
	((SSL_free_fn)c.callee.real)(ssl);
	hook_call_end(&c);
}

int SSL_clear(void *ssl)
{
	HOOK_CALL(SSL_clear, ssl);
	if (c.here && ssl) {
		hook_call_forget(&c, ssl);
		tap_closed(ssl);
	}
	int result = ((SSL_clear_fn)c.callee.real)(ssl);
	hook_call_end(&c);
	return result;
}
