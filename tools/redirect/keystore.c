/* SPDX-License-Identifier: MIT */
#include "tools/redirect/keystore.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAGIC = 0xfeedfeed, VERSION = 2, HEAD = 12, DIGEST = 20, TRUSTED = 2 };

bool keystore_of(const char *path, char store[PATH_MAX])
{
	char tried[PATH_MAX + 64];

	struct slice folder = slice_of(path);
	for (int i = 0; i < 2; i++) {
		while (folder.n && folder.p[folder.n - 1] != '/')
			folder.n--;
		if (folder.n)
			folder.n--;
	}
	snprintf(tried, sizeof(tried), "%.*s/lib/security/cacerts", SLICE_ARG(folder));
	return realpath(tried, store) && access(store, R_OK) == 0;
}

static uint32_t number_at(struct slice s, size_t at)
{
	const unsigned char *p = (const unsigned char *)s.p + at;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Cut N bytes off the front of *REST. */
static bool cut(struct slice *rest, size_t n, struct slice *piece)
{
	if (rest->n < n)
		return false;
	*piece = slice_sub(*rest, 0, n);
	*rest = slice_from(*rest, n);
	return true;
}

/* A text with its length in two bytes before it. */
static bool cut_text(struct slice *rest, struct slice *text)
{
	struct slice length;

	return cut(rest, 2, &length) &&
	       cut(rest, (size_t)(unsigned char)length.p[0] << 8 | (unsigned char)length.p[1],
		   text);
}

static bool is_keystore(struct slice bytes)
{
	return bytes.n >= HEAD + DIGEST && number_at(bytes, 0) == MAGIC &&
	       number_at(bytes, 4) == VERSION;
}

/* The next certificate of *REST, which holds entries. */
static bool next_root(struct slice *rest, struct slice *der)
{
	struct slice piece, length;

	return cut(rest, 4, &piece) && number_at(piece, 0) == TRUSTED && cut_text(rest, &piece) &&
	       cut(rest, 8, &piece) && cut_text(rest, &piece) && cut(rest, 4, &length) &&
	       cut(rest, number_at(length, 0), der);
}

bool keystore_read(struct slice bytes, X509_STORE *to)
{
	struct slice rest, der;

	if (!is_keystore(bytes))
		return false;
	rest = slice_sub(bytes, HEAD, bytes.n - HEAD - DIGEST);
	for (uint32_t i = 0; i < number_at(bytes, 8); i++) {
		if (!next_root(&rest, &der))
			return false;
		const unsigned char *p = (const unsigned char *)der.p;
		X509 *root = d2i_X509(NULL, &p, (long)der.n);
		if (root)
			X509_STORE_add_cert(to, root);
		X509_free(root);
	}
	return true;
}

static int add_number(struct buf *out, uint32_t n)
{
	unsigned char bytes[] = { (unsigned char)(n >> 24), (unsigned char)(n >> 16),
				  (unsigned char)(n >> 8), (unsigned char)n };

	return buf_add(out, bytes, sizeof(bytes));
}

static int add_text(struct buf *out, const char *text)
{
	size_t n = strlen(text);
	unsigned char length[] = { (unsigned char)(n >> 8), (unsigned char)n };

	return buf_add(out, length, sizeof(length)) | buf_add(out, text, n);
}

/* SHA-1 over the password in UTF-16, words that its author chose, and all before it. */
static bool add_digest(struct buf *out)
{
	static const char salt[] = "\0c\0h\0a\0n\0g\0e\0i\0tMighty Aphrodite";
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool done = c && EVP_DigestInit_ex(c, EVP_sha1(), NULL) &&
		    EVP_DigestUpdate(c, salt, sizeof(salt) - 1) &&
		    EVP_DigestUpdate(c, out->p, out->n) && EVP_DigestFinal_ex(c, digest, NULL);

	EVP_MD_CTX_free(c);
	return done && buf_add(out, digest, DIGEST) == 0;
}

bool keystore_with(struct slice bytes, X509 *root, struct buf *out)
{
	unsigned char *der = NULL;
	int n = i2d_X509(root, &der);
	int failed = !is_keystore(bytes) || n <= 0;

	if (!failed)
		failed = buf_add(out, bytes.p, 8) | add_number(out, number_at(bytes, 8) + 1) |
			 buf_add(out, bytes.p + HEAD, bytes.n - HEAD - DIGEST) |
			 add_number(out, TRUSTED) | add_text(out, "orshim run") |
			 add_number(out, 0) | add_number(out, 0) | add_text(out, "X.509") |
			 add_number(out, (uint32_t)n) | buf_add(out, der, (size_t)n);
	OPENSSL_free(der);
	return !failed && add_digest(out);
}
