/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HPACK_H
#define ORSHIM_HPACK_H

/*
 * Header blocks of one direction of an HTTP/2 connection (RFC 7541). Every block
 * must be read to its end, or the dynamic table gets out of step.
 *
 *   hpack_begin(h, block);
 *   while ((result = hpack_next(h, &field)) == HPACK_FIELD)
 *           ...
 */
#include "base/limits.h"
#include "base/slice.h"

struct hpack;

struct hpack_field {
	struct slice name; /* borrowed until the next call */
	struct slice value;
	bool known; /* false: it refers to a table entry that we did not see; name and value are empty */
};

enum hpack_result {
	HPACK_FIELD,
	HPACK_END,
	HPACK_BAD, /* every later call gives the same */
	HPACK_NO_MEMORY,
};

/*
 * MIDSTREAM: earlier blocks were not seen, so that references to what they put into
 * the table are not known. NULL without memory.
 */
struct hpack *hpack_new(bool midstream);
void hpack_free(struct hpack *h);

/* The receiver's SETTINGS_HEADER_TABLE_SIZE is in force. -1 without memory. */
int hpack_limit(struct hpack *h, size_t size);

/* BLOCK is borrowed until hpack_next() gave anything but HPACK_FIELD. */
void hpack_begin(struct hpack *h, struct slice block);
enum hpack_result hpack_next(struct hpack *h, struct hpack_field *field);

#endif
