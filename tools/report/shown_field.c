/* SPDX-License-Identifier: MIT */
/*
 * Where in a redacted header a finding points. The record has the field's name,
 * the credential's scheme, its shown form and true length, and byte offsets in
 * the true value. A caret is drawn only where the shown form is known to follow
 * the value byte by byte; a caret under the wrong byte would accuse it.
 */
#include <string.h>
#include <strings.h>

#include "report/paragraph.h"
#include "tools/log/log_row.h"
#include "tools/report/report.h"

/* The masked part of the value: SHOWN[from..to) replaces other bytes. */
struct hidden {
	size_t from, to;
	size_t length; /* of the value */
};

static const cJSON *field_named(const cJSON *record, const char *name)
{
	const cJSON *pair;

	cJSON_ArrayForEach(pair, log_member(log_member(record, "request"), "headers"))
	{
		const char *s = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
		if (s && strcasecmp(s, name) == 0)
			return pair;
	}
	return NULL;
}

static void add_text(struct shown_field *s, struct buf *b, const char *text)
{
	mask_text(b, slice_of(text), sizeof(s->text) - 1 - b->n);
}

/* Byte AT of the value as a byte of SHOWN; -1 if that is not known. */
static long place_of(const char *shown, const struct hidden *h, long at)
{
	size_t n = strlen(shown);
	long place = at;

	if (at < 0)
		return -1;
	if (h->to) {
		if ((size_t)at >= h->length || h->length < n - h->to)
			return -1;
		size_t from_end = h->length - (size_t)at;
		if ((size_t)at < h->from)
			place = at;
		else if (memchr(shown + h->to, '<', n - h->to))
			return -1; /* more is hidden further on */
		else if (from_end <= n - h->to)
			place = (long)(n - from_end);
		else
			place = (long)h->from;
	}
	if (place > (long)n || memchr(shown, '\\', n))
		return -1; /* an escape takes more columns than bytes */
	return place;
}

static long column_of(const char *line, size_t before, const struct hidden *h, const cJSON *finding,
		      const char *name)
{
	const cJSON *at = log_member(finding, name);

	if (!cJSON_IsNumber(at))
		return -1;
	long place = place_of(line + before, h, at->valueint);
	return place < 0 ? -1 : (long)columns_of((struct slice){ line, before + (size_t)place });
}

/* The credential as the record shows it: scheme, then the token's label. */
static void add_credential(struct shown_field *s, struct buf *b, const cJSON *auth,
			   struct hidden *h)
{
	const char *scheme = log_text(auth, "scheme");
	const char *token = log_text(auth, "token");
	size_t start = b->n;

	if (scheme) {
		add_text(s, b, scheme);
		add_text(s, b, " ");
	}
	h->length = (size_t)(b->n - start) + (size_t)log_number(auth, "length", 0);
	size_t token_at = b->n - start;
	add_text(s, b, token ? token : "<redacted>");
	if (!token || b->n >= sizeof(s->text))
		return;
	const char *dots = memmem(b->p + start, b->n - start, "...", 3);
	if (dots) {
		h->from = (size_t)(dots - (b->p + start));
		h->to = h->from + 3;
	} else if (b->n - start - token_at != (size_t)log_number(auth, "length", -1)) {
		h->from = token_at; /* shown as words about it */
		h->to = b->n - start;
	}
}

static bool is_carrier(const cJSON *auth, const char *name)
{
	const char *first =
	    cJSON_GetStringValue(cJSON_GetArrayItem(log_member(auth, "carriers"), 0));

	return first && strcasecmp(first, name) == 0;
}

const cJSON *finding_named(const cJSON *record, const char *rule)
{
	const cJSON *f;

	cJSON_ArrayForEach(f, log_member(record, "findings"))
	{
		const char *id = log_text(f, "rule");
		if (id && rule && strcmp(id, rule) == 0)
			return f;
	}
	return NULL;
}

bool shown_field_of(struct shown_field *s, const cJSON *record, const cJSON *finding)
{
	const char *name = log_text(finding, "header");
	const cJSON *pair = name && *name ? field_named(record, name) : NULL;
	const cJSON *auth = log_member(record, "auth");
	struct hidden h = { 0 };
	struct buf b;

	if (!pair || cJSON_IsTrue(log_member(finding, "in_body")))
		return false;
	*s = (struct shown_field){ .caret = -1, .caret_end = -1 };
	buf_init(&b, sizeof(s->text) - 1);
	add_text(s, &b, cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0)));
	add_text(s, &b, ": ");
	size_t before = b.n;
	const char *value = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1));
	if (value && strcmp(value, "<redacted>") == 0 && is_carrier(auth, name))
		add_credential(s, &b, auth, &h);
	else
		add_text(s, &b, value ? value : "(not seen)");
	memcpy(s->text, b.p, b.n);
	s->text[b.n] = 0;
	buf_release(&b);
	if (value && (strcmp(value, "<redacted>") != 0 || is_carrier(auth, name))) {
		s->caret = column_of(s->text, before, &h, finding, "offset");
		s->caret_end = column_of(s->text, before, &h, finding, "offset_end");
	}
	return true;
}
