/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/utf8.h"
#include "diagnose/rules.h"
#include "report/paragraph.h"
#include "tools/command.h"
#include "tools/watch/view.h"

/* Columns of the list; 0: not at this width. */
struct widths {
	int clock, status, ms, tool, model, cause, what;
};

static struct widths widths_of(int columns)
{
	struct widths w = { .clock = 9, .status = 5, .ms = columns >= 50 ? 8 : 0 };

	w.tool = columns >= 90 ? 20 : 0;
	w.model = columns >= 120 ? 26 : 0;
	w.cause = columns >= 70 ? 26 : 0;
	w.what = columns - w.clock - w.status - w.ms - w.tool - w.model - w.cause;
	return w;
}

static void put(struct screen *s, int row, enum paint paint, const char *text, int width)
{
	if (width)
		screen_put(s, row, paint, slice_of(text), width);
}

/* TEXT in WIDTH columns, with a blank behind it. */
static void put_cell(struct screen *s, int row, enum paint paint, const char *text, int width)
{
	if (width < 2)
		return;
	put(s, row, paint, text, width - 1);
	put(s, row, paint == PAINT_CHOSEN ? paint : PAINT_PLAIN, " ", 1);
}

/* Of a long address its end tells more than its beginning. */
static void put_what(struct screen *s, int row, enum paint paint, const char *text, int width)
{
	const char *address = strchr(text, ' ');
	size_t n = strlen(text), method = address ? (size_t)(address - text) + 1 : 0;

	if (width < 2 || columns_of(slice_of(text)) < (size_t)width || method + 8 > (size_t)width) {
		put_cell(s, row, paint, text, width);
		return;
	}
	const char *end = text + n - ((size_t)width - 1 - method - 2);
	while (((unsigned char)*end & 0xc0) == 0x80)
		end++;
	put(s, row, paint, text, (int)method);
	put(s, row, paint, "..", 2);
	put_cell(s, row, paint, end, width - (int)method - 2);
}

static void draw_row(struct view *v, int at, const struct kept *row, const struct widths *w)
{
	struct screen *s = &v->screen;
	bool chosen = row->id == v->chosen;
	enum paint plain = chosen ? PAINT_CHOSEN : row->probe ? PAINT_SOFT : PAINT_PLAIN;
	enum paint mark = chosen        ? PAINT_CHOSEN
			  : row->failed ? PAINT_BAD
			  : row->probe  ? PAINT_SOFT
					: PAINT_GOOD;
	char status[16], ms[16] = "", retry[32] = "";

	if (row->status > 0)
		snprintf(status, sizeof(status), "%c%d", row->failed ? '!' : ' ', row->status);
	else
		snprintf(status, sizeof(status), "%c---", row->failed ? '!' : ' ');
	if (row->ms >= 0)
		snprintf(ms, sizeof(ms), "%7d", row->ms);
	if (row->retry)
		snprintf(retry, sizeof(retry), "retry %u: ", row->retry);
	put_cell(s, at, plain, row->clock, w->clock);
	put_cell(s, at, mark, status, w->status);
	put_cell(s, at, plain, ms, w->ms);
	put_cell(s, at, plain, row->texts[KEPT_TOOL], w->tool);
	int retry_width = w->what > 30 ? (int)strlen(retry) : 0;
	put(s, at, plain, retry, retry_width);
	put_what(s, at, plain, row->texts[KEPT_WHAT], w->what - retry_width);
	put_cell(s, at, plain, row->texts[KEPT_MODEL], w->model);
	put_cell(s, at, mark,
		 row->failed && !row->texts[KEPT_CAUSE][0] ? "unexplained" : row->texts[KEPT_CAUSE],
		 w->cause);
}

static void draw_titles(struct view *v, const struct widths *w)
{
	struct screen *s = &v->screen;

	put_cell(s, 1, PAINT_SOFT, "time", w->clock);
	put_cell(s, 1, PAINT_SOFT, "", w->status);
	put_cell(s, 1, PAINT_SOFT, "     ms", w->ms);
	put_cell(s, 1, PAINT_SOFT, "tool", w->tool);
	put_cell(s, 1, PAINT_SOFT, "request", w->what);
	put_cell(s, 1, PAINT_SOFT, "model", w->model);
	put_cell(s, 1, PAINT_SOFT, "cause", w->cause);
}

static void draw_head(struct view *v)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	tally_words(v->tally, &words);
	say(&words, "  %s", v->title);
	put(&v->screen, 0, PAINT_BOLD, "orshim: ", 8);
	screen_put(&v->screen, 0, PAINT_BOLD, buf_slice(&words), -1);
	buf_release(&words);
}

/* What the keys select: "refused, status 401, search: gpt; 3 of 12 shown". */
static void draw_selection(struct view *v, int at)
{
	static const char *const names[KEPT_TEXTS] = {
		[KEPT_WHAT] = "request",  [KEPT_HOST] = "host",      [KEPT_TOOL] = "tool",
		[KEPT_MODEL] = "model",   [KEPT_TOKEN] = "key",      [KEPT_CAUSE] = "cause",
		[KEPT_CLIENT] = "client", [KEPT_MESSAGE] = "answer",
	};
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	if (v->refused_only)
		say(&words, "refused, ");
	if (v->by_status)
		say(&words, "status %d, ", v->status);
	for (int i = 0; i < KEPT_TEXTS; i++)
		if (v->wanted[i])
			say(&words, "%s %s, ", names[i], v->wanted[i][0] ? v->wanted[i] : "none");
	if (v->search[0] && !v->typing)
		say(&words, "search: %s, ", v->search);
	say(&words, "%zu of %zu shown%s", v->shown_count, v->rows.count,
	    v->following ? "" : " (End: follow again)");
	screen_put(&v->screen, at, PAINT_SOFT, buf_slice(&words), -1);
	buf_release(&words);
}

/* What the chosen request was refused for. */
static void draw_cause(struct view *v, int at)
{
	const struct kept *row = kept_find(&v->rows, v->chosen);
	struct buf words;

	if (!row || !row->failed)
		return;
	buf_init(&words, LIMIT_LINE);
	enum rule_id rule = rule_find(slice_of(row->texts[KEPT_CAUSE]));
	say(&words, "%s%s%s", row->texts[KEPT_CAUSE], row->texts[KEPT_CAUSE][0] ? ": " : "",
	    rule == RULE_NONE ? "nothing in the bytes explains it" : rules[rule].title);
	if (row->texts[KEPT_MESSAGE][0])
		say(&words, "; answer: \"%s\"", row->texts[KEPT_MESSAGE]);
	screen_put(&v->screen, at, PAINT_BAD, buf_slice(&words), -1);
	buf_release(&words);
}

static void draw_list(struct view *v)
{
	int rows = view_list_rows(v), last = v->screen.terminal.rows - 1;
	struct widths w = widths_of(v->screen.terminal.columns);

	view_select(v);
	draw_head(v);
	draw_titles(v, &w);
	for (int i = 0; i < rows && v->top + (size_t)i < v->shown_count; i++)
		draw_row(v, 2 + i, kept_find(&v->rows, v->shown[v->top + (size_t)i]), &w);
	if (v->rows.count == 0)
		put(&v->screen, 3, PAINT_SOFT, "waiting for the first request", -1);
	draw_cause(v, last - 2);
	draw_selection(v, last - 1);
	if (v->typing) {
		put(&v->screen, last, PAINT_BOLD, "search: ", 8);
		put(&v->screen, last, PAINT_PLAIN, v->search, -1);
		put(&v->screen, last, PAINT_CHOSEN, " ", 1);
	} else {
		put(&v->screen, last, PAINT_CHOSEN,
		    " q quit  ? help  Enter detail  / search  f refused  x all"
		    "  s h t m a c like this one",
		    -1);
	}
}

/* The text is made once for each request and width. */
static void make_detail(struct view *v)
{
	int width = v->screen.terminal.columns;
	const struct kept *row = kept_find(&v->rows, v->chosen);

	if (v->text_of == v->chosen && v->text_width == width)
		return;
	if (v->text_of != v->chosen)
		v->text_top = 0;
	buf_reset(&v->text);
	if (row)
		kept_detail(&v->rows, row, width, &v->text);
	else
		say(&v->text, "This request is not kept any more.\n");
	v->text_of = v->chosen;
	v->text_width = width;
}

static void make_help(struct view *v)
{
	buf_reset(&v->text);
	v->text_of = 0;
	say(&v->text, "Up Down PgUp PgDn Home End, j k   move; End follows what comes\n"
		      "Enter                             the request in detail; n p the next, the "
		      "one before\n"
		      "f                                 refused requests only\n"
		      "s h t m a c                       only those with this one's status, host, "
		      "tool, model,\n"
		      "                                  API key, cause; the same key again: all\n"
		      "/                                 only those with the words that you type\n"
		      "x                                 all requests again\n"
		      "Ctrl-L                            draw the screen again\n"
		      "q, Ctrl-C                         quit\n\n"
		      "The totals are of all requests that the command line selects (orshim watch "
		      "--help).\n");
}

/* How much of LINE fits into the columns; at least one character. */
static size_t fitting(const struct view *v, struct slice line)
{
	int column = 0;
	size_t i = 0;

	while (i < line.n) {
		unsigned c = (unsigned char)line.p[i];
		int length = c < 0x80 ? 1 : utf8_character(line, i, &c);
		column += columns_of_character(c);
		if (column > v->screen.terminal.columns && i)
			return i;
		i += length > 0 ? (size_t)length : 1;
	}
	return line.n;
}

/* Lines that are longer than the screen is wide go on below. */
static bool cut_line(const struct view *v, struct slice *rest, struct slice *line)
{
	struct slice whole = *rest;

	if (!slice_cut(&whole, '\n', line))
		return false;
	size_t n = fitting(v, *line);
	*rest = n < line->n ? slice_from(*rest, n) : whole;
	line->n = n;
	return true;
}

static void draw_text(struct view *v, const char *keys)
{
	int rows = view_text_rows(v), at = 1;
	struct slice rest = buf_slice(&v->text), line;
	size_t number = 0;

	v->text_lines = 0;
	while (cut_line(v, &rest, &line))
		v->text_lines++;
	rest = buf_slice(&v->text);
	size_t most = v->text_lines > (size_t)rows ? v->text_lines - (size_t)rows : 0;
	v->text_top = v->text_top < most ? v->text_top : most;
	draw_head(v);
	while (at <= rows && cut_line(v, &rest, &line)) {
		if (number++ < v->text_top)
			continue;
		bool bad =
		    slice_starts(line, SLICE("error[")) || slice_starts(line, SLICE("warning["));
		screen_put(&v->screen, at++, bad ? PAINT_BAD : PAINT_PLAIN, line, -1);
	}
	put(&v->screen, v->screen.terminal.rows - 1, PAINT_CHOSEN, keys, -1);
}

void view_draw(struct view *v)
{
	screen_begin(&v->screen);
	switch (v->mode) {
	case VIEW_LIST:
		draw_list(v);
		break;
	case VIEW_DETAIL:
		make_detail(v);
		draw_text(v, " q Escape back  Up Down PgUp PgDn scroll  n next  p the one before");
		break;
	case VIEW_HELP:
		make_help(v);
		draw_text(v, " q Escape back");
		break;
	}
	screen_show(&v->screen);
}
