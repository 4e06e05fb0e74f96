/* SPDX-License-Identifier: MIT */
#include "diagnose/json/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"

static int truth(struct slice word)
{
	if (slice_equal(word, SLICE("true")))
		return 1;
	return slice_equal(word, SLICE("false")) ? 0 : -1;
}

/* P is at the value of NAME. Past it, or NULL if the text ends first. */
static const char *take_member(struct json_outline *o, struct slice name, const char *p,
			       const char *end)
{
	const char *from = p;
	long elements = 0;

	o->has_input |= slice_equal(name, SLICE("input"));
	if (p == end)
		return NULL;
	if (*p == '[' || *p == '{') {
		p = json_skip_nested(p, end, &elements);
		if (p && *from == '[' && slice_equal(name, SLICE("messages")))
			o->messages = elements;
		else if (p && *from == '[' && slice_equal(name, SLICE("tools")))
			o->tools = elements;
		return p;
	}
	if (*p == '"') {
		p = json_string_end(p + 1, end);
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
	p = json_skip_space(p, end);
	if (p == end || *p != '{')
		return;
	outline->is_object = true;
	for (p++; p;) {
		p = json_skip_space(p, end);
		if (p < end && *p == ',')
			p = json_skip_space(p + 1, end);
		if (p == end || *p != '"')
			return;
		const char *quote = json_string_end(p + 1, end);
		struct slice name = { p + 1, (size_t)(quote - p) - 1 };
		if (quote == end)
			return;
		p = json_skip_space(quote + 1, end);
		if (p == end || *p != ':')
			return;
		p = take_member(outline, name, json_skip_space(p + 1, end), end);
	}
}

/* P is at a value. What follows the comma behind it, or NULL. */
static const char *after_value(const char *p, const char *end)
{
	p = json_skip_value(p, end);
	if (!p)
		return NULL;
	p = json_skip_space(p, end);
	return p < end && *p == ',' ? json_skip_space(p + 1, end) : NULL;
}

/* P is at '['. The element INDEX of it, or NULL. */
static const char *element_at(const char *p, const char *end, unsigned long index)
{
	p = json_skip_space(p + 1, end);
	while (p && p < end && *p != ']') {
		if (index-- == 0)
			return p;
		p = after_value(p, end);
	}
	return NULL;
}

/* P is at '{'. The value of its member NAME, or NULL. */
static const char *member_at(const char *p, const char *end, struct slice name)
{
	p = json_skip_space(p + 1, end);
	while (p && p < end && *p == '"') {
		const char *quote = json_string_end(p + 1, end);
		struct slice found = { p + 1, (size_t)(quote - p) - 1 };
		if (quote == end)
			return NULL;
		p = json_skip_space(quote + 1, end);
		if (p == end || *p != ':')
			return NULL;
		p = json_skip_space(p + 1, end);
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
	p = json_skip_space(p, end);
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
