/* SPDX-License-Identifier: MIT */
/* What refusals mean: the examples of the table, and what real servers say in other words. */
#include "diagnose/meaning.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct said_by {
	int status;
	const char *message;
	enum saw saw;
	const char *code, *type, *param, *body;
};

static const char *saw_text(enum saw saw)
{
	static const char *const names[] = {
		[SAW_NOTHING] = "unsaid",
		[SAW_NO_KEY] = "no key",
		[SAW_NOT_RECOGNISED] = "not recognised",
		[SAW_UNKNOWN_KEY] = "unknown key",
		[SAW_WRONG_KIND] = "wrong kind",
		[SAW_EXPIRED] = "expired",
		[SAW_REVOKED] = "revoked",
		[SAW_NO_PERMISSION] = "no permission",
		[SAW_BOUND_ELSEWHERE] = "bound elsewhere",
		[SAW_NO_MONEY] = "no money",
		[SAW_KEY_LIMIT] = "key limit",
		[SAW_RATE] = "rate",
		[SAW_MODEL] = "model",
		[SAW_POLICY] = "policy",
		[SAW_CALLER] = "caller",
		[SAW_TOO_LARGE] = "too large",
		[SAW_REQUEST] = "request",
		[SAW_NO_ROUTE] = "no route",
		[SAW_TROUBLE] = "trouble",
		[SAW_UNCONFIGURED] = "unconfigured",
	};
	return names[saw];
}

static unsigned check(const struct said_by *s)
{
	struct slice words;
	struct refusal_text text = { .status = s->status,
				     .message = slice_of(s->message),
				     .tokens = { slice_of(s->code), slice_of(s->type) },
				     .param = slice_of(s->param),
				     .body = slice_of(s->body) };
	enum saw saw = refusal_meaning(&text, &words);

	if (saw == s->saw)
		return 0;
	print_error("%d %s [%s %s]\n   means %s (\"%.*s\"), expected %s\n", s->status, s->message,
		    s->code ? s->code : "", s->type ? s->type : "", saw_text(saw), SLICE_ARG(words),
		    saw_text(s->saw));
	return 1;
}

#define CHECK_ALL(list)                                                       \
	do {                                                                  \
		unsigned bad = 0;                                             \
		for (size_t i = 0; i < sizeof(list) / sizeof((list)[0]); i++) \
			bad += check(&(list)[i]);                             \
		assert_int_equal(bad, 0);                                     \
	} while (0)

/* The strongest place of a row: the statuses are given by or-ing, the last one decides. */
static int a_status_of(unsigned where)
{
	static const int statuses[] = { 401, 400, 422, 429, 502, 403 };

	for (unsigned i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (where & 1u << i)
			return statuses[i];
	return 0;
}

static void each_example_of_the_table_means_what_its_row_says(void **state)
{
	enum { W_KEY = 1, W_400 = 2, W_REQUEST = 4, W_QUOTA = 8, W_TROUBLE = 16, W_403 = 32 };
#define AT_KEY W_KEY
#define AT_400 W_400
#define AT_REQUEST W_REQUEST
#define AT_QUOTA W_QUOTA
#define AT_TROUBLE W_TROUBLE
#define AT_403 W_403
#define MEANING(saw_, where_, any, and, also, none, example) \
	{ .status = (int)(where_), .message = example, .saw = saw_ },
	struct said_by rows[] = {
#include "diagnose/meaning.def"
	};
#undef MEANING
#undef AT_KEY
#undef AT_400
#undef AT_REQUEST
#undef AT_QUOTA
#undef AT_TROUBLE
#undef AT_403
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		rows[i].status = a_status_of((unsigned)rows[i].status);
	CHECK_ALL(rows);
	(void)state;
}

static void no_key_was_seen(void **state)
{
	static const struct said_by list[] = {
		{ .status = 401, .saw = SAW_NO_KEY, .message = "Missing API key." },
		{ .status = 401,
		  .saw = SAW_NO_KEY,
		  .message = "You didn't provide an API key. You need to provide your API key in "
			     "an Authorization header using Bearer auth (i.e. Authorization: "
			     "Bearer YOUR_KEY)." },
		{ .status = 401, .saw = SAW_NO_KEY, .message = "x-api-key header is required" },
		{ .status = 401,
		  .saw = SAW_NO_KEY,
		  .message = "Header of type `authorization` was missing" },
		{ .status = 401, .saw = SAW_NO_KEY, .message = "Access token is missing" },
		{ .status = 403, .saw = SAW_NO_KEY, .message = "Missing Authorization header." },
		{ .status = 401,
		  .saw = SAW_NO_KEY,
		  .message = "Access denied due to missing subscription key. Make sure to include "
			     "subscription key when making requests to an API." },
		{ .status = 401,
		  .saw = SAW_NO_KEY,
		  .message = "Please carry the API secret key in the 'Authorization' field of the "
			     "request header" },
		{ .status = 401,
		  .saw = SAW_NO_KEY,
		  .message = "Authorization header was not present or 'Bearer' was missing." },
		{ .status = 401, .saw = SAW_NO_KEY, .message = "No API key provided" },
		{ .status = 401, .saw = SAW_NO_KEY, .message = "No token provided" },
		{ .status = 401, .saw = SAW_NO_KEY, .message = "An API key must be provided" },
		{ .status = 401, .saw = SAW_NO_KEY, .message = "Credentials were not provided" },
		{ .status = 400,
		  .saw = SAW_NO_KEY,
		  .message = "Missing required Authorization header" },
		{ .status = 401, .saw = SAW_NO_KEY, .message = "No auth credentials found" },
		{ .status = 401, .saw = SAW_NO_KEY, .message = "Missing Authentication header" },
		{ .status = 401, .saw = SAW_NO_KEY, .message = "未提供令牌" },
		{ .status = 401,
		  .saw = SAW_NOT_RECOGNISED,
		  .message = "Missing or invalid API key" },
		{ .status = 401,
		  .saw = SAW_NOT_RECOGNISED,
		  .message = "Missing Authentication header or invalid API key" },
		{ .status = 401,
		  .saw = SAW_NOT_RECOGNISED,
		  .message = "No valid API key provided" },
	};
	CHECK_ALL(list);
	(void)state;
}

static const struct said_by key_not_good[] = {
	{ .status = 401,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "Incorrect API key provided: sk-proj-****58dj. You can find your API "
		     "key at https://platform.openai.com/account/api-keys.",
	  .code = "invalid_api_key" },
	{ .status = 400,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "API key not valid. Please pass a valid API key.",
	  .code = "API_KEY_INVALID" },
	{ .status = 400,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "Incorrect API key provided: xa***9i. You can obtain an API key from "
		     "https://console.x.ai." },
	{ .status = 401, .saw = SAW_UNKNOWN_KEY, .message = "invalid x-api-key" },
	{ .status = 401, .saw = SAW_UNKNOWN_KEY, .message = "Invalid bearer token" },
	{ .status = 401, .saw = SAW_UNKNOWN_KEY, .message = "invalid api token" },
	{ .status = 401,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "Authentication Fails (governor)" },
	{ .status = 401,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "Authentication Fails, Your api key: ****c05 is invalid" },
	{ .status = 401, .saw = SAW_UNKNOWN_KEY, .message = "Invalid Authentication" },
	{ .status = 401,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "The API key format is incorrect. Request id: x" },
	{ .status = 403,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "Invalid access token. [ReqId: x]" },
	{ .status = 403, .saw = SAW_UNKNOWN_KEY, .message = "unauthorized" },
	{ .status = 401, .saw = SAW_UNKNOWN_KEY, .message = "Authentication failed" },
	{ .status = 401,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "Access denied due to invalid subscription key or wrong API endpoint. "
		     "Make sure to provide a valid key for an active subscription and use "
		     "a correct regional API endpoint for your resource." },
	{ .status = 401, .saw = SAW_UNKNOWN_KEY, .message = "token expired or incorrect" },
	{ .status = 401,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "invalid access token or token expired",
	  .code = "invalid_api_key" },
	{ .status = 401,
	  .saw = SAW_NOT_RECOGNISED,
	  .message = "Unauthorized. Access token is missing, invalid, audience is "
		     "incorrect (https://cognitiveservices.azure.com), or have expired." },
	{ .status = 401, .saw = SAW_UNKNOWN_KEY, .message = "令牌已过期或验证不正确" },
	{ .status = 401, .saw = SAW_UNKNOWN_KEY, .message = "无效的令牌" },
	{ .status = 401, .saw = SAW_UNKNOWN_KEY, .message = "User not found." },
	{ .status = 401,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "Malformed LM Studio API token provided: lm-studio. Ensure you are "
		     "using the correct API token." },
	{ .status = 403,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "The security token included in the request is invalid." },
	{ .status = 403,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "Invalid API Key format: Must start with pre-defined prefix" },
	{ .status = 401,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "Portkey Error: Invalid API Key. Error Code: 03" },
};

static void a_key_was_seen_and_is_not_good(void **state)
{
	CHECK_ALL(key_not_good);
	(void)state;
}

static const struct said_by key_not_good_for_this[] = {
	{ .status = 401,
	  .saw = SAW_EXPIRED,
	  .message = "OAuth token has expired. Please obtain a new token or refresh your "
		     "existing token." },
	{ .status = 401,
	  .saw = SAW_EXPIRED,
	  .message =
	      "Your authentication token has expired. Please try signing in again." },
	{ .status = 401, .saw = SAW_EXPIRED, .message = "The access token expired" },
	{ .status = 401,
	  .saw = SAW_EXPIRED,
	  .message = "IDE token expired: unauthorized: token expired" },
	{ .status = 403,
	  .saw = SAW_EXPIRED,
	  .message = "The security token included in the request is expired" },
	{ .status = 403,
	  .saw = SAW_REVOKED,
	  .message = "API key is currently blocked: xai-...abcd" },
	{ .status = 403,
	  .saw = SAW_REVOKED,
	  .message = "Your API key was reported as leaked. Please use another API key." },
	{ .status = 401, .saw = SAW_REVOKED, .message = "This API key has been disabled." },
	{ .status = 401,
	  .saw = SAW_NO_PERMISSION,
	  .message = "The `models` permission is required to access this endpoint" },
	{ .status = 401,
	  .saw = SAW_NO_PERMISSION,
	  .message = "You have insufficient permissions for this operation. Missing "
		     "scopes: model.request." },
	{ .status = 403,
	  .saw = SAW_NO_PERMISSION,
	  .message = "This authentication method does not have sufficient permissions to "
		     "call Inference Providers on behalf of user x" },
	{ .status = 401,
	  .saw = SAW_NO_PERMISSION,
	  .message = "The principal `x` lacks the required data action "
		     "`Microsoft.CognitiveServices/y` to perform `POST /z` operation.",
	  .code = "PermissionDenied" },
	{ .status = 403,
	  .saw = SAW_NO_PERMISSION,
	  .message = "unauthorized: not authorized to use this Copilot feature" },
	{ .status = 403,
	  .saw = SAW_NO_PERMISSION,
	  .message = "Requests to this API generativelanguage.googleapis.com method x are "
		     "blocked.",
	  .code = "API_KEY_SERVICE_BLOCKED" },
	{ .status = 403,
	  .saw = SAW_NO_PERMISSION,
	  .message = "You don't have access to the model with the specified model ID." },
	{ .status = 403,
	  .saw = SAW_NO_PERMISSION,
	  .message = "Permission denied on resource project x.",
	  .code = "PERMISSION_DENIED" },
	{ .status = 400,
	  .saw = SAW_BOUND_ELSEWHERE,
	  .message = "This credential is only authorized for use with Claude Code and "
		     "cannot be used for other API requests.",
	  .type = "invalid_request_error" },
	{ .status = 401,
	  .saw = SAW_WRONG_KIND,
	  .message = "OAuth authentication is currently not supported." },
	{ .status = 401,
	  .saw = SAW_WRONG_KIND,
	  .message = "API keys are not supported by this API. Expected OAuth2 access token "
		     "or other authentication credentials that assert a principal." },
	{ .status = 400,
	  .saw = SAW_WRONG_KIND,
	  .message = "checking third-party user token: bad request: Personal Access Tokens "
		     "are not supported for this endpoint" },
};

static void the_key_is_known_and_not_good_for_this(void **state)
{
	CHECK_ALL(key_not_good_for_this);
	(void)state;
}

static const struct said_by not_about_the_key[] = {
	{ .status = 400,
	  .saw = SAW_NO_MONEY,
	  .message = "Your credit balance is too low to access the Anthropic API. Please "
		     "go to Plans & Billing to upgrade or purchase credits.",
	  .type = "invalid_request_error" },
	{ .status = 403,
	  .saw = SAW_NO_MONEY,
	  .message = "Your newly created teams doesn't have any credits yet. You can "
		     "purchase credits on https://console.x.ai/team/x.",
	  .code =
	      "The caller does not have permission to execute the specified operation" },
	{ .status = 401,
	  .saw = SAW_NO_MONEY,
	  .message = "inference prohibited, please enter a payment method" },
	{ .status = 429,
	  .saw = SAW_NO_MONEY,
	  .message = "Insufficient balance or no resource package. Please recharge.",
	  .code = "1113" },
	{ .status = 429,
	  .saw = SAW_NO_MONEY,
	  .message = "You exceeded your current quota, please check your plan and billing "
		     "details.",
	  .code = "insufficient_quota",
	  .type = "insufficient_quota" },
	{ .status = 400,
	  .saw = SAW_NO_MONEY,
	  .message = "Access denied, please make sure your account is in good standing.",
	  .code = "Arrearage",
	  .type = "Arrearage" },
	{ .status = 412,
	  .saw = SAW_NO_MONEY,
	  .message = "Account x is suspended, possibly due to reaching the monthly "
		     "spending limit or failure to pay past invoices." },
	{ .status = 403,
	  .saw = SAW_NO_MONEY,
	  .message = "this model requires a subscription, upgrade for access: "
		     "https://ollama.com/upgrade" },
	{ .status = 403,
	  .saw = SAW_NO_MONEY,
	  .message = "Sorry, your account balance is insufficient" },
	{ .status = 402, .saw = SAW_NO_MONEY, .message = "Insufficient Balance" },
	{ .status = 429,
	  .saw = SAW_NO_MONEY,
	  .message = "余额不足或无可用资源包,请充值。" },
	{ .status = 402,
	  .saw = SAW_KEY_LIMIT,
	  .message = "This request requires more credits, or fewer max_tokens. You "
		     "requested up to 32000 tokens, but can only afford 0. To increase, "
		     "visit https://openrouter.ai/settings/keys and create a key with a "
		     "higher monthly limit" },
	{ .status = 402,
	  .saw = SAW_NO_MONEY,
	  .message =
	      "This request requires more credits, or fewer max_tokens. You requested up "
	      "to 65536 tokens, but can only afford 30104. To increase, visit "
	      "https://openrouter.ai/settings/credits and upgrade to a paid account" },
	{ .status = 403,
	  .saw = SAW_KEY_LIMIT,
	  .message = "Key limit exceeded (monthly limit). Manage it using "
		     "https://openrouter.ai/keys" },
	{ .status = 429,
	  .saw = SAW_RATE,
	  .message =
	      "Rate limit reached for gpt-4o in organization org-x on tokens per min "
	      "(TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s. "
	      "Visit https://platform.openai.com/account/rate-limits to learn more." },
	{ .status = 429,
	  .saw = SAW_RATE,
	  .message = "Service tier capacity exceeded for this model." },
	{ .status = 403,
	  .saw = SAW_CALLER,
	  .message = "Country, region, or territory not supported",
	  .code = "unsupported_country_region_territory" },
	{ .status = 403,
	  .saw = SAW_CALLER,
	  .message = "Access denied. Please check your network settings." },
	{ .status = 403,
	  .saw = SAW_CALLER,
	  .message = "Access denied due to Virtual Network/Firewall rules." },
	{ .status = 403,
	  .saw = SAW_CALLER,
	  .message = "Kimi For Coding is currently only available for Coding Agents such "
		     "as Kimi CLI, Claude Code." },
	{ .status = 400,
	  .saw = SAW_CALLER,
	  .message = "User location is not supported for the API use.",
	  .code = "FAILED_PRECONDITION" },
	{ .status = 403,
	  .saw = SAW_CALLER,
	  .message = "Generative Language API has not been used in project 123 before or "
		     "it is disabled. Enable it by visiting https://x then retry." },
	{ .status = 403,
	  .saw = SAW_CALLER,
	  .message = "This organization has been disabled." },
	{ .status = 403,
	  .saw = SAW_CALLER,
	  .message = "access to this endpoint is forbidden" },
	{ .status = 403,
	  .saw = SAW_MODEL,
	  .message = "Project `proj_x` does not have access to model `gpt-5`",
	  .code = "model_not_found" },
	{ .status = 404,
	  .saw = SAW_MODEL,
	  .message = "The model `gpt-9` does not exist or you do not have access to it." },
	{ .status = 401,
	  .saw = SAW_MODEL,
	  .message = "Model x is not supported for format openai",
	  .code = "ModelError" },
	{ .status = 400,
	  .saw = SAW_REQUEST,
	  .message = "Unknown parameter: 'api_key'.",
	  .code = "unknown_parameter",
	  .type = "invalid_request_error",
	  .param = "api_key" },
	{ .status = 400,
	  .saw = SAW_REQUEST,
	  .message =
	      "Error while downloading https://intra.example/a.png: 401 Unauthorized.",
	  .code = "invalid_image_url",
	  .param = "url" },
	{ .status = 400,
	  .saw = SAW_REQUEST,
	  .message = "Invalid schema for function 'mcp__gmail__complete_authentication': "
		     "In context=('properties', 'cb'), array schema missing items." },
	{ .status = 400,
	  .saw = SAW_REQUEST,
	  .message =
	      "Invalid schema for function 'login': 'api key' is not of type 'object'.",
	  .code = "invalid_function_parameters" },
	{ .status = 400,
	  .saw = SAW_REQUEST,
	  .message = "messages.3: `tool_use` ids were found without `tool_result` blocks" },
	{ .status = 400,
	  .saw = SAW_NOTHING,
	  .message = "max_tokens is too large: 65536. This model supports at most 16384 "
		     "completion tokens" },
	{ .status = 400,
	  .saw = SAW_REQUEST,
	  .message =
	      "Function call is missing a thought_signature in functionCall parts." },
	{ .status = 422, .saw = SAW_NOTHING, .message = "Input should be a valid string" },
	{ .status = 400,
	  .saw = SAW_NOTHING,
	  .message = "Unexpected token < in JSON at position 0" },
	{ .status = 502,
	  .saw = SAW_TROUBLE,
	  .message = "Failed to authenticate request with Clerk" },
	{ .status = 500, .saw = SAW_NOTHING, .message = "Internal Server Error" },
	{ .status = 502, .saw = SAW_NOTHING, .message = "Provider returned error" },
	{ .status = 403, .saw = SAW_NOTHING, .message = "Forbidden" },
	{ .status = 403, .saw = SAW_CALLER, .message = "Request not allowed" },
	{ .status = 403, .saw = SAW_NOTHING, .message = "" },
};

static void it_is_not_about_the_key(void **state)
{
	CHECK_ALL(not_about_the_key);
	(void)state;
}

static const struct said_by neighbours[] = {
	{ .status = 401,
	  .saw = SAW_UNKNOWN_KEY,
	  .message =
	      "Authentication failed, please make sure that a valid ModelScope token is supplied." },
	{ .status = 403,
	  .saw = SAW_NO_PERMISSION,
	  .message = "Resource not accessible by personal access token" },
	{ .status = 400, .saw = SAW_NOTHING, .message = "Field x is not accessible by this type" },
	{ .status = 401,
	  .saw = SAW_CALLER,
	  .message = "Your account type is not currently supported" },
	{ .status = 401,
	  .saw = SAW_CALLER,
	  .message = "Please bind your Alibaba Cloud account before use." },
	{ .status = 429,
	  .saw = SAW_NO_MONEY,
	  .message = "Extra usage is required for long context requests." },
	{ .status = 500, .saw = SAW_NO_MONEY, .message = "insufficient balance (1008)" },
	{ .status = 503, .saw = SAW_RATE, .message = "insufficient capacity" },
	{ .status = 413,
	  .saw = SAW_TOO_LARGE,
	  .message = "Request too large for model `x` on tokens per minute (TPM): Limit 6000" },
	{ .status = 500, .saw = SAW_NOTHING, .message = "Error loading access token cache" },
	{ .status = 502, .saw = SAW_NOTHING, .message = "Failed to decrypt credentials" },
	{ .status = 500, .saw = SAW_UNKNOWN_KEY, .message = "Invalid API key" },
	{ .status = 500, .saw = SAW_UNCONFIGURED, .message = "Missing OPENAI_API_KEY" },
	{ .status = 500, .saw = SAW_UNKNOWN_KEY, .message = "Invalid OPENAI_API_KEY" },
	{ .status = 500, .saw = SAW_NO_KEY, .message = "MISSING_API_KEY" },
	{ .status = 503,
	  .saw = SAW_UNCONFIGURED,
	  .message = "No available accounts: Token pool is empty" },
	{ .status = 500, .saw = SAW_UNCONFIGURED, .message = "Unable to locate credentials" },
	{ .status = 401,
	  .saw = SAW_UNCONFIGURED,
	  .message = "Missing Anthropic API Key - A call is being made to anthropic but no key is "
		     "set either in the environment variables or via params." },
	{ .status = 402,
	  .saw = SAW_NO_MONEY,
	  .message = "Insufficient credits. Try changing the request limit to a lower value." },
	{ .status = 401,
	  .saw = SAW_NO_PERMISSION,
	  .message = "The API key you used is missing the permission text_to_speech to execute "
		     "this operation." },
	{ .status = 401,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "Invalid API key. Go to https://docs.rapidapi.com/docs/keys for more info." },
	{ .status = 403, .saw = SAW_UNKNOWN_KEY, .message = "Key not authorised" },
	{ .status = 401,
	  .saw = SAW_NO_KEY,
	  .message = "Failed to resolve API Key variable request.header.x-apikey" },
	{ .status = 401, .saw = SAW_NOTHING, .message = "API key was not found" },
	{ .status = 403, .saw = SAW_NOTHING, .message = "CSRF token missing or incorrect." },
	{ .status = 400, .saw = SAW_NOTHING, .message = "The page token is invalid or expired" },
	{ .status = 403, .saw = SAW_NO_MONEY, .message = "Your subscription has expired." },
	{ .status = 403, .saw = SAW_EXPIRED, .message = "Your coding plan API key has expired" },
	{ .status = 403,
	  .saw = SAW_NO_PERMISSION,
	  .message = "You are missing a valid license for Gemini Code Assist.",
	  .code = "SUBSCRIPTION_REQUIRED" },
	{ .status = 403,
	  .saw = SAW_NO_MONEY,
	  .message = "Upgrade to continue",
	  .code = "SUBSCRIPTION_REQUIRED" },
	{ .status = 404, .saw = SAW_MODEL, .message = "The model gpt-4o was not found" },
	{ .status = 403, .saw = SAW_MODEL, .message = "Model not approved for your organization" },
	{ .status = 400,
	  .saw = SAW_REQUEST,
	  .message = "Developer instruction is not enabled for models/gemma-3-27b-it" },
	{ .status = 400,
	  .saw = SAW_MODEL,
	  .message = "The model x-function-calling does not exist" },
	{ .status = 400,
	  .saw = SAW_RATE,
	  .message = "Enqueued token limit reached for gpt-4o in organization org-abc.",
	  .code = "token_limit_exceeded" },
	{ .status = 500,
	  .saw = SAW_UNCONFIGURED,
	  .message = "auth_unavailable: no auth available" },
	{ .status = 401,
	  .saw = SAW_UNCONFIGURED,
	  .message = "No API key configured for provider anthropic. Add one in Settings." },
	{ .status = 401, .saw = SAW_NO_KEY, .message = "No API key provided" },
	{ .status = 403,
	  .saw = SAW_REQUEST,
	  .message = "Tool execution denied: secret access is blocked by policy" },
	{ .status = 401,
	  .saw = SAW_REQUEST,
	  .message = "Failed to authenticate with MCP server github: token expired" },
	{ .status = 401, .saw = SAW_UNKNOWN_KEY, .message = "The token of the tool is invalid" },
	{ .status = 400, .saw = SAW_NOTHING, .message = "MCP server authentication failed" },
	{ .status = 403,
	  .saw = SAW_NO_PERMISSION,
	  .message = "User does not have the required role to perform this action" },
	{ .status = 403,
	  .saw = SAW_NO_PERMISSION,
	  .message = "Only organization admins can perform this operation" },
	{ .status = 403, .saw = SAW_NO_PERMISSION, .message = "Not a member of this workspace" },
	{ .status = 401, .saw = SAW_UNKNOWN_KEY, .message = "Invalid API key for this workspace" },
	{ .status = 400,
	  .saw = SAW_REQUEST,
	  .message = "Invalid role: messages[0].role must be one of system, user, assistant" },
	{ .status = 403,
	  .saw = SAW_POLICY,
	  .message = "Request blocked by DLP: credentials detected in prompt" },
	{ .status = 400,
	  .saw = SAW_POLICY,
	  .message = "Guardrail blocked the request: api key detected in message" },
	{ .status = 400,
	  .saw = SAW_POLICY,
	  .message = "Your prompt appears to contain an API key and was blocked" },
	{ .status = 401,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "Your request contains an invalid API key" },
	{ .status = 401, .saw = SAW_UNKNOWN_KEY, .message = "Invalid API key detected in header" },
	{ .status = 403,
	  .saw = SAW_NO_MONEY,
	  .message = "You have exceeded your monthly token allowance" },
	{ .status = 400, .saw = SAW_REQUEST, .message = "Invalid signature in thinking block" },
	{ .status = 400, .saw = SAW_NOTHING, .message = "Tokenizer error: cannot encode input" },
	{ .status = 400, .saw = SAW_REQUEST, .message = "cache key is invalid" },
	{ .status = 400, .saw = SAW_REQUEST, .message = "grammar error: unknown token" },
	{ .status = 400, .saw = SAW_REQUEST, .message = "decoding error: invalid token ids" },
	{ .status = 400, .saw = SAW_REQUEST, .message = "logit_bias: token 50257 is not valid" },
	{ .status = 500, .saw = SAW_NOTHING, .message = "CUDA error: invalid token ids" },
	{ .status = 500, .saw = SAW_NOTHING, .message = "failed to decode token stream" },
	{ .status = 500, .saw = SAW_UNKNOWN_KEY, .message = "Incorrect API key provided" },
	{ .status = 400,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "API key not valid. Please pass a valid API key." },
	{ .status = 400, .saw = SAW_UNKNOWN_KEY, .message = "Invalid token" },
	{ .status = 401, .saw = SAW_UNKNOWN_KEY, .message = "Signature verification failed" },
	{ .status = 503,
	  .saw = SAW_RATE,
	  .message = "The model is currently overloaded. Please try again later." },
	{ .status = 503, .saw = SAW_NOTHING, .message = "Model gpt-4o is temporarily unavailable" },
	{ .status = 503,
	  .saw = SAW_NOTHING,
	  .message = "All available channels are busy, try again later" },
	{ .status = 429,
	  .saw = SAW_NO_MONEY,
	  .message = "You exceeded your current quota, please check your plan and billing "
		     "details." },
	{ .status = 403,
	  .saw = SAW_KEY_LIMIT,
	  .message = "Key limit exceeded (weekly limit). Manage it using "
		     "https://openrouter.ai/settings/keys. It resets on Monday." },
	{ .status = 401,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "Invalid API key from IP address 203.0.113.7" },
	{ .status = 403,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "Invalid API key. Your IP address has been logged." },
	{ .status = 503,
	  .saw = SAW_MODEL,
	  .message = "No available channel for model claude-opus-5 under group default "
		     "(distributor)" },
	{ .status = 503,
	  .saw = SAW_MODEL,
	  .message = "No available accounts: no available accounts supporting model: "
		     "claude-sonnet-4-5" },
	{ .status = 503,
	  .saw = SAW_MODEL,
	  .message = "分组 default 下模型 gpt-5.1-high 无可用渠道（distributor）" },
	{ .status = 503,
	  .saw = SAW_CALLER,
	  .message = "No available accounts: this group only allows Claude Code clients" },
	{ .status = 403,
	  .saw = SAW_NO_MONEY,
	  .message = "预扣费额度失败, 用户剩余额度: ＄0.001, 需要预扣费额度: ＄0.01",
	  .code = "pre_consume_token_quota_failed" },
	{ .status = 429,
	  .saw = SAW_RATE,
	  .message = "The usage limit has been reached",
	  .type = "usage_limit_reached" },
	{ .status = 429,
	  .saw = SAW_RATE,
	  .message = "Resource has been exhausted (e.g. check quota)." },
	{ .status = 429,
	  .saw = SAW_RATE,
	  .message = "You have hit your usage limit. It resets at 3pm (UTC)." },
	{ .status = 403, .saw = SAW_CALLER, .message = "IP address not allowed for this API key" },
	{ .status = 401,
	  .saw = SAW_CALLER,
	  .message = "Your IP address is not authorized to use this token" },
	/* "organization" and "restricted" are there, and a scope is missing */
	{ .status = 401,
	  .saw = SAW_NO_PERMISSION,
	  .message = "Missing scopes: model.request. Check that you have the correct role in your "
		     "organization, and if you're using a restricted API key, that it has the "
		     "necessary scopes." },
	{ .status = 400,
	  .saw = SAW_CALLER,
	  .message = "Organization has been restricted. Please reach out to support." },
	/* a client's header is missing, not the key's */
	{ .status = 400,
	  .saw = SAW_CALLER,
	  .message = "bad request: missing Editor-Version header for IDE auth" },
	{ .status = 400, .saw = SAW_NO_KEY, .message = "Missing Authorization header." },
	/* a model, and a country */
	{ .status = 403,
	  .saw = SAW_CALLER,
	  .message = "Access to Anthropic models is not allowed from unsupported "
		     "countries, regions, or territories." },
	{ .status = 403,
	  .saw = SAW_MODEL,
	  .message = "Access to model x is restricted and you are not in the authorized "
		     "list." },
	{ .status = 403, .saw = SAW_MODEL, .message = "Model disabled." },
	{ .status = 403, .saw = SAW_REVOKED, .message = "This API key is disabled." },
	/* one code for two reasons */
	{ .status = 403,
	  .saw = SAW_NO_MONEY,
	  .code = "access_terminated_error",
	  .message = "You've reached your usage limit for this billing cycle." },
	{ .status = 403,
	  .saw = SAW_CALLER,
	  .code = "access_terminated_error",
	  .message = "Kimi For Coding is only available for Coding Agents." },
	/* with 429: an account that is locked, a plan without the model, a limit */
	{ .status = 429, .saw = SAW_CALLER, .message = "您的账户已被锁定，请联系客服解锁。" },
	{ .status = 429,
	  .saw = SAW_NO_MONEY,
	  .message = "The current subscription plan does not yet include access to glm-5" },
	{ .status = 429,
	  .saw = SAW_RATE,
	  .message = "Your account org-x request reached max organization concurrency: 1" },
	/* "quota project" is no money, "extra usage" is */
	{ .status = 403,
	  .saw = SAW_CALLER,
	  .message = "The API requires a quota project, which is not set by default." },
	{ .status = 400,
	  .saw = SAW_NO_MONEY,
	  .message = "You're out of extra usage. Add more at claude.ai/settings/usage" },
	/* Google asks for a token of the kind that it may have got */
	{ .status = 401,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "Request had invalid authentication credentials. Expected OAuth 2 "
		     "access token, login cookie or other valid authentication credential." },
	{ .status = 401,
	  .saw = SAW_WRONG_KIND,
	  .message = "API keys are not supported by this API. Expected OAuth2 access "
		     "token or other authentication credentials that assert a principal." },
	{ .status = 400,
	  .saw = SAW_UNKNOWN_KEY,
	  .message = "Invalid format for Authorization header" },
	{ .status = 400, .saw = SAW_REQUEST, .message = "Invalid format for field temperature" },
	/* the model is there, the parameter is not; the model is there, not for this key */
	{ .status = 400,
	  .saw = SAW_REQUEST,
	  .message = "Argument not supported on this model: presencePenalty" },
	{ .status = 400, .saw = SAW_MODEL, .message = "This model is not supported" },
	{ .status = 403, .saw = SAW_NO_PERMISSION, .message = "Model not allowed for this key" },
};

/* Words of one concept that stand beside words of another. */
static void neighbours_are_told_apart(void **state)
{
	CHECK_ALL(neighbours);
	(void)state;
}

static void what_the_user_wrote_says_nothing(void **state)
{
	static const struct said_by list[] = {
		{ .status = 422,
		  .saw = SAW_REQUEST,
		  .message = "[{\"type\":\"string_type\",\"msg\":\"Input should be a valid "
			     "string\",\"input\":\"explain my invalid API key\"}]",
		  .body = "{\"messages\":[{\"role\":\"user\",\"content\":[\"explain my invalid API "
			  "key\"]}]}" },
		{ .status = 400,
		  .saw = SAW_NOTHING,
		  .message = "Could not read 'my api key has expired, why?'",
		  .body = "{\"prompt\":\"my api key has expired, why?\"}" },
		/* the same words without the user's having written them */
		{ .status = 401,
		  .saw = SAW_EXPIRED,
		  .message = "Error: \"my api key has expired\"",
		  .body = "{\"prompt\":\"hello\"}" },
	};
	CHECK_ALL(list);
	(void)state;
}

static void headers_that_answers_name(void **state)
{
	static const struct {
		const char *message, *header;
	} list[] = {
		{ "Please carry the API secret key in the 'Authorization' field of the request "
		  "header",
		  "Authorization" },
		{ "x-api-key header is required", "x-api-key" },
		{ "Missing required header: Ocp-Apim-Subscription-Key",
		  "Ocp-Apim-Subscription-Key" },
		{ "Missing api-key", NULL },
		{ "Invalid API key", NULL },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct slice header = refusal_header(slice_of(list[i].message));
		assert_int_equal(header.n, list[i].header ? strlen(list[i].header) : 0);
		assert_true(!header.n || slice_equal(header, slice_of(list[i].header)));
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_example_of_the_table_means_what_its_row_says),
		cmocka_unit_test(no_key_was_seen),
		cmocka_unit_test(a_key_was_seen_and_is_not_good),
		cmocka_unit_test(the_key_is_known_and_not_good_for_this),
		cmocka_unit_test(it_is_not_about_the_key),
		cmocka_unit_test(neighbours_are_told_apart),
		cmocka_unit_test(what_the_user_wrote_says_nothing),
		cmocka_unit_test(headers_that_answers_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
