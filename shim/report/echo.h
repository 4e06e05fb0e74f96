/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ECHO_H
#define ORSHIM_ECHO_H

/*
 * Servers repeat what they were sent. This is the last check of what is about to be
 * written: no piece of the request's credentials stays in it, whatever their shape
 * and wherever the piece came from.
 */
#include "diagnose/check_input.h"

/* A secret and its replacement, byte for byte; NOW NULL: asterisks. */
struct secret_echo {
	struct slice was;
	const char *now;
};

/*
 * Replace every piece of ECHO_PIECE bytes or more of the secrets in the N
 * bytes at P; a piece that is found in one of the STAY_COUNT texts of STAY is
 * no secret and stays. Also in groups with blanks between and as escaped.h
 * reads it. Of very long secrets only the beginning is looked for.
 */
enum { ECHO_PIECE = 12 };
void echo_replace(const struct secret_echo *all, size_t count, const struct slice *stay, size_t stay_count,
		  char *p, size_t n);

/* The same for the credentials of E; what token_mask() and the request's URL show stays. */
void scrub_echo(const struct check_input *e, char *p, size_t n);

#endif
