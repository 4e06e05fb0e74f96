/* SPDX-License-Identifier: MIT */
/*
 * Who sent the requests: several extensions share one process of an editor, so
 * a request is put to the name that it gives itself, and else to its process.
 */
#include <string.h>

#include "tools/command.h"
#include "tools/log/log_row.h"
#include "tools/report/report.h"

enum { NAME_MAX_SHOWN = 64 };

/* User agents of libraries: they say how a request was made, not for whom. Without versions. */
static const char *const libraries[] = {
	"OpenAI",
	"Anthropic",
	"ai-sdk",
	"ai",
	"node",
	"node-fetch",
	"undici",
	"axios",
	"got",
	"Bun",
	"Deno",
	"python-requests",
	"python-httpx",
	"Python",
	"Python-urllib",
	"aiohttp",
	"curl",
	"Wget",
	"Go-http-client",
	"okhttp",
	"Mozilla",
	"Ruby",
	"AsyncOpenAI",
	"ls",
	"Java-http-client",
	"reqwest",
	"Apache-HttpClient",
	"Faraday",
};

static bool is_library(struct slice product)
{
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		if (slice_equal_nocase(product, slice_of(libraries[i])))
			return true;
	return false;
}

/* "RooCode/3.25.0 (linux)" is RooCode; the name of a library names nobody. */
static struct slice by_user_agent(struct slice value)
{
	struct slice product = value;

	for (size_t i = 0; i < product.n; i++)
		if (strchr("/ (;", product.p[i]))
			product.n = i;
	return is_library(product) ? (struct slice){ NULL, 0 } : product;
}

/* "https://cline.bot/x" is cline.bot; what stands on a code host has its path for a name. */
static struct slice by_referer(struct slice value)
{
	long scheme = slice_find(value, SLICE("://"), 0);
	struct slice place = scheme < 0 ? value : slice_from(value, (size_t)scheme + 3);

	if (slice_starts_nocase(place, SLICE("localhost")) || slice_starts(place, SLICE("127.")))
		return (struct slice){ NULL, 0 };
	if (slice_starts_nocase(place, SLICE("github.com/")))
		return slice_from(place, sizeof("github.com/") - 1);
	long slash = slice_byte(place, '/', 0);
	return slash < 0 ? place : slice_sub(place, 0, (size_t)slash);
}

static struct slice as_it_is(struct slice value)
{
	return value;
}

/* The surest first. */
static const struct {
	const char *header;
	struct slice (*name)(struct slice value);
} ways[] = {
	{ "x-title", as_it_is },         { "x-openrouter-title", as_it_is },
	{ "user-agent", by_user_agent }, { "http-referer", by_referer },
};

static const char *header_of(const cJSON *headers, const char *name)
{
	const cJSON *pair;

	cJSON_ArrayForEach(pair, headers)
	{
		const char *field = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
		const char *value = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1));
		if (field && value && *value && *value != '<' && strcasecmp(field, name) == 0)
			return value;
	}
	return NULL;
}

void find_client(struct log *l, struct log_row *row, const cJSON *headers)
{
	for (size_t i = 0; !row->client && i < sizeof(ways) / sizeof(ways[0]); i++) {
		const char *value = header_of(headers, ways[i].header);
		struct slice name =
		    value ? ways[i].name(slice_of(value)) : (struct slice){ NULL, 0 };
		char text[NAME_MAX_SHOWN + 1];

		if (name.n == 0)
			continue;
		snprintf(text, sizeof(text), "%.*s", SLICE_ARG(slice_sub(name, 0, NAME_MAX_SHOWN)));
		row->client = log_keep(l, text, NAME_MAX_SHOWN);
		row->client_by = ways[i].header;
	}
}

/* Strings of a log are kept once each: the same text is the same pointer. */
static bool is_of(const struct sender *s, const struct log_row *row)
{
	if (s->first->client || row->client)
		return s->first->client == row->client && s->first->role == row->role;
	return s->first->pid == row->pid && s->first->tool == row->tool;
}

static struct sender *sender_of(struct report *r, const struct log_row *row)
{
	for (size_t i = 0; i < r->sender_count; i++)
		if (is_of(&r->senders[i], row))
			return &r->senders[i];
	if (r->sender_count == SENDERS_MAX)
		return NULL;
	r->senders[r->sender_count] = (struct sender){ .first = row };
	return &r->senders[r->sender_count++];
}

void find_senders(struct report *r)
{
	for (size_t i = 0; i < r->log->count; i++) {
		const struct log_row *row = &r->log->rows[i];
		struct sender *s = row->kind == LOG_EXCHANGE ? sender_of(r, row) : NULL;

		if (!s)
			continue;
		s->requests++;
		if (row->pid != s->first->pid)
			s->elsewhere = true;
		if (!row_failed(row))
			continue;
		s->refused++;
		s->cause = s->last_refused && s->cause != row->cause ? NULL : row->cause;
		s->last_refused = row;
	}
}

/* One tool that speaks of itself is no news; several speakers are, and an extension host. */
bool senders_are_remarkable(const struct report *r)
{
	bool in_editor = false;

	for (size_t i = 0; i < r->sender_count; i++)
		in_editor |= r->senders[i].first->role != NULL;
	return r->sender_count > 1 || in_editor;
}

void sender_words(const struct sender *s, struct buf *out)
{
	const struct log_row *row = s->first;

	if (row->client)
		say(out, "%s (by %s), in ", row->client, row->client_by);
	if (s->elsewhere)
		say(out, "several processes of %s%s%s", row->tool ? row->tool : "an unnamed tool",
		    row->role ? " " : "", row->role ? row->role : "");
	else
		row_process_words(row, out);
	say(out, ": %zu request%s, ", s->requests, s->requests == 1 ? "" : "s");
	if (s->refused == 0)
		say(out, "none refused");
	else
		say(out, "%zu refused", s->refused);
	if (s->refused && s->last_refused)
		say(out, ": %s",
		    s->cause                 ? s->cause
		    : s->last_refused->cause ? "for several reasons"
					     : "unexplained");
}
