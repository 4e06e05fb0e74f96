/* SPDX-License-Identifier: MIT */
#include "tools/report/report_state.h"

#include <stdlib.h>

#include "tools/command.h"
#include "tools/log/log_row.h"
#include "tools/log/log_strings.h"

const struct log_row *report_pin(const struct report *r, const struct log *from,
				 const struct log_row *row)
{
	struct report_state *s = r->state;

	if (from == r->log)
		return row;
	s->pins = log_grow(s->pins, s->pin_count, sizeof(struct log_row *));
	struct log_row *copy = malloc(sizeof(*copy));
	if (!copy)
		die("out of memory");
	s->pins[s->pin_count++] = copy;
	log_copy_row(r->log, from, row, copy);
	return copy;
}

const struct log_row *report_mark(struct report *r, const struct log *from,
				  const struct log_row *row, struct log_row **mark)
{
	struct report_state *s = r->state;

	if (from == r->log)
		return row;
	if (!*mark) {
		s->pins = log_grow(s->pins, s->pin_count, sizeof(struct log_row *));
		*mark = s->pins[s->pin_count++] = malloc(sizeof(**mark));
		if (!*mark)
			die("out of memory");
	}
	**mark = (struct log_row){ .kind = row->kind,
				   .file = row->file,
				   .number = row->number,
				   .line = row->line,
				   .time_us = row->time_us };
	return *mark;
}

const char *report_text_of(struct report *r, const char *text)
{
	return text ? log_share(r->log, text) : NULL;
}

bool row_is_before(const struct log_row *a, const struct log_row *b)
{
	if (a->time_us != b->time_us)
		return a->time_us < b->time_us;
	return a->file != b->file ? a->file < b->file : a->line < b->line;
}
