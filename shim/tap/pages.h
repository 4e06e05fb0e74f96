/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PAGES_H
#define ORSHIM_PAGES_H

/*
 * Writes pointers in read-only data. Never changes pages of code, and gives every page
 * its former protection back.
 */
#include <stddef.h>

/* One pointer-sized word to change. */
struct patch {
	void **at;
	void *to;
};

/*
 * Store COUNT patches, which all lie in one mapping. NULL, or static
 * text that says why nothing was changed.
 */
const char *pages_patch(const struct patch *patches, size_t count);

#endif
