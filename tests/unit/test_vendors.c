/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "diagnose/endpoints.h"
#include "diagnose/host_name.h"
#include "diagnose/hosts.h"
#include "diagnose/vendor_keys.h"

static const char *id_of(const struct vendor *vendor)
{
	return vendor ? vendor->id : "nobody";
}

static void a_key_belongs_to_the_vendor_with_the_longest_prefix(void **state)
{
	static const struct {
		const char *token, *vendor;
	} cases[] = {
		{ "sk-or-v1-0e6f", "openrouter" },
		{ "sk-proj-abc", "openai" },
		{ "sk-svcacct-abc", "openai" },
		{ "sk-abcdefghijklmnopqrstT3BlbkFJabcdefghijklmnopqrst", "openai" },
		{ "sk-ant-api03-abc", "anthropic" },
		{ "sk-ant-oat01-abc", "anthropic" },
		{ "gsk_abc", "groq" },
		{ "xai-abc", "xai" },
		{ "AIzaSyA", "google" },
		{ "nvapi-x", "nvidia" },
		{ "hf_abc", "huggingface" },
		{ "pplx-abc", "perplexity" },
		{ "ghu_abc", "github" },
		{ "sk-0123456789abcdef0123456789abcdef", "nobody" },
		{ "eyJhbGciOi.eyJz.abc", "nobody" },
		{ "SK-OR-V1-0E6", "nobody" },
		{ "", "nobody" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(id_of(vendor_of_key(slice_of(cases[i].token))),
				    cases[i].vendor);
}

static void every_prefix_of_the_table_may_begin_a_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < key_form_count; i++)
		if (key_forms[i].prefix[0] && !key_forms[i].shared)
			assert_true(vendor_may_own(slice_of(key_forms[i].prefix)));
}

#define ENDS_IN_NUL(member) assert_non_null(memchr(member, '\0', sizeof(member)))

/* An array that its text fills to the last byte has lost its end. */
static void no_text_of_the_table_is_too_long(void **state)
{
	(void)state;
	assert_int_equal(vendor_count, VENDOR_COUNT);
	for (size_t i = 0; i < vendor_count; i++) {
		ENDS_IN_NUL(vendors[i].id);
		ENDS_IN_NUL(vendors[i].title);
		ENDS_IN_NUL(vendors[i].hosts);
		ENDS_IN_NUL(vendors[i].paths);
		ENDS_IN_NUL(vendors[i].header);
		ENDS_IN_NUL(vendors[i].variables);
		ENDS_IN_NUL(vendors[i].base_urls);
		assert_true(vendors[i].title[0] && vendors[i].hosts[0] && vendors[i].header[0]);
		assert_true(vendors[i].variables[0]);
	}
	for (size_t i = 0; i < key_form_count; i++) {
		ENDS_IN_NUL(key_forms[i].prefix);
		ENDS_IN_NUL(key_forms[i].holds);
	}
}

static void a_nul_in_a_token_ends_no_prefix(void **state)
{
	(void)state;
	assert_string_equal(id_of(vendor_of_key((struct slice){ "gsk_\0abc", 8 })), "groq");
	assert_null(vendor_of_key((struct slice){ "gsk\0", 4 }));
	assert_null(vendor_of_key((struct slice){ "\0", 1 }));
	assert_null(vendor_of_key((struct slice){ "sk-proj- sk-svcacct", 3 }));
}

static const struct slice nowhere = { NULL, 0 };
static const struct host_list nothing_added;

static void hosts_of_the_table_are_watched_by_their_rules(void **state)
{
	static const struct {
		const char *host, *vendor;
	} cases[] = {
		{ "openrouter.ai", "openrouter" },
		{ "OpenRouter.AI", "openrouter" },
		{ "openrouter.ai.", "openrouter" },
		{ "www.openrouter.ai", "openrouter" },
		{ "api.openai.com", "openai" },
		{ "me.openai.azure.com", "azure" },
		{ "api.groq.com", "groq" },
		{ "generativelanguage.googleapis.com", "google" },
		{ "openai.azure.com", "nobody" },
		{ "notopenrouter.ai", "nobody" },
		{ "openrouter.ai.example.com", "nobody" },
		{ "", "nobody" },
	};
	const struct vendor *vendor;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool watched =
		    hosts_find(&nothing_added, slice_of(cases[i].host), 0, nowhere, &vendor);
		assert_string_equal(id_of(vendor), cases[i].vendor);
		assert_int_equal(watched, vendor != NULL);
	}
}

static void hosts_can_be_added(void **state)
{
	struct host_list hosts;
	struct slice wrong;
	const struct vendor *vendor;

	(void)state;
	assert_true(hosts_init(&hosts,
			       " gw.example.com , *.corp.example=openrouter,127.0.0.1:8443=openai,"
			       "[::1]:9=groq,,",
			       &wrong));
	assert_int_equal(hosts.count, 4);
	assert_true(hosts_find(&hosts, SLICE("GW.example.com"), 0, nowhere, &vendor));
	assert_null(vendor);
	assert_true(hosts_find(&hosts, SLICE("a.b.corp.example"), 1234, nowhere, &vendor));
	assert_string_equal(vendor->id, "openrouter");
	assert_false(hosts_find(&hosts, SLICE("corp.example"), 0, nowhere, &vendor));
	assert_true(hosts_find(&hosts, SLICE("127.0.0.1"), 8443, nowhere, &vendor));
	assert_string_equal(vendor->id, "openai");
	assert_false(hosts_find(&hosts, SLICE("127.0.0.1"), 8444, nowhere, &vendor));
	assert_false(hosts_find(&hosts, SLICE("127.0.0.1"), 0, nowhere, &vendor));
	assert_true(hosts_find(&hosts, SLICE("::1"), 9, nowhere, &vendor));
	assert_true(hosts_find(&hosts, SLICE("[::1]"), 9, nowhere, &vendor));
	assert_string_equal(vendor->id, "groq");
}

static void what_is_no_host_is_named_and_the_rest_holds(void **state)
{
	static const char *const bad[] = { "a.example=nosuchvendor",
					   "a.example:0",
					   "a.example:65536",
					   "a.example:x",
					   "https://a.example",
					   "a b",
					   ":80",
					   "*.",
					   "a.example/path" };
	struct host_list hosts;
	const struct vendor *vendor;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char spec[80];
		struct slice wrong = { NULL, 0 };
		snprintf(spec, sizeof(spec), "ok.example,%s,too.example", bad[i]);
		assert_false(hosts_init(&hosts, spec, &wrong));
		assert_true(slice_equal(wrong, slice_of(bad[i])));
		assert_true(hosts_find(&hosts, SLICE("ok.example"), 0, nowhere, &vendor));
		assert_true(hosts_find(&hosts, SLICE("too.example"), 0, nowhere, &vendor));
	}
	assert_true(hosts_init(&hosts, NULL, &(struct slice){ NULL, 0 }));
	assert_int_equal(hosts.count, 0);
}

static void private_hosts_are_told_from_public_ones(void **state)
{
	static const char *const near[] = { "localhost",
					    "127.0.0.1",
					    "127.9.9.9",
					    "10.0.0.1",
					    "192.168.1.5",
					    "172.16.0.1",
					    "172.31.255.1",
					    "169.254.1.1",
					    "::1",
					    "[::1]",
					    "fe80::1",
					    "fd00::2",
					    "litellm",
					    "box.local",
					    "gw.internal",
					    "::ffff:10.1.2.3",
					    "host.docker.internal" };
	static const char *const far[] = { "openrouter.ai",         "8.8.8.8",      "172.32.0.1",
					   "192.169.0.1",           "2606:4700::1", "example.com",
					   "localhost.example.com", "fcc.gov",      "" };

	(void)state;
	for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++)
		assert_true(host_is_private(slice_of(near[i])));
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++)
		assert_false(host_is_private(slice_of(far[i])));
}

static void endpoints_are_recognised_by_the_end_of_the_path(void **state)
{
	static const char *const are[] = { "/api/v1/chat/completions",
					   "/v1/messages",
					   "/v1/responses/",
					   "/v1/embeddings",
					   "/api/v1/auth/key",
					   "/api/v1/credits",
					   "/v1beta/models/gemini-pro:generateContent" };
	static const char *const are_not[] = { "/", "/index.html", "/chat/completions/x",
					       "/keyboard", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(are) / sizeof(are[0]); i++)
		assert_true(path_is_endpoint(slice_of(are[i])));
	for (size_t i = 0; i < sizeof(are_not) / sizeof(are_not[0]); i++)
		assert_false(path_is_endpoint(slice_of(are_not[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_belongs_to_the_vendor_with_the_longest_prefix),
		cmocka_unit_test(every_prefix_of_the_table_may_begin_a_key),
		cmocka_unit_test(no_text_of_the_table_is_too_long),
		cmocka_unit_test(a_nul_in_a_token_ends_no_prefix),
		cmocka_unit_test(hosts_of_the_table_are_watched_by_their_rules),
		cmocka_unit_test(hosts_can_be_added),
		cmocka_unit_test(what_is_no_host_is_named_and_the_rest_holds),
		cmocka_unit_test(private_hosts_are_told_from_public_ones),
		cmocka_unit_test(endpoints_are_recognised_by_the_end_of_the_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
