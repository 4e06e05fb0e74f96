/* SPDX-License-Identifier: MIT */
#include "tools/report/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "report/paragraph.h"
#include "tools/command.h"
#include "tools/report/layout.h"
#include "tools/report/report_state.h"

enum { COLUMNS_MAX = 60, LABEL_MAX = 44 };

/* The last row takes all kinds without a separate row. */
static struct timeline_kind *kind_of(struct report *r, const struct log *from,
				     const struct log_row *row)
{
	struct timeline *t = r->state->timeline;

	for (size_t i = 0; i < t->kind_count; i++)
		if (same_text(t->kinds[i].example->method, row->method) &&
		    same_text(t->kinds[i].example->host, row->host) &&
		    same_text(t->kinds[i].example->path, row->path))
			return &t->kinds[i];
	if (t->kind_count < TIMELINE_KINDS_MAX)
		t->kinds[t->kind_count++].example = report_pin(r, from, row);
	else
		t->kinds[t->kind_count - 1].mixed = true;
	return &t->kinds[t->kind_count - 1];
}

static void halve(unsigned *cells)
{
	for (size_t i = 0; i < TIMELINE_CELLS / 2; i++)
		cells[i] = cells[2 * i] + cells[2 * i + 1];
	memset(cells + TIMELINE_CELLS / 2, 0, TIMELINE_CELLS / 2 * sizeof(*cells));
}

/* Where there are more requests than cells, each cell has twice as many. */
static void widen(struct timeline *t)
{
	for (size_t i = 0; i < t->kind_count; i++) {
		halve(t->kinds[i].cells_refused);
		halve(t->kinds[i].cells_fine);
	}
	t->per_cell *= 2;
}

void timeline_take(struct report *r, const struct log *from, const struct log_row *row)
{
	struct timeline *t = r->state->timeline;

	if (!t) {
		t = r->state->timeline = calloc(1, sizeof(*t));
		if (!t)
			die("out of memory");
		t->per_cell = 1;
		t->first_us = row->time_us;
	}
	if (t->at / t->per_cell == TIMELINE_CELLS)
		widen(t);
	struct timeline_kind *k = kind_of(r, from, row);
	size_t cell = t->at++ / t->per_cell;
	t->last_us = row->time_us;
	if (row_failed(row)) {
		k->refused++;
		k->cells_refused[cell]++;
	} else {
		k->fine++;
		k->cells_fine[cell]++;
	}
}

/* What a column of the picture has. */
struct column {
	bool refused, fine;
};

static void fill(const struct timeline *t, const struct timeline_kind *k, struct column *columns,
		 size_t count)
{
	for (size_t cell = 0; cell * t->per_cell < t->at; cell++) {
		struct column *c = &columns[cell * t->per_cell * count / t->at];
		c->refused |= k->cells_refused[cell] > 0;
		c->fine |= k->cells_fine[cell] > 0;
	}
}

struct glyphs {
	const char *refused, *fine, *both, *cut;
};

/* As setlocale(3) chooses: the first that is set and not empty. Without any it is the C locale. */
static const struct glyphs *glyphs_of_locale(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	static const struct glyphs blocks = { "\xe2\x96\x88", "\xe2\x96\x81", "\xe2\x96\x84",
					      "\xe2\x80\xa6" };
	static const struct glyphs ascii = { "#", ".", "+", "~" };
	const char *locale = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !(locale && *locale); i++)
		locale = getenv(names[i]);
	if (!locale)
		return &ascii;
	struct slice name = slice_of(locale);
	return slice_has_nocase(name, SLICE("utf-8")) || slice_has_nocase(name, SLICE("utf8"))
		   ? &blocks
		   : &ascii;
}

static void say_column(struct column c, const struct text_style *style, const struct glyphs *g,
		       struct buf *out)
{
	bool refused = c.refused, fine = c.fine;
	const char *glyph = refused && fine ? g->both : refused ? g->refused : fine ? g->fine : " ";

	if (refused && style->colour)
		say(out, "\033[1;31m%s\033[0m", glyph);
	else
		say(out, "%s", glyph);
}

static void say_label(const struct timeline_kind *k, const struct glyphs *g, struct buf *out)
{
	struct buf label;

	buf_init(&label, LIMIT_LINE);
	say(&label, "%s %s%s", k->example->method ? k->example->method : "?",
	    k->example->host ? k->example->host : "?", k->example->path ? k->example->path : "");
	struct slice s = buf_slice(&label);
	size_t wide = columns_of(s);
	if (wide > LABEL_MAX) { /* the end tells more than the beginning */
		size_t drop = wide - LABEL_MAX + 1;
		size_t at = 0;
		while (drop-- && at < s.n)
			while (++at < s.n && ((unsigned char)s.p[at] & 0xc0) == 0x80)
				;
		s = slice_from(s, at);
		say(out, "  %s%.*s", g->cut, SLICE_ARG(s));
		wide = columns_of(s) + 1;
	} else {
		say(out, "  %.*s", SLICE_ARG(s));
	}
	for (; wide < LABEL_MAX; wide++)
		say(out, " ");
	buf_release(&label);
}

static void say_kind(const struct timeline *t, const struct timeline_kind *k, size_t columns,
		     const struct text_style *style, const struct glyphs *g, struct buf *out)
{
	struct column filled[COLUMNS_MAX] = { 0 };

	fill(t, k, filled, columns);
	say_label(k, g, out);
	say(out, "  ");
	for (size_t c = 0; c < columns; c++)
		say_column(filled[c], style, g, out);
	say(out, "  %zu of %zu refused\n", k->refused, k->refused + k->fine);
}

void say_timeline(const struct report *r, const struct text_style *style, struct buf *out)
{
	const struct timeline *t = r->state->timeline;
	const struct glyphs *g = glyphs_of_locale();
	size_t columns = COLUMNS_MAX;
	char from[TIMESTAMP_SIZE], to[TIMESTAMP_SIZE];

	if (style->width > 0 && style->width < LABEL_MAX + COLUMNS_MAX + 24)
		columns =
		    style->width > LABEL_MAX + 40 ? (size_t)style->width - LABEL_MAX - 24 : 16;
	if (columns > r->exchanges)
		columns = r->exchanges;
	record_timestamp(t->first_us, from);
	record_timestamp(t->last_us, to);
	say(out, "\n");
	size_t start = out->n;
	say(out, "timeline, %s to %s (%s refused, %s not", from, to, g->refused, g->fine);
	if (columns < r->exchanges)
		say(out, ", %s both", g->both);
	say(out, ")");
	say_end(out, style, start, 4);
	for (size_t i = 0; i < t->kind_count; i++)
		say_kind(t, &t->kinds[i], columns, style, g, out);
	if (t->kinds[TIMELINE_KINDS_MAX - 1].mixed)
		say(out, "  (the last row is all further kinds of request)\n");
}
