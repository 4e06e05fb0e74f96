/* SPDX-License-Identifier: MIT */
/* Where a token came from, and what is wrong with a variable that holds one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "diagnose/environment.h"

/* Of a made-up account. */
#define KEY "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"

/* A block of entries, each ended by the NUL that C adds or that is written out. */
#define BLOCK(text)                             \
	{                                       \
		.block = { text, sizeof(text) } \
	}

static void assert_text(struct slice s, const char *text)
{
	if (!slice_equal(s, slice_of(text)))
		fail_msg("\"%.*s\", expected \"%s\"", SLICE_ARG(s), text);
}

static void entries_are_read_in_order_and_what_is_none_is_passed_over(void **state)
{
	static const struct environment env = BLOCK("A=1\0noequals\0=C:=C:\\\0B=\0C=x=y\0");
	static const struct {
		const char *name, *value;
	} wanted[] = { { "A", "1" }, { "B", "" }, { "C", "x=y" } };
	struct slice name;
	struct slice value;
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_true(environment_next(&env, &at, &name, &value));
		assert_text(name, wanted[i].name);
		assert_text(value, wanted[i].value);
	}
	assert_false(environment_next(&env, &at, &name, &value));
}

static void an_entry_that_is_cut_by_the_ceiling_is_read_as_far_as_it_goes(void **state)
{
	static const struct environment cut = { .block = { "NAME=val", 8 } };

	(void)state;
	assert_text(environment_value(&cut, SLICE("NAME")), "val");
	assert_null(environment_value(&cut, SLICE("NAM")).p);
	assert_null(environment_value(&cut, SLICE("NAME=")).p);
}

static void a_value_is_the_tokens_as_is_trimmed_or_without_quotes(void **state)
{
	static const struct {
		const char *value;
		enum value_match match;
	} cases[] = {
		{ KEY, MATCH_EXACT },
		{ KEY "\n", MATCH_TRIMMED },
		{ " " KEY "\r\n", MATCH_TRIMMED },
		{ "\"" KEY "\"", MATCH_UNQUOTED },
		{ "'" KEY "'\n", MATCH_UNQUOTED },
		{ "\" " KEY " \"", MATCH_UNQUOTED },
		{ "\"" KEY "'", MATCH_NONE },
		{ "x" KEY, MATCH_NONE },
		{ KEY "x", MATCH_NONE },
		{ "", MATCH_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(environment_compare(slice_of(cases[i].value), SLICE(KEY)),
				 cases[i].match);
}

static void short_words_are_equal_by_accident_and_prove_nothing(void **state)
{
	(void)state;
	assert_int_equal(environment_compare(SLICE("test"), SLICE("test")), MATCH_NONE);
	assert_int_equal(environment_compare(SLICE("1234567"), SLICE("1234567")), MATCH_NONE);
	assert_int_equal(environment_compare(SLICE("12345678"), SLICE("12345678")), MATCH_EXACT);
	assert_int_equal(environment_compare(SLICE(""), SLICE("")), MATCH_NONE);
}

static void the_vendors_own_variables_come_first_and_no_more_than_asked(void **state)
{
	static const struct environment env =
	    BLOCK("FIRST=" KEY "\0LAST=" KEY "\0OTHER=else\0OPENROUTER_API_KEY=" KEY "\n\0");
	const struct vendor *openrouter = vendor_named(SLICE("openrouter"));
	struct slice names[4];

	(void)state;
	assert_int_equal(environment_sources(&env, SLICE(KEY), openrouter, names, 4), 3);
	assert_text(names[0], "OPENROUTER_API_KEY");
	assert_int_equal(environment_sources(&env, SLICE(KEY), openrouter, names, 2), 2);
	assert_int_equal(environment_sources(&env, SLICE(KEY), NULL, names, 4), 3);
	assert_text(names[0], "FIRST");
	assert_int_equal(environment_sources(&env, SLICE("sk-or-v1-none"), openrouter, names, 4),
			 0);
}

static void names_of_keys_are_known_from_names_of_other_things(void **state)
{
	static const char *const keys[] = {
		"OPENROUTER_API_KEY", "openai_api_key", "HF_TOKEN",
		"CLIENT_SECRET",      "MY_APIKEY",      "OPENROUTER_KEY"
	};
	static const char *const others[] = { "PATH",     "HOME",
					      "MONKEY",   "TOKENIZERS_PARALLELISM",
					      "KEYBOARD", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_true(environment_is_key_name(slice_of(keys[i])));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(environment_is_key_name(slice_of(others[i])));
}

static void damage_is_named_where_there_is_some(void **state)
{
	static const struct {
		const char *name, *value, *damage;
	} cases[] = {
		{ "OPENROUTER_API_KEY", KEY, NULL },
		{ "OPENROUTER_API_KEY", "", NULL },
		{ "OPENROUTER_API_KEY", "any-word", NULL },
		{ "OPENROUTER_API_KEY", "\"" KEY "\"", "contains quotation marks" },
		{ "OPENROUTER_API_KEY", "'" KEY "'", "contains quotation marks" },
		{ "OPENROUTER_API_KEY", KEY "\n", "contains a line break" },
		{ "OPENROUTER_API_KEY", KEY "\r", "contains a line break" },
		{ "OPENROUTER_API_KEY", KEY " ", "contains a space" },
		{ "OPENROUTER_API_KEY", "\xe2\x80\x9c" KEY, "contains a character that is not ASCII" },
		{ "OPENROUTER_API_KEY", "${SECRET}", "contains an unexpanded template" },
		{ "OPENROUTER_API_KEY", "{{ key }}", "contains a space" },
		{ "ANTHROPIC_AUTH_TOKEN", "\"x\"", "contains quotation marks" },
		/* no API key's: anything may stand there */
		{ "SSH_AUTH_SOCK", "/tmp/a b", NULL },
		{ "PS1", "\"$ \"", NULL },
		{ "GPG_KEY", "E3FF 2839 C048", NULL },
		{ "TERM_SESSION_TOKEN", "a b", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *damage =
		    environment_damage(slice_of(cases[i].name), slice_of(cases[i].value));
		if (!cases[i].damage)
			assert_null(damage);
		else
			assert_string_equal(damage ? damage : "nothing", cases[i].damage);
	}
}

static void a_vendors_variable_holds_no_word_that_is_none_of_its_keys(void **state)
{
	static const struct {
		const char *name, *value, *damage;
	} cases[] = {
		{ "OPENROUTER_API_KEY", KEY, NULL },
		{ "OPENROUTER_API_KEY", KEY " ", "contains a space" },
		{ "OPENROUTER_API_KEY", "undefined", "is set to a word like undefined or null" },
		{ "OPENROUTER_API_KEY", "sk-or-v1-0e6...1c96",
		  "contains a masked key, not the key itself" },
		{ "OPENROUTER_API_KEY", "your-api-key", "contains a placeholder from documentation" },
		/* what a local server is given */
		{ "OPENAI_API_KEY", "your-api-key", NULL },
		{ "OPENAI_API_KEY", "null", "is set to a word like undefined or null" },
		{ "SOME_OTHER_API_KEY", "undefined", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *damage =
		    environment_key_damage(slice_of(cases[i].name), slice_of(cases[i].value));
		assert_string_equal(damage ? damage : "nothing",
				    cases[i].damage ? cases[i].damage : "nothing");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_read_in_order_and_what_is_none_is_passed_over),
		cmocka_unit_test(an_entry_that_is_cut_by_the_ceiling_is_read_as_far_as_it_goes),
		cmocka_unit_test(a_value_is_the_tokens_as_is_trimmed_or_without_quotes),
		cmocka_unit_test(short_words_are_equal_by_accident_and_prove_nothing),
		cmocka_unit_test(the_vendors_own_variables_come_first_and_no_more_than_asked),
		cmocka_unit_test(names_of_keys_are_known_from_names_of_other_things),
		cmocka_unit_test(damage_is_named_where_there_is_some),
		cmocka_unit_test(a_vendors_variable_holds_no_word_that_is_none_of_its_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
