/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PROCESS_ROW_H
#define ORSHIM_PROCESS_ROW_H

#include "base/buf.h"
#include "tools/export/exported.h"

/*
 * If LINE is a process record, append it flat, as one line: no nesting, no null.
 * TAKEN_EXCHANGE: it was and is in OUT; TAKEN_OTHER: another record; TAKEN_NOTHING:
 * no record, or it alone is more than OUT may hold.
 */
enum taken put_process_row(struct buf *out, struct slice line);

/* The columns as a Markdown table. */
void put_process_columns(struct buf *out);

#endif
