/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SECTIONS_H
#define ORSHIM_SECTIONS_H

/*
 * What the file of an object says lies at an address: older linkers put
 * constants and code into one executable segment (Node 16 and 18), and only
 * the section headers, which are not loaded, tell them apart.
 */
#include <stdbool.h>

#include "tap/objects.h"

/* Do the pages from LOW to HIGH hold nothing of a section of code? False when the file does not say. */
bool sections_are_data(const struct object *o, struct span pages);

#endif
