/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CAPTURE_COPY_H
#define ORSHIM_CAPTURE_COPY_H

/* A message without its secrets, and how its body is to be written so that it reads as the original did. */
#include "diagnose/diagnose.h"
#include "report/anonymise_body.h"
#include "report/anonymise_text.h"

struct message_copy {
	const struct message *m; /* the original */
	struct buf head;         /* as long as m->head until copy_set_length() */
	struct buf first;        /* the head before its first change; empty: none */
	size_t edited_at;        /* where a field's value got another length; 0: none did */
	long edited_by;
	struct buf body; /* coded as m's was, transfer framing removed */
	size_t rest;     /* bytes that the declared length says are still to come */
	bool stream_error;       /* an event stream's error ended the exchange */
};

struct exchange_copy {
	struct message_copy request;
	struct message_copy response;
	struct pseudonym_keys keys;                          /* may point into the two below */
	char basic_was[LIMIT_BASIC], basic_now[LIMIT_BASIC]; /* user:password, decoded */
};

/*
 * X is initialised here and always to be released. 0, or -1 without memory or
 * when a copy would not say the same as the original: nothing is to be written.
 */
int exchange_copy_make(struct exchange_copy *copy, struct pseudonyms *names,
		       const struct diagnosis *d);
void exchange_copy_release(struct exchange_copy *copy);

/* N bytes as lines of a capture: text where it can be read, else hex. SIGN is '>' or '<'. */
int capture_lines(struct buf *out, char sign, struct slice bytes);

/* What of TEXT can be read, and a line feed. */
int capture_comment(struct buf *out, struct slice text);

/* One line of hex with a comment of what of TEXT can be read. */
int capture_hex(struct buf *out, char sign, struct slice bytes, struct slice text);

/* The exchange's lines. STREAM: the id it gets, HTTP/2 only. 0, or -1. */
int capture_http1(struct buf *out, const struct exchange_copy *copy, const struct exchange *x);
int capture_http2(struct buf *out, const struct exchange_copy *copy, const struct exchange *x,
		  uint32_t stream);

/* "= wait", and what came before the answer. */
int capture_wait(struct buf *out, const struct exchange *x);

#endif
