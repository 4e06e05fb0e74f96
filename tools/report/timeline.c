/* SPDX-License-Identifier: MIT */
#include "tools/report/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "report/paragraph.h"
#include "tools/command.h"
#include "tools/report/layout.h"

enum { KINDS_MAX = 8, COLUMNS_MAX = 60, LABEL_MAX = 44 };

/* Requests of the same method, host and path. */
struct kind {
	const struct log_row *example;
	size_t refused, fine;
	bool mixed; /* contains other kinds, too */
	unsigned cell_refused[COLUMNS_MAX], cell_fine[COLUMNS_MAX];
};

/* The last row takes all kinds without a separate row. */
static struct kind *kind_of(struct kind *kinds, size_t *count, const struct log_row *row)
{
	for (size_t i = 0; i < *count; i++)
		if (same_text(kinds[i].example->method, row->method) &&
		    same_text(kinds[i].example->host, row->host) &&
		    same_text(kinds[i].example->path, row->path))
			return &kinds[i];
	if (*count < KINDS_MAX)
		kinds[(*count)++].example = row;
	else
		kinds[*count - 1].mixed = true;
	return &kinds[*count - 1];
}

static size_t fill(const struct report *r, struct kind *kinds, size_t columns)
{
	size_t count = 0;
	size_t at = 0;

	for (size_t i = 0; i < r->log->count; i++) {
		const struct log_row *row = &r->log->rows[i];
		if (!row_is_request(row))
			continue;
		struct kind *k = kind_of(kinds, &count, row);
		size_t column = at++ * columns / r->exchanges;
		if (row_failed(row)) {
			k->refused++;
			k->cell_refused[column]++;
		} else {
			k->fine++;
			k->cell_fine[column]++;
		}
	}
	return count;
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

static void say_cell(const struct kind *k, size_t column, const struct text_style *style,
		     const struct glyphs *g, struct buf *out)
{
	bool refused = k->cell_refused[column], fine = k->cell_fine[column];
	const char *glyph = refused && fine ? g->both : refused ? g->refused : fine ? g->fine : " ";

	if (refused && style->colour)
		say(out, "\033[1;31m%s\033[0m", glyph);
	else
		say(out, "%s", glyph);
}

static void say_label(const struct kind *k, const struct glyphs *g, struct buf *out)
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

static const struct log_row *first_exchange(const struct log *l, bool last)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct log_row *row = &l->rows[last ? l->count - 1 - i : i];
		if (row_is_request(row))
			return row;
	}
	return NULL;
}

void say_timeline(const struct report *r, const struct text_style *style, struct buf *out)
{
	struct kind *kinds = calloc(KINDS_MAX, sizeof(*kinds));
	const struct glyphs *g = glyphs_of_locale();
	size_t columns = COLUMNS_MAX;
	char from[TIMESTAMP_SIZE], to[TIMESTAMP_SIZE];

	if (!kinds)
		die("out of memory");
	if (style->width > 0 && style->width < LABEL_MAX + COLUMNS_MAX + 24)
		columns =
		    style->width > LABEL_MAX + 40 ? (size_t)style->width - LABEL_MAX - 24 : 16;
	if (columns > r->exchanges)
		columns = r->exchanges;
	size_t count = fill(r, kinds, columns);
	record_timestamp(first_exchange(r->log, false)->time_us, from);
	record_timestamp(first_exchange(r->log, true)->time_us, to);
	say(out, "\n");
	size_t start = out->n;
	say(out, "timeline, %s to %s (%s refused, %s not", from, to, g->refused, g->fine);
	if (columns < r->exchanges)
		say(out, ", %s both", g->both);
	say(out, ")");
	say_end(out, style, start, 4);
	for (size_t i = 0; i < count; i++) {
		say_label(&kinds[i], g, out);
		say(out, "  ");
		for (size_t c = 0; c < columns; c++)
			say_cell(&kinds[i], c, style, g, out);
		say(out, "  %zu of %zu refused\n", kinds[i].refused,
		    kinds[i].refused + kinds[i].fine);
	}
	if (kinds[KINDS_MAX - 1].mixed)
		say(out, "  (the last row is all further kinds of request)\n");
	free(kinds);
}
