/* SPDX-License-Identifier: MIT */
/* What the relay of orshim run makes and reads: certificates, ClientHellos, Java's list of roots. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <cmocka.h>

#include "tools/redirect/authority.h"
#include "tools/redirect/hello.h"
#include "tools/redirect/keystore.h"
#include "tools/redirect/roots.h"
#include "tools/redirect/user_proxy.h"

/* What a client of ours says first to NAME (NULL: without one), offering h2 and http/1.1. */
static size_t client_hello(const char *name, unsigned char *out, size_t size)
{
	static const unsigned char protocols[] = "\2h2\10http/1.1";
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(context);
	BIO *to = BIO_new(BIO_s_mem());

	if (name)
		assert_int_equal(SSL_set_tlsext_host_name(ssl, name), 1);
	assert_int_equal(SSL_set_alpn_protos(ssl, protocols, sizeof(protocols) - 1), 0);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), to);
	SSL_connect(ssl);
	int n = BIO_read(to, out, (int)size);
	SSL_free(ssl);
	SSL_CTX_free(context);
	assert_true(n > 100);
	return (size_t)n;
}

/* Read by STEP bytes at a time. */
static void read_hello(struct hello *h, const unsigned char *bytes, size_t n, size_t step)
{
	SSL_CTX *context = hello_context();
	SSL *ssl = SSL_new(context);
	BIO *in = BIO_new(BIO_s_mem());

	memset(h, 0, sizeof(*h));
	SSL_set_bio(ssl, in, BIO_new(BIO_s_mem()));
	hello_attach(ssl, h);
	for (size_t at = 0; at < n; at += step) {
		size_t piece = n - at < step ? n - at : step;
		BIO_write(in, bytes + at, (int)piece);
		SSL_accept(ssl);
		assert_true(h->seen == (at + piece == n));
	}
	SSL_free(ssl);
	SSL_CTX_free(context);
}

static void a_client_hello_is_read_in_any_pieces(void **state)
{
	static const size_t steps[] = { 1, 7, 100, 100000 };
	unsigned char bytes[8192];
	struct hello h;
	size_t n = client_hello("openrouter.ai", bytes, sizeof(bytes));

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		read_hello(&h, bytes, n, steps[i]);
		assert_string_equal(h.name, "openrouter.ai");
		assert_int_equal(h.protocols_size, 12);
		assert_memory_equal(h.protocols, "\2h2\10http/1.1", 12);
	}
	n = client_hello(NULL, bytes, sizeof(bytes));
	read_hello(&h, bytes, n, n);
	assert_string_equal(h.name, "");
}

/* As the tool does: is LEAF good for NAME with A as its only root? */
static long verify(const struct authority *a, X509 *leaf, const char *name)
{
	X509_STORE *roots = X509_STORE_new();
	X509_STORE_CTX *c = X509_STORE_CTX_new();

	X509_STORE_add_cert(roots, a->certificate);
	X509_STORE_CTX_init(c, roots, leaf, NULL);
	X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(c), name, 0);
	X509_verify_cert(c);
	long result = X509_STORE_CTX_get_error(c);
	X509_STORE_CTX_free(c);
	X509_STORE_free(roots);
	return result;
}

/* The certificate that SSL would show for NAME; NULL: none is made. */
static X509 *leaf_of(struct authority *a, const char *name)
{
	SSL_CTX *context = hello_context();
	SSL *ssl = SSL_new(context);
	X509 *leaf = authority_certify(a, name, ssl) ? SSL_get_certificate(ssl) : NULL;

	if (leaf)
		X509_up_ref(leaf);
	SSL_free(ssl);
	SSL_CTX_free(context);
	return leaf;
}

static void the_authority_is_good_for_the_hosts_in_question_alone(void **state)
{
	struct authority a = { 0 };
	struct host_list hosts;
	struct slice wrong;
	X509 *leaf;

	(void)state;
	assert_true(hosts_init(&hosts, "gateway.example,*.corp.example", &wrong));
	assert_true(authority_make(&a, &hosts));
	static const struct {
		const char *name;
		long result;
	} cases[] = {
		{ "openrouter.ai", X509_V_OK },
		{ "api.openai.com", X509_V_OK },
		{ "gateway.example", X509_V_OK },
		{ "llm.corp.example", X509_V_OK },
		{ "bank.example", X509_V_ERR_PERMITTED_VIOLATION },
		{ "openrouter.ai.bank.example", X509_V_ERR_PERMITTED_VIOLATION },
		{ "192.0.2.1", X509_V_ERR_EXCLUDED_VIOLATION },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		leaf = leaf_of(&a, cases[i].name);
		assert_non_null(leaf);
		long result = verify(&a, leaf, cases[i].name);
		if (cases[i].result == X509_V_ERR_EXCLUDED_VIOLATION)
			assert_int_not_equal(result, X509_V_OK);
		else
			assert_int_equal(result, cases[i].result);
		X509_free(leaf);
	}
	assert_null(leaf_of(&a, "DNS:a,DNS:b\n"));
	assert_int_equal(X509_get_pathlen(a.certificate), 0);
	authority_release(&a);
}

static void leaves_are_kept_and_their_number_is_limited(void **state)
{
	struct authority a = { 0 };
	struct host_list hosts = { .count = 0 };
	char name[64];

	(void)state;
	assert_true(authority_make(&a, &hosts));
	X509 *first = leaf_of(&a, "openrouter.ai"), *again = leaf_of(&a, "openrouter.ai");
	assert_ptr_equal(first, again);
	for (int i = 0; i < 3 * LIMIT_RELAY_LEAVES; i++) {
		snprintf(name, sizeof(name), "h%d.openrouter.ai", i);
		X509 *one = leaf_of(&a, name);
		assert_non_null(one);
		X509_free(one);
	}
	X509_free(first);
	X509_free(again);
	authority_release(&a);
}

/* Roots are found by their names, decoded once, all of a name, and nothing else is taken for one. */
static void roots_are_decoded_when_a_chain_needs_them(void **state)
{
	struct authority all[3] = { { 0 } };
	struct host_list hosts = { .count = 0 };
	X509_STORE *store = X509_STORE_new();
	struct roots *roots = roots_of(store);
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	assert_non_null(roots);
	for (size_t i = 0; i < 3; i++) { /* all have one name, and another key each */
		assert_true(authority_make(&all[i], &hosts));
		assert_int_equal(
		    buf_addf(&text, "# %zu\n-----BEGIN X-----\nMTIz\n-----END X-----\n", i), 0);
		if (i < 2)
			assert_true(authority_pem(&all[i], &text));
	}
	assert_int_equal(buf_addf(&text,
				  "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
				  "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
			 0);
	roots_add_pem(roots, buf_slice(&text));
	assert_int_equal(sk_X509_OBJECT_num(X509_STORE_get0_objects(store)), 0);
	for (size_t i = 0; i < 3; i++) {
		X509_STORE_CTX *c = X509_STORE_CTX_new();
		X509 *leaf = leaf_of(&all[i], "openrouter.ai");

		X509_STORE_CTX_init(c, store, leaf, NULL);
		assert_int_equal(X509_verify_cert(c) == 1, i < 2);
		assert_int_equal(sk_X509_OBJECT_num(X509_STORE_get0_objects(store)), 2);
		X509_STORE_CTX_free(c);
		X509_free(leaf);
	}
	X509_STORE_free(store);
	buf_release(&text);
	for (size_t i = 0; i < 3; i++)
		authority_release(&all[i]);
}

static void javas_list_is_read_and_grows_by_one(void **state)
{
	static const unsigned char empty[] = "\xfe\xed\xfe\xed\0\0\0\2\0\0\0\0"
					     "01234567890123456789";
	struct slice none = { (const char *)empty, 32 };
	struct authority a = { 0 };
	struct host_list hosts = { .count = 0 };
	struct buf one, two;
	X509_STORE *store = X509_STORE_new();

	(void)state;
	assert_true(authority_make(&a, &hosts));
	buf_init(&one, 1 << 20);
	buf_init(&two, 1 << 20);
	assert_true(keystore_with(none, a.certificate, &one));
	assert_true(keystore_with(buf_slice(&one), a.certificate, &two));
	assert_int_equal(two.p[11], 2);
	assert_true(keystore_read(buf_slice(&two), store));
	assert_int_equal(sk_X509_OBJECT_num(X509_STORE_get0_objects(store)), 1);
	/* Cut off anywhere it is no list, and nothing behind its end is read. */
	for (size_t n = 0; n < two.n; n++) {
		char *copy = malloc(n ? n : 1);
		memcpy(copy, two.p, n);
		assert_false(keystore_read((struct slice){ copy, n }, store));
		free(copy);
	}
	assert_false(
	    keystore_with(SLICE("PKCS12 it may be, or anything else at all"), a.certificate, &one));
	X509_STORE_free(store);
	buf_release(&one);
	buf_release(&two);
	authority_release(&a);
}

static void a_proxy_of_the_environment_is_read(void **state)
{
	static const struct {
		const char *url, *host, *login;
		enum proxy_kind kind;
		uint16_t port;
	} rows[] = {
		{ "http://proxy.example:3128/", "proxy.example", "", PROXY_HTTP, 3128 },
		{ "proxy.example:8080", "proxy.example", "", PROXY_HTTP, 8080 },
		{ "http://me:p%40ss@proxy.example", "proxy.example", "me:p%40ss", PROXY_HTTP, 80 },
		{ "http://a@b@[::1]:3128", "[::1]", "a@b", PROXY_HTTP, 3128 },
		{ "http://[2001:db8::7]", "[2001:db8::7]", "", PROXY_HTTP, 80 },
		{ "https://proxy.example", "proxy.example", "", PROXY_TLS, 443 },
		{ "socks5h://127.0.0.1", "127.0.0.1", "", PROXY_SOCKS, 1080 },
		{ "", "", "", PROXY_NONE, 0 },
		{ "http://", "", "", PROXY_NONE, 0 },
		{ "http://:3128", "", "", PROXY_NONE, 0 },
	};
	struct user_proxy p;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(user_proxy_read(&p, rows[i].url), rows[i].kind != PROXY_NONE);
		assert_int_equal(p.kind, rows[i].kind);
		if (p.kind == PROXY_NONE)
			continue;
		assert_string_equal(p.host, rows[i].host);
		assert_int_equal(p.port, rows[i].port);
		assert_true(slice_equal(p.login, slice_of(rows[i].login)));
	}
	assert_false(user_proxy_read(&p, NULL));
}

static void a_login_is_written_as_basic(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	assert_int_equal(user_proxy_authorize(&out, SLICE("")), 0);
	assert_int_equal(out.n, 0);
	/* RFC 7617 section 2, and one that is percent-encoded. */
	assert_int_equal(user_proxy_authorize(&out, SLICE("Aladdin:open sesame")), 0);
	assert_true(slice_equal(buf_slice(&out), SLICE("Proxy-Authorization: Basic "
						       "QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n")));
	buf_reset(&out);
	assert_int_equal(user_proxy_authorize(&out, SLICE("a:%40%")), 0);
	assert_true(slice_equal(buf_slice(&out), SLICE("Proxy-Authorization: Basic YTpAJQ==\r\n")));
	buf_release(&out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_hello_is_read_in_any_pieces),
		cmocka_unit_test(the_authority_is_good_for_the_hosts_in_question_alone),
		cmocka_unit_test(leaves_are_kept_and_their_number_is_limited),
		cmocka_unit_test(roots_are_decoded_when_a_chain_needs_them),
		cmocka_unit_test(javas_list_is_read_and_grows_by_one),
		cmocka_unit_test(a_proxy_of_the_environment_is_read),
		cmocka_unit_test(a_login_is_written_as_basic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
