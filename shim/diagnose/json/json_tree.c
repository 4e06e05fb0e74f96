/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <cJSON.h>

#include "base/limits.h"
#include "diagnose/json/json.h"

/* Values of TEXT, or a few more than LIMIT_JSON_VALUES: each but the first follows one of these signs. */
static size_t count_values(struct slice text)
{
	size_t count = 1;
	bool inside = false; /* a string */

	for (size_t i = 0; i < text.n && count <= LIMIT_JSON_VALUES; i++) {
		char c = text.p[i];
		if (c == '"')
			inside = !inside;
		else if (inside)
			i += c == '\\';
		else
			count += c == ',' || c == '[' || c == '{';
	}
	return count;
}

struct cJSON *json_tree(struct slice text)
{
	if (text.n == 0 || count_values(text) > LIMIT_JSON_VALUES)
		return NULL;
	return cJSON_ParseWithLength(text.p, text.n);
}
