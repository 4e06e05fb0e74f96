/* SPDX-License-Identifier: MIT */
/* Groups the processes by tool and by how they are observed. */
#include <string.h>

#include "tools/command.h"
#include "tools/report/report_state.h"

void coverage_take(struct report *r, const struct log *from, const struct log_row *row)
{
	struct buf words;
	size_t i = 0;

	buf_init(&words, LIMIT_LINE);
	coverage_words(from, row, &words);
	if (buf_add(&words, "", 1) != 0)
		die("out of memory");
	while (i < r->coverage_count && (strcmp(r->coverage[i].words, words.p) != 0 ||
					 !same_text(r->coverage[i].first->tool, row->tool) ||
					 !same_text(r->coverage[i].first->role, row->role)))
		i++;
	if (i == r->coverage_count && i < COVERAGE_MAX) {
		r->coverage[i] = (struct coverage){ .words = report_text_of(r, words.p),
						    .first = report_pin(r, from, row) };
		r->coverage_count++;
	}
	if (i < r->coverage_count)
		r->coverage[i].count++;
	buf_release(&words);
}
