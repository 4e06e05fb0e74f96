/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "diagnose/endpoint_paths.h"
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

static void a_form_is_told_in_words(void **state)
{
	static const struct {
		const char *vendor, *words;
	} cases[] = {
		{ "openrouter", "sk-or-v1- and 64 hex digits, 73 bytes" },
		{ "groq", "gsk_ and 52 letters and digits, 56 bytes" },
		{ "perplexity", "pplx- and 48 letters and digits, 53 bytes" },
		{ "huggingface", "hf_ and 34 letters, digits, - and _, 37 bytes" },
		{ "zai", "32 hex digits, a dot and 16 bytes" },
		{ "together", "tgp_v1_" },
		{ "mistral", "" },
		{ "anthropic", "sk-ant-" },
		{ "openai", "sk-proj-, sk-svcacct-, sk-admin-, sk- with T3BlbkFJ inside or a JWT" },
	};
	char words[160];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		vendor_key_form_words(vendor_named(slice_of(cases[i].vendor)), words,
				      sizeof(words));
		assert_string_equal(words, cases[i].words);
	}
	vendor_key_form_words(vendor_named(SLICE("openai")), words, 12);
	assert_string_equal(words, "sk-proj-, s");
	vendor_key_form_words(NULL, words, sizeof(words));
	assert_string_equal(words, "");
}

/* Only where every accepted key has a known form may another form be called wrong. */
static void what_fits_no_form_is_no_key_of_a_vendor_with_a_certain_one(void **state)
{
	static const char *const certain[] = { "openrouter",  "openai",     "anthropic",
					       "groq",        "xai",        "nvidia",
					       "huggingface", "perplexity", "bedrock" };
	static const struct {
		const char *vendor, *token;
		bool fits;
	} cases[] = {
		{ "openrouter",
		  "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",
		  true },
		{ "openrouter", "sk-or-v1-0e6f44a9", false },
		{ "openrouter", "sk-0e6f44a9d1b2c3e4f5061728394a5b6c", false },
		{ "openrouter", "PROXY_MANAGED", false },
		{ "openai", "sk-proj-Qw3rT5yU7iO9pA1sD3fG", true },
		{ "openai", "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", true },
		{ "openai", "sk-0e6f44a9d1b2c3e4f5061728394a5b6c", false },
		{ "openai", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", true },
		{ "openai", "eyJhbGciOiJIUzI1NiJ9", false },
		{ "openai", "ark-0e6f44a9-d1b2-c3e4-f506-1728394a5b6c-c8530", false },
		{ "anthropic", "sk-ant-oat01-Qw3rT5yU7iO9", true },
		{ "anthropic", "dummy_key", false },
		{ "deepseek", "sk-0e6f44a9d1b2c3e4f5061728394a5b6c", true },
		{ "mistral", "Qw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV", false },
	};

	(void)state;
	for (size_t i = 0; i < vendor_count; i++) {
		bool listed = false;
		for (size_t j = 0; j < sizeof(certain) / sizeof(certain[0]); j++)
			listed |= strcmp(certain[j], vendors[i].id) == 0;
		assert_int_equal(vendor_key_form_certain(&vendors[i]), listed);
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct vendor *vendor = vendor_named(slice_of(cases[i].vendor));
		if (vendor_key_fits(vendor, slice_of(cases[i].token)) != cases[i].fits)
			print_error("%s: %s\n", cases[i].token ? cases[i].token : "no token", cases[i].fits ? "does not fit" : "fits");
		assert_int_equal(vendor_key_fits(vendor, slice_of(cases[i].token)), cases[i].fits);
	}
	assert_false(vendor_key_form_certain(NULL));
	assert_false(vendor_key_fits(NULL, SLICE("sk-or-v1-0e6f")));
}

static void the_header_depends_on_the_path(void **state)
{
	static const struct {
		const char *vendor, *path, *first, *also;
	} cases[] = {
		{ "openai", "/v1/chat/completions", "authorization", NULL },
		{ "deepseek", "/chat/completions", "authorization", NULL },
		{ "deepseek", "/anthropic/v1/messages", "x-api-key", "authorization" },
		{ "xai", "/v1/messages", "x-api-key", "authorization" },
		{ "azure", "/openai/deployments/x/chat/completions", "api-key", NULL },
		{ "azure", "/openai/v1/responses", "api-key", "authorization" },
		{ "azure", "/anthropic/v1/messages", "x-api-key", NULL },
		{ "google", "/v1beta/openai/chat/completions", "authorization", NULL },
		{ "google", "/v1beta/models/m:generateContent", "x-goog-api-key", "url" },
		{ "vertex", "/v1/projects/p/locations/l/publishers/google/models/m:predict",
		  "authorization", NULL },
		{ "vertex", "/v1/publishers/google/models/m:generateContent", "x-goog-api-key",
		  "url" },
		{ "anthropic", "/v1/messages", "x-api-key", NULL },
		{ "anthropic", "/v1/chat/completions", "authorization", NULL },
		{ "portkey", "/v1/chat/completions", "x-portkey-api-key", "authorization" },
		{ "cloudflare_gateway", "/v1/a/g/anthropic/v1/messages", "cf-aig-authorization",
		  "x-api-key" },
		{ "apim", "/openai/chat/completions", "ocp-apim-subscription-key", "api-key" },
		{ "opencode", "/zen/v1/messages", "x-api-key", NULL },
		{ "opencode", "/zen/v1/chat/completions", "authorization", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct vendor *v = vendor_named(slice_of(cases[i].vendor));
		struct slice path = slice_of(cases[i].path);
		struct slice rest = slice_of(vendor_locations(v, path));
		struct slice first;
		assert_true(list_next(&rest, &first));
		if (!slice_equal(first, slice_of(cases[i].first)))
			print_error("%s: %s\n", cases[i].vendor, cases[i].path);
		assert_true(slice_equal(first, slice_of(cases[i].first)));
		assert_true(!cases[i].also || vendor_reads(v, path, slice_of(cases[i].also)));
		assert_false(vendor_reads(v, path, SLICE("x-auth-token")));
	}
	assert_int_equal(vendor_locations(NULL, SLICE("/v1/messages"))[0], 0);
}

static void hosts_with_other_uses_are_watched_by_the_path(void **state)
{
	static const struct {
		const char *host, *path, *vendor;
	} cases[] = {
		{ "adb-1.azuredatabricks.net", "/serving-endpoints/m/invocations", "databricks" },
		{ "adb-1.azuredatabricks.net", "/api/2.0/jobs/list", "nobody" },
		{ "api.cloudflare.com", "/client/v4/accounts/0/ai/run/@cf/meta/llama",
		  "cloudflare" },
		{ "api.cloudflare.com", "/client/v4/zones", "nobody" },
		{ "opencode.ai", "/zen/v1/messages", "opencode" },
		{ "opencode.ai", "/docs", "nobody" },
		{ "europe-west1-aiplatform.googleapis.com", "/v1/x", "vertex" },
		{ "aiplatform.googleapis.com", "/v1/x", "vertex" },
		{ "bedrock-runtime.eu-central-1.amazonaws.com", "/model/m/converse", "bedrock" },
		{ "s3.eu-central-1.amazonaws.com", "/model/m/converse", "nobody" },
		{ "my.azure-api.net", "/x", "apim" },
	};
	const struct vendor *vendor;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		hosts_find(&nothing_added, slice_of(cases[i].host), 0, slice_of(cases[i].path),
			   &vendor);
		assert_string_equal(id_of(vendor), cases[i].vendor);
	}
	/* By the name alone such a host is not watched. */
	assert_false(hosts_find(&nothing_added, SLICE("api.cloudflare.com"), 0, nowhere, &vendor));
}

static void keys_are_bound_to_sites_and_plans(void **state)
{
	const struct vendor *minimax = vendor_named(SLICE("minimax"));
	const struct vendor *dashscope = vendor_named(SLICE("dashscope"));
	const struct vendor *mistral = vendor_named(SLICE("mistral"));
	const struct vendor *bedrock = vendor_named(SLICE("bedrock"));
	struct vendor_plan plan;

	(void)state;
	assert_non_null(vendor_bound(minimax, SLICE("eyJ"), SLICE("api.minimax.io")));
	assert_null(
	    vendor_bound(vendor_named(SLICE("groq")), SLICE("gsk_"), SLICE("api.groq.com")));
	assert_null(vendor_bound(mistral, SLICE("x"), SLICE("api.mistral.ai")));
	assert_non_null(vendor_bound(mistral, SLICE("x"), SLICE("codestral.mistral.ai")));
	assert_null(vendor_bound(bedrock, SLICE("ABSKQ"),
				 SLICE("bedrock-runtime.us-east-1.amazonaws.com")));
	assert_non_null(vendor_bound(bedrock, SLICE("bedrock-api-key-Y"),
				     SLICE("bedrock-runtime.us-east-1.amazonaws.com")));
	assert_true(
	    vendor_plan(dashscope, SLICE("sk-sp-1"), SLICE("dashscope.aliyuncs.com"), &plan));
	assert_true(plan.is_of_plan &&
		    list_has(plan.hosts, SLICE("coding.dashscope.aliyuncs.com")));
	assert_true(
	    vendor_plan(dashscope, SLICE("sk-1"), SLICE("coding.dashscope.aliyuncs.com"), &plan));
	assert_true(!plan.is_of_plan && list_has(plan.hosts, SLICE("dashscope.aliyuncs.com")));
	assert_false(vendor_plan(dashscope, SLICE("sk-1"), SLICE("dashscope.aliyuncs.com"), &plan));
	assert_false(vendor_plan(dashscope, SLICE("sk-sp-1"),
				 SLICE("token-plan.cn-beijing.maas.aliyuncs.com"), &plan));
	assert_false(vendor_plan(minimax, SLICE("sk-cp-1"), SLICE("api.minimax.io"), &plan));
}

static void endpoints_are_recognised_by_the_end_of_the_path(void **state)
{
	static const char *const are[] = {
		"/api/v1/chat/completions",
		"/v1/messages",
		"/v1/responses/",
		"/v1/embeddings",
		"/api/v1/auth/key",
		"/api/v1/credits",
		"/v1beta/models/gemini-pro:generateContent",
		"/v1/text/chatcompletion_v2",
		"/model/anthropic.claude-3/converse",
		"/model/anthropic.claude-3/invoke-with-response-stream",
		"/serving-endpoints/m/invocations",
		"/api/chat",
		"/api/generate",
		"/v1/projects/p/locations/l/publishers/a/models/m:rawPredict",
		"/v1/projects/p/locations/l/publishers/a/models/m:streamRawPredict",
		"/v1/publishers/google/models/m:generateContent",
		"/v1/projects/p/locations/l/publishers/g/models/m:predict",
		"/api/v1/services/aigc/text-generation/generation",
		"/api/v1/services/aigc/multimodal-generation/generation",
		"/async/chat/completions",
		"/async/chat/completions/id-1",
		"/v1/images/edits",
		"/v1/audio/translations"
	};
	static const char *const are_not[] = { "/",
					       "/index.html",
					       "/chat/completions/x",
					       "/keyboard",
					       "",
					       "/converse",
					       "/lambda/invoke",
					       "/endpoints/x/invocations",
					       "/v1/models/m:predict" };

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
		cmocka_unit_test(a_form_is_told_in_words),
		cmocka_unit_test(what_fits_no_form_is_no_key_of_a_vendor_with_a_certain_one),
		cmocka_unit_test(the_header_depends_on_the_path),
		cmocka_unit_test(hosts_with_other_uses_are_watched_by_the_path),
		cmocka_unit_test(keys_are_bound_to_sites_and_plans),
		cmocka_unit_test(endpoints_are_recognised_by_the_end_of_the_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
