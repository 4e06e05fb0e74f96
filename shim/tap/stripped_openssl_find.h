/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_STRIPPED_OPENSSL_FIND_H
#define ORSHIM_STRIPPED_OPENSSL_FIND_H

/*
 * OpenSSL linked into a program that exports none of it. Its method tables
 * are data: a word whose low half is TLS_ANY_VERSION (0x10000), a mask, then
 * pointers to code. There are three of that version, for both roles and for
 * each (OpenSSL ssl/methods.c). Which is which, and the layout, is for
 * method_table_tap() to prove.
 */
#include "tap/image.h"

/* The three tables in any order; false unless there are just three and OpenSSL's file names. */
bool stripped_openssl_find(const struct image *m, uint64_t tables[3]);

#endif
