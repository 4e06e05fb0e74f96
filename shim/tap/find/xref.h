/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_XREF_H
#define ORSHIM_XREF_H

/*
 * Each function makes one pass over a whole program and finds texts, code that forms
 * the address of a text, or direct calls. A program may have hundreds of megabytes, so
 * a pass reads it in pieces and compares sixteen bytes at once; it only stops at
 * candidates.
 */
#include "tap/find/image.h"

enum { XREF_MAX = 256 };

/* Code that puts the address of a text into a register. */
struct xref {
	uint64_t at;    /* of the instruction that completes the address */
	uint64_t after; /* of the one behind it */
	int reg;        /* the machine's own number */
	int text;       /* which of the texts */
};

struct xrefs {
	struct xref list[XREF_MAX];
	size_t count;
	bool overflow; /* there were more */

	/*
	 * The function around the first reference that IS_SITE, as far as REACH:
	 * from the nearest address at or before it that is called directly to the
	 * nearest one behind it.
	 */
	bool (*is_site)(const struct image *m, const struct xref *r);
	uint64_t reach;
	uint64_t site; /* 0: there is none */
	uint64_t low;  /* SITE - REACH: nothing is called that is so near before it */
	uint64_t high;
};

/*
 * The start of the NUL-terminated text that ends with TAIL (4 bytes and more)
 * in a segment that is not written to; 0 if there is none. MARK is an offset
 * in TAIL whose 4 bytes are rare.
 */
uint64_t xref_find_text(const struct image *m, const char *tail, size_t mark);

/* All code that forms one of the two addresses. IS_SITE and REACH are set, the rest is zero. */
void xref_find_references(const struct image *m, const uint64_t texts[2], struct xrefs *found);

#endif
