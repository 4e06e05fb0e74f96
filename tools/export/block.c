/* SPDX-License-Identifier: MIT */
#include "tools/export/block.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/export/process_row.h"
#include "tools/log/log_row.h"

enum { BLOCK = 1 << 16, BLOCK_MAX = 1 << 20 };

void block_init(struct block *b, exchange_writer *put)
{
	*b = (struct block){ .put = put };
	exported_init(&b->exported);
	buf_init(&b->out, BLOCK_MAX);
}

void block_release(struct block *b)
{
	exported_release(&b->exported);
	buf_release(&b->out);
}

bool block_flush(struct block *b)
{
	size_t n = b->out.n;

	if (!b->gone && n && !write_all(STDOUT_FILENO, buf_slice(&b->out))) {
		b->gone = true;
		b->error = errno;
	}
	buf_reset(&b->out);
	if (!b->gone && n && b->flushed)
		b->flushed(b->context);
	return !b->gone;
}

void block_learn(struct block *b, struct slice line)
{
	static const char mark[] = "\"record\":\"process\"";

	if (memmem(line.p, line.n < 64 ? line.n : 64, mark, sizeof(mark) - 1))
		exported_take(&b->exported, line);
}

/* Does the filter take the exchange at hand? */
static bool fits(const struct block *b)
{
	const struct exported *e = &b->exported;
	const struct cell *cells = e->cells;
	const char *cause = exported_text(e, COLUMN_cause);
	const struct filter_subject s = {
		.time_us = log_time(exported_text(e, COLUMN_ts)),
		.status = (int)cells[COLUMN_status].number,
		.pid = (int)cells[COLUMN_pid].number,
		.host = exported_text(e, COLUMN_host),
		.tool = exported_text(e, COLUMN_tool),
		.model = exported_text(e, COLUMN_model),
		.cause = *cause ? cause : NULL,
		.token = exported_text(e, COLUMN_key_label),
		.key = exported_text(e, COLUMN_key),
		.places = { [FILTER_MACHINE] = exported_text(e, COLUMN_machine),
			    [FILTER_CONTAINER] = exported_text(e, COLUMN_container),
			    [FILTER_BOOT] = exported_text(e, COLUMN_boot),
			    [FILTER_CI] = exported_text(e, COLUMN_ci),
			    [FILTER_TOOL_VERSION] = exported_text(e, COLUMN_tool_version),
			    [FILTER_ORSHIM] = exported_text(e, COLUMN_orshim) },
	};

	return !b->filter || !b->put || log_filter_takes(b->filter, &s);
}

bool block_line(void *block, struct slice line, bool too_long)
{
	struct block *b = block;

	if (line.n == 0 && !too_long)
		return !b->gone;
	enum taken taken = too_long ? TAKEN_NOTHING
			   : b->put ? exported_take(&b->exported, line)
				    : put_process_row(&b->out, line);
	if (taken == TAKEN_NOTHING)
		b->bad++;
	if (taken != TAKEN_EXCHANGE || !fits(b))
		return !b->gone;
	if (b->put && !b->put(&b->out, &b->exported))
		b->bad++; /* it alone would exceed BLOCK_MAX */
	else
		b->exchanges++;
	return b->out.n < BLOCK || block_flush(b);
}
