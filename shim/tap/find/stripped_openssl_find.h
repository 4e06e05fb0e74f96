/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_STRIPPED_OPENSSL_FIND_H
#define ORSHIM_STRIPPED_OPENSSL_FIND_H

/*
 * OpenSSL linked into a program or a library that exports none of it. Its method tables
 * are data: a word that holds a version of TLS, a mask, then pointers to
 * code. A linker may have dropped those that the program does not use, so
 * that TLS_server_method()'s or TLS_method()'s is not there; but each version
 * has one table for clients and one for servers (OpenSSL ssl/methods.c), and
 * what sets these apart is evidence that no other data gives. The layout is
 * for method_table_tap() to prove.
 */
#include "tap/find/image.h"

/* A client's table and a server's; false unless there are such, and OpenSSL's file names. */
bool stripped_openssl_find(const struct image *m, uint64_t pair[2]);

/* Are these still two such tables? Cheap; for remembered finds. */
bool stripped_openssl_is_pair(const struct image *m, const uint64_t pair[2]);

#endif
