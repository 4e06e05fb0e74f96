/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CAPTURE_HTTP2_H
#define ORSHIM_CAPTURE_HTTP2_H

/*
 * An exchange of HTTP/2 as lines of a capture: its frames (RFC 9113 section 6)
 * in hex, one after the other. Each field is a literal that enters no table (RFC
 * 7541 section 6.2.3), with its text as a comment.
 */
#include "report/capture_copy.h"

/*
 * STREAM is the id that the exchange gets; 1 also writes the connection's
 * preface. 0, or -1 at the ceiling of OUT or without memory. X is the original of
 * COPY.
 */
int capture_http2(struct buf *out, const struct exchange_copy *copy, const struct exchange *x,
		  uint32_t stream);

#endif
