/* SPDX-License-Identifier: MIT */
#include "diagnose/json/json.h"

#include <stdlib.h>
#include <string.h>

/* What may stand between two interesting bytes of a nested value. */
static const unsigned char structural[256] = {
	['"'] = 1, ['{'] = 1, ['['] = 1, ['}'] = 1, [']'] = 1, [','] = 1,
};

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

/* P stands after an opening quote; the closing one, or END. */
static const char *string_end(const char *p, const char *end)
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

/*
 * P stands at '[' or '{'. Past its closing bracket, or NULL if the text ends
 * first; *ELEMENTS counts what commas separate on its own level.
 */
static const char *skip_nested(const char *p, const char *end, long *elements)
{
	long commas = 0;
	int depth = 0;
	const char *first = skip_space(p + 1, end);

	while (p < end) {
		switch (structural[(unsigned char)*p] ? *p : 0) {
		case '"':
			p = string_end(p + 1, end);
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

static int truth(struct slice word)
{
	if (slice_equal(word, SLICE("true")))
		return 1;
	return slice_equal(word, SLICE("false")) ? 0 : -1;
}

/* P stands at the value of NAME. Past it, or NULL if the text ends first. */
static const char *take_member(struct json_outline *o, struct slice name, const char *p,
			       const char *end)
{
	const char *from = p;
	long elements = 0;

	o->has_input |= slice_equal(name, SLICE("input"));
	if (p == end)
		return NULL;
	if (*p == '[' || *p == '{') {
		p = skip_nested(p, end, &elements);
		if (p && *from == '[' && slice_equal(name, SLICE("messages")))
			o->messages = elements;
		else if (p && *from == '[' && slice_equal(name, SLICE("tools")))
			o->tools = elements;
		return p;
	}
	if (*p == '"') {
		p = string_end(p + 1, end);
		if (p == end)
			return NULL;
		if (slice_equal(name, SLICE("model")))
			o->model = (struct slice){ from + 1, (size_t)(p - from) - 1 };
		return p + 1;
	}
	while (p < end && *p != ',' && *p != '}' && *p != ' ' && *p != '\n' && *p != '\r' &&
	       *p != '\t')
		p++;
	struct slice word = { from, (size_t)(p - from) };
	if (slice_equal(name, SLICE("stream")))
		o->stream = truth(word);
	else if (slice_equal(name, SLICE("store")))
		o->store = truth(word);
	return p;
}

void json_outline(struct slice text, struct json_outline *outline)
{
	const char *p = text.p;
	const char *end = text.p + text.n;

	*outline = (struct json_outline){ .stream = -1, .messages = -1, .tools = -1, .store = -1 };
	if (slice_starts(text, SLICE("\xEF\xBB\xBF")))
		p += 3;
	p = skip_space(p, end);
	if (p == end || *p != '{')
		return;
	outline->is_object = true;
	for (p++; p;) {
		p = skip_space(p, end);
		if (p < end && *p == ',')
			p = skip_space(p + 1, end);
		if (p == end || *p != '"')
			return;
		const char *quote = string_end(p + 1, end);
		struct slice name = { p + 1, (size_t)(quote - p) - 1 };
		if (quote == end)
			return;
		p = skip_space(quote + 1, end);
		if (p == end || *p != ':')
			return;
		p = take_member(outline, name, skip_space(p + 1, end), end);
	}
}

/* Past the value at P, or NULL if the text ends first. */
static const char *skip_value(const char *p, const char *end)
{
	long elements;

	if (p == end)
		return NULL;
	if (*p == '[' || *p == '{')
		return skip_nested(p, end, &elements);
	if (*p == '"') {
		p = string_end(p + 1, end);
		return p == end ? NULL : p + 1;
	}
	while (p < end && *p != ',' && *p != '}' && *p != ']' && *p != ' ' && *p != '\n' &&
	       *p != '\r' && *p != '\t')
		p++;
	return p;
}

/* P stands at a value. What follows the comma behind it, or NULL. */
static const char *after_value(const char *p, const char *end)
{
	p = skip_value(p, end);
	if (!p)
		return NULL;
	p = skip_space(p, end);
	return p < end && *p == ',' ? skip_space(p + 1, end) : NULL;
}

/* P stands at '['. The element INDEX of it, or NULL. */
static const char *element_at(const char *p, const char *end, unsigned long index)
{
	p = skip_space(p + 1, end);
	while (p && p < end && *p != ']') {
		if (index-- == 0)
			return p;
		p = after_value(p, end);
	}
	return NULL;
}

/* P stands at '{'. The value of its member NAME, or NULL. */
static const char *member_at(const char *p, const char *end, struct slice name)
{
	p = skip_space(p + 1, end);
	while (p && p < end && *p == '"') {
		const char *quote = string_end(p + 1, end);
		struct slice found = { p + 1, (size_t)(quote - p) - 1 };
		if (quote == end)
			return NULL;
		p = skip_space(quote + 1, end);
		if (p == end || *p != ':')
			return NULL;
		p = skip_space(p + 1, end);
		if (slice_equal(found, name))
			return p;
		p = after_value(p, end);
	}
	return NULL;
}

long json_member_at(struct slice text, const char *path)
{
	if (text.n == 0)
		return -1;
	const char *end = text.p + text.n;
	const char *p = text.p;

	if (slice_starts(text, SLICE("\xEF\xBB\xBF")))
		p += 3;
	p = skip_space(p, end);
	while (p && p < end && *path) {
		if (*path == '[') {
			char *after;
			unsigned long index = strtoul(path + 1, &after, 10);
			if (*after != ']')
				return -1;
			path = after + 1;
			p = *p == '[' ? element_at(p, end, index) : NULL;
		} else {
			path += *path == '.';
			struct slice name = { path, strcspn(path, ".[") };
			path += name.n;
			p = *p == '{' ? member_at(p, end, name) : NULL;
		}
	}
	return p && p < end ? p - text.p : -1;
}
