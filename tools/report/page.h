/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REPORT_PAGE_H
#define ORSHIM_REPORT_PAGE_H

/* The style sheet and the script of the HTML report, embedded from tools/report/page. */
#include "base/slice.h"

struct slice page_style(void);
struct slice page_script(void);

#endif
