/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_MALFORMED_H
#define ORSHIM_MALFORMED_H

/* warn() and die() are such functions: they get one line, without "orshim: ". */
typedef void complain(const char *format, ...);

/*
 * Passes to SAY, for COMMAND, a line about each ORSHIM_* variable of this
 * process whose value is not understood: which value, and what is accepted.
 */
void malformed_settings(const char *command, complain *say);

#endif
