/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SECTIONS_H
#define ORSHIM_SECTIONS_H

/*
 * Reads from an object's file which section is at an address. Older linkers put
 * constants and code into one executable segment (Node 16 and 18); only the section
 * headers, which are not loaded, distinguish the two.
 */
#include <stdbool.h>

#include "tap/objects.h"

/* Are the pages from LOW to HIGH free of code sections? False if the file has no answer. */
bool sections_are_data(const struct object *o, struct span pages);

#endif
