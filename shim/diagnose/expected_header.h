/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EXPECTED_HEADER_H
#define ORSHIM_EXPECTED_HEADER_H

/*
 * Vendors with two kinds of credentials read each in its own header: API
 * keys and login tokens. Which of them came, and did it come in its header?
 */
#include "diagnose/check_input.h"

struct expected_header {
	const struct credential *credential; /* in the wrong header; NULL: nothing is wrong */
	const char *header;  /* where it belongs, lower case; NULL with the former */
	const char *what;    /* what was sent: "an API key of Anthropic" */
	const char *instead; /* what is wanted, as a clause */
	const char *fix;     /* NULL: the rule's own */
};

/*
 * Was the request accepted, or refused for a reason that comes after the key check (money, the
 * model, the body)? Then the header of the key is right.
 */
bool key_passed_check(const struct check_input *in);

struct expected_header expected_header_find(const struct check_input *in);

/*
 * Does the request go to the API of the vendor ID, at its own host or at a
 * gateway whose path names it (/anthropic/)?
 */
bool is_behind(const struct check_input *in, const char *id);

/*
 * Is the header that the vendor looks at first sent empty, beside another one
 * that has a credential, and was the request refused? check_location.c
 */
bool empty_header_wins(const struct check_input *in);

#endif
