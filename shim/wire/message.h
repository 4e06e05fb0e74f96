/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_MESSAGE_H
#define ORSHIM_MESSAGE_H

/*
 * Building an exchange: used by the parsers alone. Whoever reads one includes
 * exchange.h only.
 */
#include "wire/exchange.h"

/* An empty exchange that owns a copy of SNI. NULL without memory. */
struct exchange *exchange_new(uint32_t connection, uint32_t seq, struct slice sni);

/* Empty X again, as new but for its memory: up to LIMIT_SPARE of each head and body stay at hand. */
void exchange_empty(struct exchange *x);

/*
 * Fill host, port, path and query from the request's target and from AUTHORITY
 * (Host or :authority; absent if there is none).
 */
void exchange_set_address(struct exchange *x, struct slice authority);

/* Empty M again, as an answer is after a 1xx. */
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
