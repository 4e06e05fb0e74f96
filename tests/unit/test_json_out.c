/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "report/json_out.h"

static void expect(const struct buf *b, const char *want)
{
	assert_int_equal(b->n, strlen(want));
	assert_memory_equal(b->p, want, b->n);
}

static void strings_are_escaped_and_made_utf8(void **state)
{
	static const struct {
		struct slice in;
		const char *want;
	} cases[] = {
		{ SLICE("plain"), "\"plain\"" },
		{ SLICE(""), "\"\"" },
		{ SLICE("a\"b\\c"), "\"a\\\"b\\\\c\"" },
		{ SLICE("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"" },
		{ SLICE("\0\x01\x1b\x7f"), "\"\\u0000\\u0001\\u001b\\u007f\"" },
		{ SLICE("\xc3\xa9\xe2\x80\x94\xf0\x9f\x98\x80"),
		  "\"\xc3\xa9\xe2\x80\x94\xf0\x9f\x98\x80\"" },
		{ SLICE("\xe9x"), "\"\xef\xbf\xbdx\"" },
		{ SLICE("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ SLICE("\xe2\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ SLICE("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ SLICE("\xf4\x90\x80\x80"),
		  "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	};
	struct json_out j;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_init(&b, 1024);
		json_out_init(&j, &b);
		json_slice(&j, NULL, cases[i].in);
		assert_true(json_out_ok(&j));
		expect(&b, cases[i].want);
		buf_release(&b);
	}
}

static void commas_are_put_between_members_only(void **state)
{
	struct json_out j;
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	json_out_init(&j, &b);
	json_object(&j, NULL);
	json_array(&j, "empty");
	json_array_end(&j);
	json_array(&j, "list");
	json_number(&j, NULL, 1);
	json_object(&j, NULL);
	json_bool(&j, "t", true);
	json_bool(&j, "f", false);
	json_object_end(&j);
	json_null(&j, NULL);
	json_array_end(&j);
	json_text(&j, "none", NULL);
	json_object_end(&j);
	expect(&b, "{\"empty\":[],\"list\":[1,{\"t\":true,\"f\":false},null],\"none\":null}");
	buf_release(&b);
}

static void numbers_reach_both_ends(void **state)
{
	struct json_out j;
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	json_out_init(&j, &b);
	json_array(&j, NULL);
	json_number(&j, NULL, 0);
	json_number(&j, NULL, INT64_MAX);
	json_number(&j, NULL, INT64_MIN);
	json_array_end(&j);
	expect(&b, "[0,9223372036854775807,-9223372036854775808]");
	buf_release(&b);
}

static void the_ceiling_is_sticky(void **state)
{
	struct json_out j;
	struct buf b;

	(void)state;
	buf_init(&b, 12);
	json_out_init(&j, &b);
	json_array(&j, NULL);
	json_text(&j, NULL, "much too long for it");
	assert_false(json_out_ok(&j));
	json_number(&j, NULL, 1);
	assert_false(json_out_ok(&j));
	assert_true(b.n <= 12);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_escaped_and_made_utf8),
		cmocka_unit_test(commas_are_put_between_members_only),
		cmocka_unit_test(numbers_reach_both_ends),
		cmocka_unit_test(the_ceiling_is_sticky),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
