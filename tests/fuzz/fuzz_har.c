/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a HAR: nothing is read past them, records are JSON, no control byte reaches a

 */
#include <stdint.h>
#include <stdlib.h>

#include "tools/capture/playback.h"
#include "tools/har/har_judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define KEY "6b86b2736b86b2736b86b2736b86b2736b86b2736b86b2736b86b2736b86b273"

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void demand_json(struct slice lines)
{
	struct slice line;

	while (slice_cut(&lines, '\n', &line)) {
		if (!line.n)
			continue;
		cJSON *tree = cJSON_ParseWithLength(line.p, line.n);
		demand(tree != NULL);
		cJSON_Delete(tree);
	}
}

static void demand_printable(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		demand(((unsigned char)text.p[i] >= ' ' && text.p[i] != 0x7f) || text.p[i] == '\n');
}

static void judge(const struct har *h)
{
	const struct playback_options options = { .lint = true, .recorded = true, .tool = "lint",
						  .style = { .width = 80 } };
	struct playback_begun b;
	struct har_judged j;
	struct playback r;

	demand(playback_begin(&b, NULL, &options) == 0);
	demand(har_judge(b.observer, h, &j));
	demand(playback_end(&b, &r) == 0);
	demand_json(buf_slice(&r.records));
	demand_json(buf_slice(&j.records));
	demand_printable(buf_slice(&r.text));
	demand(!slice_has(buf_slice(&r.records), SLICE(KEY)));
	demand(!slice_has(buf_slice(&r.text), SLICE(KEY)));
	demand(!slice_has(buf_slice(&j.records), SLICE(KEY)));
	har_judged_release(&j);
	playback_release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct json_verdict v;
	struct har h;

	har_init(&h);
	demand(buf_add(&h.text, bytes, n) == 0);
	if (!har_index(&h, &v))
		judge(&h);
	har_release(&h);
	return 0;
}
