/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EXPORT_FLAT_H
#define ORSHIM_EXPORT_FLAT_H

#include "tools/export/exported.h"

/*
 * Append the exchange as one line of JSON, an object without nesting and
 * without null. An unknown value is "" or 0, because some engines (ClickHouse's
 * JSONEachRow) reject null in a plain column. False if OUT is full.
 */
bool put_flat(struct buf *out, const struct exported *e);

#endif
