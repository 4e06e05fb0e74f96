/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ADVICE_H
#define ORSHIM_ADVICE_H

/*
 * Why and what to do, in words that fit what the environment holds: a rule's
 * own text cannot know whether the variable is unset, damaged or simply not
 * read, nor which key a test should be made with.
 */
#include "diagnose/diagnose.h"

/* F has fired for E; its rule's text stays where nothing fits better. */
void advice_add(const struct check_input *in, struct finding *f);

#endif
