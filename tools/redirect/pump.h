/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_PUMP_H
#define ORSHIM_REDIRECT_PUMP_H

/* What is looked into: between two TLS sessions, or without TLS. */
#include "tools/redirect/link.h"

enum pump_hello { HELLO_MORE, HELLO_WHOLE, HELLO_OTHER };

/* What is to become of the link. */
enum pump_next {
	PUMP_GO_ON,
	PUMP_PASS, /* it cannot be looked into: see link_pass() */
	PUMP_BREAK
};

enum { PUMP_WHY = 160 };

/* N more bytes of the tool's: is the ClientHello whole? OTHER: it is none. */
enum pump_hello pump_hello(struct link *l, const void *bytes, size_t n);

/* To UPSTREAM. NULL: done; else why it cannot be looked into, for people. */
const char *pump_begin(struct link *l);

/* L is in UPSTREAM, LEAF or PUMP: go on as far as possible. PUMP_PASS: WHY says why. */
enum pump_next pump_step(struct link *l, char why[PUMP_WHY]);

/*
 * HTTP without TLS: what the tool sent so far, and what pump_observe() is told
 * after it, is judged; the bytes go their way by link_pass().
 */
void pump_begin_plain(struct link *l);

/* N bytes of SIDE's in the clear. Nothing where nobody listens. */
void pump_observe(struct link *l, enum side side, const void *bytes, size_t n);

/* FROM sends no more. */
void pump_end(struct link *l, const struct end *from);

/* What is under way on L is not to be told. */
void pump_forget(struct link *l);

/* Tell what is to be told. */
void pump_close(struct link *l);

void pump_release(struct link *l);

#endif
