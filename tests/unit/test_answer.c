/* SPDX-License-Identifier: MIT */
/* Who said no and what about: the bodies that users quoted. */
#include "exchanges.h"

struct refused {
	struct dialogue said;
	enum refused_by by;
	enum refusal about;
	const char *message; /* NULL: not looked at */
	const char *raw;     /* message inside metadata.raw; NULL: not looked at */
};

static const char *by_text(enum refused_by r)
{
	const char *name = refused_by_name(r);

	return name ? name : "nothing failed";
}

static bool is_text(struct slice s, const char *text)
{
	return !text || slice_equal(s, slice_of(text));
}

static bool holds(const struct refused *r)
{
	struct exchange *x = exchange_of(&r->said);
	const struct vendor *vendor;
	struct host_list none = { 0 };
	struct answer a;
	bool good;

	hosts_find(&none, x->host, x->port, x->path, &vendor);
	answer_read(&a, x, vendor);
	good = a.refused_by == r->by && a.about == r->about && is_text(a.message, r->message) &&
	       is_text(a.raw_message, r->raw);
	if (!good)
		print_error("%s %d %s\n  refused by %s about %d, expected %s about %d; \"%.*s\" "
			    "\"%.*s\"\n",
			    r->said.host, r->said.status, r->said.body ? r->said.body : "",
			    by_text(a.refused_by), a.about, by_text(r->by), r->about,
			    SLICE_ARG(a.message), SLICE_ARG(a.raw_message));
	answer_release(&a);
	exchange_free(x);
	return good;
}

static void all_hold(const struct refused *cases, size_t count)
{
	unsigned bad = 0;

	for (size_t i = 0; i < count; i++)
		bad += !holds(&cases[i]);
	assert_int_equal(bad, 0);
}

#define ALL(cases) all_hold(cases, sizeof(cases) / sizeof((cases)[0]))
#define OR(status_, body_)                                                                \
	{                                                                                 \
		.host = "openrouter.ai", .token = KEY_A, .status = status_, .body = body_ \
	}
#define AT(host_, status_, body_)                                                  \
	{                                                                          \
		.host = host_, .path = "/v1/chat/completions", .token = "made-up", \
		.status = status_, .body = body_                                   \
	}
#define TYPE_AT(host_, status_, type_, body_)                                                  \
	{                                                                                      \
		.host = host_, .token = KEY_A, .status = status_, .type = type_, .body = body_ \
	}

static void openrouters_key_check_is_known_by_its_texts(void **state)
{
	static const struct refused cases[] = {
		{ OR(401,
		     "{\"error\":{\"message\":\"Missing Authentication header\",\"code\":401}}"),
		  REFUSED_openrouter_auth, REFUSAL_CREDENTIALS, "Missing Authentication header",
		  NULL },
		{ OR(401,
		     "{\"error\":{\"message\":\"Missing Authentication header or invalid API key\","
		     "\"code\":401}}"),
		  REFUSED_openrouter_auth, REFUSAL_CREDENTIALS, NULL, NULL },
		{ OR(401, "{\"error\":{\"message\":\"No auth credentials found\",\"code\":401}}"),
		  REFUSED_openrouter_auth, REFUSAL_CREDENTIALS, NULL, NULL },
		{ OR(401,
		     "{\"error\":{\"message\":\"No cookie auth credentials found\",\"code\":401}}"),
		  REFUSED_openrouter_auth, REFUSAL_CREDENTIALS, NULL, NULL },
		{ OR(401, "{\"error\":{\"message\":\"User not found.\",\"code\":401}}"),
		  REFUSED_openrouter_auth, REFUSAL_CREDENTIALS, "User not found.", NULL },
		{ OR(401,
		     "{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":"
		     "\"Invalid "
		     "credentials\",\"error_type\":\"authentication\"},\"request_id\":null}"),
		  REFUSED_openrouter_auth, REFUSAL_CREDENTIALS, "Invalid credentials", NULL },
		{ OR(200, "{\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":"
			  "\"Invalid credentials\"},\"error_type\":\"authentication\"}"),
		  REFUSED_openrouter_auth, REFUSAL_CREDENTIALS, "Invalid credentials", NULL },
		{ OR(403,
		     "{\"error\":{\"message\":\"Only management keys can perform this operation\","
		     "\"code\":403}}"),
		  REFUSED_openrouter_auth, REFUSAL_CREDENTIALS, NULL, NULL },
		{ OR(401, ""), REFUSED_openrouter_auth, REFUSAL_CREDENTIALS, NULL, NULL },
	};

	(void)state;
	ALL(cases);
}

static void openrouters_other_refusals_are_told_apart(void **state)
{
	static const struct refused cases[] = {
		{ OR(402, "{\"error\":{\"message\":\"Insufficient credits. Add more using "
			  "https://openrouter.ai/credits\",\"code\":402}}"),
		  REFUSED_openrouter_quota, REFUSAL_QUOTA, NULL, NULL },
		{ OR(403, "{\"error\":{\"message\":\"Key limit exceeded. Manage it using "
			  "https://openrouter.ai/keys\",\"code\":403}}"),
		  REFUSED_openrouter_quota, REFUSAL_QUOTA, NULL, NULL },
		{ OR(429, "{\"error\":{\"message\":\"Rate limit exceeded: free-models-per-day\","
			  "\"code\":429}}"),
		  REFUSED_openrouter_quota, REFUSAL_QUOTA, NULL, NULL },
		{ OR(403,
		     "{\"error\":{\"code\":403,\"message\":\"requires moderation\",\"metadata\":"
		     "{\"reasons\":[\"violence\"],\"flagged_input\":\"x\",\"provider_name\":"
		     "\"OpenAI\"}}}"),
		  REFUSED_openrouter_policy, REFUSAL_POLICY, NULL, NULL },
		{ OR(403, "{\"error\":{\"code\":403,\"message\":\"blocked\",\"metadata\":"
			  "{\"patterns\":[\"secret\"]}}}"),
		  REFUSED_openrouter_policy, REFUSAL_POLICY, NULL, NULL },
		{ OR(404,
		     "{\"error\":{\"code\":404,\"message\":\"No endpoints found that support tool "
		     "use.\"}}"),
		  REFUSED_openrouter_routing, REFUSAL_ROUTING, NULL, NULL },
		{ OR(404, "{\"error\":{\"code\":404,\"message\":\"No allowed providers are "
			  "available for "
			  "the selected model.\",\"metadata\":{\"available_providers\":[\"a\"]}}}"),
		  REFUSED_openrouter_routing, REFUSAL_ROUTING, NULL, NULL },
		{ OR(404,
		     "{\"error\":{\"code\":404,\"message\":\"No endpoints found matching your data "
		     "policy\"}}"),
		  REFUSED_openrouter_routing, REFUSAL_ROUTING, NULL, NULL },
		{ OR(404, "{\"error\":{\"code\":404,\"message\":\"No endpoints found for a/b.\"}}"),
		  REFUSED_openrouter_request, REFUSAL_REQUEST, NULL, NULL },
		{ OR(404,
		     "{\"error\":{\"code\":404,\"message\":\"gone\",\"availability\":{\"code\":"
		     "\"model_deprecated\"}}}"),
		  REFUSED_openrouter_request, REFUSAL_REQUEST, NULL, NULL },
		{ OR(404, "{\"error\":{\"code\":404,\"message\":\"x\",\"availability\":{\"code\":"
			  "\"privacy_restricted\"}}}"),
		  REFUSED_openrouter_routing, REFUSAL_ROUTING, NULL, NULL },
		{ OR(400, "{\"error\":{\"code\":400,\"message\":\"a is not a valid model ID\"}}"),
		  REFUSED_openrouter_request, REFUSAL_REQUEST, NULL, NULL },
		{ OR(413, "{\"error\":{\"code\":413,\"message\":\"Payload too large\"}}"),
		  REFUSED_openrouter_request, REFUSAL_REQUEST, NULL, NULL },
	};

	(void)state;
	ALL(cases);
}

static void a_provider_behind_openrouter_is_no_key_check_of_openrouters(void **state)
{
	static const struct refused cases[] = {
		{ OR(401,
		     "{\"error\":{\"message\":\"Provider returned "
		     "error\",\"code\":401,\"metadata\":"
		     "{\"raw\":\"{\\\"type\\\":\\\"error\\\",\\\"error\\\":{\\\"type\\\":"
		     "\\\"authentication_error\\\",\\\"message\\\":\\\"invalid x-api-key\\\"}}\","
		     "\"provider_name\":\"Anthropic\",\"is_byok\":true}},\"user_id\":\"user_2x\"}"),
		  REFUSED_upstream, REFUSAL_CREDENTIALS, "Provider returned error",
		  "invalid x-api-key" },
		{ OR(400, "{\"error\":{\"message\":\"Provider returned "
			  "error\",\"code\":400,\"metadata\":"
			  "{\"raw\":\"API key not valid. Please pass a valid API "
			  "key.\",\"provider_name\":"
			  "\"Google AI Studio\"}}}"),
		  REFUSED_upstream, REFUSAL_CREDENTIALS, NULL,
		  "API key not valid. Please pass a valid API key." },
		{ OR(400,
		     "{\"error\":{\"message\":\"Provider returned "
		     "error\",\"code\":400,\"metadata\":"
		     "{\"raw\":{\"error\":{\"message\":\"tools.0: bad schema\"}},\"provider_name\":"
		     "\"OpenAI\"}}}"),
		  REFUSED_upstream, REFUSAL_REQUEST, NULL, "tools.0: bad schema" },
		{ OR(429,
		     "{\"error\":{\"message\":\"Provider returned "
		     "error\",\"code\":429,\"metadata\":"
		     "{\"raw\":\"a/b is temporarily rate-limited upstream. Add your own API key\","
		     "\"provider_name\":\"Chutes\"}}}"),
		  REFUSED_upstream, REFUSAL_QUOTA, NULL, NULL },
		{ OR(502, "{\"error\":{\"message\":\"Provider returned error\",\"code\":502}}"),
		  REFUSED_upstream, REFUSAL_UNAVAILABLE, NULL, NULL },
		{ OR(200, "{\"error\":{\"message\":\"Provider returned error\",\"code\":502}}"),
		  REFUSED_upstream, REFUSAL_UNAVAILABLE, NULL, NULL },
		{ OR(503, "{\"error\":{\"message\":\"No instances available\",\"code\":503}}"),
		  REFUSED_upstream, REFUSAL_UNAVAILABLE, NULL, NULL },
		{ OR(200, "{\"choices\":[{\"finish_reason\":\"error\",\"error\":{\"code\":502,"
			  "\"message\":"
			  "\"Provider disconnected\"}}]}"),
		  REFUSED_upstream, REFUSAL_UNAVAILABLE, "Provider disconnected", NULL },
		{ TYPE_AT("openrouter.ai", 200, "text/event-stream",
			  ": OPENROUTER PROCESSING\n\ndata: {\"error\":{\"code\":\"server_error\","
			  "\"message\":\"Provider disconnected\"},\"choices\":[]}\n\n"),
		  REFUSED_upstream, REFUSAL_UNAVAILABLE, "Provider disconnected", NULL },
	};

	(void)state;
	ALL(cases);
}

static void other_vendors_are_read_in_their_own_shapes(void **state)
{
	static const struct refused cases[] = {
		{ AT("api.openai.com", 401,
		     "{\"error\":{\"message\":\"Incorrect API key provided: "
		     "sk-or-v1***1c96.\",\"type\":"
		     "\"invalid_request_error\",\"param\":null,\"code\":\"invalid_api_key\"}}"),
		  REFUSED_vendor, REFUSAL_CREDENTIALS, NULL, NULL },
		{ AT("api.anthropic.com", 401,
		     "{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":"
		     "\"invalid x-api-key\"}}"),
		  REFUSED_vendor, REFUSAL_CREDENTIALS, "invalid x-api-key", NULL },
		{ AT("api.groq.com", 401, "{\"error\":{\"message\":\"Invalid API Key\"}}"),
		  REFUSED_vendor, REFUSAL_CREDENTIALS, "Invalid API Key", NULL },
		{ AT("api.x.ai", 400,
		     "{\"code\":\"Client specified an invalid argument\",\"error\":\"Incorrect API "
		     "key "
		     "provided: gs***tF.\"}"),
		  REFUSED_vendor, REFUSAL_CREDENTIALS, "Incorrect API key provided: gs***tF.",
		  NULL },
		{ AT("api.deepseek.com", 401,
		     "{\"error\":{\"message\":\"Authentication Fails (no such user)\",\"type\":"
		     "\"authentication_error\"}}"),
		  REFUSED_vendor, REFUSAL_CREDENTIALS, NULL, NULL },
		{ AT("generativelanguage.googleapis.com", 400,
		     "[{\"error\":{\"code\":400,\"message\":\"Multiple authentication credentials "
		     "received. Please pass only one.\",\"status\":\"INVALID_ARGUMENT\"}}]"),
		  REFUSED_vendor, REFUSAL_CREDENTIALS, NULL, NULL },
		{ AT("x.openai.azure.com", 401,
		     "{\"statusCode\":401,\"message\":\"Access denied due to missing subscription "
		     "key.\"}"),
		  REFUSED_vendor, REFUSAL_CREDENTIALS, NULL, NULL },
		{ AT("api.openai.com", 400,
		     "{\"error\":{\"message\":\"Unknown parameter: 'x'.\",\"type\":"
		     "\"invalid_request_error\"}}"),
		  REFUSED_vendor, REFUSAL_REQUEST, NULL, NULL },
		{ AT("api.openai.com", 429,
		     "{\"error\":{\"message\":\"You exceeded your current quota\",\"code\":"
		     "\"insufficient_quota\"}}"),
		  REFUSED_vendor, REFUSAL_QUOTA, NULL, NULL },
		{ AT("api.mistral.ai", 500, "{\"message\":\"Internal\"}"), REFUSED_vendor,
		  REFUSAL_UNAVAILABLE, "Internal", NULL },
		{ AT("api.mistral.ai", 422, "{\"detail\":\"bad\"}"), REFUSED_vendor,
		  REFUSAL_REQUEST, "bad", NULL },
	};

	(void)state;
	ALL(cases);
}

static void what_stands_in_between_is_no_vendor(void **state)
{
	static const struct refused cases[] = {
		{ TYPE_AT("openrouter.ai", 404, "text/html; charset=utf-8",
			  "<!DOCTYPE html><title>OpenRouter</title>"),
		  REFUSED_edge, REFUSAL_UNAVAILABLE, NULL, NULL },
		{ TYPE_AT("openrouter.ai", 200, "text/html", "<!DOCTYPE html>"), REFUSED_edge,
		  REFUSAL_UNAVAILABLE, NULL, NULL },
		{ AT("127.0.0.1:4000", 401,
		     "{\"error\":{\"message\":\"Authentication Error, LiteLLM Virtual Key "
		     "expected. "
		     "Received=x\",\"code\":\"401\"}}"),
		  REFUSED_local_gateway, REFUSAL_CREDENTIALS, NULL, NULL },
		{ AT("gateway.example.com", 401,
		     "{\"error\":{\"message\":\"LiteLLM Virtual Key "
		     "expected.\",\"code\":\"401\"}}"),
		  REFUSED_gateway, REFUSAL_CREDENTIALS, NULL, NULL },
		{ AT("127.0.0.1:3456", 500,
		     "{\"error\":{\"message\":\"Error from provider: "
		     "{\\\"error\\\":{\\\"message\\\":"
		     "\\\"No auth credentials found\\\",\\\"code\\\":401}}\"}}"),
		  REFUSED_local_gateway, REFUSAL_CREDENTIALS, "No auth credentials found", NULL },
		{ { .host = "openrouter.ai", .token = KEY_A, .status = 0 },
		  REFUSED_nobody,
		  REFUSAL_NO_ANSWER,
		  NULL,
		  NULL },
	};

	(void)state;
	ALL(cases);
}

static void an_answer_that_is_fine_is_refused_by_nobody(void **state)
{
	static const struct refused cases[] = {
		{ OR(200, "{\"id\":\"gen-1\",\"choices\":[{\"finish_reason\":\"stop\",\"message\":"
			  "{\"content\":\"an error: 401 invalid api key\"}}]}"),
		  REFUSED_NOT, REFUSAL_NONE, NULL, NULL },
		{ OR(200, "{\"id\":\"resp_1\",\"status\":\"completed\",\"error\":null}"),
		  REFUSED_NOT, REFUSAL_NONE, NULL, NULL },
		{ OR(200, "{\"choices\":[],\"error\":\"\"}"), REFUSED_NOT, REFUSAL_NONE, NULL,
		  NULL },
		{ OR(204, NULL), REFUSED_NOT, REFUSAL_NONE, NULL, NULL },
		{ TYPE_AT(
		      "openrouter.ai", 200, "text/event-stream",
		      "data: {\"choices\":[{\"delta\":{\"content\":\"{\\\"error\\\":{}}\"}}]}\n\n"
		      "data: [DONE]\n\n"),
		  REFUSED_NOT, REFUSAL_NONE, NULL, NULL },
		{ { .host = "openrouter.ai",
		    .path = "/",
		    .method = "GET",
		    .status = 200,
		    .type = "text/html",
		    .body = "<html>" },
		  REFUSED_NOT,
		  REFUSAL_NONE,
		  NULL,
		  NULL },
	};

	(void)state;
	ALL(cases);
}

static const char sse[] = "text/event-stream";

static const struct {
	struct dialogue said;
	const char *provider; /* NULL: none */
} providers_named[] = {
	/* as OpenRouter writes it, before and after the order of its members changed */
	{ OR(200, "{\"id\":\"gen-1\",\"provider\":\"DeepInfra\",\"model\":\"google/"
		  "gemma-3-27b-it\",\"choices\":[{\"message\":{\"content\":\"x\"}}]}"),
	  "DeepInfra" },
	{ OR(200, "{\"id\":\"gen-1\",\"object\":\"chat.completion\",\"created\":1,"
		  "\"model\":\"a/b\",\"provider\":\"Amazon Bedrock\",\"choices\":[]}"),
	  "Amazon Bedrock" },
	{ OR(200, "\n         \n\n         \n{\"provider\":\"OpenAI\"}"), "OpenAI" },
	{ TYPE_AT("openrouter.ai", 200, sse,
		  ": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\ndata: "
		  "{\"id\":\"gen-1\",\"provider\":\"Google\",\"choices\":[]}\n\n"),
	  "Google" },
	{ TYPE_AT("openrouter.ai", 200, sse,
		  "event: message_start\ndata: {\"type\":\"message_start\",\"message\":"
		  "{\"id\":\"gen-1\",\"provider\":\"Anthropic\",\"content\":[]}}\n\n"),
	  "Anthropic" },
	{ TYPE_AT("openrouter.ai", 200, sse,
		  "data: {\"id\":\"gen-1\",\"provider\":\"Stealth\",\"choices\":[],"
		  "\"error\":{\"code\":502,\"message\":\"sick\"}}\n\n"),
	  "Stealth" },
	/* what a model wrote is no provider's name */
	{ OR(200, "{\"choices\":[{\"message\":{\"content\":\"\\\"provider\\\":"
		  "\\\"x\\\"\",\"provider\":\"y\"}}]}"),
	  NULL },
	{ OR(200, "{\"provider\":null}"), NULL },
	{ OR(200, "{\"provider\":\"\"}"), NULL },
	{ OR(200, "{\"provider\":{\"name\":\"x\"}}"), NULL },
	{ OR(200, "{\"provider\":\"cut off"), NULL },
	{ OR(200, "{\"provider\":\"a\\u0041\"}"), NULL },
	{ OR(200,
	     "{\"provider\":\"far longer than any provider's name may be, so that it is "
	     "something else\"}"),
	  NULL },
	{ OR(200, "[]"), NULL },
	{ OR(200, ""), NULL },
	{ OR(402, "{\"provider\":\"x\",\"error\":{\"code\":402}}"), NULL },
	{ TYPE_AT("openrouter.ai", 200, sse, ": OPENROUTER PROCESSING\n\n"), NULL },
	{ AT("api.openai.com", 200, "{\"provider\":\"x\"}"), NULL },
};

static void an_answer_names_its_provider(void **state)
{

	(void)state;
	for (size_t i = 0; i < sizeof(providers_named) / sizeof(providers_named[0]); i++) {
		struct exchange *x = exchange_of(&providers_named[i].said);
		const struct vendor *vendor;
		struct host_list none = { 0 };
		struct answer a;

		hosts_find(&none, x->host, x->port, x->path, &vendor);
		answer_read(&a, x, vendor);
		if (!slice_equal(a.provider, slice_of(providers_named[i].provider)))
			fail_msg("\"%.*s\" for \"%s\" in %s", SLICE_ARG(a.provider),
				 providers_named[i].provider ? providers_named[i].provider : "", providers_named[i].said.body);
		answer_release(&a);
		exchange_free(x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_names_its_provider),
		cmocka_unit_test(openrouters_key_check_is_known_by_its_texts),
		cmocka_unit_test(openrouters_other_refusals_are_told_apart),
		cmocka_unit_test(a_provider_behind_openrouter_is_no_key_check_of_openrouters),
		cmocka_unit_test(other_vendors_are_read_in_their_own_shapes),
		cmocka_unit_test(what_stands_in_between_is_no_vendor),
		cmocka_unit_test(an_answer_that_is_fine_is_refused_by_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
