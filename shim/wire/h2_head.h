/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_H2_HEAD_H
#define ORSHIM_H2_HEAD_H

/* An HTTP/2 header block as the head of a message (RFC 9113 section 8.3). */
#include "wire/exchange.h"
#include "wire/hpack.h"

/*
 * Read BLOCK, which arrived from SIDE, into M. The fields' names and values
 * are laid out in m->head as "name: value\r\n"; pseudo-header fields stand
 * there too but not among m->fields. AUTHORITY points into m->head; absent if
 * there is none. HPACK_END when all went well.
 */
enum hpack_result h2_head_read(struct hpack *hpack, struct slice block, enum side side,
			     struct message *m, struct slice *authority);

/* Read BLOCK for the table's sake only. */
enum hpack_result h2_head_skip(struct hpack *hpack, struct slice block);

/* What a Content-Length field says; the body's framing and the faults of such fields. */
void h2_head_length(struct message *m, bool ended);

/*
 * RFC 9113 section 8.1.1: the declared length must be that of the data, unless
 * there can be none. SIDE's message is over.
 */
void h2_head_check_length(struct exchange *x, enum side side);

#endif
