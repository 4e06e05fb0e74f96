/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_DETAIL_H
#define ORSHIM_DETAIL_H

/* What a check writes about the exchange for which it fires. */
#include <stdbool.h>

#include "base/limits.h"
#include "base/slice.h"

/* The variable part of a finding, written by the check that fires. */
struct detail {
	char text[LIMIT_DETAIL]; /* plain text without secrets; "" if the title says all */
	char header[64];         /* lower-case name of the header field concerned; "" if none */
	int offset; /* of the first wrong byte, in that field's trimmed value or in the body; -1 */
	int offset_end;       /* of a second place to point at (the closing quote); -1 */
	const char *why;      /* instead of the rule's own text; static; NULL: the rule's */
	char fix[LIMIT_FIX];  /* instead of the rule's own text; "": the rule's */
	bool in_body;         /* the offsets count in the body */
	bool likely;          /* here it is likely at most, where the rule's row says certain */
	bool recorded;        /* a recorder may have made what it is about: one less certain */
	bool lower;           /* here it is one severity less than the rule's row says */
	bool absent;          /* it says what is not there: what says what differs explains more */
	bool aside;           /* worth saying beside the cause, and never the cause itself */
	bool breaks_head;     /* it spoils the head of the request, as faults of framing do */
	bool breaks_path;     /* it spoils the path, as faults of the place do */
	bool accepted_before; /* it proves that this very key was accepted by this host */
	bool awaited; /* the server waited for what the request announces and does not send */
};

/* Empty text, no position. */
void detail_init(struct detail *d);

/* printf into d->text; everything from the wire must go through detail_masked(). */
__attribute__((format(printf, 2, 3))) void detail_f(struct detail *d, const char *format, ...);

/*
 * Append bytes from the wire to d->text: redacted and escaped (mask_text),
 * at most MAX bytes of output.
 */
void detail_masked(struct detail *d, struct slice bytes, size_t max);

/* The same two for d->fix. */
__attribute__((format(printf, 2, 3))) void detail_fix(struct detail *d, const char *format, ...);
void detail_fix_masked(struct detail *d, struct slice bytes, size_t max);

/* Point at a header field's value; OFFSET_END -1 for a single place. HEADER is a name of ours. */
void detail_point(struct detail *d, const char *header, long offset, long offset_end);

/* The same with the field's name from the wire: redacted as by detail_masked(), in lower case. */
void detail_point_field(struct detail *d, struct slice name, long offset);

#endif
