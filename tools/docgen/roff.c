/* SPDX-License-Identifier: MIT */
#include "tools/docgen/roff.h"

#include <string.h>

#include "tools/command.h"

enum { LONG_WORD = 16 };

/*
 * A backslash is \e, and a minus that may be copied from the page is \-. A long
 * word may be broken (\:) after a comma or a slash.
 */
static void put_escaped(struct buf *out, const char *text, size_t n)
{
	size_t word = 0;

	for (size_t i = 0; i < n; i++) {
		char c = text[i] == '\n' ? ' ' : text[i];
		word = c == ' ' ? 0 : word + 1;
		if (c == '\\')
			say(out, "\\e");
		else
			say(out, c == '-' ? "\\-" : "%c", c);
		if (word > LONG_WORD && (c == ',' || c == '/')) {
			say(out, "\\:");
			word = 0;
		}
	}
}

void roff_text(struct buf *out, const char *text)
{
	say(out, "\\&");
	put_escaped(out, text, strlen(text));
	say(out, "\n");
}

void roff_example(struct buf *out, const char *text)
{
	say(out, ".PP\n.nf\n.RS 4\n");
	while (*text) {
		size_t n = strcspn(text, "\n");
		say(out, "\\&");
		put_escaped(out, text, n);
		say(out, "\n");
		text += n + (text[n] == '\n');
	}
	say(out, ".RE\n.fi\n");
}

void roff_line(struct buf *out, const char *label, const char *text)
{
	say(out, ".br\n%s: ", label);
	roff_text(out, text);
}

void roff_paragraphs(struct buf *out, const char *text)
{
	while (*text) {
		const char *end = strstr(text, "\n\n");
		char one[2048];
		size_t n = end ? (size_t)(end - text) : strlen(text);
		size_t indent = strspn(text, " ");
		if (n >= sizeof(one))
			die("a paragraph of a manual page is too long");
		memcpy(one, text + indent, n - indent);
		one[n - indent] = '\0';
		if (indent) {
			roff_example(out, one);
		} else {
			say(out, ".PP\n");
			roff_text(out, one);
		}
		text += n + strspn(text + n, "\n");
	}
}
