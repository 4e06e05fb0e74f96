/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HAR_EXCHANGE_H
#define ORSHIM_HAR_EXCHANGE_H

#include "tools/har/har.h"
#include "wire/exchange.h"

/* What a recorder left out of an entry that was sent. */
struct har_gaps {
	bool credential; /* there is none, and the recorder may have left it out */
	bool redacted;	 /* it is not as it was sent: something was put in its place */
	bool body;	 /* the request's body is missing, or not as it was sent */
};

/*
 * The exchange of ENTRY, number I (from 0) of H, to be freed by exchange_free(), and *GAPS.
 * What a recording cannot show is unknown in it: fields_complete, field.known and
 * body.counted_only say so. NULL: it is none, or there is no memory.
 */
struct exchange *har_exchange(const struct har *h, size_t i, const cJSON *entry,
			      struct har_gaps *gaps);

#endif
