/* SPDX-License-Identifier: MIT */
/* Finds the client that a request names in its header fields. */
#include <string.h>

#include "tools/log/log_row.h"

enum { NAME_MAX_SHOWN = 64 };

/*
 * User agents of libraries, without versions: they show how a request was made,
 * not for which tool.
 */
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

/* "RooCode/3.25.0 (linux)" is RooCode; a library's name does not identify the client. */
static struct slice by_user_agent(struct slice value)
{
	struct slice product = value;

	for (size_t i = 0; i < product.n; i++)
		if (strchr("/ (;", product.p[i]))
			product.n = i;
	return is_library(product) ? (struct slice){ NULL, 0 } : product;
}

/* "https://cline.bot/x" is cline.bot; on a code host the path is the name. */
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

/* The most reliable field first. */
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
