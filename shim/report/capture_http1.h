/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CAPTURE_HTTP1_H
#define ORSHIM_CAPTURE_HTTP1_H

/* An exchange of HTTP/1 as lines of a capture. */
#include "report/capture_copy.h"

/* 0, or -1 at the ceiling of OUT or without memory. X is the original of COPY. */
int capture_http1(struct buf *out, const struct exchange_copy *copy, const struct exchange *x);

#endif
