/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "diagnose/json/json.h"
#include "report/anonymise_body.h"
#include "report/anonymise_text.h"

#define HEX64 "0e6f44a9d1b2c3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f506172839411c96"
#define KEY "sk-or-v1-" HEX64

enum { ROOM = 4096 };

static char *copy_of(const char *text, size_t n)
{
	static char room[ROOM];

	assert_true(n < sizeof(room));
	memcpy(room, text, n);
	room[n] = '\0';
	return room;
}

/* A token's pseudonym has its shape, is another token, and is its own pseudonym. */
static void a_token_keeps_its_shape_and_nothing_else(void **state)
{
	static const char *const tokens[] = {
		KEY,
		"\"" KEY "\"",
		"'" KEY,
		"`" KEY "`",
		"\xe2\x80\x9c" KEY "\xe2\x80\x9d",
		"Bearer " KEY,
		KEY KEY,
		KEY "," KEY,
		KEY " ",
		"OPENROUTER_API_KEY=" KEY,
		"export OPENROUTER_API_KEY=\"" KEY "\"",
		"sk-or-v1-0e6f44a9d1b2c3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f50617283941",
		"sk-or-v1-0E6F44A9D1B2C3E4F5061728394A5B6C7D8E9FA0B1C2D3E4F506172839411C96",
		"sk-or-v1-Oe6f44a9d1b2c3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f506172839411c96",
		"sk-or-v1-0e6f44a9 d1b2c3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f506172839411c96",
		"sk-or-v1-0e6f44a9%20d1b2c3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f506172839411",
		"sk_or_v1_" HEX64,
		"sk-0r-v1-" HEX64,
		HEX64,
		"sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4zAb3dEf6hIj9kLm2nOp5q",
		"sk-ant-api03-q8Zr4LmT0xYcq8Zr4LmT0xYcq8Zr4LmT0xYcq8Zr4LmT0xYcAA",
		"AIzaSyD3b9Kq7WmZ1xV5tR8yU2iO6pL4kJ0hGf",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzb21lb25lIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r",
		"gAAAAABmVeryLongMadeUpFernetToken_0123456789-abcdefghijklmnop==",
		"vm0_enc_0123456789abcdef0123456789",
		"c2stb3ItdjEtMGU2ZjQ0YTlkMWIyYzNlNGY1MDYxNzI4Mzk0YTViNmM3ZDhlOWZhMGIxYzJkM2U0",
		"correct-horse-battery-staple-42",
		"pa55word!with#signs",
		"{\"type\": \"service_account\", \"private_key\": \"MIIEvQIBADANBgkqhkiG\"}",
		"sk-or-v1-\xd0\xb0"
		"e6f44a9d1b2c3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f506172839411c96",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		struct slice was = slice_of(tokens[i]);
		struct token_shape before, after;
		struct pseudonyms d;
		char once[ROOM];
		pseudonyms_init(&d);
		char *now = copy_of(was.p, was.n);
		anonymise_token(&d, now, was.n);
		pseudonyms_release(&d);
		if (strcmp(now, tokens[i]) == 0)
			fail_msg("%s is as it was", tokens[i]);
		shape_read(&before, was);
		shape_read(&after, (struct slice){ now, was.n });
		if (before.kind != after.kind || before.vendor != after.vendor ||
		    before.core.n != after.core.n || before.part.n != after.part.n)
			fail_msg("%s has another shape than %s", now, tokens[i]);
		strcpy(once, now);
		pseudonyms_init(&d);
		anonymise_token(&d, now, was.n);
		pseudonyms_release(&d);
		assert_string_equal(now, once);
	}
}

static void what_is_shown_anyway_stays(void **state)
{
	static const char *const tokens[] = {
		"undefined",           "null",        "${OPENROUTER_API_KEY}",
		"$OPENROUTER_API_KEY", "{{api_key}}", "your-api-key-here",
		"OPENROUTER_API_KEY",  "ollama",      "[object Object]"
	};
	struct pseudonyms d;

	(void)state;
	pseudonyms_init(&d);
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		char *now = copy_of(tokens[i], strlen(tokens[i]));
		anonymise_token(&d, now, strlen(tokens[i]));
		assert_string_equal(now, tokens[i]);
	}
	pseudonyms_release(&d);
}

static void no_more_of_a_key_stays_than_is_shown(void **state)
{
	struct pseudonyms d;
	size_t same = 0;

	(void)state;
	pseudonyms_init(&d);
	char *now = copy_of(KEY, strlen(KEY));
	anonymise_token(&d, now, strlen(KEY));
	pseudonyms_release(&d);
	assert_memory_equal(now, KEY, 12);
	assert_string_equal(now + 69, "1c96");
	for (size_t i = 12; i < 69; i++)
		same += now[i] == KEY[i];
	/* By chance one in sixteen. */
	assert_in_range(same, 0, 12);
}

static void the_same_is_always_replaced_by_the_same_and_others_by_others(void **state)
{
	static const char *const ids[] = { "call_0001", "call_0002",      "call_0003",
					   "call_0004", "toolu_01AbCdEf", "toolu_01AbCdEg",
					   "call_0001" };
	char now[7][32];
	struct pseudonyms d;

	(void)state;
	pseudonyms_init(&d);
	for (int i = 0; i < 7; i++) {
		strcpy(now[i], ids[i]);
		anonymise_id(&d, now[i], strlen(ids[i]));
	}
	pseudonyms_release(&d);
	assert_string_equal(now[0], now[6]);
	for (int i = 0; i < 6; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(now[i], now[j]);
}

struct body_case {
	const char *was;
	const char *now;
};

static void a_body_keeps_structure_and_faults(void **state)
{
	static const struct body_case cases[] = {
		{ "{\"model\":\"openai/"
		  "gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello, "
		  "World 42!\"}]}",
		  "{\"model\":\"openai/"
		  "gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"xxxxx, "
		  "xxxxx 00!\"}]}" },
		{ "{\"content\":\"a\\nb\\u0041\\u0431\\ud83d\\ude01\\ud83d!\"}",
		  "{\"content\":\"x\\nx\\u0078\\u0436\\ud83d\\ude00\\ud83d!\"}" },
		{ "{\"content\":\"\xc3\xa9t\xc3\xa9\"}", "{\"content\":\"\xd0\xb6x\xd0\xb6\"}" },
		{ "{\"content\":\"caf\xe9\"}", "{\"content\":\"xxx\xff\"}" },
		{ "\xef\xbb\xbf{\"content\":\"a\"}", "\xef\xbb\xbf{\"content\":\"x\"}" },
		{ "{'model': 'gpt'}", "{'zzzzz': 'zzz'}" },
		{ "{\"temperature\": NaN, \"n\": -1.5e+3, \"stream\": True,}",
		  "{\"temperature\": NaN, \"n\": -1.5e+3, \"stream\": True,}" },
		{ "{\"content\": \"say \"hi\" now\"}", "{\"content\": \"xxx \"zz\" xxx\"}" },
		{ "{\"arguments\":\"{\\\"path\\\": \\\"/etc\\\", \\\"n\\\": 42, \\\"all\\\": "
		  "true}\"}",
		  "{\"arguments\":\"{\\\"xxxx\\\": \\\"/xxx\\\", \\\"x\\\": 11, \\\"xxx\\\": "
		  "true}\"}" },
		{ "{\"url\":\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAF\"}",
		  "{\"url\":\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAxxxxxxxx\"}" },
		{ "model=gpt&messages[0][role]=user", "model=xxx&messages[0][role]=xxxx" },
		{ "{\"content\":\"cut in the mid", "{\"content\":\"xxx xx xxx xxx" },
		{ "\x1f\x8b\x08secret", "\x1f\x8bxxxxxxx" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pseudonyms d;
		size_t n = strlen(cases[i].was);
		char *now = copy_of(cases[i].was, n);
		pseudonyms_init(&d);
		anonymise_body(&d, NULL, KIND_REQUEST, now, n);
		assert_string_equal(now, cases[i].now);
		anonymise_body(&d, NULL, KIND_REQUEST, now, n);
		assert_string_equal(now, cases[i].now);
		pseudonyms_release(&d);
	}
}

static void a_servers_words_stay_but_for_secrets(void **state)
{
	static const char was[] = "{\"error\":{\"message\":\"Incorrect API key provided: " KEY
				  ". See req_0123456789abcdef\","
				  "\"code\":401}}";
	struct pseudonyms d;
	char *now = copy_of(was, sizeof(was) - 1);

	(void)state;
	pseudonyms_init(&d);
	anonymise_body(&d, NULL, KIND_REFUSAL, now, sizeof(was) - 1);
	pseudonyms_release(&d);
	assert_null(strstr(now, KEY));
	assert_non_null(strstr(now, "Incorrect API key provided: sk-or-v1-0e6"));
	assert_non_null(strstr(now, "1c96. See req_0123456789abcdef\",\"code\":401}}"));
}

/* TEXT, or JSON, with its secrets replaced by others of the same length. */
static const char *without_secrets(const char *text, bool json)
{
	size_t n = strlen(text);
	char *now = copy_of(text, n);
	struct pseudonyms d;

	pseudonyms_init(&d);
	anonymise_secrets(&d, NULL, now, n, json);
	pseudonyms_release(&d);
	assert_int_equal(strlen(now), n);
	return now;
}

static void escapes_hide_no_secret(void **state)
{
	static const struct {
		const char *was, *stays;
		bool json;
	} cases[] = {
		{ "got %73%6b%2dor-v1-" HEX64, "got ", false },
		{ "got \\u0073k-or-v1-" HEX64, "got ", true },
		{ "got %68%75%6e%74%65%72%32%33 here", " here", false },
		{ "/a%20b/%D0%BA?c=%2Fd", "/a%20b/%D0%BA?c=%2Fd", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *now = without_secrets(cases[i].was, cases[i].json);
		assert_null(strstr(now, HEX64));
		assert_null(strstr(now, "%68%75%6e%74"));
		assert_non_null(strstr(now, cases[i].stays));
	}
}

static void each_kind_of_secret_is_replaced(void **state)
{
	static const struct {
		const char *was, *gone, *stays;
	} cases[] = {
		{ "of user_2abCdEfGhIjKlMnOpQ12 here", "2abCdEfGhIjKlMn", "of user_" },
		{ "at https://someone:hunter23@proxy.test/x", "hunter23", "@proxy.test/x" },
		{ "got Cookie: session=abc123def; \xd0\xba\xd0\xb0=1", "abc123def",
		  "got Cookie: " },
		{ "got Cookie: session=abc123def; \xd0\xba\xd0\xb0=1", "\xd0\xba\xd0\xb0", "" },
		{ "token=hunter23x and more", "hunter23x", " and more" },
		{ "token=${MY_TOKEN} and more", "hunter", "token=${MY_TOKEN} and more" },
		{ "key AQ.Ab8RN6KhunterhunterhuntER12 was", "Ab8RN6Khunter", " was" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *now = without_secrets(cases[i].was, false);
		assert_null(strstr(now, cases[i].gone));
		assert_non_null(strstr(now, cases[i].stays));
	}
}

static uint64_t seed = 1;

static unsigned draw_number(unsigned below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % below;
}

/* A sound body with some bytes overwritten, dropped or doubled. */
static size_t damage(char *p, size_t n)
{
	static const char bytes[] = "\"\\{}[],:'x1 \n\t\xc3\xa9\xff\xed\xa0\x80u0-.eN";

	for (unsigned times = draw_number(4); times; times--) {
		size_t at = draw_number((unsigned)n);
		switch (draw_number(3)) {
		case 0:
			p[at] = bytes[draw_number(sizeof(bytes) - 1)];
			break;
		case 1:
			memmove(p + at, p + at + 1, n - at - 1);
			n--;
			break;
		default:
			memmove(p + at + 1, p + at, n - at);
			n++;
			break;
		}
	}
	return n;
}

static void a_damaged_body_has_its_fault_at_the_same_byte(void **state)
{
	static const char sound[] =
	    "{\"model\":\"anthropic/"
	    "claude-sonnet-4.5\",\"messages\":[{\"role\":\"system\",\"content\":"
	    "\"You are caf\xc3\xa9 \\u00e9\\ud83d\\ude00 number "
	    "7\"},{\"role\":\"assistant\",\"tool_calls\":"
	    "[{\"id\":\"call_12345678\",\"type\":\"function\",\"function\":{\"name\":\"f\","
	    "\"arguments\":"
	    "\"{\\\"a\\\": [1, true]}\"}}]}],\"temperature\":0.7,\"max_tokens\":1e3,\"stop\":null}";
	char was[ROOM], now[ROOM];

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct json_verdict before, after;
		struct pseudonyms d;
		memcpy(was, sound, sizeof(sound));
		size_t n = damage(was, sizeof(sound) - 1);
		memcpy(now, was, n);
		pseudonyms_init(&d);
		anonymise_body(&d, NULL, KIND_REQUEST, now, n);
		pseudonyms_release(&d);
		json_judge((struct slice){ was, n }, &before);
		json_judge((struct slice){ now, n }, &after);
		if (before.fault != after.fault || before.at != after.at)
			fail_msg("turn %d: fault %d at %zu, then %d at %zu\n%.*s\n%.*s", i,
				 before.fault, before.at, after.fault, after.at, (int)n, was,
				 (int)n, now);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_keeps_its_shape_and_nothing_else),
		cmocka_unit_test(what_is_shown_anyway_stays),
		cmocka_unit_test(no_more_of_a_key_stays_than_is_shown),
		cmocka_unit_test(the_same_is_always_replaced_by_the_same_and_others_by_others),
		cmocka_unit_test(a_body_keeps_structure_and_faults),
		cmocka_unit_test(a_servers_words_stay_but_for_secrets),
		cmocka_unit_test(escapes_hide_no_secret),
		cmocka_unit_test(each_kind_of_secret_is_replaced),
		cmocka_unit_test(a_damaged_body_has_its_fault_at_the_same_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
