/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_MALFORMED_H
#define ORSHIM_MALFORMED_H

#include "base/settings.h"
#include "base/slice.h"

/* What of the value of setting ID in S is not understood, and has no effect; absent: nothing. */
struct slice malformed_part(const struct settings *s, enum setting_id id);

/* warn() and die() are such functions: they get one line, without "orshim: ". */
typedef void complain(const char *format, ...);

/*
 * Passes to SAY, for COMMAND, a line about each ORSHIM_* variable of this
 * process whose value is not understood: which value, and what is accepted.
 * It is taken out of the environment, so that no child complains of it, too.
 */
void malformed_settings(const char *command, complain *say);

#endif
