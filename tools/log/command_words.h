/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_COMMAND_WORDS_H
#define ORSHIM_COMMAND_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Does the word ARGV[I] of a command line hold a secret, by itself, by the
 * option before it, or by what the program takes it for? In doubt it does: then
 * a run cannot be repeated, while a key that was written down stays written. A
 * placeholder ($KEY, ${KEY}) is no secret. The first word never is.
 */
bool word_is_secret(const char *const argv[], size_t i);

#endif
