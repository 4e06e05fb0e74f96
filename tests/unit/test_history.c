/* SPDX-License-Identifier: MIT */
/* What earlier exchanges of a process prove about this one, and that it stays bounded. */
#include "exchanges.h"

#define CHAT_OK 200, NULL, "{\"choices\":[]}", NULL
#define UNKNOWN 401, NULL, "{\"error\":{\"message\":\"User not found.\",\"code\":401}}", NULL
#define MISSING \
	401, NULL, "{\"error\":{\"message\":\"Missing Authentication header\",\"code\":401}}", NULL
#define BYOK                                                            \
	401, NULL,                                                      \
	    "{\"error\":{\"message\":\"Provider returned "              \
	    "error\",\"code\":401,\"metadata\":{\"raw\":"               \
	    "\"invalid x-api-key\",\"provider_name\":\"Anthropic\"}}}", \
	    NULL
#define BROKE 402, NULL, "{\"error\":{\"message\":\"Insufficient credits\",\"code\":402}}", NULL
#define DOWN 503, NULL, "{\"error\":{\"message\":\"No instances available\",\"code\":503}}", NULL
#define ROUTER "openrouter.ai", NULL

enum { STEPS_MAX = 6 };

struct told {
	const char *name;
	struct dialogue steps[STEPS_MAX]; /* the last one is judged */
	enum rule_id rule;
	bool fires;
};

static bool says(const struct told *t)
{
	static struct judge judge;
	static struct history history;
	bool fired = false;

	judge_init(&judge, slice_of(NULL));
	history_init(&history);
	for (size_t i = 0; i < STEPS_MAX && t->steps[i].host; i++) {
		struct exchange *x = exchange_of(&t->steps[i]);
		struct diagnosis d;
		diagnose(&judge, &history, x, &d);
		fired = diagnosis_has(&d, t->rule);
		diagnosis_release(&d);
		exchange_free(x);
	}
	return fired;
}

static const struct told past_cases[] = {
	{ "accepted before",
	  { { ROUTER, KEY_A, CHAT_OK }, { ROUTER, KEY_A, UNKNOWN } },
	  RULE_transient_401,
	  true },
	{ "never accepted",
	  { { ROUTER, KEY_A, UNKNOWN }, { ROUTER, KEY_A, UNKNOWN } },
	  RULE_transient_401,
	  false },
	{ "another key was accepted",
	  { { ROUTER, KEY_B, CHAT_OK }, { ROUTER, KEY_A, UNKNOWN } },
	  RULE_transient_401,
	  false },
	{ "accepted elsewhere",
	  { { "api.openai.com", NULL, KEY_A, CHAT_OK }, { ROUTER, KEY_A, UNKNOWN } },
	  RULE_transient_401,
	  false },
	{ "the provider refused its own key",
	  { { ROUTER, KEY_A, CHAT_OK }, { ROUTER, KEY_A, BYOK } },
	  RULE_transient_401,
	  false },
	{ "credits ran out",
	  { { ROUTER, KEY_A, CHAT_OK }, { ROUTER, KEY_A, BROKE } },
	  RULE_transient_401,
	  false },

	{ "one of two keys",
	  { { ROUTER, KEY_A, CHAT_OK }, { ROUTER, KEY_B, UNKNOWN } },
	  RULE_one_key_of_several_fails,
	  true },
	{ "the same key",
	  { { ROUTER, KEY_A, CHAT_OK }, { ROUTER, KEY_A, UNKNOWN } },
	  RULE_one_key_of_several_fails,
	  false },
	{ "both refused",
	  { { ROUTER, KEY_A, UNKNOWN }, { ROUTER, KEY_B, UNKNOWN } },
	  RULE_one_key_of_several_fails,
	  false },
	{ "it was accepted once",
	  { { ROUTER, KEY_B, CHAT_OK },
	    { ROUTER, KEY_A, CHAT_OK },
	    { ROUTER, KEY_B, UNKNOWN } },
	  RULE_one_key_of_several_fails,
	  false },

	{ "the key is gone",
	  { { ROUTER, KEY_A, CHAT_OK }, { ROUTER, NULL, MISSING } },
	  RULE_auth_lost,
	  true },
	{ "there never was one",
	  { { ROUTER, NULL, MISSING }, { ROUTER, NULL, MISSING } },
	  RULE_auth_lost,
	  false },
	{ "another host had one",
	  { { "api.openai.com", NULL, KEY_A, CHAT_OK }, { ROUTER, NULL, MISSING } },
	  RULE_auth_lost,
	  false },
	{ "what failed was something else",
	  { { ROUTER, KEY_A, CHAT_OK }, { ROUTER, NULL, DOWN } },
	  RULE_auth_lost,
	  false },

	{ "another key, refused",
	  { { ROUTER, KEY_A, CHAT_OK }, { ROUTER, KEY_B, UNKNOWN } },
	  RULE_key_changed,
	  true },
	{ "another key without credits",
	  { { ROUTER, KEY_A, CHAT_OK }, { ROUTER, KEY_B, BROKE } },
	  RULE_key_changed,
	  true },
	{ "another key, accepted",
	  { { ROUTER, KEY_A, UNKNOWN }, { ROUTER, KEY_B, CHAT_OK } },
	  RULE_key_changed,
	  false },
	{ "a provider is down",
	  { { ROUTER, KEY_A, CHAT_OK }, { ROUTER, KEY_B, DOWN } },
	  RULE_key_changed,
	  false },

	{ "embeddings elsewhere",
	  { { ROUTER, KEY_A, CHAT_OK },
	    { "api.openai.com", "/v1/embeddings", KEY_A, 401, NULL,
	      "{\"error\":{\"message\":\"Incorrect API key provided\"}}", NULL } },
	  RULE_secondary_request_fails,
	  true },
	{ "the main request fails too",
	  { { ROUTER, KEY_A, UNKNOWN },
	    { "api.openai.com", "/v1/embeddings", KEY_A, 401, NULL,
	      "{\"error\":{\"message\":\"Incorrect API key provided\"}}", NULL } },
	  RULE_secondary_request_fails,
	  false },
	{ "the same host and key",
	  { { ROUTER, KEY_A, CHAT_OK },
	    { "openrouter.ai", "/api/v1/embeddings", KEY_A, UNKNOWN } },
	  RULE_secondary_request_fails,
	  false },
};

static void the_past_is_told_when_it_proves_something_and_only_then(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(past_cases) / sizeof(past_cases[0]); i++)
		if (says(&past_cases[i]) != past_cases[i].fires)
			fail_msg("%s: %s %s", past_cases[i].name, rules[past_cases[i].rule].id,
				 past_cases[i].fires ? "is missing" : "is said");
}

static void add(struct history *history, unsigned number, int status)
{
	static struct judge judge;
	struct diagnosis d;
	char token[80];

	snprintf(token, sizeof(token), "sk-or-v1-%064x", number);
	struct exchange *x = exchange_of(&(struct dialogue){ "openrouter.ai", NULL, token, status,
							     NULL, "{\"choices\":[]}", NULL });
	judge_init(&judge, slice_of(NULL));
	diagnose(&judge, history, x, &d);
	diagnosis_release(&d);
	exchange_free(x);
}

static bool remembers(const struct history *history, unsigned number)
{
	char fingerprint[FINGERPRINT_SIZE];
	char token[80];
	int n = snprintf(token, sizeof(token), "sk-or-v1-%064x", number);

	fingerprint_of((struct slice){ token, (size_t)n }, fingerprint);
	for (size_t i = 0; i < history->count; i++)
		if (strcmp(history->rows[i].fingerprint, fingerprint) == 0)
			return true;
	return false;
}

static void at_the_ceiling_the_longest_unused_is_forgotten_first(void **state)
{
	static struct history history;

	(void)state;
	history_init(&history);
	for (unsigned i = 0; i < LIMIT_HISTORY; i++)
		add(&history, i, 200);
	assert_int_equal(history.count, LIMIT_HISTORY);
	add(&history, 0, 200); /* used again: now number 1 is the oldest */
	add(&history, LIMIT_HISTORY, 200);
	assert_int_equal(history.count, LIMIT_HISTORY);
	assert_true(remembers(&history, 0));
	assert_false(remembers(&history, 1));
	assert_true(remembers(&history, 2));
	assert_true(remembers(&history, LIMIT_HISTORY));
}

static void an_exchange_without_an_answer_or_a_need_for_a_key_leaves_no_row(void **state)
{
	static struct history history;

	(void)state;
	history_init(&history);
	add(&history, 1, 0);
	assert_int_equal(history.count, 0);
	struct judge judge;
	struct diagnosis d;
	struct exchange *x = exchange_of(&(struct dialogue){
	    "openrouter.ai", "/api/v1/models", KEY_A, 200, NULL, "{\"data\":[]}", "GET" });
	judge_init(&judge, slice_of(NULL));
	diagnose(&judge, &history, x, &d);
	diagnosis_release(&d);
	exchange_free(x);
	assert_int_equal(history.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_past_is_told_when_it_proves_something_and_only_then),
		cmocka_unit_test(at_the_ceiling_the_longest_unused_is_forgotten_first),
		cmocka_unit_test(an_exchange_without_an_answer_or_a_need_for_a_key_leaves_no_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
