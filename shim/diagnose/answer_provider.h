/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ANSWER_PROVIDER_H
#define ORSHIM_ANSWER_PROVIDER_H

/* Which provider behind a gateway answered. */
#include "wire/exchange.h"

/* The provider that a 2xx answer names; absent if it names none. */
struct slice answer_provider(const struct exchange *x);

#endif
