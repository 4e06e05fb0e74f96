/* SPDX-License-Identifier: MIT */
#include "tools/redirect/roots.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#if OPENSSL_VERSION_NUMBER < 0x30000000L
typedef X509_NAME asked_name;
#else
typedef const X509_NAME asked_name;
#endif

enum { VERSION_TAG = 0xa0 }; /* [0] of TBSCertificate, RFC 5280 section 4.1 */

struct root {
	X509_NAME *subject;
	unsigned char *bytes; /* DER, and what trusted certificates of OpenSSL's have behind it */
	size_t size;
	bool decoded; /* it is in the store */
};

struct roots {
	struct root *all;
	size_t count, room;
};

/* Into the next element of DER, or past it. False: there is none. */
static bool step(const unsigned char **at, const unsigned char *end, bool into)
{
	long size;
	int tag, class;

	if (*at >= end || ASN1_get_object(at, &size, &tag, &class, end - *at) & 0x80)
		return false;
	if (!into)
		*at += size;
	return true;
}

/* Of a certificate in DER; NULL: it is none. */
static X509_NAME *subject_of(const unsigned char *at, size_t n)
{
	const unsigned char *end = at + n;

	if (!step(&at, end, true) || !step(&at, end, true) ||
	    (at < end && *at == VERSION_TAG && !step(&at, end, false)))
		return NULL;
	for (int i = 0; i < 4; i++) /* serial number, signature, issuer, validity */
		if (!step(&at, end, false))
			return NULL;
	return d2i_X509_NAME(NULL, &at, end - at);
}

static struct root *next_place(struct roots *r)
{
	if (r->count == LIMIT_RELAY_ROOTS)
		return NULL;
	if (r->count == r->room) {
		size_t room = r->room ? 2 * r->room : 256;
		struct root *all = realloc(r->all, room * sizeof(*all));
		if (!all)
			return NULL;
		r->all = all;
		r->room = room;
	}
	return &r->all[r->count];
}

/* Owns BYTES from here on. */
static void add(struct roots *r, unsigned char *bytes, size_t n)
{
	struct root *place = next_place(r);
	X509_NAME *subject = place ? subject_of(bytes, n) : NULL;

	if (!subject) {
		OPENSSL_free(bytes);
		return;
	}
	*place = (struct root){ subject, bytes, n, false };
	r->count++;
}

static bool is_certificate(const char *label)
{
	return strcmp(label, PEM_STRING_X509) == 0 || strcmp(label, PEM_STRING_X509_OLD) == 0 ||
	       strcmp(label, PEM_STRING_X509_TRUSTED) == 0;
}

void roots_add_pem(struct roots *r, struct slice pem)
{
	BIO *from = BIO_new_mem_buf(pem.p, (int)pem.n);
	char *label, *head;
	unsigned char *bytes;
	long n;

	while (from && PEM_read_bio(from, &label, &head, &bytes, &n) == 1) {
		if (is_certificate(label))
			add(r, bytes, (size_t)n);
		else
			OPENSSL_free(bytes);
		OPENSSL_free(label);
		OPENSSL_free(head);
	}
	BIO_free(from);
	ERR_clear_error(); /* the end is one */
}

static void decode(struct root *one, X509_STORE *to)
{
	const unsigned char *at = one->bytes;
	X509 *certificate = d2i_X509_AUX(NULL, &at, (long)one->size);

	one->decoded = true;
	if (certificate)
		X509_STORE_add_cert(to, certificate);
	X509_free(certificate);
}

/* The first of STORE with this NAME, borrowed, as the caller expects it: it counts a reference itself. */
static int give(X509_STORE *store, asked_name *name, X509_OBJECT *out)
{
	X509_OBJECT *found =
	    X509_OBJECT_retrieve_by_subject(X509_STORE_get0_objects(store), X509_LU_X509, name);
	X509 *certificate = found ? X509_OBJECT_get0_X509(found) : NULL;

	if (!certificate || !X509_OBJECT_set1_X509(out, certificate))
		return 0;
	X509_free(certificate);
	return 1;
}

/* A chain asks for NAME: all of that name come into the store, which is then asked for the others. */
static int by_subject(X509_LOOKUP *l, X509_LOOKUP_TYPE type, asked_name *name, X509_OBJECT *out)
{
	struct roots *r = X509_LOOKUP_get_method_data(l);
	X509_STORE *store = X509_LOOKUP_get_store(l);
	bool any = false;

	for (size_t i = 0; type == X509_LU_X509 && i < r->count; i++)
		if (!r->all[i].decoded && X509_NAME_cmp(r->all[i].subject, name) == 0) {
			decode(&r->all[i], store);
			any = true;
		}
	return any ? give(store, name, out) : 0;
}

static void release(X509_LOOKUP *l)
{
	struct roots *r = X509_LOOKUP_get_method_data(l);

	for (size_t i = 0; i < r->count; i++) {
		X509_NAME_free(r->all[i].subject);
		OPENSSL_free(r->all[i].bytes);
	}
	free(r->all);
	free(r);
}

struct roots *roots_of(X509_STORE *to)
{
	static X509_LOOKUP_METHOD *method;
	struct roots *r = calloc(1, sizeof(*r));

	if (r && !method && (method = X509_LOOKUP_meth_new("roots of orshim"))) {
		X509_LOOKUP_meth_set_get_by_subject(method, by_subject);
		X509_LOOKUP_meth_set_free(method, release);
	}
	X509_LOOKUP *l = r && method ? X509_STORE_add_lookup(to, method) : NULL;
	if (!l || !X509_LOOKUP_set_method_data(l, r)) {
		free(r);
		return NULL;
	}
	return r;
}
