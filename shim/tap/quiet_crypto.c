/* SPDX-License-Identifier: MIT */
/*
 * We link SHA-256 out of libcrypto.a and nothing else. Its object refers to
 * these two names, and the archive's member that has them brings a
 * constructor along (OPENSSL_cpuid_setup) that would run in every process,
 * read the host's environment, and cost more than our own. Defined here, the
 * member stays out, and the hash takes its portable path: all bits are zero.
 */
#include <stddef.h>
#include <string.h>

#if defined(__x86_64__)
unsigned int OPENSSL_ia32cap_P[16]; /* 4 words up to 3.4, 10 in 3.5 */
#elif defined(__aarch64__)
unsigned int OPENSSL_armcap_P;
#endif

void OPENSSL_cleanse(void *bytes, size_t n);
void OPENSSL_cleanse(void *bytes, size_t n)
{
	memset(bytes, 0, n);
	__asm__ volatile("" : : "r"(bytes) : "memory"); /* as explicit_bzero(3), of glibc 2.25 */
}
