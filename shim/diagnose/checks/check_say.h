/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CHECK_SAY_H
#define ORSHIM_CHECK_SAY_H

/* The details of shared checks: their words are in the rows. */
#include "diagnose/check_input.h"
#include "diagnose/detail.h"

struct check;

/*
 * Write CHECK's SAYS into D, with these fields replaced: {token} the masked token
 * of C, {core} and {host} as text, {part} as it was sent, {offset} of the part in
 * the token, {bytes} of the request's body that were kept. C: NULL without a credential.
 */
void check_say(const struct check *check, const struct check_input *in, const struct credential *c,
	       struct detail *d);

#endif
