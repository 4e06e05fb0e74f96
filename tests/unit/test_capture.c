/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tools/capture/capture.h"

static void expect_step(const struct capture *c, size_t i, enum side side, struct slice want)
{
	assert_true(i < c->count);
	assert_int_equal(c->steps[i].kind, STEP_BYTES);
	assert_int_equal(c->steps[i].side, side);
	assert_int_equal(c->steps[i].n, want.n);
	assert_memory_equal(c->bytes.p + c->steps[i].at, want.p, want.n);
}

static void every_kind_of_line_is_understood(void **state)
{
	static const struct slice text = SLICE("# a comment\n"
					       "\n"
					       "= host openrouter.ai\n"
					       "= env OPENROUTER_API_KEY=a=b \n"
					       "> GET / HTTP/1.1\n"
					       ">\n"
					       ">   two blanks kept\n"
					       ">- no end\n"
					       ">x 00 ff0A # a comment\n"
					       "= wait 3s\n"
					       "= wait 250ms\n"
					       "< HTTP/1.1 200 OK\n"
					       "= close server\n"
					       "= late\n"
					       "= close");
	struct capture_fault fault;
	struct capture c;

	(void)state;
	capture_init(&c);
	assert_int_equal(capture_parse(&c, text, &fault), 0);
	expect_step(&c, 0, SIDE_CLIENT, SLICE("GET / HTTP/1.1\r\n"));
	expect_step(&c, 1, SIDE_CLIENT, SLICE("\r\n"));
	expect_step(&c, 2, SIDE_CLIENT, SLICE("  two blanks kept\r\n"));
	expect_step(&c, 3, SIDE_CLIENT, SLICE("no end"));
	expect_step(&c, 4, SIDE_CLIENT, SLICE("\0\xff\n"));
	assert_int_equal(c.steps[5].wait_us, 3000000);
	assert_int_equal(c.steps[6].wait_us, 250000);
	expect_step(&c, 7, SIDE_SERVER, SLICE("HTTP/1.1 200 OK\r\n"));
	assert_int_equal(c.steps[8].kind, STEP_END);
	assert_int_equal(c.steps[8].side, SIDE_SERVER);
	assert_int_equal(c.steps[9].kind, STEP_CLOSE);
	assert_int_equal(c.count, 10);
	assert_true(c.late);
	assert_int_equal(c.environment.n, sizeof("OPENROUTER_API_KEY=a=b "));
	assert_memory_equal(c.environment.p, "OPENROUTER_API_KEY=a=b ", c.environment.n);
	assert_int_equal(c.host.n, strlen("openrouter.ai"));
	capture_release(&c);
}

static void malformed_lines_are_named_by_number(void **state)
{
	static const struct {
		const char *text;
		size_t line;
	} cases[] = {
		{ "hello", 1 },
		{ "\n\n>GET /", 3 },
		{ ">x 0", 1 },
		{ ">x 0g", 1 },
		{ "<y 00", 1 },
		{ "= wait", 1 },
		{ "= wait 3", 1 },
		{ "= wait -3s", 1 },
		{ "= wait 99999999999s", 1 },
		{ "= env", 1 },
		{ "= env =x", 1 },
		{ "= env NAME", 1 },
		{ "= host", 1 },
		{ "= host a\n= host b", 2 },
		{ "= close me", 1 },
		{ "= open", 1 },
		{ "> GET /\r\n", 1 },
		{ "=", 1 },
	};
	struct capture_fault fault;
	struct capture c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		capture_init(&c);
		assert_int_equal(capture_parse(&c, slice_of(cases[i].text), &fault), -1);
		assert_int_equal(fault.line, cases[i].line);
		assert_non_null(fault.what);
		capture_release(&c);
	}
}

static void many_steps_are_kept(void **state)
{
	struct capture c;

	(void)state;
	capture_init(&c);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(capture_add_bytes(&c, SIDE_CLIENT, SLICE("ab")), 0);
	assert_int_equal(c.count, 1000);
	expect_step(&c, 999, SIDE_CLIENT, SLICE("ab"));
	assert_int_equal(c.steps[999].at, 1998);
	capture_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_line_is_understood),
		cmocka_unit_test(malformed_lines_are_named_by_number),
		cmocka_unit_test(many_steps_are_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
