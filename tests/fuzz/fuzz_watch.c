/* SPDX-License-Identifier: MIT */
/*
 * Any lines as those of a log that is watched: what is printed has no control
 * byte and no key, JSON is JSON, and a line of the screen is no wider than the
 * terminal and has only our own sequences in it.
 */
#include "demands.h"
#include "tools/report/report.h"
#include "tools/watch/kept.h"
#include "tools/watch/lines.h"
#include "tools/watch/screen.h"

enum { COLUMNS = 40 };

/* TEXT is put on the screen as it is: no masking was before it. */
static void demand_inert(struct slice text, bool utf8)
{
	struct screen_line line = { .column = 0 };
	struct screen s = { .terminal = { .rows = 1, .columns = COLUMNS, .utf8 = utf8 },
			    .lines = &line,
			    .line_count = 1 };

	buf_init(&line.now, LIMIT_BLOCK);
	screen_put(&s, 0, PAINT_PLAIN, text, -1);
	demand_printable(buf_slice(&line.now));
	demand(line.column <= COLUMNS);
	for (size_t i = 0; i < line.now.n && !utf8; i++)
		demand((unsigned char)line.now.p[i] < 0x80);
	buf_release(&line.now);
}

/* As cmd_watch.c does, L keeps its texts from line to line. */
static void take_line(struct kept_rows *kept, struct lines *w, struct tally *tally, struct log *l,
		      struct slice line)
{
	struct buf out;

	buf_init(&out, 4 * LIMIT_LINE);
	if (log_add_line(l, line.p, line.n) && l->count) {
		tally_add(tally, &l->rows[0]);
		kept_add(kept, &l->rows[0], line);
		lines_say(w, tally, l, &l->rows[0], &out);
		demand_printable(buf_slice(&out));
		demand_no_key("line", buf_slice(&out));
		buf_reset(&out);
		lines_json(tally, l, &l->rows[0], &out);
		demand_json_lines(buf_slice(&out));
		demand_no_key("line of JSON", buf_slice(&out));
	}
	l->count = l->finding_count = l->library_count = l->origin_count = 0;
	buf_release(&out);
}

static void watch(struct slice rest)
{
	struct kept_rows *kept = calloc(1, sizeof(*kept));
	struct lines *w = calloc(1, sizeof(*w));
	struct tally tally = { 0 };
	struct slice line;
	struct log l;
	struct buf out;

	demand(kept && w);
	log_init(&l);
	while (slice_cut(&rest, '\n', &line))
		if (line.n)
			take_line(kept, w, &tally, &l, line);
	log_release(&l);
	buf_init(&out, 4 * LIMIT_BLOCK);
	for (size_t i = 0; i < kept->count && i < 4; i++) {
		kept_detail(kept, kept_at(kept, i), COLUMNS, &out);
		demand_printable(buf_slice(&out));
		demand_no_key("detail", buf_slice(&out));
		buf_reset(&out);
	}
	buf_release(&out);
	kept_release(kept);
	lines_release(w);
	free(kept);
	free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct slice raw = { (const char *)bytes, n };
	struct buf text;

	demand_inert(raw, true);
	demand_inert(raw, false);
	if (planted(&text, bytes, n)) {
		watch(buf_slice(&text));
		buf_release(&text);
	}
	return 0;
}
