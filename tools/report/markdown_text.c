/* SPDX-License-Identifier: MIT */
#include "tools/report/markdown_text.h"

#include <string.h>

#include "tools/command.h"

static bool says_nothing(const char *text)
{
	return !text || text[strspn(text, " \t\r\n")] == '\0';
}

/* The longest run of backticks in N bytes of TEXT. */
static size_t longest_run(const char *text, size_t n)
{
	size_t longest = 0, run = 0;

	for (size_t i = 0; i < n; i++) {
		run = text[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest;
}

/* At most MAX bytes of TEXT, whole UTF-8 characters. */
static size_t fit(const char *text, size_t n, size_t max)
{
	if (n <= max)
		return n;
	while (max && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	return max;
}

/* CommonMark 6.1: the fence is longer than any run inside; one space is taken off at each end. */
static void put_code(struct buf *out, const char *text, size_t n)
{
	size_t shown = fit(text, n, MD_CODE_MAX), run = longest_run(text, shown);
	bool padded = run > 0 || text[0] == ' ';

	for (size_t i = 0; i <= run; i++)
		say(out, "`");
	say(out, "%s", padded ? " " : "");
	for (size_t i = 0; i < shown; i++)
		say(out, "%c", (unsigned char)text[i] < ' ' ? ' ' : text[i]);
	say(out, "%s%s", shown < n ? "…" : "", padded ? " " : "");
	for (size_t i = 0; i <= run; i++)
		say(out, "`");
}

void md_code(struct buf *out, const char *text)
{
	if (!says_nothing(text))
		put_code(out, text, strlen(text));
}

/* The span of code at P with its marks, if all in it is one of PLAIN (NULL: anything); 0: none. */
static size_t span_at(const char *p, const char *plain)
{
	const char *end = *p == '`' ? strchr(p + 1, '`') : NULL;

	if (!end || end == p + 1 || end[1] == '`')
		return 0;
	if (plain && strspn(p + 1, plain) < (size_t)(end - p - 1))
		return 0;
	return (size_t)(end - p) + 1;
}

/* "[rule_id]": as code, without the brackets. */
static size_t rule_in_brackets(const char *p)
{
	size_t n = *p == '[' ? strspn(p + 1, "abcdefghijklmnopqrstuvwxyz0123456789_") : 0;

	return n && p[n + 1] == ']' ? n + 2 : 0;
}

static void put_escaped(struct buf *out, char c)
{
	if (c == '<')
		say(out, "&lt;");
	else if (c == '>')
		say(out, "&gt;");
	else if (c == '&')
		say(out, "&amp;");
	else if (strchr("\\`*[]~", c))
		say(out, "\\%c", c);
	else
		say(out, "%c", (unsigned char)c < ' ' ? ' ' : c);
}

/* Could a renderer make more of the word than text? */
static bool is_suspicious(const char *word, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strchr("@#<>&`|~!", word[i]))
			return true;
	return memmem(word, n, "://", 3) || memmem(word, n, "www.", 4) || word[0] == '_' ||
	       word[n - 1] == '_';
}

void md_text(struct buf *out, const char *text)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyz0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    " -./:=$";

	for (const char *p = text; *p;) {
		size_t code = span_at(p, plain), rule = rule_in_brackets(p);
		size_t word = strcspn(p, " `[");
		if (code || rule) {
			put_code(out, p + 1, (code ? code : rule) - 2);
			p += code ? code : rule;
		} else if (word && is_suspicious(p, word)) {
			put_code(out, p, word);
			p += word;
		} else if (word) {
			for (size_t i = 0; i < word; i++)
				put_escaped(out, p[i]);
			p += word;
		} else {
			put_escaped(out, *p++);
		}
	}
}

void md_ours(struct buf *out, const char *text)
{
	for (const char *p = text; *p;) {
		size_t code = span_at(p, NULL), rule = rule_in_brackets(p);
		if (code || rule) {
			put_code(out, p + 1, (code ? code : rule) - 2);
			p += code ? code : rule;
		} else {
			put_escaped(out, *p++);
		}
	}
}
