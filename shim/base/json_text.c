/* SPDX-License-Identifier: MIT */
#include "base/json_text.h"

#include <string.h>

/* The bytes of a nested value that end a search. */
static const unsigned char structural[256] = {
	['"'] = 1, ['{'] = 1, ['['] = 1, ['}'] = 1, [']'] = 1, [','] = 1,
};

const char *json_skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

const char *json_string_end(const char *p, const char *end)
{
	const char *from = p;

	while (p < end) {
		const char *quote = memchr(p, '"', (size_t)(end - p));
		if (!quote)
			return end;
		const char *slash = quote;
		while (slash > from && slash[-1] == '\\')
			slash--;
		if ((quote - slash) % 2 == 0)
			return quote;
		p = quote + 1;
	}
	return end;
}

const char *json_skip_nested(const char *p, const char *end, long *elements)
{
	long commas = 0;
	int depth = 0;
	const char *first = json_skip_space(p + 1, end);

	while (p < end) {
		switch (structural[(unsigned char)*p] ? *p : 0) {
		case '"':
			p = json_string_end(p + 1, end);
			if (p == end)
				return NULL;
			break;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (--depth > 0)
				break;
			*elements = p == first ? 0 : commas + 1;
			return p + 1;
		case ',':
			commas += depth == 1;
			break;
		}
		p++;
	}
	return NULL;
}

const char *json_skip_value(const char *p, const char *end)
{
	long elements;

	if (p == end)
		return NULL;
	if (*p == '[' || *p == '{')
		return json_skip_nested(p, end, &elements);
	if (*p == '"') {
		p = json_string_end(p + 1, end);
		return p == end ? NULL : p + 1;
	}
	while (p < end && *p != ',' && *p != '}' && *p != ']' && *p != ' ' && *p != '\n' &&
	       *p != '\r' && *p != '\t')
		p++;
	return p;
}

struct slice json_object_inside(struct slice text)
{
	if (!text.n)
		return (struct slice){ NULL, 0 };
	const char *end = text.p + text.n;
	if (slice_starts(text, SLICE("\xEF\xBB\xBF")))
		text = slice_from(text, 3);
	const char *p = json_skip_space(text.p, end);
	if (p == end || *p != '{')
		return (struct slice){ NULL, 0 };
	return (struct slice){ p + 1, (size_t)(end - p) - 1 };
}

bool json_next_member(struct slice *rest, struct slice *name, struct slice *value)
{
	if (!rest->n)
		return false;
	const char *end = rest->p + rest->n;
	const char *p = json_skip_space(rest->p, end);

	if (p < end && *p == ',')
		p = json_skip_space(p + 1, end);
	if (p == end || *p != '"')
		return false;
	const char *quote = json_string_end(p + 1, end);
	if (quote == end)
		return false;
	*name = (struct slice){ p + 1, (size_t)(quote - p) - 1 };
	p = json_skip_space(quote + 1, end);
	if (p == end || *p != ':')
		return false;
	p = json_skip_space(p + 1, end);
	const char *after = json_skip_value(p, end);
	if (!after)
		return false;
	*value = (struct slice){ p, (size_t)(after - p) };
	*rest = (struct slice){ after, (size_t)(end - after) };
	return true;
}
