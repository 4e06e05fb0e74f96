/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CAPTURE_COPY_H
#define ORSHIM_CAPTURE_COPY_H

/*
 * An exchange without its secrets, for a capture: same lengths, same faults at
 * the same places. A body that was decoded is encoded again, so that the copy is
 * parsed as the original was.
 */
#include "diagnose/diagnose.h"
#include "report/anonymise.h"

enum { FIELD_CHANGE = 24 };

/* Another value for a field of the original. */
struct field_change {
	const struct field *field; /* NULL: none is changed */
	char value[FIELD_CHANGE];
	size_t n;
};

struct message_copy {
	const struct message *m;            /* the original */
	struct buf head;                    /* byte for byte as long as the original's */
	struct field_change coding, length; /* Content-Encoding, Content-Length */
	struct buf body;                    /* coded, without transfer framing */
	size_t rest;       /* bytes that the declared length says are still to come */
	bool stream_error; /* an event stream's error ended the exchange */
};

struct exchange_copy {
	struct message_copy request;
	struct message_copy response;
	struct pseudonym_keys keys;                          /* may point into the two below */
	char basic_was[LIMIT_BASIC], basic_now[LIMIT_BASIC]; /* user:password, decoded */
};

/*
 * Fill COPY, which must be released in any case. 0, or -1 without memory or when
 * the copy would not say the same as the original: then write nothing.
 */
int exchange_copy_make(struct exchange_copy *copy, struct pseudonyms *names,
		       const struct diagnosis *d);
void exchange_copy_release(struct exchange_copy *copy);

/* The value that F, a field of C's original, gets instead of its own; absent: its own. */
struct slice message_copy_changed(const struct message_copy *c, const struct field *f);

/* Append the head with the changed values. 0, or -1 at the ceiling of OUT. */
int message_copy_head(struct buf *out, const struct message_copy *c);

#endif
