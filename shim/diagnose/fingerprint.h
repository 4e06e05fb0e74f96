/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FINGERPRINT_H
#define ORSHIM_FINGERPRINT_H

#include "base/slice.h"

/* "sha256:" and the first 12 hex digits of SHA-256 of the token as sent. */
enum { FINGERPRINT_SIZE = 7 + 12 + 1 };
void fingerprint_of(struct slice token, char out[FINGERPRINT_SIZE]);

#endif
