/* SPDX-License-Identifier: MIT */
#define OPENSSL_API_COMPAT 0x10100000L /* SHA256_Init() without EVP's fetching and locks */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "diagnose/fingerprint.h"

void fingerprint_of(struct slice token, char out[FINGERPRINT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[SHA256_DIGEST_LENGTH];
	SHA256_CTX context;

	SHA256_Init(&context);
	SHA256_Update(&context, token.p ? token.p : "", token.n);
	SHA256_Final(hash, &context);
	memcpy(out, "sha256:", 7);
	for (int i = 0; i < 6; i++) {
		out[7 + 2 * i] = digits[hash[i] >> 4];
		out[8 + 2 * i] = digits[hash[i] & 15];
	}
	out[FINGERPRINT_SIZE - 1] = '\0';
}
