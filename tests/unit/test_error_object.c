/* SPDX-License-Identifier: MIT */
/* How the errors of all vendors are written, and what is read from them. */
#include "exchanges.h"

#define OR(status_, body_)                                                                \
	{                                                                                 \
		.host = "openrouter.ai", .token = KEY_A, .status = status_, .body = body_ \
	}
#define AT(host_, status_, body_)                                                  \
	{                                                                          \
		.host = host_, .path = "/v1/chat/completions", .token = "made-up", \
		.status = status_, .body = body_                                   \
	}

struct form {
	int status;
	const char *body;
	const char *message; /* "" for absent, and so below */
	const char *type, *code_text, *status_text, *reason, *param;
	int code;
};

static bool says(const char *what, struct slice got, const char *wanted)
{
	if (slice_equal(got, slice_of(wanted ? wanted : "")))
		return true;
	print_error("%s is \"%.*s\", not \"%s\"\n", what, SLICE_ARG(got), wanted ? wanted : "");
	return false;
}

static bool form_holds(const struct form *f)
{
	struct dialogue said = AT("api.example.com", f->status, f->body);
	struct exchange *x = exchange_of(&said);
	struct answer a;

	answer_read(&a, x, NULL);
	bool good = says("message", a.message, f->message) & says("type", a.type, f->type) &
		    says("code", a.code_text, f->code_text) &
		    says("status", a.status_text, f->status_text) &
		    says("reason", a.reason, f->reason) & says("param", a.param, f->param) &
		    (a.code == f->code) & (a.inside_200 == (f->status == 200)) & a.failed;
	if (!good)
		print_error("  of %d %s (code %d, inside 200: %d)\n", f->status, f->body, a.code,
			    a.inside_200);
	answer_release(&a);
	exchange_free(x);
	return good;
}

static const struct form vendor_forms[] = {
	/* OpenAI and those who speak its dialect */
	{ 401,
	  "{\"error\":{\"message\":\"Incorrect API key provided\",\"type\":"
	  "\"invalid_request_error\",\"param\":null,\"code\":\"invalid_api_key\"}}",
	  .message = "Incorrect API key provided", .type = "invalid_request_error",
	  .code_text = "invalid_api_key" },
	{ 400,
	  "{\"error\":{\"message\":\"Unknown parameter: 'api_key'.\",\"type\":"
	  "\"invalid_request_error\",\"param\":\"api_key\",\"code\":"
	  "\"unknown_parameter\"}}",
	  .message = "Unknown parameter: 'api_key'.", .type = "invalid_request_error",
	  .code_text = "unknown_parameter", .param = "api_key" },
	/* Google */
	{ 400,
	  "{\"error\":{\"code\":400,\"message\":\"API key not valid.\",\"status\":"
	  "\"INVALID_ARGUMENT\",\"details\":[{\"@type\":\"x\"},{\"reason\":"
	  "\"API_KEY_INVALID\",\"domain\":\"googleapis.com\"}]}}",
	  .message = "API key not valid.", .status_text = "INVALID_ARGUMENT",
	  .reason = "API_KEY_INVALID", .code = 400 },
	{ 403, "[{\"error\":{\"code\":403,\"message\":\"no no\",\"status\":\"X\"}}]",
	  .message = "no no", .status_text = "X", .code = 403 },
	/* DeepInfra */
	{ 401, "{\"detail\":{\"error\":\"please enter a payment method\"}}",
	  .message = "please enter a payment method" },
	/* Mistral, FastAPI */
	{ 422,
	  "{\"object\":\"error\",\"message\":{\"detail\":[{\"type\":\"extra_forbidden\","
	  "\"loc\":[\"body\",\"reasoning_effort\"],\"msg\":\"Extra inputs are not "
	  "permitted\",\"input\":\"low\"}]},\"type\":\"invalid_request_error\",\"param\":"
	  "null,\"code\":null}",
	  .message = "Extra inputs are not permitted", .type = "invalid_request_error",
	  .param = "reasoning_effort" },
	{ 422,
	  "{\"detail\":[{\"loc\":[\"body\",\"messages\",0,\"role\"],\"msg\":\"Field "
	  "required\",\"type\":\"missing\"}]}",
	  .message = "Field required", .param = "role" },
	{ 429,
	  "{\"object\":\"error\",\"message\":\"Service tier capacity exceeded\",\"type\":"
	  "\"service_tier_capacity_exceeded\",\"code\":\"3505\"}",
	  .message = "Service tier capacity exceeded",
	  .type = "service_tier_capacity_exceeded", .code_text = "3505" },
	/* Bedrock */
	{ 403, "{\"Message\":\"Invalid API Key format\"}",
	  .message = "Invalid API Key format" },
	{ 400, "{\"__type\":\"ValidationException\",\"message\":\"too long\"}",
	  .message = "too long", .type = "ValidationException" },
	/* Cloudflare */
	{ 400,
	  "{\"success\":false,\"result\":[],\"messages\":[],\"error\":[{\"code\":2008,"
	  "\"message\":\"Invalid provider\"}]}",
	  .message = "Invalid provider", .code = 2008, .code_text = "2008" },
	{ 401,
	  "{\"result\":null,\"success\":false,\"errors\":[{\"code\":10000,\"message\":"
	  "\"Authentication error\"}],\"messages\":[]}",
	  .message = "Authentication error", .code = 10000, .code_text = "10000" },
	{ 401, "[{\"code\":2009,\"message\":\"Unauthorized\"}]", .message = "Unauthorized",
	  .code = 2009, .code_text = "2009" },
	/* MiniMax */
	{ 401,
	  "{\"type\":\"error\",\"error\":{\"type\":\"authorized_error\",\"message\":"
	  "\"login fail\",\"http_code\":\"401\"},\"request_id\":\"06\"}",
	  .message = "login fail", .type = "authorized_error", .code = 401 },
	{ 200, "{\"base_resp\":{\"status_code\":2049,\"status_msg\":\"invalid api key\"}}",
	  .message = "invalid api key", .code = 2049, .code_text = "2049" },
	{ 200,
	  "{\"id\": \"1\", \"choices\": null, \"base_resp\": {\"status_code\": 1004, "
	  "\"status_msg\": \"login fail\"}}",
	  .message = "login fail", .code = 1004, .code_text = "1004" },
	/* Z.AI */
	{ 429, "{\"error\":{\"code\":\"1113\",\"message\":\"Insufficient balance\"}}",
	  .message = "Insufficient balance", .code_text = "1113" },
	{ 200, "{\"code\":1001,\"msg\":\"Authorization missing\",\"success\":false}",
	  .message = "Authorization missing", .code = 1001, .code_text = "1001" },
	{ 200, "{\"success\": false, \"msg\": \"no such thing\"}",
	  .message = "no such thing" },
	/* DashScope */
	{ 401,
	  "{\"code\":\"InvalidApiKey\",\"message\":\"Invalid API-key provided.\","
	  "\"request_id\":\"0141\"}",
	  .message = "Invalid API-key provided.", .code_text = "InvalidApiKey" },
	{ 200,
	  "{\"status_code\":401,\"request_id\":\"x\",\"code\":\"InvalidApiKey\","
	  "\"message\":\"Invalid API-key provided.\",\"output\":null,\"usage\":null}",
	  .message = "Invalid API-key provided.", .code_text = "InvalidApiKey" },
	/* Baidu */
	{ 200, "{\"error_code\":110,\"error_msg\":\"Access token invalid\"}",
	  .message = "Access token invalid", .code = 110 },
	/* SiliconFlow, and who says it in words alone */
	{ 401, "\"Api key is invalid\"", .message = "Api key is invalid" },
	{ 400, "bad request: tokens are not supported\n",
	  .message = "bad request: tokens are not supported" },
	/* A string that is JSON again */
	{ 401, "\"{\\\"error\\\":{\\\"message\\\":\\\"inner one\\\"}}\"",
	  .message = "inner one" },
	/* Databricks, Azure, NVIDIA, xAI, Portkey */
	{ 403, "{\"error_code\":\"403\",\"message\":\"Invalid access token.\"}",
	  .message = "Invalid access token.", .code_text = "403", .code = 403 },
	{ 401, "{\"statusCode\":401,\"message\":\"Access denied due to x\"}",
	  .message = "Access denied due to x", .code = 401 },
	{ 401,
	  "{\"status\":401,\"title\":\"Unauthorized\",\"detail\":\"Authentication "
	  "failed\"}",
	  .message = "Authentication failed", .code = 401 },
	{ 403, "{\"code\":\"The caller does not\",\"error\":\"API key is blocked\"}",
	  .message = "API key is blocked", .code_text = "The caller does not" },
	{ 401, "{\"status\":\"failure\",\"message\":\"Portkey Error: x\"}",
	  .message = "Portkey Error: x" },
	/* OAuth (RFC 6750), Apigee, Tencent, others */
	{ 401,
	  "{\"error\":\"invalid_token\",\"error_description\":\"The token is expired\"}",
	  .message = "The token is expired", .code_text = "invalid_token" },
	{ 401,
	  "{\"fault\":{\"faultstring\":\"Invalid ApiKey\",\"detail\":{\"errorcode\":"
	  "\"oauth.v2.InvalidApiKey\"}}}",
	  .message = "Invalid ApiKey", .code_text = "oauth.v2.InvalidApiKey" },
	{ 400,
	  "{\"ResponseMetadata\":{\"Error\":{\"Code\":\"InvalidAccessKey\",\"Message\":"
	  "\"no such key\"}}}",
	  .message = "no such key", .code_text = "InvalidAccessKey" },
	{ 200,
	  "{\"Response\":{\"Error\":{\"Code\":\"AuthFailure\",\"Message\":\"no key\"}}}",
	  .message = "no key", .code_text = "AuthFailure" },
	{ 403, "{\"errorMessage\":\"not for you\"}", .message = "not for you" },
	{ 401, "{\"Description\":\"no header\",\"Error\":\"invalid_request\",\"Uri\":\"\"}",
	  .message = "no header", .code_text = "invalid_request" },
	{ 403, "{\"error\":\"unauthorized\"}", .message = "unauthorized" },
	{ 400, "{\"errors\":[\"first one\",\"second\"]}", .message = "first one" },
	{ 500, "{\"error\":{\"error\":{\"message\":\"deep down\"}}}",
	  .message = "deep down" },
	{ 401, "{\"error\":{\"code\":\"401\"},\"message\":\"beside it\"}",
	  .message = "beside it", .code = 401, .code_text = "401" },
};

/* The pages of the vendors' documentation, and the bodies that users quoted. */
static void each_vendors_form_of_an_error_is_read(void **state)
{
	unsigned bad = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(vendor_forms) / sizeof(vendor_forms[0]); i++)
		bad += !form_holds(&vendor_forms[i]);
	assert_int_equal(bad, 0);
}

static void what_is_fine_holds_no_error(void **state)
{
	static const char *const bodies[] = {
		"{\"id\":\"1\",\"choices\":[{\"message\":{\"content\":\"x\"}}],\"base_resp\":"
		"{\"status_code\":0,\"status_msg\":\"\"}}",
		"{\"status_code\":200,\"request_id\":\"x\",\"code\":\"\",\"message\":\"\","
		"\"output\":{\"text\":\"hi\"}}",
		"{\"code\":200,\"msg\":\"success\",\"success\":true,\"data\":{}}",
		"{\"code\":\"Success\",\"message\":\"all done\"}",
		"{\"code\":\"print(1)\",\"language\":\"python\"}",
		"{\"code\":\"x = 1\",\"message\":\"see code\",\"output\":{\"text\":\"y\"}}",
		"{\"model\":\"llama3\",\"message\":{\"role\":\"assistant\",\"content\":\"an "
		"error\"},\"done\":true}",
		"{\"id\":\"batch_1\",\"errors\":null,\"error_file_id\":null,\"error\":null}",
		"{\"id\":\"1\",\"error\":{},\"choices\":[]}",
		"{\"data\":[{\"error\":\"one of them\",\"code\":\"x\"}]}",
		"\"just a string\"",
	};
	struct answer a;

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct dialogue said = AT("api.example.com", 200, bodies[i]);
		struct exchange *x = exchange_of(&said);
		answer_read(&a, x, NULL);
		if (a.failed)
			print_error("%s: \"%.*s\"\n", bodies[i], SLICE_ARG(a.message));
		assert_false(a.failed || a.inside_200);
		answer_release(&a);
		exchange_free(x);
	}
}

/* Of an upstream's words: an adapter's object, JSON in JSON, and no quotation of the request. */
static void raw_is_unwrapped_to_its_innermost_text(void **state)
{
	static const struct {
		const char *raw, *text;
	} cases[] = {
		{ "\"plain words\"", "plain words" },
		{ "{\"error\":{\"message\":\"no such model\"}}", "no such model" },
		{ "\"{\\\"error\\\":{\\\"message\\\":\\\"told twice\\\"}}\"", "told twice" },
		{ "{\"__kind\":\"text\",\"data\":\"{\\\"error\\\":{\\\"message\\\":\\\"in "
		  "data\\\"}}\"}",
		  "in data" },
		{ "{\"__kind\":\"json\",\"data\":{\"error\":{\"message\":\"in an object\"}}}",
		  "in an object" },
		{ "{\"__kind\":\"text\",\"data\":\"only words\"}", "only words" },
		{ "[{\"error\":{\"message\":\"of Google\"}}]", "of Google" },
		{ "{\"error\":{\"message\":\"Upstream said: {\\\"error\\\":{\\\"message\\\":"
		  "\\\"far inside\\\"}}\"}}",
		  "far inside" },
		{ "{\"error\":{\"message\":\"Bad schema: {\\\"type\\\":\\\"object\\\","
		  "\\\"description\\\":\\\"get an API key\\\"}\"}}",
		  "Bad schema: {\"type\":\"object\",\"description\":\"get an API key\"}" },
	};
	unsigned bad = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char body[600];
		snprintf(body, sizeof(body),
			 "{\"error\":{\"message\":\"Provider returned error\",\"code\":400,"
			 "\"metadata\":{\"provider_name\":\"X\",\"raw\":%s}}}",
			 cases[i].raw);
		struct dialogue said = OR(400, body);
		struct exchange *x = exchange_of(&said);
		struct answer a;
		answer_read(&a, x, vendor_named(SLICE("openrouter")));
		bad += !says("raw", a.raw_message, cases[i].text);
		answer_release(&a);
		exchange_free(x);
	}
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vendors_form_of_an_error_is_read),
		cmocka_unit_test(what_is_fine_holds_no_error),
		cmocka_unit_test(raw_is_unwrapped_to_its_innermost_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
