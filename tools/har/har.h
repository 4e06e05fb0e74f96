/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_HAR_H
#define ORSHIM_HAR_H

/*
 * A HAR file (HTTP Archive 1.2, softwareishard.com/blog/har-12-spec) as browsers, mitmproxy,
 * HTTP Toolkit, Proxyman, Charles and orshim itself write it. It may be hostile, and larger
 * than a tree of it may be: entries are found by one pass, and each is parsed when it is needed.
 */
#include <stdint.h>

#include <cJSON.h>

#include "base/buf.h"
#include "diagnose/json/json.h"

enum {
	HAR_MAX = 256 << 20,	 /* of a file, decompressed */
	HAR_ENTRIES_MAX = 1 << 20, /* of a file (count) */
	HAR_NAME_MAX = 64,
};

struct har_place {
	size_t at, n;	  /* of the entry's JSON in the text */
	int64_t start_us; /* startedDateTime; -1: none */
};

struct har {
	struct buf text;
	struct har_place *entries; /* in the order of time, if all have one; else as in the file */
	size_t count;
	char recorder[HAR_NAME_MAX]; /* creator's name; "" */
	/*
	 * Browsers built on Chromium leave Authorization and cookies out of an export unless they are
	 * asked for them, and nothing in this one tells that they were.
	 */
	bool sanitized;
};

void har_init(struct har *h);
void har_release(struct har *h);

/*
 * Find the entries in h->text, in which escapes of what cannot be in a string are replaced by U+FFFD's.
 * NULL, or why it is not a HAR; with V->fault unless that is JSON_FINE, where it stops being JSON.
 */
const char *har_index(struct har *h, struct json_verdict *v);

/* The entry numbered I (from 0), the caller's; NULL: it is not JSON, or too large. */
cJSON *har_entry(const struct har *h, size_t i);

#endif
