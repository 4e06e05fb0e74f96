/* SPDX-License-Identifier: MIT */
#include "tools/har/har.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "tools/command.h"
#include "tools/log/log_filter.h"

void har_init(struct har *h)
{
	*h = (struct har){ .count = 0 };
	buf_init(&h->text, HAR_MAX);
}

void har_release(struct har *h)
{
	buf_release(&h->text);
	free(h->entries);
	h->entries = NULL;
	h->count = 0;
}

static size_t skip_blanks(struct slice t, size_t at)
{
	while (at < t.n && (t.p[at] == ' ' || t.p[at] == '\t' || t.p[at] == '\n' || t.p[at] == '\r'))
		at++;
	return at;
}

/* The offset behind the string that begins at AT; -1: it does not end. */
static long string_end(struct slice t, size_t at)
{
	for (at++; at < t.n && t.p[at] != '"'; at++)
		at += t.p[at] == '\\';
	return at < t.n ? (long)at + 1 : -1;
}

/* The offset behind the value at AT, by its brackets and quotes alone; -1: it does not end. */
static long value_end(struct slice t, size_t at)
{
	size_t depth = 0;

	while (at < t.n) {
		long end = t.p[at] == '"' ? string_end(t, at) : (long)at + 1;
		if (end < 0)
			return -1;
		if (depth == 0 && strchr(",:]}", t.p[at]))
			return -1;
		if (t.p[at] == '{' || t.p[at] == '[')
			depth++;
		else if (t.p[at] == '}' || t.p[at] == ']')
			depth--;
		else if (depth == 0 && t.p[at] != '"')
			while ((size_t)end < t.n && !strchr(",:]} \t\r\n", t.p[end]))
				end++;
		at = (size_t)end;
		if (depth == 0)
			return end;
	}
	return -1;
}

/* Walks through the members of an object, or the elements of an array. */
struct walk {
	struct slice text;
	size_t at; /* behind the bracket, a value or a comma */
	bool broken;
};

static struct walk walk_into(struct slice value)
{
	return (struct walk){ value, 1, false };
}

static bool walk_take(struct walk *w, struct slice *piece)
{
	size_t at = skip_blanks(w->text, w->at);
	long end = value_end(w->text, at);

	if (end < 0) {
		w->broken = true;
		return false;
	}
	*piece = slice_sub(w->text, at, (size_t)end - at);
	w->at = skip_blanks(w->text, (size_t)end);
	return true;
}

/* The next element of an array, or *NAME (with its quotes) and the value of a member; false: none, or broken. */
static bool walk_next(struct walk *w, struct slice *name, struct slice *value)
{
	size_t at = skip_blanks(w->text, w->at);

	if (at >= w->text.n || w->text.p[at] == '}' || w->text.p[at] == ']')
		return false;
	w->at = at;
	if (name) {
		if (!walk_take(w, name))
			return false;
		w->broken = w->at >= w->text.n || w->text.p[w->at] != ':';
		w->at++;
	}
	if (w->broken || !walk_take(w, value))
		return false;
	if (w->at < w->text.n && w->text.p[w->at] == ',')
		w->at++;
	return true;
}

/* The value of the member called WANTED (with quotes) in OBJECT; absent: none, or it is not an object. */
static struct slice member(struct slice object, struct slice wanted)
{
	struct slice name, value;

	if (object.n && object.p[0] == '{')
		for (struct walk w = walk_into(object); walk_next(&w, &name, &value);)
			if (slice_equal(name, wanted))
				return value;
	return (struct slice){ NULL, 0 };
}

/*
 * Recorders write text that was cut within a character as half of a surrogate pair, and
 * binary text with zeros. No string of ours can have either.
 */
static void replace_escapes(struct buf *text)
{
	for (size_t i = 0; i + 6 <= text->n; i++) {
		char *p = text->p + i;
		if (*p != '\\')
			continue;
		int unit = p[1] == 'u' ? hex_value4(p + 2) : -1;
		bool high = unit >= 0xD800 && unit < 0xDC00;
		if (high && i + 12 <= text->n && p[6] == '\\' && p[7] == 'u' &&
		    (hex_value4(p + 8) & 0xFC00) == 0xDC00) {
			i += 11;
			continue;
		}
		if (unit == 0 || (unit >= 0xD800 && unit < 0xE000))
			memcpy(p + 2, "fffd", 4);
		i++; /* what is escaped */
	}
}

static bool add_entry(struct har *h, struct slice entry)
{
	static const struct slice started = SLICE("\"startedDateTime\"");
	char date[40];
	struct slice when = member(entry, started);
	int64_t start_us = -1;

	if ((h->count & (h->count - 1)) == 0) { /* room for a power of two */
		size_t room = h->count ? h->count * 2 : 1;
		struct har_place *all = realloc(h->entries, room * sizeof(*all));
		if (!all)
			return false;
		h->entries = all;
	}
	if (when.n > 2 && when.p[0] == '"' && when.n - 2 < sizeof(date)) {
		memcpy(date, when.p + 1, when.n - 2);
		date[when.n - 2] = '\0';
		start_us = log_filter_date(date);
	}
	h->entries[h->count++] =
	    (struct har_place){ (size_t)(entry.p - h->text.p), entry.n, start_us };
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct har_place *x = a, *y = b;

	if (x->start_us != y->start_us)
		return x->start_us < y->start_us ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

/* Proxies write an entry when its answer came; rules look at what came before. */
static void sort_entries(struct har *h)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->entries[i].start_us < 0)
			return;
	if (h->count)
		qsort(h->entries, h->count, sizeof(*h->entries), by_time);
}

/* Does any entry have what a sanitized export lacks? In a body the quotes would be escaped. */
static bool has_secret_field(struct slice text)
{
	static const struct slice names[] = { SLICE("\"authorization\""), SLICE("\"cookie\""),
					      SLICE("\"set-cookie\"") };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_find_nocase(text, names[i], 0) >= 0)
			return true;
	return false;
}

static void read_recorder(struct har *h, struct slice log)
{
	cJSON *creator = json_tree(member(log, SLICE("\"creator\"")));
	const char *name =
	    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(creator, "name"));

	if (name)
		snprintf(h->recorder, sizeof(h->recorder), "%s", name);
	cJSON_Delete(creator);
	h->sanitized =
	    strcmp(h->recorder, "WebInspector") == 0 && !has_secret_field(buf_slice(&h->text));
}

const char *har_index(struct har *h, struct json_verdict *v)
{
	static const char no_entries[] = "it has no log.entries";
	struct slice text, log, entries, entry;

	*v = (struct json_verdict){ .fault = JSON_FINE };
	replace_escapes(&h->text);
	text = buf_slice(&h->text);
	if (slice_starts(text, SLICE("\xEF\xBB\xBF")))
		text = slice_from(text, 3);
	text = slice_from(text, skip_blanks(text, 0));
	log = member(text, SLICE("\"log\""));
	entries = member(log, SLICE("\"entries\""));
	if (!entries.n || entries.p[0] != '[') {
		json_judge(text, v);
		return no_entries;
	}
	struct walk w = walk_into(entries);
	while (walk_next(&w, NULL, &entry)) {
		if (h->count == HAR_ENTRIES_MAX)
			return "it has more than a million entries";
		if (!add_entry(h, entry))
			return "there is no memory for its entries";
	}
	if (w.broken) {
		json_judge(text, v);
		return "its entries are broken";
	}
	sort_entries(h);
	read_recorder(h, log);
	return NULL;
}

cJSON *har_entry(const struct har *h, size_t i)
{
	return json_tree(slice_sub(buf_slice(&h->text), h->entries[i].at, h->entries[i].n));
}
