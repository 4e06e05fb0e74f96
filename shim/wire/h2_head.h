/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_H2_HEAD_H
#define ORSHIM_H2_HEAD_H

/* An HTTP/2 header block as the head of a message (RFC 9113 section 8.3). */
#include "wire/exchange.h"
#include "wire/hpack.h"

/*
 * Read BLOCK, sent by SIDE, into M. The fields are written to m->head as "name:
 * value\r\n", and so are pseudo-header fields, which are not among m->fields.
 * AUTHORITY points into m->head; absent if there is none. HPACK_END if the block
 * is whole.
 */
enum hpack_result h2_head_read(struct hpack *hpack, struct slice block, enum side side,
			     struct message *m, struct slice *authority);

/* Read BLOCK only to keep the table in step. */
enum hpack_result h2_head_skip(struct hpack *hpack, struct slice block);

/* What a Content-Length field says; the body's framing and the faults of such fields. */
void h2_head_length(struct message *m, bool ended);

/*
 * SIDE's message is over: blame it if the declared length is not that of the data
 * (RFC 9113 section 8.1.1).
 */
void h2_head_check_length(struct exchange *x, enum side side);

#endif
