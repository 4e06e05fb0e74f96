/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REPORT_TIMELINE_H
#define ORSHIM_REPORT_TIMELINE_H

#include "report/text.h"
#include "tools/report/report.h"

/* The requests of a log as sparklines, one row a kind of request. */
void say_timeline(const struct report *r, const struct text_style *style, struct buf *out);

#endif
