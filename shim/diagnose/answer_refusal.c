/* SPDX-License-Identifier: MIT */
/*
 * Finds out who refused. The checks are in the order of their proof: a text that only
 * one party can have written comes first.
 */
#include <string.h>

#include "diagnose/answer_refusal.h"
#include "cJSON.h"
#include "diagnose/answer.h"
#include "diagnose/endpoint_paths.h"
#include "diagnose/error_object.h"
#include "diagnose/host_name.h"
#include "diagnose/meaning.h"
#include "diagnose/sign_in.h"

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

bool answer_quotes_vendor(struct slice text)
{
	static const char words[][WORDS_SIZE] = { "Exception - ", "Provider returned error",
						  "Error from provider", "litellm.Authentication",
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
	return !code.p && (slice_starts(a->message, SLICE("No endpoints found for ")) ||
			   slice_starts(a->message, SLICE("No embedding endpoints found for ")));
}

static bool is_routing_text(struct slice text)
{
	static const char words[][WORDS_SIZE] = { "No endpoints found",
						  "No allowed providers",
						  "data policy",
						  "No endpoints available",
						  "providers have been",
						  "requiring a key to",
						  "" };
	return has_any(text, words);
}

int answer_code(const struct answer *a)
{
	/* 400 inside says less than a 401 outside: LiteLLM, of a key that has expired. */
	if (a->code == 400 && a->status > 400 && a->status < 500)
		return a->status;
	return a->code >= 400 && a->code < 600 ? a->code : a->status;
}

static void set(struct answer *a, enum refused_by by, enum refusal about)
{
	a->refused_by = by;
	a->about = about;
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

/* The words say more than the status. */
static enum refusal subject_of_status(int code)
{
	if (code == 401)
		return REFUSAL_CREDENTIALS;
	if (code == 402 || code == 429)
		return REFUSAL_QUOTA;
	if (code == 403)
		return REFUSAL_POLICY;
	if (code >= 500 || code == 408)
		return REFUSAL_UNAVAILABLE;
	return code >= 400 ? REFUSAL_REQUEST : REFUSAL_OTHER;
}

static enum refusal subject_of(enum saw saw, int code)
{
	if (saw_is_about_key(saw))
		return REFUSAL_CREDENTIALS;
	switch (saw) {
	case SAW_NO_MONEY:
		return REFUSAL_QUOTA;
	case SAW_KEY_LIMIT:
	case SAW_RATE:
		return code >= 500 ? REFUSAL_UNAVAILABLE : REFUSAL_QUOTA;
	case SAW_CALLER:
		return REFUSAL_POLICY;
	case SAW_POLICY:
		return code == 401 || code == 403 ? REFUSAL_POLICY : REFUSAL_REQUEST;
	case SAW_MODEL:
	case SAW_TOO_LARGE:
	case SAW_REQUEST:
	case SAW_NO_ROUTE:
		return REFUSAL_REQUEST;
	case SAW_TROUBLE:
	case SAW_UNCONFIGURED:
		return REFUSAL_UNAVAILABLE;
	default:
		return subject_of_status(code);
	}
}

/* A provider's refusal: a 403 without words is about what was asked of it. */
static enum refusal subject_of_upstream(const struct answer *a, int code)
{
	enum refusal about = subject_of(a->saw, code);

	return about == REFUSAL_POLICY  ? REFUSAL_REQUEST
	       : about == REFUSAL_OTHER ? REFUSAL_UNAVAILABLE
					: about;
}

static void attribute_forbidden(struct answer *a)
{
	if (slice_has_nocase(a->message, SLICE("limit exceeded")))
		set(a, REFUSED_openrouter_quota, REFUSAL_QUOTA);
	else if (slice_has_nocase(a->message, SLICE("management key")) ||
		 slice_has_nocase(a->message, SLICE("provisioning key")) ||
		 saw_is_about_key(a->saw))
		set(a, REFUSED_openrouter_auth, REFUSAL_CREDENTIALS);
	else if (has_member(a->error, "availability"))
		set(a, REFUSED_openrouter_routing, REFUSAL_ROUTING);
	else
		/* OpenRouter's own have an error object: bare text is of the network before it. */
		set(a, a->error ? REFUSED_openrouter_policy : REFUSED_edge, REFUSAL_POLICY);
}

/* OpenRouter's 5xx: its own login failed, or whom it asked. */
static void attribute_trouble(struct answer *a)
{
	if (saw_is_about_key(a->saw))
		set(a, REFUSED_openrouter_auth, REFUSAL_CREDENTIALS);
	else
		set(a, a->saw == SAW_TROUBLE ? REFUSED_openrouter_auth : REFUSED_upstream,
		    REFUSAL_UNAVAILABLE);
}

static bool is_quota(enum saw saw)
{
	return saw == SAW_NO_MONEY || saw == SAW_KEY_LIMIT || saw == SAW_RATE;
}

static void attribute_openrouter(struct answer *a, struct slice path)
{
	int code = answer_code(a);

	if (is_policy(a))
		set(a, REFUSED_openrouter_policy, REFUSAL_POLICY);
	else if (is_upstreams(a))
		set(a, REFUSED_upstream, subject_of_upstream(a, code));
	else if (code == 402 || code == 429 || (code < 500 && is_quota(a->saw)))
		set(a, REFUSED_openrouter_quota, REFUSAL_QUOTA);
	else if (path_is_code_exchange(path) && code < 500 &&
		 slice_has_nocase(a->message, SLICE("code")))
		set(a, REFUSED_openrouter_request, REFUSAL_REQUEST);
	else if (code == 401)
		set(a, REFUSED_openrouter_auth, REFUSAL_CREDENTIALS);
	else if (code == 403)
		attribute_forbidden(a);
	else if (is_about_model(a))
		set(a, REFUSED_openrouter_request, REFUSAL_REQUEST);
	else if (is_routing_text(a->message) || has_member(a->error, "availability"))
		set(a, REFUSED_openrouter_routing, REFUSAL_ROUTING);
	else if (code >= 500 || code == 408)
		attribute_trouble(a);
	else if (a->in_stream)
		set(a, REFUSED_upstream, REFUSAL_UNAVAILABLE);
	else if (slice_equal(a->error_type, SLICE("authentication")) || saw_is_about_key(a->saw))
		set(a, REFUSED_openrouter_auth, REFUSAL_CREDENTIALS);
	else if (code >= 400)
		set(a, REFUSED_openrouter_request, REFUSAL_REQUEST);
	else
		set(a, REFUSED_upstream, REFUSAL_UNAVAILABLE);
}

/*
 * The bare page of a web server that wants a login (nginx, OpenResty): at a vendor's own
 * host that is its key check, in front of the API.
 */
static bool is_key_check_page(const struct answer *a, const struct vendor *vendor)
{
	return vendor && a->status == 401;
}

/* A web page where an API answer belongs: the call never reached the API. */
static bool is_page_for_a_call(const struct answer *a, const struct exchange *x,
			       const struct vendor *vendor)
{
	return a->html && !a->error && a->status / 100 != 3 && !is_key_check_page(a, vendor) &&
	       (slice_equal(x->request.method, SLICE("POST")) || path_is_endpoint(x->path));
}

/* Does Google's Identity-Aware Proxy refuse? cloud.google.com/iap/docs/headers-and-query-parameters-howto */
static bool is_identity_proxy(const struct answer *a, const struct exchange *x)
{
	return field_value(&x->response, "x-goog-iap-generated-response").n ||
	       slice_starts(a->message, SLICE("Invalid IAP credentials"));
}

/*
 * Does Cloudflare's AI gateway refuse with one of its own codes, at its own name or below
 * its compat path? developers.cloudflare.com/ai-gateway, "Authenticated Gateway".
 */
static bool is_cloudflares_own(const struct answer *a, const struct exchange *x)
{
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(a->error, "name");

	if (cJSON_IsString(name) && strcmp(name->valuestring, "AiGatewayError") == 0)
		return true;
	return slice_equal_nocase(x->host, SLICE("gateway.ai.cloudflare.com")) && a->code >= 2000 &&
	       a->code < 3000;
}

/* Somebody's gateway that refuses by itself, and what it says of the key. */
static enum refused_by gateway_of(const struct answer *a, const struct exchange *x,
				  const struct vendor *vendor)
{
	bool private = host_is_private(x->host);

	if (!vendor && private)
		return REFUSED_local_gateway;
	if (!vendor && is_gateway_wording(a->message))
		return answer_quotes_vendor(a->message) ? REFUSED_local_gateway : REFUSED_gateway;
	if (!vendor && a->wrapped)
		return REFUSED_local_gateway;
	if ((is_cloudflares_own(a, x) || is_identity_proxy(a, x)) &&
	    subject_of(a->saw, answer_code(a)) == REFUSAL_CREDENTIALS)
		return REFUSED_gateway;
	return REFUSED_NOT;
}

/* `error="invalid_token"` of a WWW-Authenticate field (RFC 6750 section 3). */
static struct slice challenge_parameter(struct slice challenge, struct slice name)
{
	long at = slice_find_nocase(challenge, name, 0);
	struct slice rest =
	    at < 0 ? (struct slice){ NULL, 0 } : slice_from(challenge, (size_t)at + name.n);
	long end = slice_byte(rest, '"', 0);

	return slice_sub(rest, 0, end < 0 ? 0 : (size_t)end);
}

/*
 * Does AWS's API Gateway say that it does not have this path and method? Its words
 * speak of a token or a signature, because without a route it falls back to AWS's
 * own authentication (repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden).
 * AWS's own services say the same of a request without a key, and mean it.
 */
static bool is_unknown_route(const struct answer *a, const struct exchange *x)
{
	bool gateways = field_value(&x->response, "x-amz-apigw-id").n ||
			slice_has_nocase(x->host, SLICE(".execute-api."));
	bool signature = slice_has(a->message, SLICE("key=value pair (missing equal-sign)")) ||
			 slice_has(a->message, SLICE("Authorization header requires 'Cred"));

	if (a->status != 403 || (!gateways && slice_ends(x->host, SLICE(".amazonaws.com"))))
		return false;
	if (slice_equal(a->message, SLICE("Missing Authentication Token")))
		return true;
	return gateways && signature;
}

/*
 * Anthropic's not_found_error is the name of the model alone; NVIDIA's is the number of
 * the function that serves the model.
 */
static bool names_model_alone(struct slice message)
{
	return slice_starts(message, SLICE("model: ")) ||
	       (slice_starts(message, SLICE("Function '")) &&
		slice_has(message, SLICE("Not found for account")));
}

/* What the one who refused says: the provider behind OpenRouter, where it was that one. */
static void read_meaning(struct answer *a, const struct exchange *x)
{
	struct slice challenge = field_value(&x->response, "www-authenticate");
	struct refusal_text text = { .status = answer_code(a),
				     .body = buf_slice(&x->request.body.bytes) };

	/* ASP.NET says it nowhere else: RFC 6750 section 3. */
	if (!a->message.n)
		a->message = challenge_parameter(challenge, SLICE("error_description=\""));
	if (a->raw_message.p && is_upstreams(a)) {
		const cJSON *error = error_object(a->raw_tree, true);
		text.message = a->raw_message;
		text.tokens[0] = error_reason(error);
		text.tokens[1] = error_code_text(error);
		text.tokens[2] = error_type(error);
		text.tokens[3] = error_status(error);
		text.param = error_param(error);
	} else {
		text.message = a->message;
		text.tokens[0] = a->reason;
		text.tokens[1] = a->code_text;
		text.tokens[2] = a->type;
		text.tokens[3] = a->error_type;
		text.tokens[4] = a->status_text;
		text.tokens[5] = challenge_parameter(challenge, SLICE("error=\""));
		text.param = a->param;
	}
	a->saw = refusal_meaning(&text, &a->saw_words);
	if (text.status == 404 && names_model_alone(text.message))
		a->saw = SAW_MODEL;
	if (is_unknown_route(a, x)) {
		a->saw = SAW_NO_ROUTE;
		return;
	}
	/* Who is asked for tools is one of them: it refuses its own caller. */
	if (a->saw == SAW_REQUEST && text.status == 401 && !path_is_endpoint(x->path))
		a->saw = SAW_UNKNOWN_KEY;
	a->header_wanted = challenge_parameter(challenge, SLICE(" name=\""));
	if (!a->header_wanted.n)
		a->header_wanted = challenge_parameter(challenge, SLICE(",name=\""));
	if (!a->header_wanted.n)
		a->header_wanted = refusal_header(text.message);
	struct slice missing = error_missing_header(a->error);
	if (is_credential_header(missing)) {
		a->saw = SAW_NO_KEY;
		a->header_wanted = missing;
	}
}

static bool is_openrouter(const struct vendor *vendor)
{
	return vendor && strcmp(vendor->id, "openrouter") == 0;
}

void answer_attribute(struct answer *a, const struct exchange *x, const struct vendor *vendor)
{
	set(a, REFUSED_NOT, REFUSAL_NONE);
	a->saw = SAW_NOTHING;
	if (!a->answered) {
		a->failed = true;
		set(a, REFUSED_nobody, REFUSAL_NO_ANSWER);
		return;
	}
	/* A proxy wants a login of its own: RFC 9110 section 15.5.8. */
	if (a->status == STATUS_PROXY_LOGIN) {
		a->failed = true;
		set(a, REFUSED_edge, REFUSAL_POLICY);
		return;
	}
	if (sign_in_asked_for(x).p) {
		a->failed = true;
		set(a, REFUSED_edge, REFUSAL_UNAVAILABLE);
		return;
	}
	if (is_page_for_a_call(a, x, vendor)) {
		/* The web server in front says by its status what it did not let through. */
		bool large = a->status == 413;
		a->failed = true;
		a->saw = large ? SAW_TOO_LARGE : SAW_NOTHING;
		set(a, REFUSED_edge, large ? REFUSAL_REQUEST : REFUSAL_UNAVAILABLE);
		return;
	}
	if (!a->failed)
		return;
	read_meaning(a, x);
	if (is_openrouter(vendor)) {
		/* It says the same when none came and when one came that is not its own. */
		if (a->saw == SAW_NO_KEY)
			a->saw = SAW_NOT_RECOGNISED;
		attribute_openrouter(a, x->path);
	} else if (!vendor && host_is_private(x->host) && a->provider_name.p && a->raw.p) {
		/* OpenRouter's own words about a provider, handed on by a gateway. */
		set(a, REFUSED_upstream, subject_of_upstream(a, answer_code(a)));
	} else {
		enum refused_by gateway = gateway_of(a, x, vendor);
		set(a, gateway == REFUSED_NOT ? REFUSED_vendor : gateway,
		    subject_of(a->saw, answer_code(a)));
	}
}
