/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PAGES_H
#define ORSHIM_PAGES_H

/*
 * Writing pointers that lie in read-only data. Pages that hold code are never
 * touched, and every page gets back the protection it had.
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
