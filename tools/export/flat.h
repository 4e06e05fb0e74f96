/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EXPORT_FLAT_H
#define ORSHIM_EXPORT_FLAT_H

#include "tools/export/exported.h"

/*
 * Append the exchange as a JSON object without nesting and without null on a
 * line: what is not known is "" or 0, for engines that take no null into a plain
 * column (ClickHouse's JSONEachRow). False at OUT's ceiling.
 */
bool put_flat(struct buf *out, const struct exported *e);

#endif
