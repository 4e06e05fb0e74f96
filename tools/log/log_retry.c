/* SPDX-License-Identifier: MIT */
#include "tools/log/log_retry.h"

#include <string.h>

#include "tools/command.h"

static const char by_body[] = "body";

static const cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static struct retry retry_of_headers(const cJSON *headers)
{
	struct retry retry = { 0, NULL };
	const cJSON *pair;

	cJSON_ArrayForEach(pair, headers)
	{
		const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
		const char *value = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1));
		if (name && value &&
		    retry_of_field(slice_of(name), slice_of(value), &retry.n, &retry.by))
			break;
	}
	return retry.n ? retry : (struct retry){ 0, NULL };
}

struct retry log_retry(const cJSON *record)
{
	const cJSON *written = member(record, "retry"), *n = member(written, "n");
	const char *by = cJSON_GetStringValue(member(written, "by"));

	if (by && strcmp(by, by_body) == 0 && cJSON_IsNumber(n) && n->valueint > 0)
		return (struct retry){ (unsigned)n->valueint, by_body };
	return retry_of_headers(member(member(record, "request"), "headers"));
}

void retries_add(struct retries *r, struct retry retry)
{
	if (retry.n == 0)
		return;
	if (strcmp(retry.by, by_body) == 0)
		r->alike++;
	else
		r->counted++;
}

void retries_words(const struct retries *r, size_t of, struct buf *out)
{
	const char *requests = of == 1 ? "" : "s";

	if (r->counted)
		say(out,
		    r->counted == 1 ? "%zu of %zu request%s is a retry of the SDK"
				    : "%zu of %zu request%s are the SDK's retries",
		    r->counted, of, requests);
	if (r->counted && r->alike)
		say(out, ", and %zu sent the same body again after a failure", r->alike);
	else if (r->alike)
		say(out,
		    r->alike == 1
			? "%zu of %zu request%s is a retry: the same body again after a failure"
			: "%zu of %zu request%s are retries: the same body again after a failure",
		    r->alike, of, requests);
}
