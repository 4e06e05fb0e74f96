/* SPDX-License-Identifier: MIT */
#include "tools/command.h"
#include "tools/report/report.h"

void say_faults(const struct log *l, const char *indent, struct buf *out)
{
	for (int f = 0; f < LOG_FAULT_COUNT; f++) {
		const struct log_fault_count *c = &l->faults[f];
		if (c->count == 0)
			continue;
		struct buf path;
		buf_init(&path, LIMIT_PATH);
		if (c->file < l->file_count)
			mask_text(&path, slice_of(l->files[c->file].path), LIMIT_PATH);
		say(out, "%s%.*s:%zu %s", indent, SLICE_ARG(buf_slice(&path)), c->line,
		    log_fault_words((enum log_fault)f));
		if (c->count > 1)
			say(out, ", and %zu more", c->count - 1);
		say(out, "; passed over\n");
		buf_release(&path);
	}
}

bool has_faults(const struct log *l)
{
	for (int f = 0; f < LOG_FAULT_COUNT; f++)
		if (l->faults[f].count)
			return true;
	return false;
}
