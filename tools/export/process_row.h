/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PROCESS_ROW_H
#define ORSHIM_PROCESS_ROW_H

#include "base/buf.h"
#include "tools/export/exported.h"

/*
 * If LINE is a process record, append it as one flat line: no nesting, no null.
 * TAKEN_EXCHANGE: it was one and is in OUT; TAKEN_OTHER: another record;
 * TAKEN_NOTHING: not a record, or one that is larger than OUT's limit.
 */
enum taken put_process_row(struct buf *out, struct slice line);

/* The columns as a Markdown table. */
void put_process_columns(struct buf *out);

#endif
