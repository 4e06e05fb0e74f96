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

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\033') {
			while (i < s.n && s.p[i] != 'm')
				i++;
			continue;
		}
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	}
	return n;
}

/* Columns of a line; 0: any number. */
static size_t limit_of(const struct paragraph *p)
{
	return p->width >= WIDTH_MIN ? (size_t)p->width : p->width > 0 ? WIDTH_MIN : 0;
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
	size_t limit = limit_of(p);
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

/* N bytes at AT become a line feed and INDENT spaces. */
static void splice(struct paragraph *p, size_t at, size_t n, size_t indent)
{
	struct buf *b = p->to;
	size_t end = b->n;

	for (size_t more = 1 + indent > n ? 1 + indent - n : 0; more; more--)
		put(p, " ", 1);
	if (p->failed)
		return;
	memmove(b->p + at + 1 + indent, b->p + at + n, end - at - n);
	b->n = end - n + 1 + indent;
	b->p[at] = '\n';
	memset(b->p + at + 1, ' ', indent);
}

void paragraph_fold(struct paragraph *p, size_t start, size_t indent)
{
	size_t limit = limit_of(p), column = 0, i = start;
	bool first = true;

	while (limit && !p->failed && i < p->to->n) {
		struct slice rest = slice_from(buf_slice(p->to), i);
		size_t gap = 0;
		while (gap < rest.n && rest.p[gap] == ' ')
			gap++;
		size_t end = gap;
		while (end < rest.n && rest.p[end] != ' ' && rest.p[end] != '\n')
			end++;
		size_t wide = columns_of(slice_sub(rest, gap, end - gap));
		if (end < rest.n && rest.p[end] == '\n' && end == gap) {
			i += end + 1;
			column = 0;
			first = true;
			continue;
		}
		if (!first && wide && column + gap > indent && column + gap + wide > limit) {
			splice(p, i, gap, indent);
			i += 1 + indent + end - gap;
			column = indent + wide;
		} else {
			i += end;
			column += gap + wide;
		}
		first = false;
	}
}
