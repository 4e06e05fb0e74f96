/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ANONYMISE_TEXT_H
#define ORSHIM_ANONYMISE_TEXT_H

/*
 * Replaces texts that may not be shown, in place and with the same length: letters
 * become x, digits 0, a character beyond ASCII another one of its length. Malformed
 * bytes stay malformed at the same offset.
 */
#include "base/slice.h"

void anonymise_text(char *p, size_t n);

/* The same, ASCII left as it is. */
void anonymise_letters(char *p, size_t n);

/*
 * The inside of a JSON string; escapes stay where they are. JSON inside it
 * (arguments of a call) stays JSON: numbers become ones, words of JSON stay.
 */
void anonymise_string(char *p, size_t n);

/* Replace the character at AT, a digit by DIGIT; how many bytes it has. */
size_t anonymise_character(char *p, size_t n, size_t at, char digit);

/* A byte order mark, which wherever it is in a text is a malformation and stays. */
bool is_byte_order_mark(const char *p, size_t n);

/* true, null and the like, and what programs write instead. */
bool is_json_word(struct slice word);

/* Length of a number at AT that no letter precedes; 0: there is none. */
size_t number_length(const char *p, size_t n, size_t at);

/* How many letters, digits and underscores there are at AT. */
size_t word_length(const char *p, size_t n, size_t at);

#endif
