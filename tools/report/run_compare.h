/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_RUN_COMPARE_H
#define ORSHIM_RUN_COMPARE_H

#include "tools/report/run_report.h"

/*
 * What `orshim rerun` says: append whether the failure in BEFORE is still there
 * NOW, and which recorded parts of the request changed. Returns the exit status:
 * EXIT_TROUBLE where NOW has no request.
 */
int run_compare(const struct run_result *before, const struct run_result *now, struct buf *out);

#endif
