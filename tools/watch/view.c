/* SPDX-License-Identifier: MIT */
#include "tools/watch/view.h"

#include <stdlib.h>
#include <string.h>

#include "tools/command.h"

enum { AROUND_LIST = 5, AROUND_TEXT = 2 };

void view_init(struct view *v, const char *title, const struct tally *tally)
{
	*v = (struct view){ .title = title, .tally = tally, .following = true };
	v->shown = calloc(KEPT_MAX, sizeof(*v->shown));
	if (!v->shown)
		die("out of memory");
	buf_init(&v->text, LIMIT_BLOCK * 4);
	terminal_enter(&v->screen.terminal);
}

void view_release(struct view *v)
{
	terminal_leave();
	screen_release(&v->screen);
	kept_release(&v->rows);
	for (int i = 0; i < KEPT_TEXTS; i++)
		free(v->wanted[i]);
	buf_release(&v->text);
	free(v->shown);
}

int view_list_rows(const struct view *v)
{
	int rows = v->screen.terminal.rows - AROUND_LIST;

	return rows > 1 ? rows : 1;
}

int view_text_rows(const struct view *v)
{
	int rows = v->screen.terminal.rows - AROUND_TEXT;

	return rows > 1 ? rows : 1;
}

static bool is_found(const struct kept *row, const char *words)
{
	for (int i = 0; i < KEPT_TEXTS; i++)
		if (strcasestr(row->texts[i], words))
			return true;
	return false;
}

static bool is_selected(const struct view *v, const struct kept *row)
{
	if (v->refused_only && !row->failed)
		return false;
	if (v->by_status && row->status != v->status)
		return false;
	for (int i = 0; i < KEPT_TEXTS; i++)
		if (v->wanted[i] && strcmp(v->wanted[i], row->texts[i]) != 0)
			return false;
	return !v->search[0] || is_found(row, v->search);
}

size_t view_chosen_at(const struct view *v)
{
	for (size_t i = 0; i < v->shown_count; i++)
		if (v->shown[i] == v->chosen)
			return i;
	return 0;
}

/* The chosen row stays chosen, or the next one that is left; and stays in sight. */
void view_select(struct view *v)
{
	size_t rows = (size_t)view_list_rows(v), at = 0;

	v->shown_count = 0;
	for (size_t i = 0; i < v->rows.count; i++) {
		const struct kept *row = kept_at(&v->rows, i);
		if (is_selected(v, row))
			v->shown[v->shown_count++] = row->id;
	}
	while (at + 1 < v->shown_count && v->shown[at] < v->chosen)
		at++;
	if (v->following && v->shown_count)
		at = v->shown_count - 1;
	v->chosen = v->shown_count ? v->shown[at] : 0;
	if (v->top + rows > v->shown_count)
		v->top = v->shown_count > rows ? v->shown_count - rows : 0;
	if (at < v->top)
		v->top = at;
	if (at >= v->top + rows)
		v->top = at - rows + 1;
}
