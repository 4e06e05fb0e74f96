/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REPORT_NEXT_STEPS_H
#define ORSHIM_REPORT_NEXT_STEPS_H

#include "tools/report/report.h"

/*
 * Fill r->steps: what to try next, one thing at a time, in the order of the
 * troubleshooting guide: what the refusal says, then account, key and
 * environment, then the provider, then the smallest request that still fails.
 */
void report_steps(struct report *r);


/* What a person can type to name the program of ROW; NULL: not known. */
const char *row_program(const struct log_row *row);

#endif
