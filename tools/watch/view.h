/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_VIEW_H
#define ORSHIM_VIEW_H

/*
 * The full screen of `orshim watch`: a list of exchanges, one of them in
 * detail, keys that select and search.
 */
#include "tools/watch/kept.h"
#include "tools/watch/screen.h"
#include "tools/watch/tally.h"

enum { SEARCH_MAX = 128 };

enum view_mode { VIEW_LIST, VIEW_DETAIL, VIEW_HELP };

struct view {
	struct screen screen;
	struct kept_rows rows;
	const struct tally *tally;
	const char *title; /* the log's path */
	enum view_mode mode;
	uint64_t *shown; /* ids of what the keys select, KEPT_MAX at most */
	size_t shown_count, top;
	uint64_t chosen;
	bool following; /* the newest is chosen, whatever comes */
	bool ended;
	/* what the keys select */
	bool refused_only, by_status, typing;
	int status;
	char *wanted[KEPT_TEXTS]; /* NULL: any */
	char search[SEARCH_MAX];
	/* the detail's text, or the help's */
	struct buf text;
	size_t text_top, text_lines;
	uint64_t text_of;
	int text_width;
};

void view_init(struct view *v, const char *title, const struct tally *tally);
void view_release(struct view *v);

/* Find out which rows are shown, after rows came or keys changed the selection. */
void view_select(struct view *v);

/* Draw all. view_draw.c */
void view_draw(struct view *v);

/* Rows of the terminal for the list, and for a text. */
int view_list_rows(const struct view *v);
int view_text_rows(const struct view *v);

/* The place of the chosen row in SHOWN; 0 if it is not there. */
size_t view_chosen_at(const struct view *v);

/* Do what KEY asks for. view_keys.c */
void view_key(struct view *v, int key);

#endif
