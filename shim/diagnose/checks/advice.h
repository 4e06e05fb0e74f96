/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ADVICE_H
#define ORSHIM_ADVICE_H

/*
 * Why and what to do, in words that fit the environment: a rule's
 * own text cannot know whether the variable is unset, damaged or simply not
 * read, nor which key a test should be made with.
 */
#include "diagnose/check_input.h"
#include "diagnose/detail.h"

/* Each sets D's why and fix where something fits IN better than the rule's texts. */
void advise_missing(const struct check_input *in, struct detail *d);
void advise_wrong_vendor(const struct check_input *in, struct detail *d);
void advise_test(const struct check_input *in, struct detail *d);
void advise_local(const struct check_input *in, struct detail *d);

#endif
