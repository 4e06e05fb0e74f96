/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ANSWER_REFUSAL_H
#define ORSHIM_ANSWER_REFUSAL_H

/* Who refused, and what the refusal is about. */
#include "diagnose/answer.h"

/* R's code where it is one of HTTP's errors, else the status; of two 4xx no plain 400. */
int answer_code(const struct answer *a);

enum { STATUS_PROXY_LOGIN = 407 };

/* Words of a gateway that hands on the refusal of a vendor behind it (LiteLLM, claude-code-router). */
bool answer_quotes_vendor(struct slice text);

/* error.availability.code: why a model is unavailable; absent if not given. */
struct slice answer_availability(const struct answer *a);

/* Set who refused and what about, from what was read. */
void answer_attribute(struct answer *a, const struct exchange *x, const struct vendor *vendor);

#endif
