/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_UTF8_H
#define ORSHIM_UTF8_H

/* UTF-8 as RFC 3629 section 4 has it: no overlong form, no surrogate, nothing beyond U+10FFFF. */
#include "base/slice.h"

/*
 * Length of the character beyond ASCII at AT of S, 2 to 4; 0: none begins
 * there; -1: S ends within it. *CODE, which may be NULL, is its code point.
 */
int utf8_character(struct slice s, size_t at, unsigned *code);

#endif
