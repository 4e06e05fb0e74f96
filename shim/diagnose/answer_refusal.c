/* SPDX-License-Identifier: MIT */
/*
 * Who said no. The order of the questions is the order of proof: what only one
 * of them can have written comes first.
 */
#include <string.h>

#include "cJSON.h"
#include "diagnose/answer.h"
#include "diagnose/endpoints.h"
#include "diagnose/host_name.h"

const char *refused_by_name(enum refused_by r)
{
	static const char *const names[] = {
		[REFUSED_NOT] = NULL,
		[REFUSED_openrouter_auth] = "openrouter_auth",
		[REFUSED_openrouter_quota] = "openrouter_quota",
		[REFUSED_openrouter_policy] = "openrouter_policy",
		[REFUSED_openrouter_routing] = "openrouter_routing",
		[REFUSED_openrouter_request] = "openrouter_request",
		[REFUSED_upstream] = "upstream",
		[REFUSED_vendor] = "vendor",
		[REFUSED_edge] = "edge",
		[REFUSED_local_gateway] = "local_gateway",
		[REFUSED_gateway] = "gateway",
		[REFUSED_client] = "client",
		[REFUSED_nobody] = "nobody",
	};
	return names[r];
}

enum { WORDS_SIZE = 24 }; /* of an entry of the lists below, with its NUL */

/* WORDS ends with an empty one. */
static bool has_any(struct slice text, const char (*words)[WORDS_SIZE])
{
	for (; (*words)[0]; words++)
		if (slice_has_nocase(text, slice_of(*words)))
			return true;
	return false;
}

bool answer_text_is_about_credentials(struct slice text)
{
	static const char words[][WORDS_SIZE] = {
		"api key",       "api_key",         "apikey",
		"x-api-key",     "authentication",  "unauthorized",
		"unauthorised",  "unauthenticated", "credential",
		"bearer token",  "access token",    "invalid token",
		"token expired", "virtual key",     "subscription key",
		"access denied", "security token",  "",
	};
	return has_any(text, words);
}

/* Wording that only a gateway between the tool and the vendor uses (BerriAI/litellm#20289). */
static bool is_gateway_wording(struct slice text)
{
	static const char words[][WORDS_SIZE] = { "LiteLLM",
						  "litellm",
						  "Error from provider",
						  "claude-code-router",
						  "proxy server token",
						  "" };
	return has_any(text, words);
}

struct slice answer_availability(const struct answer *a)
{
	const cJSON *said = cJSON_GetObjectItemCaseSensitive(a->error, "availability");
	const cJSON *code = cJSON_GetObjectItemCaseSensitive(said, "code");

	return slice_of(cJSON_IsString(code) ? code->valuestring : NULL);
}

/* The model named does not exist, or not here: the request is at fault, not the routing. */
static bool is_about_model(const struct answer *a)
{
	static const char codes[][17] = { "model_not_found", "model_deprecated", "wrong_endpoint" };
	struct slice code = answer_availability(a);

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (slice_equal(code, slice_of(codes[i])))
			return true;
	return !code.p && slice_starts(a->message, SLICE("No endpoints found for "));
}

static bool is_routing_text(struct slice text)
{
	static const char words[][WORDS_SIZE] = { "No endpoints found", "No allowed providers",
						  "data policy", "No endpoints available", "" };
	return has_any(text, words);
}

int answer_code(const struct answer *a)
{
	return a->code >= 400 && a->code < 600 ? a->code : a->status;
}

static void set(struct answer *a, enum refused_by by, enum refusal about)
{
	a->refused_by = by;
	a->about = about;
}

/* What an upstream vendor's refusal is about: its own words first, then the code. */
static enum refusal upstream_subject(const struct answer *a, int code)
{
	if (a->raw_message.p && code != 429 && code < 500 &&
	    answer_text_is_about_credentials(a->raw_message))
		return REFUSAL_CREDENTIALS;
	if (code == 401)
		return REFUSAL_CREDENTIALS;
	if (code == 429 || code == 402)
		return REFUSAL_QUOTA;
	return code >= 500 ? REFUSAL_UNAVAILABLE : REFUSAL_REQUEST;
}

static bool has_member(const cJSON *object, const char *name)
{
	return cJSON_IsObject(object) && cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool is_policy(const struct answer *a)
{
	return has_member(a->metadata, "reasons") || has_member(a->metadata, "flagged_input") ||
	       has_member(a->metadata, "patterns");
}

static bool is_upstreams(const struct answer *a)
{
	return a->provider_name.p || a->raw.p || has_member(a->metadata, "provider_code") ||
	       slice_starts_nocase(a->message, SLICE("Provider returned error"));
}

static void attribute_forbidden(struct answer *a)
{
	if (slice_has_nocase(a->message, SLICE("limit exceeded")))
		set(a, REFUSED_openrouter_quota, REFUSAL_QUOTA);
	else if (slice_has_nocase(a->message, SLICE("management key")) ||
		 slice_has_nocase(a->message, SLICE("provisioning key")) ||
		 answer_text_is_about_credentials(a->message))
		set(a, REFUSED_openrouter_auth, REFUSAL_CREDENTIALS);
	else if (has_member(a->error, "availability"))
		set(a, REFUSED_openrouter_routing, REFUSAL_ROUTING);
	else
		set(a, REFUSED_openrouter_policy, REFUSAL_POLICY);
}

static void attribute_openrouter(struct answer *a)
{
	int code = answer_code(a);

	if (is_policy(a))
		set(a, REFUSED_openrouter_policy, REFUSAL_POLICY);
	else if (is_upstreams(a))
		set(a, REFUSED_upstream, upstream_subject(a, code));
	else if (code == 401)
		set(a, REFUSED_openrouter_auth, REFUSAL_CREDENTIALS);
	else if (code == 402 || code == 429)
		set(a, REFUSED_openrouter_quota, REFUSAL_QUOTA);
	else if (code == 403)
		attribute_forbidden(a);
	else if (is_about_model(a))
		set(a, REFUSED_openrouter_request, REFUSAL_REQUEST);
	else if (is_routing_text(a->message) || has_member(a->error, "availability"))
		set(a, REFUSED_openrouter_routing, REFUSAL_ROUTING);
	else if (code >= 500 || a->in_stream)
		set(a, REFUSED_upstream, REFUSAL_UNAVAILABLE);
	else if (slice_equal(a->error_type, SLICE("authentication")))
		set(a, REFUSED_openrouter_auth, REFUSAL_CREDENTIALS);
	else if (code >= 400)
		set(a, REFUSED_openrouter_request, REFUSAL_REQUEST);
	else
		set(a, REFUSED_upstream, REFUSAL_UNAVAILABLE);
}

static void attribute_vendor(struct answer *a, enum refused_by by)
{
	int code = answer_code(a);

	if (code == 401 ||
	    ((code == 403 || code == 400) && answer_text_is_about_credentials(a->message)))
		set(a, by, REFUSAL_CREDENTIALS);
	else if (code == 402 || code == 429)
		set(a, by, REFUSAL_QUOTA);
	else if (code == 403)
		set(a, by, REFUSAL_POLICY);
	else if (code >= 500 || code < 400)
		set(a, by, REFUSAL_UNAVAILABLE);
	else
		set(a, by, REFUSAL_REQUEST);
}

/* A web page where an API answer belongs: the call never reached the API. */
static bool is_page_for_a_call(const struct answer *a, const struct exchange *x)
{
	return a->html && !a->error && a->status / 100 != 3 &&
	       (slice_equal(x->request.method, SLICE("POST")) || path_is_endpoint(x->path));
}

void answer_attribute(struct answer *a, const struct exchange *x, const struct vendor *vendor)
{
	set(a, REFUSED_NOT, REFUSAL_NONE);
	if (!a->answered) {
		a->failed = true;
		set(a, REFUSED_nobody, REFUSAL_NO_ANSWER);
	} else if (is_page_for_a_call(a, x)) {
		a->failed = true;
		set(a, REFUSED_edge, REFUSAL_UNAVAILABLE);
	} else if (!a->failed) {
		return;
	} else if (!vendor && host_is_private(x->host) && a->provider_name.p && a->raw.p) {
		/* OpenRouter's own words about a provider, handed on by a gateway. */
		set(a, REFUSED_upstream, upstream_subject(a, answer_code(a)));
	} else if (!vendor &&
		   (host_is_private(x->host) || is_gateway_wording(a->message) || a->wrapped)) {
		attribute_vendor(a, REFUSED_local_gateway);
	} else if (vendor && strcmp(vendor->id, "openrouter") == 0) {
		attribute_openrouter(a);
	} else {
		attribute_vendor(a, REFUSED_vendor);
	}
}
