/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a HAR: nothing is read past them, records are JSON, no control
 * byte reaches a terminal, and no key a record or a text.
 */
#include "demands.h"
#include "tools/capture/playback.h"
#include "tools/har/har_judge.h"

static void judge(const struct har *h)
{
	const struct playback_options options = {
		.lint = true, .recorded = true, .tool = "lint", .style = { .width = 80 }
	};
	struct playback_begun b;
	struct har_judged j;
	struct playback r;

	demand(playback_begin(&b, NULL, &options) == 0);
	demand(har_judge(b.observer, h, &j));
	demand(playback_end(&b, &r) == 0);
	demand_json_lines(buf_slice(&r.records));
	demand_json_lines(buf_slice(&j.records));
	demand_printable(buf_slice(&r.text));
	demand_no_key("records", buf_slice(&r.records));
	demand_no_key("text", buf_slice(&r.text));
	demand_no_key("records of the recording", buf_slice(&j.records));
	har_judged_release(&j);
	playback_release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct json_verdict v;
	struct buf text;
	struct har h;

	if (!planted(&text, bytes, n))
		return 0;
	har_init(&h);
	demand(buf_add_slice(&h.text, buf_slice(&text)) == 0);
	buf_release(&text);
	if (!har_index(&h, &v))
		judge(&h);
	har_release(&h);
	return 0;
}
