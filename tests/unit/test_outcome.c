/* SPDX-License-Identifier: MIT */
/* outcome_split() on generated logs: the causes of "it randomly alternates", and pure chance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/report/outcome_tally.h"

enum { EXCHANGES = 40 };

static unsigned long long state;

static unsigned roll(unsigned sides)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(state >> 33) % sides;
}

static const char *const keys[] = { "sha256:aaaaaaaaaaaa", "sha256:bbbbbbbbbbbb",
				    "sha256:cccccccccccc" };
static const char *const models[] = { "a/one", "b/two", "c/three" };
static const char *const providers[] = { "Anthropic", "Bedrock", "Vertex" };

/* A log in which every attribute that can vary does so at random; nothing has failed. */
static void ordinary_log(struct outcome *log, size_t n, unsigned seed)
{
	static const char *const versions[] = { "1.1", "2" };
	static const char *const streams[] = { "true", "false" };

	state = seed;
	for (size_t i = 0; i < n; i++) {
		log[i] = (struct outcome){ 0 };
		log[i].values[ATTRIBUTE_KEY] = keys[roll(3)];
		log[i].values[ATTRIBUTE_CARRIER] = "authorization";
		log[i].values[ATTRIBUTE_HOST] = "openrouter.ai";
		log[i].values[ATTRIBUTE_PATH] = "/api/v1/chat/completions";
		log[i].values[ATTRIBUTE_MODEL] = models[roll(3)];
		log[i].values[ATTRIBUTE_PROVIDER] = providers[roll(3)];
		log[i].values[ATTRIBUTE_STREAM] = streams[roll(2)];
		log[i].values[ATTRIBUTE_HTTP] = versions[roll(2)];
		log[i].values[ATTRIBUTE_PROCESS] = roll(2) ? "100" : "200";
		log[i].values[ATTRIBUTE_TOOL] = "node";
	}
}

/* The texts of what was found are those of LOG's tables: the tally stays until the next call. */
static void split_of(const struct outcome *log, size_t n, struct split *s)
{
	static struct outcome_tally *t;

	outcome_tally_free(t);
	t = outcome_tally_new();
	for (size_t i = 0; i < n; i++)
		outcome_tally_add(t, &log[i]);
	outcome_split(t, s);
}

static void assert_split(const struct outcome *log, size_t n, enum attribute first,
			 enum attribute second, enum split_strength strength)
{
	struct split s;

	split_of(log, n, &s);
	assert_int_equal(s.strength, strength);
	assert_int_equal(s.first, first);
	assert_int_equal(s.second, second);
	for (size_t i = 0; i < s.value_count; i++)
		assert_true(s.values[i].failed == 0 || s.values[i].fine == 0);
}

static void one_attribute_that_decides_is_found(void **unused)
{
	static const struct {
		enum attribute attribute;
		const char *bad;
	} cases[] = {
		{ ATTRIBUTE_KEY, "sha256:bbbbbbbbbbbb" }, /* a pool with one bad key */
		{ ATTRIBUTE_PROVIDER, "Anthropic" }, /* BYOK on one provider, fallbacks elsewhere */
		{ ATTRIBUTE_HTTP, "2" },
		{ ATTRIBUTE_MODEL, "c/three" },
		{ ATTRIBUTE_STREAM, "true" },
	};
	struct outcome log[EXCHANGES];

	(void)unused;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++)
		for (unsigned seed = 0; seed < 50; seed++) {
			ordinary_log(log, EXCHANGES, seed);
			for (size_t i = 0; i < EXCHANGES; i++)
				log[i].failed =
				    strcmp(log[i].values[cases[c].attribute], cases[c].bad) == 0;
			assert_split(log, EXCHANGES, cases[c].attribute, ATTRIBUTE_COUNT,
				     SPLIT_STRONG);
		}
}

static void a_secret_lost_after_some_requests_is_the_absent_header(void **unused)
{
	struct outcome log[EXCHANGES];

	(void)unused;
	ordinary_log(log, EXCHANGES, 7);
	for (size_t i = 0; i < EXCHANGES; i++) {
		log[i].values[ATTRIBUTE_KEY] = keys[0];
		if (i < 25)
			continue;
		log[i].values[ATTRIBUTE_CARRIER] = "absent";
		log[i].values[ATTRIBUTE_KEY] =
		    keys[1]; /* as if another key were seen now and then */
		if (i % 2)
			log[i].values[ATTRIBUTE_KEY] = keys[0];
		log[i].failed = true;
	}
	assert_split(log, EXCHANGES, ATTRIBUTE_CARRIER, ATTRIBUTE_COUNT, SPLIT_STRONG);
}

static void a_pair_is_found_when_neither_alone_decides(void **unused)
{
	struct outcome log[2 * EXCHANGES];
	size_t n = sizeof(log) / sizeof(log[0]);

	(void)unused;
	ordinary_log(log, n, 3);
	for (size_t i = 0; i < n; i++)
		log[i].failed = strcmp(log[i].values[ATTRIBUTE_KEY], keys[0]) == 0 &&
				strcmp(log[i].values[ATTRIBUTE_STREAM], "true") == 0;
	assert_split(log, n, ATTRIBUTE_KEY, ATTRIBUTE_STREAM, SPLIT_STRONG);
}

static void few_cases_are_called_weak(void **unused)
{
	struct outcome log[4];

	(void)unused;
	ordinary_log(log, 4, 1);
	for (size_t i = 0; i < 4; i++) {
		for (int a = 0; a < ATTRIBUTE_COUNT; a++)
			log[i].values[a] = "same";
		log[i].values[ATTRIBUTE_KEY] = keys[i % 2];
		log[i].failed = i % 2;
	}
	assert_split(log, 4, ATTRIBUTE_KEY, ATTRIBUTE_COUNT, SPLIT_WEAK);
}

static void less_than_two_of_each_is_no_split(void **unused)
{
	struct outcome log[EXCHANGES];
	struct split s;

	(void)unused;
	ordinary_log(log, EXCHANGES, 5);
	split_of(log, EXCHANGES, &s);
	assert_int_equal(s.strength, SPLIT_NONE);
	log[3].failed = true;
	log[3].values[ATTRIBUTE_KEY] = "sha256:dddddddddddd";
	split_of(log, EXCHANGES, &s);
	assert_int_equal(s.strength, SPLIT_NONE);
	split_of(NULL, 0, &s);
	assert_int_equal(s.strength, SPLIT_NONE);
}

static void a_value_of_its_own_for_each_exchange_explains_nothing(void **unused)
{
	char names[EXCHANGES][8];
	struct outcome log[EXCHANGES];
	struct split s;

	(void)unused;
	ordinary_log(log, EXCHANGES, 11);
	for (size_t i = 0; i < EXCHANGES; i++) {
		snprintf(names[i], sizeof(names[i]), "%zu", i);
		log[i].values[ATTRIBUTE_PROCESS] = names[i];
		log[i].failed = roll(2);
	}
	split_of(log, EXCHANGES, &s);
	assert_int_equal(s.strength, SPLIT_NONE);
}

/* Outcomes by the toss of a coin: at least 95 of 100 logs must be said to hold nothing. */
static void chance_is_said_to_be_chance(void **unused)
{
	static const size_t sizes[] = { 4, 6, 8, 12, 20, EXCHANGES };
	struct outcome log[EXCHANGES];
	struct split s;

	(void)unused;
	for (size_t size = 0; size < sizeof(sizes) / sizeof(sizes[0]); size++) {
		int said = 0;
		for (unsigned seed = 0; seed < 100; seed++) {
			ordinary_log(log, sizes[size], seed * 7919 + 13);
			for (size_t i = 0; i < sizes[size]; i++)
				log[i].failed = roll(2);
			split_of(log, sizes[size], &s);
			said += s.strength != SPLIT_NONE;
		}
		assert_in_range(said, 0, 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_attribute_that_decides_is_found),
		cmocka_unit_test(a_secret_lost_after_some_requests_is_the_absent_header),
		cmocka_unit_test(a_pair_is_found_when_neither_alone_decides),
		cmocka_unit_test(few_cases_are_called_weak),
		cmocka_unit_test(less_than_two_of_each_is_no_split),
		cmocka_unit_test(a_value_of_its_own_for_each_exchange_explains_nothing),
		cmocka_unit_test(chance_is_said_to_be_chance),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
