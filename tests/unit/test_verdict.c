/* SPDX-License-Identifier: MIT */
/* The verdict's cause: only what explains this refusal is its cause. */
#include "diagnose/verdict.h"
#include "exchanges.h"

enum { FOUND_MAX = 4 };

struct reached {
	const char *name;
	enum refused_by by;
	enum refusal about;
	enum rule_id found[FOUND_MAX]; /* ended by RULE_NONE */
	enum rule_id cause;
	enum saw saw;
};

#define FOUND(...)          \
	{                   \
		__VA_ARGS__ \
	}

static enum rule_id cause_of(const struct reached *r, bool reversed)
{
	struct check_input e = { .answer = {
				     .refused_by = r->by, .about = r->about, .saw = r->saw } };
	struct finding findings[FOUND_MAX] = { 0 };
	struct verdict v;
	size_t count = 0;

	while (count < FOUND_MAX && r->found[count] != RULE_NONE)
		count++;
	for (size_t i = 0; i < count; i++) {
		enum rule_id rule = r->found[reversed ? count - 1 - i : i];
		findings[i] = (struct finding){ .rule = rule, .severity = rules[rule].severity };
		/* what these checks say of themselves */
		findings[i].detail.absent = rule == RULE_auth_missing;
		findings[i].detail.breaks_head = rule == RULE_auth_value_line_break;
		findings[i].detail.accepted_before = rule == RULE_transient_401;
		findings[i].detail.awaited = rule == RULE_body_length_mismatch;
	}
	verdict_reach(&e, findings, count, &v);
	assert_int_equal(v.refused_by, r->by);
	assert_int_equal(v.category,
			 v.cause == RULE_NONE ? CATEGORY_none : rules[v.cause].category);
	return v.cause;
}

static void all_reach(const struct reached *cases, size_t count)
{
	unsigned bad = 0;

	for (size_t i = 0; i < count; i++)
		for (int reversed = 0; reversed < 2; reversed++) {
			enum rule_id cause = cause_of(&cases[i], reversed);
			if (cause == cases[i].cause)
				continue;
			bad++;
			print_error("%s: cause %s, expected %s\n", cases[i].name,
				    rule_or_none(cause), rule_or_none(cases[i].cause));
		}
	assert_int_equal(bad, 0);
}

#define ALL(cases) all_reach(cases, sizeof(cases) / sizeof((cases)[0]))
#define R(id) RULE_##id

static const struct reached credential_cases[] = {
	{ .name = "a quoted key",
	  .by = REFUSED_openrouter_auth,
	  .about = REFUSAL_CREDENTIALS,
	  .found = FOUND(R(auth_token_quoted), R(credential_not_recognised), RULE_NONE),
	  .cause = R(auth_token_quoted) },
	{ .name = "a key of another vendor",
	  .by = REFUSED_openrouter_auth,
	  .about = REFUSAL_CREDENTIALS,
	  .found = FOUND(R(key_wrong_vendor), R(credential_not_recognised), RULE_NONE),
	  .cause = R(key_wrong_vendor) },
	{ .name = "one key of several fails",
	  .by = REFUSED_openrouter_auth,
	  .about = REFUSAL_CREDENTIALS,
	  .saw = SAW_UNKNOWN_KEY,
	  .found = FOUND(R(one_key_of_several_fails), R(key_unknown), RULE_NONE),
	  .cause = R(one_key_of_several_fails) },
	{ .name = "invalid JSON does not explain a refused key",
	  .by = REFUSED_openrouter_auth,
	  .about = REFUSAL_CREDENTIALS,
	  .saw = SAW_UNKNOWN_KEY,
	  .found = FOUND(R(body_json_invalid), R(key_unknown), RULE_NONE),
	  .cause = R(key_unknown) },
	{ .name = "a tool's schema does not explain a refused key",
	  .by = REFUSED_openrouter_auth,
	  .about = REFUSAL_CREDENTIALS,
	  .found = FOUND(R(tool_schema_invalid), RULE_NONE),
	  .cause = RULE_NONE },
	{ .name = "the vendor wants another header",
	  .by = REFUSED_vendor,
	  .about = REFUSAL_CREDENTIALS,
	  .found =
	      FOUND(R(auth_vendor_wants_other_header), R(credential_rejected), RULE_NONE),
	  .cause = R(auth_vendor_wants_other_header) },
	{ .name = "a key that was accepted before outweighs the answer",
	  .by = REFUSED_openrouter_auth,
	  .about = REFUSAL_CREDENTIALS,
	  .saw = SAW_UNKNOWN_KEY,
	  .found = FOUND(R(transient_401), R(key_unknown), RULE_NONE),
	  .cause = R(transient_401) },
	{ .name = "a changed key does not outweigh an unknown one",
	  .by = REFUSED_openrouter_auth,
	  .about = REFUSAL_CREDENTIALS,
	  .saw = SAW_UNKNOWN_KEY,
	  .found = FOUND(R(key_changed), R(key_unknown), RULE_NONE),
	  .cause = R(key_unknown) },
	{ .name = "a line break in the credential breaks the request's head",
	  .by = REFUSED_openrouter_request,
	  .about = REFUSAL_REQUEST,
	  .found = FOUND(R(auth_value_line_break), R(request_rejected), RULE_NONE),
	  .cause = R(auth_value_line_break) },
	{ .name = "a note is not a cause",
	  .by = REFUSED_openrouter_auth,
	  .about = REFUSAL_CREDENTIALS,
	  .found = FOUND(R(auth_scheme_case), R(credential_not_recognised), RULE_NONE),
	  .cause = R(credential_not_recognised) },
	{ .name = "certain comes before likely",
	  .by = REFUSED_openrouter_auth,
	  .about = REFUSAL_CREDENTIALS,
	  .found = FOUND(R(auth_token_inner_space), R(auth_token_list), RULE_NONE),
	  .cause = R(auth_token_list) },
	{ .name = "the order of the rows decides last",
	  .by = REFUSED_openrouter_auth,
	  .about = REFUSAL_CREDENTIALS,
	  .found = FOUND(R(key_wrong_vendor), R(auth_token_quoted), RULE_NONE),
	  .cause = R(auth_token_quoted) },
};

static void a_refused_credential_is_explained_by_credential_place_and_history(void **state)
{
	(void)state;
	ALL(credential_cases);
}

static void a_refused_request_is_explained_by_body_framing_and_place(void **state)
{
	static const struct reached cases[] = {
		{ .name = "invalid JSON",
		  .by = REFUSED_openrouter_request,
		  .about = REFUSAL_REQUEST,
		  .found = FOUND(R(body_json_invalid), R(request_rejected), RULE_NONE),
		  .cause = R(body_json_invalid) },
		{ .name = "a tool result without its call",
		  .by = REFUSED_openrouter_request,
		  .about = REFUSAL_REQUEST,
		  .found = FOUND(R(tool_result_orphan), R(request_rejected), RULE_NONE),
		  .cause = R(tool_result_orphan) },
		{ .name = "a path without /api",
		  .by = REFUSED_openrouter_request,
		  .about = REFUSAL_REQUEST,
		  .found = FOUND(R(path_missing_api), R(request_rejected), RULE_NONE),
		  .cause = R(path_missing_api) },
		{ .name = "a tool's schema, refused by the provider",
		  .by = REFUSED_upstream,
		  .about = REFUSAL_REQUEST,
		  .found = FOUND(R(tool_schema_invalid), R(upstream_error), RULE_NONE),
		  .cause = R(tool_schema_invalid) },
		{ .name = "an empty message does not explain a provider's refusal",
		  .by = REFUSED_upstream,
		  .about = REFUSAL_REQUEST,
		  .found = FOUND(R(message_content_empty), R(upstream_error), RULE_NONE),
		  .cause = R(upstream_error) },
		{ .name = "a parameter of the wrong type",
		  .by = REFUSED_vendor,
		  .about = REFUSAL_REQUEST,
		  .found = FOUND(R(parameter_type_wrong), R(request_rejected), RULE_NONE),
		  .cause = R(parameter_type_wrong) },
		{ .name = "a quoted key does not explain a refused body",
		  .by = REFUSED_openrouter_request,
		  .about = REFUSAL_REQUEST,
		  .saw = SAW_REQUEST,
		  .found = FOUND(R(auth_token_quoted), R(request_rejected), RULE_NONE),
		  .cause = R(request_rejected) },
		{ .name = "a quoted key explains a refusal that does not say why",
		  .by = REFUSED_openrouter_request,
		  .about = REFUSAL_REQUEST,
		  .found = FOUND(R(auth_token_quoted), R(request_rejected), RULE_NONE),
		  .cause = R(auth_token_quoted) },
	};

	(void)state;
	ALL(cases);
}

static const struct reached quota_cases[] = {
	{ .name = "credits",
	  .by = REFUSED_openrouter_quota,
	  .about = REFUSAL_QUOTA,
	  .saw = SAW_NO_MONEY,
	  .found = FOUND(R(auth_token_quoted), R(body_duplicate_member),
			 R(credits_exhausted), RULE_NONE),
	  .cause = R(credits_exhausted) },
	{ .name = "a policy",
	  .by = REFUSED_openrouter_policy,
	  .about = REFUSAL_POLICY,
	  .saw = SAW_POLICY,
	  .found = FOUND(R(auth_header_repeated), R(policy_blocked), RULE_NONE),
	  .cause = R(policy_blocked) },
	{ .name = "routing",
	  .by = REFUSED_openrouter_routing,
	  .about = REFUSAL_ROUTING,
	  .found =
	      FOUND(R(tool_schema_invalid), R(no_endpoint_supports_request), RULE_NONE),
	  .cause = R(no_endpoint_supports_request) },
	{ .name = "a gateway that got no key",
	  .by = REFUSED_local_gateway,
	  .about = REFUSAL_CREDENTIALS,
	  .found = FOUND(R(auth_missing), R(credential_rejected), RULE_NONE),
	  .cause = R(auth_missing) },
	{ .name = "a vendor that fails on a key of another vendor",
	  .by = REFUSED_vendor,
	  .about = REFUSAL_UNAVAILABLE,
	  .found = FOUND(R(key_wrong_vendor), R(provider_unavailable), RULE_NONE),
	  .cause = R(key_wrong_vendor) },
	{ .name = "a provider that fails is not explained by the body",
	  .by = REFUSED_upstream,
	  .about = REFUSAL_UNAVAILABLE,
	  .found = FOUND(R(body_json_invalid), R(provider_unavailable), RULE_NONE),
	  .cause = R(provider_unavailable) },
	{ .name = "the server waited for the rest of the body",
	  .by = REFUSED_vendor,
	  .about = REFUSAL_UNAVAILABLE,
	  .found = FOUND(R(body_length_mismatch), R(provider_unavailable), RULE_NONE),
	  .cause = R(body_length_mismatch) },
	{ .name = "a rate limit is not about the length of the body",
	  .by = REFUSED_vendor,
	  .about = REFUSAL_UNAVAILABLE,
	  .saw = SAW_RATE,
	  .found = FOUND(R(body_length_mismatch), R(provider_unavailable), RULE_NONE),
	  .cause = R(provider_unavailable) },
	{ .name = "only the place explains a page of the edge: the base path",
	  .by = REFUSED_edge,
	  .about = REFUSAL_UNAVAILABLE,
	  .found = FOUND(R(auth_token_quoted), R(path_is_base), RULE_NONE),
	  .cause = R(path_is_base) },
	{ .name = "only the place explains a page of the edge: a path without /api",
	  .by = REFUSED_edge,
	  .about = REFUSAL_UNAVAILABLE,
	  .found = FOUND(R(path_missing_api), R(answered_by_web_page), RULE_NONE),
	  .cause = R(path_missing_api) },
};

static void quota_policy_and_routing_explain_themselves(void **state)
{
	(void)state;
	ALL(quota_cases);
}

static void the_clients_key_is_never_blamed_for_the_providers(void **state)
{
	static const struct reached cases[] = {
		{ .name = "a quoted key is not the provider's",
		  .by = REFUSED_upstream,
		  .about = REFUSAL_CREDENTIALS,
		  .found = FOUND(R(auth_token_quoted), R(upstream_refused_credentials), RULE_NONE),
		  .cause = R(upstream_refused_credentials) },
		{ .name = "several keys are not the provider's",
		  .by = REFUSED_upstream,
		  .about = REFUSAL_CREDENTIALS,
		  .found = FOUND(R(key_wrong_vendor), R(one_key_of_several_fails),
				 R(upstream_refused_credentials), RULE_NONE),
		  .cause = R(upstream_refused_credentials) },
	};

	(void)state;
	ALL(cases);
}

static void where_nothing_failed_there_is_no_cause(void **state)
{
	static const struct reached cases[] = {
		{ .name = "a success with a quoted key",
		  .by = REFUSED_NOT,
		  .about = REFUSAL_NONE,
		  .found = FOUND(R(auth_token_quoted), RULE_NONE),
		  .cause = RULE_NONE },
		{ .name = "a success without findings",
		  .by = REFUSED_NOT,
		  .about = REFUSAL_NONE,
		  .found = FOUND(RULE_NONE),
		  .cause = RULE_NONE },
		{ .name = "no answer",
		  .by = REFUSED_nobody,
		  .about = REFUSAL_NO_ANSWER,
		  .found = FOUND(RULE_NONE),
		  .cause = RULE_NONE },
		{ .name = "a refusal without findings",
		  .by = REFUSED_openrouter_auth,
		  .about = REFUSAL_CREDENTIALS,
		  .found = FOUND(RULE_NONE),
		  .cause = RULE_NONE },
	};

	(void)state;
	ALL(cases);
}

/* Through all of diagnose(): the sentence that a user reads names one of these. */
static void whole_exchanges_have_the_cause_that_explains_them(void **state)
{
	static const struct {
		const char *name;
		struct dialogue said;
		enum rule_id cause;
	} cases[] = {
		{ .name = "a quoted key",
		  .said = { .host = "openrouter.ai",
			    .token = "\"" KEY_A "\"",
			    .status = 401,
			    .body = "{\"error\":{\"message\":\"No auth credentials found\","
				    "\"code\":401}}" },
		  .cause = RULE_auth_token_quoted },
		{ .name = "no key",
		  .said = { .host = "openrouter.ai",
			    .status = 401,
			    .body = "{\"error\":{\"message\":\"Missing Authentication header\","
				    "\"code\":401}}" },
		  .cause = RULE_auth_missing },
		{ .name = "an unknown key",
		  .said = { .host = "openrouter.ai",
			    .token = KEY_A,
			    .status = 401,
			    .body = "{\"error\":{\"message\":\"User not found.\",\"code\":401}}" },
		  .cause = RULE_key_unknown },
		{ .name = "a path without /api",
		  .said = { .host = "openrouter.ai",
			    .path = "/v1/chat/completions",
			    .token = KEY_A,
			    .status = 404,
			    .type = "text/html",
			    .body = "<html>" },
		  .cause = RULE_path_missing_api },
		{ .name = "a success",
		  .said = { .host = "openrouter.ai",
			    .token = KEY_A,
			    .status = 200,
			    .body = "{\"choices\":[]}" },
		  .cause = RULE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct judge judge;
		struct history history;
		struct diagnosis d;
		struct exchange *x = exchange_of(&cases[i].said);
		judge_init(&judge, slice_of(NULL));
		history_init(&history);
		diagnose(&judge, &history, x, &d);
		if (d.verdict.cause != cases[i].cause)
			fail_msg("%s: cause %s, expected %s", cases[i].name,
				 rule_or_none(d.verdict.cause), rule_or_none(cases[i].cause));
		if (d.count && d.verdict.cause != RULE_NONE)
			assert_int_equal(d.findings[0].rule, d.verdict.cause);
		diagnosis_release(&d);
		exchange_free(x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_credential_is_explained_by_credential_place_and_history),
		cmocka_unit_test(a_refused_request_is_explained_by_body_framing_and_place),
		cmocka_unit_test(quota_policy_and_routing_explain_themselves),
		cmocka_unit_test(the_clients_key_is_never_blamed_for_the_providers),
		cmocka_unit_test(where_nothing_failed_there_is_no_cause),
		cmocka_unit_test(whole_exchanges_have_the_cause_that_explains_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
