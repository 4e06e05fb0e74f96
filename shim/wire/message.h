/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_MESSAGE_H
#define ORSHIM_MESSAGE_H

/*
 * Building an exchange. Only the parsers of wire/ need this; code that reads an
 * exchange includes exchange.h.
 */
#include "wire/exchange.h"

/* An empty exchange that owns a copy of SNI. NULL without memory. */
struct exchange *exchange_new(uint32_t connection, uint32_t seq, struct slice sni);

/*
 * Fill host, port, path and query from the request's target and from AUTHORITY
 * (Host or :authority; absent if there is none).
 */
void exchange_set_address(struct exchange *x, struct slice authority);

/* Frees what M owns; M itself is the exchange's. */
void message_release(struct message *m);

/* Make M empty again: after a 1xx answer the final one follows. */
void message_reset(struct message *m);

/* Remember a fault once per kind and field, up to LIMIT_FAULTS. */
void message_blame(struct message *m, enum fault_id id, uint64_t at, int field);

/*
 * Add a field; its slices must point into m->head, which grows no more. -1:
 * LIMIT_FIELDS or no memory.
 */
int message_add_field(struct message *m, const struct field *f);

/* N more bytes of M went over the wire. */
void message_count(struct message *m, size_t n, int64_t now_us);

#endif
