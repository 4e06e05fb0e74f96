/* SPDX-License-Identifier: MIT */
#include "report/paragraph.h"

#include <string.h>

enum { WIDTH_MIN = 40 };

static void put(struct paragraph *p, const char *bytes, size_t n)
{
	if (!p->failed && buf_add(p->to, bytes, n) != 0)
		p->failed = true;
}

size_t columns_of(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

static void break_line(struct paragraph *p, size_t indent)
{
	put(p, "\n", 1);
	for (size_t i = 0; i < indent; i++)
		put(p, " ", 1);
}

void paragraph_add(struct paragraph *p, const char *label, struct slice text)
{
	size_t indent = columns_of(slice_of(label));
	size_t limit = p->width >= WIDTH_MIN ? (size_t)p->width : p->width > 0 ? WIDTH_MIN : 0;
	size_t column = indent;
	bool first = true;
	size_t i = 0;

	put(p, label, strlen(label));
	while (i < text.n) {
		size_t start = i;
		while (i < text.n && text.p[i] != ' ' && text.p[i] != '\n')
			i++;
		struct slice word = slice_sub(text, start, i - start);
		i++;
		if (word.n == 0)
			continue;
		size_t wide = columns_of(word);
		if (!first && limit && column + 1 + wide > limit) {
			break_line(p, indent);
			column = indent;
		} else if (!first) {
			put(p, " ", 1);
			column++;
		}
		put(p, word.p, word.n);
		column += wide;
		first = false;
	}
	put(p, "\n", 1);
}
