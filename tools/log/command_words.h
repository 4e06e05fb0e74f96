/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_COMMAND_WORDS_H
#define ORSHIM_COMMAND_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Does the word ARGV[I] of a command line contain a secret: by itself, by the
 * option before it, or by the meaning that the program gives it? In doubt the
 * answer is yes: then a run cannot be repeated, while a key that was written to
 * disk stays there. A placeholder ($KEY, ${KEY}) is not a secret. The first
 * word never is.
 */
bool word_is_secret(const char *const argv[], size_t i);

#endif
