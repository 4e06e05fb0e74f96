/* SPDX-License-Identifier: MIT */
/*
 * Each capture of the tree through wire, rules and report, with the n-th
 * allocation failing, for every n: nothing crashes, nothing leaks, and what is
 * written is whole lines. Linked with --wrap, so cJSON and the decoders fail, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <glob.h>

#include "failing_allocations.h"
#include "tools/capture/capture.h"
#include "tools/capture/playback.h"

enum { TEXT_MAX = 1 << 20 };

/* False once N allocations are more than the replay makes. */
static bool replay_failing(const struct capture *c, long n)
{
	const struct playback_options options = { .split = SPLIT_RECORDED };
	struct playback r;

	memory.armed = true;
	memory.left = n;
	memory.failed = false;
	playback_run(&r, c, &options);
	memory.armed = false;
	assert_true(r.records.n == 0 || r.records.p[r.records.n - 1] == '\n');
	playback_release(&r);
	return memory.failed;
}

static void read_capture(const char *path, struct capture *c)
{
	static char text[TEXT_MAX];
	struct capture_fault fault;
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	size_t n = fread(text, 1, sizeof(text), file);
	fclose(file);
	capture_init(c);
	assert_int_equal(capture_parse(c, (struct slice){ text, n }, &fault), 0);
}

static void no_allocation_is_needed_to_stay_whole(void **unused)
{
	glob_t found;

	(void)unused;
	assert_int_equal(glob("tests/captures/*/*.cap", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct capture c;
		read_capture(found.gl_pathv[i], &c);
		for (long n = 0; replay_failing(&c, n); n++)
			;
		capture_release(&c);
	}
	print_message("           %zu captures\n", found.gl_pathc);
	globfree(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_allocation_is_needed_to_stay_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
