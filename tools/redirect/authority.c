/* SPDX-License-Identifier: MIT */
#include "tools/redirect/authority.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

enum {
	VERSION_3 = 2, /* X509_VERSION_3 of OpenSSL 3 */
	AUTHORITY_DAYS = 365, /* longer than any run; the key is gone with the run */
	LEAF_SECONDS = 24 * 3600,
	EARLIER = 3600, /* clocks differ a little */
};

static bool is_address(const char *name)
{
	unsigned char room[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, name, room) == 1 || inet_pton(AF_INET6, name, room) == 1;
}

/* NAME as OpenSSL's configuration language can hold it; false for anything else. */
static bool is_plain(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr(".-_:", *p))
			return false;
	return *name != '\0';
}

static bool extend(X509 *to, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, issuer, to, NULL, NULL, 0);
	extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
	bool done = extension && X509_add_ext(to, extension, -1);
	X509_EXTENSION_free(extension);
	return done;
}

/* "*.example.com" and "example.com" are both "example.com": a constraint holds what is below, too. */
static bool permit(struct buf *out, struct slice pattern)
{
	char name[256];

	if (slice_starts(pattern, SLICE("*.")))
		pattern = slice_from(pattern, 2);
	if (pattern.n == 0 || pattern.n >= sizeof(name))
		return true;
	memcpy(name, pattern.p, pattern.n);
	name[pattern.n] = '\0';
	if (!is_plain(name))
		return true;
	if (!is_address(name))
		return buf_addf(out, ",permitted;DNS:%s", name) == 0;
	return buf_addf(out, ",permitted;IP:%s/%s", name,
			strchr(name, ':') ? "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
					  : "255.255.255.255") == 0;
}

static bool constrain(X509 *certificate, const struct host_list *hosts)
{
	bool addresses = false, done;
	struct buf text;

	buf_init(&text, LIMIT_LINE);
	done = buf_addf(&text, "critical") == 0;
	for (size_t i = 0; done && i < vendor_count; i++) {
		struct slice rest = slice_of(vendors[i].hosts), one;
		while (done && slice_cut(&rest, ' ', &one))
			done = permit(&text, one);
	}
	for (size_t i = 0; done && i < hosts->count; i++) {
		char last = hosts->entries[i].pattern.n
				? hosts->entries[i].pattern.p[hosts->entries[i].pattern.n - 1]
				: 'x';
		addresses |= isdigit((unsigned char)last) ||
			     slice_byte(hosts->entries[i].pattern, ':', 0) >= 0;
		done = permit(&text, hosts->entries[i].pattern);
	}
	if (done && !addresses)
		done = buf_addf(&text, ",excluded;IP:0.0.0.0/0.0.0.0,excluded;IP:::/::") == 0;
	done = done && buf_add(&text, "", 1) == 0 &&
	       extend(certificate, certificate, NID_name_constraints, text.p);
	buf_release(&text);
	return done;
}

/* A certificate with a number, dates from now on, a subject and a key; no extensions, not signed. */
static X509 *begin(const char *subject, EVP_PKEY *key, long seconds)
{
	X509 *c = X509_new();
	unsigned char number[16];
	BIGNUM *serial = NULL;

	if (!c || RAND_bytes(number, sizeof(number)) != 1)
		goto failed;
	number[0] = (number[0] & 0x7f) | 0x40; /* positive, and never short */
	serial = BN_bin2bn(number, sizeof(number), NULL);
	if (!serial || !BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(c)) ||
	    !X509_set_version(c, VERSION_3) ||
	    !X509_gmtime_adj(X509_getm_notBefore(c), -EARLIER) ||
	    !X509_gmtime_adj(X509_getm_notAfter(c), seconds) || !X509_set_pubkey(c, key) ||
	    !X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
					(const unsigned char *)subject, -1, -1, 0))
		goto failed;
	BN_free(serial);
	return c;
failed:
	BN_free(serial);
	X509_free(c);
	return NULL;
}

/* On P-256. EVP_EC_gen() came with OpenSSL 3. */
static EVP_PKEY *new_key(void)
{
	EVP_PKEY_CTX *by = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY *key = NULL;

	if (by && EVP_PKEY_keygen_init(by) == 1 &&
	    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(by, NID_X9_62_prime256v1) == 1)
		EVP_PKEY_keygen(by, &key);
	EVP_PKEY_CTX_free(by);
	return key;
}

bool authority_make(struct authority *a, const struct host_list *hosts)
{
	if (a->key)
		return true;
	a->key = new_key();
	a->leafkey = new_key();
	X509 *c = a->key && a->leafkey
		      ? begin("orshim run (this run alone)", a->key, AUTHORITY_DAYS * 24L * 3600)
		      : NULL;
	bool done = c && X509_set_issuer_name(c, X509_get_subject_name(c)) &&
		    extend(c, c, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
		    extend(c, c, NID_key_usage, "critical,keyCertSign") &&
		    extend(c, c, NID_subject_key_identifier, "hash") && constrain(c, hosts) &&
		    X509_sign(c, a->key, EVP_sha256()) > 0;
	a->certificate = c;
	if (!done)
		authority_release(a);
	return done;
}

void authority_release(struct authority *a)
{
	for (size_t i = 0; i < LIMIT_RELAY_LEAVES; i++) {
		free(a->leaves[i].name);
		X509_free(a->leaves[i].certificate);
	}
	EVP_PKEY_free(a->key);
	EVP_PKEY_free(a->leafkey);
	X509_free(a->certificate);
	memset(a, 0, sizeof(*a));
}

bool authority_pem(const struct authority *a, struct buf *out)
{
	BIO *to = BIO_new(BIO_s_mem());
	char *text;
	bool done = to && a->certificate && PEM_write_bio_X509(to, a->certificate);
	long n = done ? BIO_get_mem_data(to, &text) : 0;

	done = done && n > 0 && buf_add(out, text, (size_t)n) == 0;
	BIO_free(to);
	return done;
}

static X509 *make_leaf(const struct authority *a, const char *name)
{
	char alternative[300];
	X509 *c = is_plain(name) ? begin("orshim run", a->leafkey, LEAF_SECONDS) : NULL;

	snprintf(alternative, sizeof(alternative), "%s:%.255s", is_address(name) ? "IP" : "DNS",
		 name);
	if (c && X509_set_issuer_name(c, X509_get_subject_name(a->certificate)) &&
	    extend(c, a->certificate, NID_basic_constraints, "critical,CA:FALSE") &&
	    extend(c, a->certificate, NID_key_usage, "critical,digitalSignature") &&
	    extend(c, a->certificate, NID_ext_key_usage, "serverAuth") &&
	    extend(c, a->certificate, NID_subject_alt_name, alternative) &&
	    extend(c, a->certificate, NID_subject_key_identifier, "hash") &&
	    extend(c, a->certificate, NID_authority_key_identifier, "keyid") &&
	    X509_sign(c, a->key, EVP_sha256()) > 0)
		return c;
	X509_free(c);
	return NULL;
}

/* The kept leaf for NAME, made anew when half its time is over. */
static X509 *leaf_for(struct authority *a, const char *name)
{
	int64_t now = time(NULL);
	struct leaf *place = NULL;

	for (size_t i = 0; i < LIMIT_RELAY_LEAVES; i++)
		if (a->leaves[i].name && strcmp(a->leaves[i].name, name) == 0)
			place = &a->leaves[i];
	if (place && now - place->made_s < LEAF_SECONDS / 2 && now >= place->made_s)
		return place->certificate;
	if (!place) {
		place = &a->leaves[a->next];
		a->next = (a->next + 1) % LIMIT_RELAY_LEAVES;
	}
	free(place->name);
	X509_free(place->certificate);
	*place = (struct leaf){ strdup(name), make_leaf(a, name), now };
	return place->certificate;
}

bool authority_certify(struct authority *a, const char *name, SSL *ssl)
{
	X509 *leaf = leaf_for(a, name);

	return leaf && SSL_use_certificate(ssl, leaf) == 1 &&
	       SSL_use_PrivateKey(ssl, a->leafkey) == 1;
}

bool authority_have(struct authority *a, const struct host_list *hosts, struct buf *pem)
{
	if (a->key)
		return true;
	return authority_make(a, hosts) && authority_pem(a, pem);
}
