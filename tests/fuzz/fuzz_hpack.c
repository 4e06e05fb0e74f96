/* SPDX-License-Identifier: MIT */
/*
 * Two readers of header blocks: whatever nghttp2's reads, ours for who joined
 * late reads the same, if it was there from the beginning. Blocks are
 * separated by FF FE FF.
 */
#include "fuzz_run.h"
#include "wire/hpack.h"

static void compare_block(struct hpack *whole, struct hpack *late, struct slice block)
{
	struct text a = { 0 };
	struct text b = { 0 };
	struct hpack_field f;
	enum hpack_result result;

	text_add(&a, "%s", "");
	text_add(&b, "%s", "");
	hpack_begin(whole, block);
	while ((result = hpack_next(whole, &f)) == HPACK_FIELD) {
		text_bytes(&a, "name", f.name);
		text_bytes(&a, "value", f.value);
	}
	hpack_begin(late, block);
	if (result == HPACK_END) {
		while ((result = hpack_next(late, &f)) == HPACK_FIELD) {
			text_bytes(&b, "name", f.name);
			text_bytes(&b, "value", f.value);
		}
		if (result != HPACK_END || strcmp(a.p, b.p) != 0) {
			fprintf(stderr, "result %d\n--- nghttp2\n%s\n--- late\n%s\n", result, a.p, b.p);
			abort();
		}
	}
	free(a.p);
	free(b.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct hpack *whole = hpack_new(false);
	struct hpack *late = hpack_new(true);
	struct slice rest = { (const char *)bytes, n };

	while (rest.n) {
		long mark = slice_find(rest, SLICE("\xff\xfe\xff"), 0);
		compare_block(whole, late, slice_sub(rest, 0, mark < 0 ? rest.n : (size_t)mark));
		rest = slice_from(rest, mark < 0 ? rest.n : (size_t)mark + 3);
	}
	hpack_free(whole);
	hpack_free(late);
	return 0;
}
