/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ROLLUP_REPORT_H
#define ORSHIM_ROLLUP_REPORT_H

#include <stdbool.h>

/*
 * `orshim report --rollup PATH`: prints for each vendor what separates the
 * refusals, vendors with most refusals first; as JSON if AS_JSON. Returns the
 * exit status: 1 if anything was refused, 3 if there are no exchanges, else 0.
 */
int rollup_report(const char *path, bool as_json);

#endif
