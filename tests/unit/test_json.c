/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cJSON.h>
#include <cmocka.h>

#include "base/limits.h"
#include "diagnose/json/json.h"

#define TEXT(literal) SLICE(literal)

static const struct slice fine[] = {
	TEXT("{}"),
	TEXT("[]"),
	TEXT(" {} \n"),
	TEXT("0"),
	TEXT("-0"),
	TEXT("-0.5e+10"),
	TEXT("1E5"),
	TEXT("\"\""),
	TEXT("true"),
	TEXT("false"),
	TEXT("null"),
	TEXT("[1,2,[3,{\"a\":[]}]]"),
	TEXT("{\"a\":{\"b\":[{},{}]},\"c\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"}"),
	TEXT("\"\\ud83d\\ude00\""),
	TEXT("\"\xF0\x9F\x98\x80 \xC3\xA9 \xE2\x82\xAC \x7F\""),
	TEXT("\"\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF\xF0\x90\x80\x80\xE0\xA0\x80\""),
	TEXT("{\"\":1}"),
	TEXT("\t[\r\n]"),
};

static void accepts_what_rfc_8259_allows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		struct json_verdict v;
		json_judge(fine[i], &v);
		if (v.fault != JSON_FINE)
			fail_msg("%.*s: %s (%s)", SLICE_ARG(fine[i]), v.found, v.expected);
	}
}

static const struct wrong {
	struct slice text;
	enum json_fault fault;
	size_t at, line, column;
	const char *found; /* a piece of it */
} wrong[] = {
	{ TEXT(""), JSON_EMPTY, 0, 1, 1, "nothing" },
	{ TEXT(" \n"), JSON_EMPTY, 2, 2, 1, "nothing but white space" },
	{ TEXT("\xEF\xBB\xBF{}"), JSON_BOM, 0, 1, 1, "byte order mark" },
	{ TEXT("\xEF\xBB\xBF{]"), JSON_INVALID, 4, 1, 5, "']' that closes no array" },
	{ TEXT("{\"a\":1,}"), JSON_INVALID, 6, 1, 7, "trailing comma" },
	{ TEXT("[1,\n2,\n]"), JSON_INVALID, 5, 2, 2, "trailing comma" },
	{ TEXT("[1,,2]"), JSON_INVALID, 3, 1, 4, "a comma too many" },
	{ TEXT("[,1]"), JSON_INVALID, 1, 1, 2, "a comma too many" },
	{ TEXT("{'a':1}"), JSON_INVALID, 1, 1, 2, "single quote" },
	{ TEXT("{\"a\":'b'}"), JSON_INVALID, 5, 1, 6, "single quote" },
	{ TEXT("{a:1}"), JSON_INVALID, 1, 1, 2, "without quotes" },
	{ TEXT("{\"a\":}"), JSON_INVALID, 5, 1, 6, "without a value" },
	{ TEXT("{\"a\" 1}"), JSON_INVALID, 5, 1, 6, NULL },
	{ TEXT("{\"a\"=1}"), JSON_INVALID, 4, 1, 5, "equals sign" },
	{ TEXT("{\"a\":1 \"b\":2}"), JSON_INVALID, 7, 1, 8, "no comma" },
	{ TEXT("[{} {}]"), JSON_INVALID, 4, 1, 5, "no comma" },
	{ TEXT("{\"a\":\"x\ny\"}"), JSON_INVALID, 7, 1, 8, "raw newline" },
	{ TEXT("{\"a\":\"x\ty\"}"), JSON_INVALID, 7, 1, 8, "raw tab" },
	{ TEXT("\"\x01\""), JSON_INVALID, 1, 1, 2, "control byte" },
	{ TEXT("\"\\x41\""), JSON_INVALID, 1, 1, 2, "escapes nothing" },
	{ TEXT("\"it\\'s\""), JSON_INVALID, 3, 1, 4, "single quotes" },
	{ TEXT("\"\\u12g4\""), JSON_INVALID, 1, 1, 2, "\\u escape" },
	{ TEXT("[01]"), JSON_INVALID, 1, 1, 2, "leading zero" },
	{ TEXT("[-01]"), JSON_INVALID, 2, 1, 3, "leading zero" },
	{ TEXT("[+1]"), JSON_INVALID, 1, 1, 2, "'+'" },
	{ TEXT("[.5]"), JSON_INVALID, 1, 1, 2, "before its point" },
	{ TEXT("[1.]"), JSON_INVALID, 3, 1, 4, "ends with its point" },
	{ TEXT("[0x1F]"), JSON_INVALID, 1, 1, 2, "hexadecimal" },
	{ TEXT("[1e]"), JSON_INVALID, 3, 1, 4, "exponent" },
	{ TEXT("[-]"), JSON_INVALID, 1, 1, 2, "minus sign" },
	{ TEXT("[1_000]"), JSON_INVALID, 2, 1, 3, "glued to a number" },
	{ TEXT("{\"a\":1 // x\n}"), JSON_INVALID, 7, 1, 8, "comment" },
	{ TEXT("/* x */{}"), JSON_INVALID, 0, 1, 1, "comment" },
	{ TEXT("[undefined]"), JSON_INVALID, 1, 1, 2, "undefined" },
	{ TEXT("[None]"), JSON_INVALID, 1, 1, 2, "None" },
	{ TEXT("{\"stream\":True}"), JSON_INVALID, 10, 1, 11, "True" },
	{ TEXT("[False]"), JSON_INVALID, 1, 1, 2, "False" },
	{ TEXT("[TRUE]"), JSON_INVALID, 1, 1, 2, "lower case" },
	{ TEXT("{} {}"), JSON_INVALID, 3, 1, 4, "second value" },
	{ TEXT("{}}"), JSON_INVALID, 2, 1, 3, "closing bracket too many" },
	{ TEXT("{}x"), JSON_INVALID, 2, 1, 3, "after the end" },
	{ TEXT("{}\0"), JSON_INVALID, 2, 1, 3, "NUL" },
	{ TEXT("{\"a\":\"he said \"hi\"\"}"), JSON_INVALID, 15, 1, 16, "not escaped" },
	{ TEXT("{{x}}"), JSON_INVALID, 1, 1, 2, "template" },
	{ TEXT("[1}"), JSON_INVALID, 2, 1, 3, "closes no object" },
	{ TEXT("[\xE2\x80\x9Cx\xE2\x80\x9D]"), JSON_INVALID, 1, 1, 2, "typographic" },
	{ TEXT("{\xC2\xA0}"), JSON_INVALID, 1, 1, 2, "no-break space" },
	{ TEXT("[NaN]"), JSON_NAN, 1, 1, 2, "NaN" },
	{ TEXT("[Infinity]"), JSON_NAN, 1, 1, 2, "Infinity" },
	{ TEXT("[-Infinity]"), JSON_NAN, 1, 1, 2, "-Infinity" },
	{ TEXT("{NaN:1}"), JSON_INVALID, 1, 1, 2, "without quotes" },
	{ TEXT("\"\\ud83d\""), JSON_LONE_SURROGATE, 1, 1, 2, "first half" },
	{ TEXT("\"\\ud83dx\""), JSON_LONE_SURROGATE, 1, 1, 2, "first half" },
	{ TEXT("\"\\ud83d\\ud83d\""), JSON_LONE_SURROGATE, 1, 1, 2, "first half" },
	{ TEXT("\"\\ude00\""), JSON_LONE_SURROGATE, 1, 1, 2, "second half" },
	{ TEXT("\"caf\xE9\""), JSON_NOT_UTF8, 4, 1, 5, "Latin-1" },
	{ TEXT("\"\xC0\xAF\""), JSON_NOT_UTF8, 1, 1, 2, "overlong" },
	{ TEXT("\"\xE0\x80\xAF\""), JSON_NOT_UTF8, 1, 1, 2, "overlong" },
	{ TEXT("\"\xED\xA0\x80\""), JSON_NOT_UTF8, 1, 1, 2, "CESU-8" },
	{ TEXT("\"\xF4\x90\x80\x80\""), JSON_NOT_UTF8, 1, 1, 2, "no Unicode" },
	{ TEXT("\"\x80\""), JSON_NOT_UTF8, 1, 1, 2, "continuation" },
	{ TEXT("{\0\"\0a\0"), JSON_NOT_UTF8, 0, 1, 1, "UTF-16" },
	{ TEXT("\xFF\xFE{\0"), JSON_NOT_UTF8, 0, 1, 1, "UTF-16" },
	{ TEXT("{"), JSON_CUT, 1, 1, 2, "end of the body" },
	{ TEXT("{\"a\":[1,"), JSON_CUT, 8, 1, 9, "end of the body" },
	{ TEXT("{\"a\":\"xyz"), JSON_CUT, 9, 1, 10, "end of the body" },
	{ TEXT("{\"a\":tr"), JSON_CUT, 7, 1, 8, "end of the body" },
	{ TEXT("{\"a\":-"), JSON_CUT, 6, 1, 7, "end of the body" },
	{ TEXT("[\"\\ud8"), JSON_CUT, 6, 1, 7, "end of the body" },
	{ TEXT("[\"\\ud83d\\"), JSON_CUT, 9, 1, 10, "end of the body" },
	{ TEXT("[\"\xE2\x82"), JSON_CUT, 4, 1, 5, "end of the body" },
};

static void says_where_it_stops_being_json_and_what_stands_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct wrong *w = &wrong[i];
		struct json_verdict v;
		json_judge(w->text, &v);
		if (v.fault != w->fault || v.at != w->at || v.line != w->line ||
		    v.column != w->column || (w->found && !strstr(v.found, w->found)) ||
		    !v.expected)
			fail_msg("row %zu %.*s: fault %d at %zu (%zu:%zu): %s", i,
				 SLICE_ARG(w->text), v.fault, v.at, v.line, v.column, v.found);
	}
}

static void names_the_member_that_holds_the_fault(void **state)
{
	struct json_verdict v;

	(void)state;
	json_judge(TEXT("{\"messages\":[{},{\"content\":[{\"text\":\"a\nb\"}]}]}"), &v);
	assert_string_equal(v.path, "messages[1].content[0].text");
	json_judge(TEXT("[NaN]"), &v);
	assert_string_equal(v.path, "[0]");
	json_judge(TEXT("{\"sk-or-v1-0123456789abcdef0123456789abcdef\":{\"\xC3\xA9[2J\":NaN}}"),
		   &v);
	assert_string_equal(v.path, "<name of 41 bytes>.<name of 5 bytes>");
}

static void a_cut_text_tells_what_was_still_open(void **state)
{
	struct json_verdict v;

	(void)state;
	json_judge(TEXT("{\"a\":[1,\"xyz"), &v);
	assert_int_equal(v.fault, JSON_CUT);
	assert_int_equal(v.opened, 8);
	json_judge(TEXT("{\"a\":[1"), &v);
	assert_int_equal(v.opened, 5);
}

static void the_same_member_twice_is_told_with_its_path(void **state)
{
	static const struct {
		struct slice text;
		const char *path; /* NULL: none */
	} rows[] = {
		{ TEXT("{\"a\":1,\"b\":2,\"a\":3}"), "a" },
		{ TEXT("{\"m\":[{\"role\":1},{\"x\":0,\"role\":1,\"role\":2}]}"), "m[1].role" },
		{ TEXT("{\"a\":{\"a\":1},\"b\":{\"a\":1}}"), NULL },
		{ TEXT("[{\"a\":1},{\"a\":1}]"), NULL },
		{ TEXT("{\"a\":{\"x\":1,\"y\":2},\"y\":1}"), NULL },
		{ TEXT("{\"a\":{\"x\":1,\"y\":2},\"a\":1}"), "a" },
		{ TEXT("{\"A\":1,\"a\":1}"), NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json_verdict v;
		json_judge(rows[i].text, &v);
		assert_int_equal(v.fault, JSON_FINE);
		assert_int_equal(v.duplicate, rows[i].path != NULL);
		assert_string_equal(v.duplicate_path, rows[i].path ? rows[i].path : "");
	}
}

static void depth_is_bounded_and_not_called_a_fault_of_grammar(void **state)
{
	static char text[LIMIT_JSON_DEPTH * 2 + 2];
	struct json_verdict v;

	(void)state;
	memset(text, '[', LIMIT_JSON_DEPTH);
	memset(text + LIMIT_JSON_DEPTH, ']', LIMIT_JSON_DEPTH);
	json_judge((struct slice){ text, 2 * LIMIT_JSON_DEPTH }, &v);
	assert_int_equal(v.fault, JSON_FINE);
	memset(text, '[', LIMIT_JSON_DEPTH + 1);
	memset(text + LIMIT_JSON_DEPTH + 1, ']', LIMIT_JSON_DEPTH + 1);
	json_judge((struct slice){ text, 2 * LIMIT_JSON_DEPTH + 2 }, &v);
	assert_int_equal(v.fault, JSON_TOO_DEEP);
	assert_int_equal(v.at, LIMIT_JSON_DEPTH);
	assert_true(strlen(v.path) < JSON_PATH_MAX);
}

/* Every byte value at every place of a block of eight: the fast skip must stop exactly there. */
static void the_fast_skip_stops_at_the_same_byte_wherever_it_stands(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++)
		for (size_t at = 1; at < 34; at++) {
			char text[40];
			memset(text, 'a', sizeof(text));
			text[0] = text[sizeof(text) - 1] = '"';
			text[at] = (char)c;
			struct json_verdict v;
			json_judge((struct slice){ text, sizeof(text) }, &v);
			if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\')
				assert_int_equal(v.fault, JSON_FINE);
			else if (c == '"')
				assert_int_equal(v.at, at + 1);
			else
				assert_int_equal(v.at, at);
		}
}

static void an_outline_reads_the_top_level_only(void **state)
{
	struct json_outline o;

	(void)state;
	json_outline(TEXT("{\"metadata\":{\"model\":\"no\",\"stream\":true},\"model\" : \"a/b\",\n"
			  "\"messages\":[{\"content\":\"a,]\\\"},{\",\"x\":[1,2]},{}],\"tools\":[],"
			  "\"stream\":false , \"store\":true}"),
		     &o);
	assert_true(o.is_object);
	assert_true(slice_equal(o.model, SLICE("a/b")));
	assert_int_equal(o.messages, 2);
	assert_int_equal(o.tools, 0);
	assert_int_equal(o.stream, 0);
	assert_int_equal(o.store, 1);
	assert_false(o.has_input);
}

static void an_outline_says_nothing_of_what_it_did_not_see(void **state)
{
	static const struct slice rows[] = {
		TEXT(""),
		TEXT("[]"),
		TEXT("{"),
		TEXT("{\"model"),
		TEXT("{\"model\":\"abc"),
		TEXT("{\"messages\":[{},{}"),
		TEXT("{\"stream\":1}"),
		TEXT("{\"model\":null}"),
		TEXT("{\"messages\":\"x\"}"),
		TEXT("\x1f\x8b\x08"),
		TEXT("{\"messages\":{\"a\":[]}}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json_outline o;
		json_outline(rows[i], &o);
		assert_null(o.model.p);
		assert_int_equal(o.messages, -1);
		assert_int_equal(o.stream, -1);
	}
	struct json_outline o;
	json_outline((struct slice){ NULL, 0 }, &o);
	assert_null(json_tree((struct slice){ NULL, 0 }));
	assert_int_equal(json_member_at((struct slice){ NULL, 0 }, "model"), -1);
	assert_false(o.is_object);
	json_outline(TEXT("{\"input\":[{}],\"model\":\"x\\\\\"}"), &o);
	assert_true(o.has_input);
	assert_true(slice_equal(o.model, SLICE("x\\\\")));
}

static void a_tree_has_a_ceiling(void **state)
{
	size_t n = 2 * LIMIT_JSON_VALUES + 2;
	char *text = malloc(n);

	(void)state;
	/* [1,1,...,1]: as many values as may be with the array, then one more. */
	for (int over = 0; over < 2; over++) {
		size_t at = 0;
		text[at++] = '[';
		for (size_t i = 0; i + 2 < LIMIT_JSON_VALUES + (size_t)over; i++) {
			text[at++] = '1';
			text[at++] = ',';
		}
		text[at++] = '1';
		text[at++] = ']';
		cJSON *tree = json_tree((struct slice){ text, at });
		assert_int_equal(tree == NULL, over);
		cJSON_Delete(tree);
	}
	memset(text, ',', n);
	text[0] = text[n - 1] = '"';
	text[1] = '\\';
	text[2] = '"';
	cJSON *tree = json_tree((struct slice){ text, n });
	assert_non_null(tree);
	cJSON_Delete(tree);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_has_a_ceiling),
		cmocka_unit_test(accepts_what_rfc_8259_allows),
		cmocka_unit_test(says_where_it_stops_being_json_and_what_stands_there),
		cmocka_unit_test(names_the_member_that_holds_the_fault),
		cmocka_unit_test(a_cut_text_tells_what_was_still_open),
		cmocka_unit_test(the_same_member_twice_is_told_with_its_path),
		cmocka_unit_test(depth_is_bounded_and_not_called_a_fault_of_grammar),
		cmocka_unit_test(the_fast_skip_stops_at_the_same_byte_wherever_it_stands),
		cmocka_unit_test(an_outline_reads_the_top_level_only),
		cmocka_unit_test(an_outline_says_nothing_of_what_it_did_not_see),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
