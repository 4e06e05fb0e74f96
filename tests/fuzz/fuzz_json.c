/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a request's body: nothing is read past them, what is called fine
 * has a tree, and what is told of it points into it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cJSON.h>

#include "diagnose/json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

/* Some releases of cJSON read 63 bytes of a number at most. */
static bool has_long_number(struct slice text)
{
	size_t run = 0;

	for (size_t i = 0; i < text.n; i++) {
		run = memchr("0123456789+-.eE", text.p[i], 15) ? run + 1 : 0;
		if (run > 60)
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct slice text = { (const char *)bytes, n };
	struct json_outline outline;
	struct json_verdict v;

	json_judge(text, &v);
	demand(v.at <= n && v.line >= 1 && v.column >= 1);
	demand((v.fault == JSON_FINE) == (v.found == NULL));
	demand(strlen(v.path) < sizeof(v.path));
	demand(strlen(v.duplicate_path) < sizeof(v.duplicate_path));
	demand(v.duplicate_at <= n && v.opened <= n);
	for (const char *c = v.path; *c; c++)
		demand(*c >= ' ' && *c < 0x7F);
	if (v.fault == JSON_FINE) {
		cJSON *tree = cJSON_ParseWithLength(text.p, n);
		demand(tree || has_long_number(text));
		cJSON_Delete(tree);
	}
	json_outline(text, &outline);
	demand(!outline.model.p ||
	       (outline.model.p >= text.p && outline.model.p + outline.model.n <= text.p + n));
	long at = json_member_at(text, "messages[1].content[0].text");
	demand(at < (long)n);
	return 0;
}
