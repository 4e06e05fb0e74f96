/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_VERDICT_H
#define ORSHIM_VERDICT_H

/* Who refused, and which finding explains it: reasoned from five facts (facts.h). */
#include "diagnose/diagnose.h"

/* Who refused, and which finding explains it. */
void verdict_reach(const struct check_input *in, const struct finding *findings, size_t count,
		   struct verdict *v);

#endif
