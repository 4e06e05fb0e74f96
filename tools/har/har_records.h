/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HAR_RECORDS_H
#define ORSHIM_HAR_RECORDS_H

#include "report/text.h"

/*
 * Print RECORDS, JSON lines that orshim had written into the HAR file PATH: as they are, or
 * what `orshim report` makes of them. How many findings are errors.
 */
unsigned har_print_records(struct slice records, const char *path, bool json,
			   const struct text_style *style);

#endif
