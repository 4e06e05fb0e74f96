/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ANSWER_REFUSAL_H
#define ORSHIM_ANSWER_REFUSAL_H

/* Who refused, and what the refusal is about. */
#include "diagnose/answer.h"

/* R's code where it is one of HTTP's errors, else the status; of two 4xx no plain 400. */
int answer_code(const struct answer *a);

/* error.availability.code: why a model is unavailable; absent if not given. */
struct slice answer_availability(const struct answer *a);

/* Set who refused and what about, from what was read. */
void answer_attribute(struct answer *a, const struct exchange *x, const struct vendor *vendor);

#endif
