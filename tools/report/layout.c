/* SPDX-License-Identifier: MIT */
#include "tools/report/layout.h"

#include "report/paragraph.h"
#include "tools/command.h"

/* ECMA-48 SGR. */
const char *const severity_colour[] = { "", "\033[1;36m", "\033[1;33m", "\033[1;31m" };

void say_coloured(struct buf *out, const struct text_style *style, const char *colour,
		  const char *text)
{
	say(out, style->colour ? "%s%s\033[0m" : "%.0s%s", colour, text);
}

void say_paragraph(struct buf *out, const struct text_style *style, const char *label,
		   struct slice text)
{
	struct paragraph p = { .to = out, .width = style->width };

	paragraph_add(&p, label, text);
	if (p.failed)
		die("out of memory");
}

void say_end(struct buf *out, const struct text_style *style, size_t start, size_t indent)
{
	struct paragraph p = { .to = out, .width = style->width };

	paragraph_fold(&p, start, indent);
	if (p.failed)
		die("out of memory");
	say(out, "\n");
}

static void say_spaces(struct buf *out, long n)
{
	for (long i = 0; i < n; i++)
		say(out, " ");
}

void say_field(struct buf *out, const struct text_style *style, const struct shown_field *f)
{
	say(out, "      %s\n", f->text);
	if (f->caret < 0)
		return;
	say_spaces(out, 6 + f->caret);
	say_coloured(out, style, severity_colour[SEVERITY_ERROR], "^");
	if (f->caret_end > f->caret) {
		say_spaces(out, f->caret_end - f->caret - 1);
		say_coloured(out, style, severity_colour[SEVERITY_ERROR], "^");
	}
	say(out, "\n");
}
