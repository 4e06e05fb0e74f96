/* SPDX-License-Identifier: MIT */
/* Who sent a request, by the headers that real assistants send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/command.h"
#include "tools/report/report.h"

static void add_process(struct log *l, int pid, const char *role)
{
	char line[256];
	int n = snprintf(line, sizeof(line),
			 "{\"v\":1,\"record\":\"process\",\"ts\":\"2026-01-01T00:00:00.000Z\","
			 "\"pid\":%d,\"exe\":\"/usr/bin/node\",%s\"tls\":[]}",
			 pid, role);

	assert_true(log_add_line(l, line, (size_t)n));
}

static void add_exchange(struct log *l, int pid, const char *headers, const char *cause)
{
	char line[1024];
	int n =
	    snprintf(line, sizeof(line),
		     "{\"v\":1,\"record\":\"exchange\",\"ts\":\"2026-01-01T00:00:01.000Z\","
		     "\"pid\":%d,\"tool\":\"node\",\"status\":%d,\"request\":{\"headers\":[%s],"
		     "\"body\":{}},\"findings\":[],\"verdict\":{\"refused_by\":%s,\"cause\":%s}}",
		     pid, cause ? 401 : 200, headers, cause ? "\"openrouter_auth\"" : "null",
		     cause ? cause : "null");

	assert_true(log_add_line(l, line, (size_t)n));
}

static void names_are_taken_from_the_surest_header(void **state)
{
	static const struct {
		const char *headers, *name, *by;
	} cases[] = {
		{ "[\"X-Title\",\"Cline\"],[\"User-Agent\",\"RooCode/3\"]", "Cline", "x-title" },
		{ "[\"x-openrouter-title\",\"Continue\"],[\"user-agent\",\"ls/JS 5.23.2\"]",
		  "Continue", "x-openrouter-title" },
		{ "[\"User-Agent\",\"RooCode/3.25.0 (linux)\"]", "RooCode", "user-agent" },
		{ "[\"user-agent\",\"OpenAI/JS "
		  "6.49.0\"],[\"http-referer\",\"https://cline.bot/x\"]",
		  "cline.bot", "http-referer" },
		{ "[\"http-referer\",\"https://github.com/RooVetGit/Roo-Cline\"]",
		  "RooVetGit/Roo-Cline", "http-referer" },
		{ "[\"http-referer\",\"http://localhost:3000/\"]", NULL, NULL },
		{ "[\"user-agent\",\"ai-sdk/openai-compatible/3.0.37\"]", NULL, NULL },
		{ "[\"user-agent\",\"node\"],[\"x-title\",\"\"]", NULL, NULL },
		{ "[\"x-title\",\"<redacted>\"],[\"user-agent\",\"<omitted>\"]", NULL, NULL },
		{ "", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct log l;

		log_init(&l);
		add_exchange(&l, 7, cases[i].headers, NULL);
		if (cases[i].name) {
			assert_string_equal(l.rows[0].client, cases[i].name);
			assert_string_equal(l.rows[0].client_by, cases[i].by);
		} else {
			assert_null(l.rows[0].client);
		}
		log_release(&l);
	}
}

static void expect_words(const struct sender *s, const char *want)
{
	struct buf words;

	buf_init(&words, 4096);
	sender_words(s, &words);
	assert_int_equal(buf_add(&words, "", 1), 0);
	assert_string_equal(words.p, want);
	buf_release(&words);
}

static void extensions_of_one_host_are_told_apart(void **state)
{
	struct report r;
	struct log l;

	(void)state;
	log_init(&l);
	add_process(&l, 7, "\"role\":\"--type=extensionHost\",");
	add_exchange(&l, 7, "[\"x-title\",\"Cline\"]", "\"auth_missing\"");
	add_exchange(&l, 7, "[\"x-title\",\"Roo Code\"]", NULL);
	add_exchange(&l, 7, "", NULL);
	add_exchange(&l, 7, "[\"x-title\",\"Cline\"]", "\"auth_missing\"");
	add_process(&l, 8, "\"role\":\"--type=extensionHost\",");
	add_exchange(&l, 8, "[\"x-title\",\"Cline\"]", "\"key_unknown\"");
	add_process(&l, 7, ""); /* the pid once more, of something else */
	add_exchange(&l, 7, "[\"x-title\",\"Cline\"]", NULL);
	report_make(&r, &l);
	assert_int_equal(r.sender_count, 4);
	expect_words(&r.senders[0],
		     "Cline (by x-title), in several processes of node "
		     "--type=extensionHost: 3 requests, 3 refused (2 auth_missing, 1 key_unknown)");
	expect_words(&r.senders[1], "Roo Code (by x-title), in node[7] --type=extensionHost: "
				    "1 request, none refused");
	expect_words(&r.senders[2], "node[7] --type=extensionHost: 1 request, none refused");
	expect_words(&r.senders[3], "Cline (by x-title), in node[7]: 1 request, none refused");
	assert_true(senders_are_remarkable(&r));
	report_release(&r);
	log_release(&l);
}

static void one_tool_that_speaks_of_itself_is_no_news(void **state)
{
	struct report r;
	struct log l;

	(void)state;
	log_init(&l);
	add_exchange(&l, 7, "[\"x-title\",\"opencode\"]", "\"auth_missing\"");
	report_make(&r, &l);
	assert_false(senders_are_remarkable(&r));
	report_release(&r);
	log_release(&l);
}

/* Rate limits and lacking credits say that a key is known. */
static void a_key_may_be_refused_for_another_reason(void **state)
{
	static const char *const lines[] = { "429,\"auth\":{\"token\":\"sk-or-v1-aaa...bbbb\","
					     "\"fingerprint\":\"sha256:0123456789ab\"}",
					     "402,\"auth\":{\"token\":\"sk-or-v1-aaa...bbbb\","
					     "\"fingerprint\":\"sha256:0123456789ab\"}" };
	struct buf words;
	struct report r;
	struct log l;

	(void)state;
	log_init(&l);
	for (size_t i = 0; i < 2; i++) {
		char line[512];
		int n =
		    snprintf(line, sizeof(line),
			     "{\"v\":1,\"record\":\"exchange\",\"ts\":\"2026-01-01T00:00:01.000Z\","
			     "\"pid\":7,\"host\":\"openrouter.ai\",\"findings\":[],\"verdict\":"
			     "{\"refused_by\":\"openrouter_quota\",\"cause\":null},\"status\":%s}",
			     lines[i]);
		assert_true(log_add_line(&l, line, (size_t)n));
	}
	report_make(&r, &l);
	assert_int_equal(r.key_count, 1);
	buf_init(&words, 4096);
	key_words(&r, &r.keys[0], &words);
	assert_int_equal(buf_add(&words, "", 1), 0);
	assert_string_equal(words.p, "sk-or-v1-aaa...bbbb (sha256:0123456789ab) to openrouter.ai: "
				     "refused for another reason twice");
	buf_release(&words);
	report_release(&r);
	log_release(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_taken_from_the_surest_header),
		cmocka_unit_test(extensions_of_one_host_are_told_apart),
		cmocka_unit_test(one_tool_that_speaks_of_itself_is_no_news),
		cmocka_unit_test(a_key_may_be_refused_for_another_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
