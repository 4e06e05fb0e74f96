/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDACTED_H
#define ORSHIM_REDACTED_H

#include "base/slice.h"

/*
 * Does VALUE, of a field or parameter that carries a credential, look like what people and
 * recorders put in its place ("[REDACTED]", "Bearer ***", "sk-or-v1-0e6...1c96")? A program that
 * sends such a thing cannot be told from a recording that was cleaned: then nothing is said.
 */
bool is_redacted(struct slice value);

#endif
