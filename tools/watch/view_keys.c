/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "tools/command.h"
#include "tools/watch/view.h"

enum { CTRL_L = 'L' & 0x1f, CTRL_U = 'U' & 0x1f, BACKSPACE = 0x7f };

/* Choose the request BY rows away; the newest one is followed. */
static void move(struct view *v, long by)
{
	if (v->shown_count == 0)
		return;
	long last = (long)v->shown_count - 1, to = (long)view_chosen_at(v) + by;

	to = to < 0 ? 0 : to > last ? last : to;
	v->chosen = v->shown[to];
	v->following = to == last && by > 0;
}

/* Only requests with the chosen one's text; once more: all. */
static void want(struct view *v, enum kept_text text)
{
	const struct kept *row = kept_find(&v->rows, v->chosen);
	char *before = v->wanted[text];

	v->wanted[text] = NULL;
	if (!before && row && !(v->wanted[text] = strdup(row->texts[text])))
		die("out of memory");
	free(before);
}

static void want_status(struct view *v)
{
	const struct kept *row = kept_find(&v->rows, v->chosen);

	v->by_status = !v->by_status && row;
	v->status = row ? row->status : 0;
}

static void want_all(struct view *v)
{
	v->refused_only = v->by_status = false;
	v->search[0] = '\0';
	for (int i = 0; i < KEPT_TEXTS; i++) {
		free(v->wanted[i]);
		v->wanted[i] = NULL;
	}
}

/* While words are typed: they select at once. */
static void type(struct view *v, int key)
{
	size_t n = strlen(v->search);

	if (key == '\n' || key == '\r') {
		v->typing = false;
	} else if (key == KEY_ESCAPE) {
		v->typing = false;
		v->search[0] = '\0';
	} else if (key == CTRL_U) {
		v->search[0] = '\0';
	} else if (key == BACKSPACE || key == '\b') {
		while (n && ((unsigned char)v->search[--n] & 0xc0) == 0x80)
			; /* all bytes of a character */
		v->search[n] = '\0';
	} else if (key >= ' ' && key < KEY_NONE && n + 1 < sizeof(v->search)) {
		v->search[n] = (char)key;
		v->search[n + 1] = '\0';
	}
}

static void open_text(struct view *v, enum view_mode mode)
{
	if (mode == VIEW_DETAIL && v->shown_count == 0)
		return;
	if (mode == VIEW_DETAIL)
		v->following = false;
	v->mode = mode;
	v->text_top = 0;
}

static bool key_moves(struct view *v, int key, long page)
{
	switch (key) {
	case KEY_UP:
	case 'k':
		move(v, -1);
		return true;
	case KEY_DOWN:
	case 'j':
		move(v, 1);
		return true;
	case KEY_PAGE_UP:
		move(v, -page);
		return true;
	case KEY_PAGE_DOWN:
	case ' ':
		move(v, page);
		return true;
	case KEY_HOME:
	case 'g':
		move(v, -(long)KEPT_MAX);
		return true;
	case KEY_END:
	case 'G':
		move(v, KEPT_MAX);
		return true;
	default:
		return false;
	}
}

static void key_in_list(struct view *v, int key)
{
	static const struct {
		char key;
		enum kept_text text;
	} texts[] = {
		{ 'h', KEPT_HOST },  { 't', KEPT_TOOL },  { 'm', KEPT_MODEL },
		{ 'a', KEPT_TOKEN }, { 'c', KEPT_CAUSE },
	};

	if (key_moves(v, key, view_list_rows(v)))
		return;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (key == texts[i].key)
			want(v, texts[i].text);
	if (key == 'q')
		v->ended = true;
	else if (key == '\n' || key == '\r' || key == KEY_RIGHT)
		open_text(v, VIEW_DETAIL);
	else if (key == 'f')
		v->refused_only = !v->refused_only;
	else if (key == 's')
		want_status(v);
	else if (key == 'x')
		want_all(v);
	else if (key == '/')
		v->typing = true;
	else if (key == '?')
		open_text(v, VIEW_HELP);
}

static void scroll(struct view *v, long by)
{
	long to = (long)v->text_top + by;

	v->text_top = to < 0 ? 0 : (size_t)to; /* drawing finds the end */
}

static void key_in_text(struct view *v, int key)
{
	const long page = view_text_rows(v);

	switch (key) {
	case 'q':
	case KEY_ESCAPE:
	case KEY_LEFT:
	case '\n':
	case '\r':
		v->mode = VIEW_LIST;
		break;
	case KEY_UP:
	case 'k':
		scroll(v, -1);
		break;
	case KEY_DOWN:
	case 'j':
		scroll(v, 1);
		break;
	case KEY_PAGE_UP:
		scroll(v, -page);
		break;
	case KEY_PAGE_DOWN:
	case ' ':
		scroll(v, page);
		break;
	case KEY_HOME:
		v->text_top = 0;
		break;
	case KEY_END:
		v->text_top = v->text_lines;
		break;
	case 'n':
	case 'p':
		if (v->mode == VIEW_DETAIL) {
			view_select(v);
			move(v, key == 'n' ? 1 : -1);
			v->following = false;
		}
		break;
	}
}

void view_key(struct view *v, int key)
{
	if (key == KEY_GONE)
		v->ended = true;
	else if (key == CTRL_L)
		screen_release(&v->screen);
	else if (v->typing)
		type(v, key);
	else if (v->mode == VIEW_LIST)
		key_in_list(v, key);
	else
		key_in_text(v, key);
}
