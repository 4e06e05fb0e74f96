/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_MESSAGE_H
#define ORSHIM_MESSAGE_H

/*
 * Building a message: used by the parsers alone. Whoever reads one includes
 * exchange.h only.
 */
#include "wire/exchange.h"

void message_init(struct message *m, size_t body_max);
void message_release(struct message *m);

/* Remember a fault once per kind and field, up to LIMIT_FAULTS. */
void message_blame(struct message *m, enum fault_id id, uint64_t at, int field);

/* Add a field; its slices must point into m->head, which grows no more. -1 at a ceiling. */
int message_add_field(struct message *m, struct field f);

#endif
