/* SPDX-License-Identifier: MIT */
#include "diagnose/detail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "diagnose/mask.h"

void detail_init(struct detail *d)
{
	/* Not the whole of it: this happens for each check of each exchange. */
	d->text[0] = d->header[0] = '\0';
	d->offset = d->offset_end = -1;
	d->in_body = d->lower = d->absent = d->aside = d->breaks_head = d->accepted_before = false;
	d->likely = d->recorded = d->awaited = d->breaks_path = false;
	d->why = NULL;
	d->fix[0] = '\0';
}

static void append(char *text, size_t size, const char *format, va_list args)
{
	size_t used = strlen(text);

	vsnprintf(text + used, size - used, format, args);
}

void detail_f(struct detail *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append(d->text, sizeof(d->text), format, args);
	va_end(args);
}

void detail_fix(struct detail *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append(d->fix, sizeof(d->fix), format, args);
	va_end(args);
}

static void append_masked(char *text, size_t size, struct slice bytes, size_t max)
{
	size_t used = strlen(text);
	size_t room = size - 1 - used;
	struct buf shown;

	buf_init(&shown, LIMIT_DETAIL * 2);
	mask_text(&shown, bytes, max < room ? max : room);
	if (shown.n > room)
		shown.n = room;
	if (shown.n)
		memcpy(text + used, shown.p, shown.n);
	text[used + shown.n] = '\0';
	buf_release(&shown);
}

void detail_masked(struct detail *d, struct slice bytes, size_t max)
{
	append_masked(d->text, sizeof(d->text), bytes, max);
}

void detail_fix_masked(struct detail *d, struct slice bytes, size_t max)
{
	append_masked(d->fix, sizeof(d->fix), bytes, max);
}

void detail_point(struct detail *d, const char *header, long offset, long offset_end)
{
	snprintf(d->header, sizeof(d->header), "%s", header);
	d->offset = (int)offset;
	d->offset_end = (int)offset_end;
}

void detail_point_field(struct detail *d, struct slice name, long offset)
{
	detail_point(d, "", offset, -1);
	append_masked(d->header, sizeof(d->header), name, sizeof(d->header) - 1);
	for (char *c = d->header; *c; c++)
		*c = to_lower(*c);
}
