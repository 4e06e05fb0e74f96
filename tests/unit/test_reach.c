/* SPDX-License-Identifier: MIT */
/* Keys in shell start files and in the settings of tools, and the text about them that the shim reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tools/run/reach.h"

/* Of a made-up account. */
#define KEY "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"
#define RELAY "relay-7f3a9c0d4e2b77ab01c2d3e4f5061728"

static struct reach *read_text(enum found_kind kind, const char *text)
{
	struct reach *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	reach_read(r, kind, "~/file", slice_of(text));
	return r;
}

static void fingerprint_text(const char *value, char out[FINGERPRINT_SIZE])
{
	fingerprint_of(slice_of(value), out);
}

/* A line, and what it sets: VARIABLE NULL for nothing that is a key. */
struct line {
	const char *text, *variable, *value;
};

static void check_lines(enum found_kind kind, const struct line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char wanted[FINGERPRINT_SIZE];
		char *text = NULL;
		assert_true(asprintf(&text, "# first\n%s\n", lines[i].text) > 0);
		struct reach *r = read_text(kind, text);
		if (!lines[i].variable && r->count)
			fail_msg("`%s` sets %s", lines[i].text, r->keys[0].variable);
		if (lines[i].variable) {
			if (r->count != 1)
				fail_msg("`%s`: %zu keys", lines[i].text, r->count);
			assert_string_equal(r->keys[0].variable, lines[i].variable);
			fingerprint_text(lines[i].value, wanted);
			if (strcmp(r->keys[0].fingerprint, wanted) != 0)
				fail_msg("`%s`: another value", lines[i].text);
			assert_int_equal(r->keys[0].line, 2);
			assert_string_equal(r->keys[0].file, "~/file");
		}
		free(text);
		free(r);
	}
}

static void what_a_shell_start_file_sets_is_found(void **state)
{
	static const struct line lines[] = {
		{ "export OPENROUTER_API_KEY=" KEY, "OPENROUTER_API_KEY", KEY },
		{ "  export OPENROUTER_API_KEY='" KEY "' # mine", "OPENROUTER_API_KEY", KEY },
		{ "OPENROUTER_API_KEY=\"" KEY "\"; export OPENROUTER_API_KEY", "OPENROUTER_API_KEY",
		  KEY },
		{ "OPENROUTER_API_KEY=" KEY " tool", "OPENROUTER_API_KEY", KEY },
		{ "declare -x OPENROUTER_API_KEY=" KEY, "OPENROUTER_API_KEY", KEY },
		{ "set -gx OPENROUTER_API_KEY " KEY, "OPENROUTER_API_KEY", KEY },
		{ "set -U -x OPENROUTER_API_KEY \"" KEY "\"", "OPENROUTER_API_KEY", KEY },
		{ "setenv OPENROUTER_API_KEY " KEY, "OPENROUTER_API_KEY", KEY },
		{ "export MY_RELAY_TOKEN=" RELAY "\r", "MY_RELAY_TOKEN", RELAY },
		{ "export OPENAI_API_KEY=not-needed", "OPENAI_API_KEY", "not-needed" },
		{ "# export OPENROUTER_API_KEY=" KEY, NULL, NULL },
		{ "export OPENROUTER_API_KEY=", NULL, NULL },
		{ "export OPENROUTER_API_KEY", NULL, NULL },
		{ "export OPENROUTER_API_KEY=\"open", NULL, NULL },
		{ "echo OPENROUTER_API_KEY=" KEY, NULL, NULL },
		{ "export EDITOR=vi", NULL, NULL },
		{ "export PATH=/usr/local/bin:/usr/bin:/opt/something1/bin", NULL, NULL },
		{ "alias x='curl -H key:1'", NULL, NULL },
		{ "set -e", NULL, NULL },
		{ "-", NULL, NULL },
		{ "", NULL, NULL },
	};

	(void)state;
	check_lines(FOUND_SHELL, lines, sizeof(lines) / sizeof(lines[0]));
}

static void keys_in_settings_of_tools_are_found(void **state)
{
	static const struct line lines[] = {
		{ "  \"OPENROUTER_API_KEY\": \"" KEY "\",", "OPENROUTER_API_KEY", KEY },
		{ "    apiKey: " KEY, "apiKey", KEY },
		{ "api_key = '" KEY "'", "api_key", KEY },
		{ "{\"openrouter\":{\"type\":\"api\",\"key\":\"" KEY "\"}}", "key", KEY },
		{ "api-key: [openrouter=" KEY "]", "openrouter", KEY },
		{ "  \"apiKey\": \"" RELAY "\"", "apiKey", RELAY },
		{ "machine x login me password " KEY, "password", KEY },
		{ "  \"session\": \"" RELAY "\"", NULL, NULL },
		{ "  apiKey: ${{ secrets.OPENROUTER_API_KEY }}", NULL, NULL },
		{ "  \"apiKey\": \"\"", NULL, NULL },
		{ "  \"key\": \"ctrl+shift+k\"", NULL, NULL },
		{ "  \"url\": \"https://openrouter.ai/api/v1/chat/completions\"", NULL, NULL },
	};

	(void)state;
	check_lines(FOUND_TOOL, lines, sizeof(lines) / sizeof(lines[0]));
}

static void a_dollar_is_also_read_as_a_shell_reads_it(void **state)
{
	char wanted[FINGERPRINT_SIZE];
	struct reach *r = read_text(FOUND_SHELL, "export OPENAI_API_KEY=abcdefgh$TAIL-12345678\n");

	(void)state;
	assert_int_equal(r->count, 2);
	fingerprint_text("abcdefgh$TAIL-12345678", wanted);
	assert_string_equal(r->keys[0].fingerprint, wanted);
	fingerprint_text("abcdefgh-12345678", wanted);
	assert_string_equal(r->keys[1].fingerprint, wanted);
	assert_non_null(strstr(r->keys[1].note, "shell"));
	free(r);
}

static void a_base_url_is_kept_as_its_host(void **state)
{
	struct reach *r = read_text(
	    FOUND_SHELL, "export OPENAI_BASE_URL=https://me:secret@gate.example.com:8443/v1\n");

	(void)state;
	assert_int_equal(r->count, 1);
	assert_true(r->keys[0].base);
	assert_string_equal(r->keys[0].label, "gate.example.com");
	free(r);
}

static void more_keys_than_there_is_room_for_are_counted(void **state)
{
	struct reach *r = calloc(1, sizeof(*r));

	(void)state;
	assert_non_null(r);
	for (int i = 0; i < LIMIT_REACH + 3; i++)
		reach_read(r, FOUND_SHELL, "~/file", SLICE("OPENROUTER_API_KEY=" KEY "\n"));
	assert_int_equal(r->count, LIMIT_REACH);
	assert_int_equal(r->left_out, 3);
	free(r);
}

static void what_is_written_is_read_again(void **state)
{
	struct reach *r = read_text(FOUND_SHELL, "OPENROUTER_API_KEY=" KEY "\n"
						 "OPENAI_BASE_URL=https://openrouter.ai/api/v1\n");
	struct found_key key;
	struct buf text;
	size_t at = 0;

	(void)state;
	buf_init(&text, LIMIT_FOUND);
	reach_write(r, &text);
	struct found_keys found = { buf_slice(&text) };
	assert_true(found_next_of(&found, r->keys[0].fingerprint, &at, &key));
	assert_int_equal(key.kind, FOUND_SHELL);
	assert_int_equal(key.line, 1);
	assert_true(slice_equal(key.file, SLICE("~/file")));
	assert_true(slice_equal(key.variable, SLICE("OPENROUTER_API_KEY")));
	assert_false(found_next_of(&found, r->keys[0].fingerprint, &at, &key));
	at = 0;
	assert_true(found_next_base(&found, SLICE("OpenRouter.ai"), &at, &key));
	assert_int_equal(key.line, 2);
	assert_false(found_next_base(&found, SLICE("openrouter.ai"), &at, &key));
	assert_false(slice_has(buf_slice(&text), SLICE("0e6f44")));
	buf_release(&text);
	free(r);
}

static void lines_that_are_no_places_are_passed_over(void **state)
{
	static const char text[] = "\n\t\t\t\t\t\nshell\tsha256:1\nshell\tsha256:1\tx\tA\t\t/f\n"
				   "other\tsha256:1\t1\tA\t\t/f\nshell\tsha256:1\t1\tA\t\t\n"
				   "shell\tsha256:1\t99999999999999999999\tA\t\t/f\n"
				   "tool\tsha256:1\t7\t\tnote\t/f g\nshell\tsha256:1\t1\tA";
	struct found_keys found = { slice_of(text) };
	struct found_key key;
	size_t at = 0;

	(void)state;
	assert_true(found_next(&found, &at, &key));
	assert_int_equal(key.kind, FOUND_TOOL);
	assert_int_equal(key.line, 7);
	assert_true(slice_equal(key.file, SLICE("/f g")));
	assert_false(found_next(&found, &at, &key));
	assert_false(found_next_of(&found, "", &(size_t){ 0 }, &key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_shell_start_file_sets_is_found),
		cmocka_unit_test(keys_in_settings_of_tools_are_found),
		cmocka_unit_test(a_dollar_is_also_read_as_a_shell_reads_it),
		cmocka_unit_test(a_base_url_is_kept_as_its_host),
		cmocka_unit_test(more_keys_than_there_is_room_for_are_counted),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(lines_that_are_no_places_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
