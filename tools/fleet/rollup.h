/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ROLLUP_H
#define ORSHIM_ROLLUP_H

/*
 * Reads a roll-up of many logs: how many exchanges each value of an attribute
 * has, and how many of them were refused (docs/fleet.md; the SQL is in
 * share/orshim/fleet). A file for 20 million exchanges has some 100,000 such
 * counts.
 */
#include <stddef.h>
#include <stdint.h>

enum {
	ROLLUP_VALUES_MAX = 1000000, /* of all attributes and vendors together */
	ROLLUP_ATTRIBUTES_MAX = 64,  /* of one vendor, pairs too */
	ROLLUP_VENDORS_MAX = 256,
	ROLLUP_LINE_MAX = 64 * 1024,
};

struct rollup_value {
	char *name;
	uint64_t count, refused; /* exchanges; refused <= count */
};

struct rollup_attribute {
	char *name; /* "provider", of a pair "provider+model" */
	struct rollup_value *values;
	size_t value_count, value_room;
};

struct rollup_vendor {
	char *name; /* "": the file has no vendor column */
	struct rollup_attribute attributes[ROLLUP_ATTRIBUTES_MAX];
	size_t attribute_count;
};

struct rollup {
	struct rollup_vendor *vendors; /* in the file's order */
	size_t vendor_count;
};

/*
 * Reads a CSV file (RFC 4180, without line breaks in a field). The first line
 * names the columns, in any order: attribute, value, n and refused, and
 * optionally vendor and hour. Counts of the same value are summed, so the hours
 * of a roll-up may be separate rows. PATH "-" is stdin. On a malformed line
 * dies with one line on stderr that names it, and what is accepted.
 */
void rollup_read(struct rollup *r, const char *path);
void rollup_release(struct rollup *r);

#endif
