/* SPDX-License-Identifier: MIT */
/*
 * A whole capture through wire, rules and report, so that the corpus is
 * tests/captures itself. Whatever is in it: every record is a line of JSON,
 * and the text holds no control byte but the line feed.
 */
#include <stdint.h>
#include <stdlib.h>

#include <cJSON.h>

#include "tools/capture/capture.h"
#include "tools/capture/playback.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void judge_output(const struct playback *r)
{
	struct slice rest = buf_slice(&r->records);
	struct slice line;

	while (slice_cut(&rest, '\n', &line) && line.n) {
		cJSON *tree = cJSON_ParseWithLength(line.p, line.n);
		demand(tree != NULL);
		cJSON_Delete(tree);
	}
	for (size_t i = 0; i < r->text.n; i++)
		demand((unsigned char)r->text.p[i] >= ' ' || r->text.p[i] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const struct playback_options options = { .split = SPLIT_RECORDED, .lint = n & 1 };
	struct slice text = { (const char *)bytes, n };
	struct capture_fault fault;
	struct capture capture;
	struct playback r;

	capture_init(&capture);
	if (capture_parse(&capture, text, &fault) == 0) {
		demand(playback_run(&r, &capture, &options) == 0);
		judge_output(&r);
		playback_release(&r);
	}
	capture_release(&capture);
	return 0;
}
