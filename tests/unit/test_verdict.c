/* SPDX-License-Identifier: MIT */
/* The verdict's cause: only what explains this refusal is its cause. */
#include "exchanges.h"

enum { FOUND_MAX = 4 };

struct reached {
	enum refused_by by;
	enum refusal about;
	enum rule_id found[FOUND_MAX]; /* ended by RULE_NONE */
	enum rule_id cause;
};

#define FOUND(...)          \
	{                   \
		__VA_ARGS__ \
	}

static enum rule_id cause_of(const struct reached *r, bool reversed)
{
	struct evidence e = { .answer = { .refused_by = r->by, .about = r->about } };
	struct finding findings[FOUND_MAX] = { 0 };
	struct verdict v;
	size_t count = 0;

	while (count < FOUND_MAX && r->found[count] != RULE_NONE)
		count++;
	for (size_t i = 0; i < count; i++) {
		enum rule_id rule = r->found[reversed ? count - 1 - i : i];
		findings[i] = (struct finding){ .rule = rule, .severity = rules[rule].severity };
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
			print_error("case %zu, refused by %s: cause %s, expected %s\n", i,
				    refused_by_name(cases[i].by), rule_text(cause),
				    rule_text(cases[i].cause));
		}
	assert_int_equal(bad, 0);
}

#define ALL(cases) all_reach(cases, sizeof(cases) / sizeof((cases)[0]))
#define R(id) RULE_##id

static void a_refused_credential_is_explained_by_credential_place_and_history(void **state)
{
	static const struct reached cases[] = {
		{ REFUSED_openrouter_auth, REFUSAL_CREDENTIALS,
		  FOUND(R(auth_token_quoted), R(credential_not_recognised), RULE_NONE),
		  R(auth_token_quoted) },
		{ REFUSED_openrouter_auth, REFUSAL_CREDENTIALS,
		  FOUND(R(key_wrong_vendor), R(credential_not_recognised), RULE_NONE),
		  R(key_wrong_vendor) },
		{ REFUSED_openrouter_auth, REFUSAL_CREDENTIALS,
		  FOUND(R(one_key_of_several_fails), R(key_unknown), RULE_NONE),
		  R(one_key_of_several_fails) },
		/* a body fault explains no refused key */
		{ REFUSED_openrouter_auth, REFUSAL_CREDENTIALS,
		  FOUND(R(body_json_invalid), R(key_unknown), RULE_NONE), R(key_unknown) },
		{ REFUSED_openrouter_auth, REFUSAL_CREDENTIALS,
		  FOUND(R(tool_schema_invalid), RULE_NONE), RULE_NONE },
		{ REFUSED_vendor, REFUSAL_CREDENTIALS,
		  FOUND(R(auth_vendor_wants_other_header), R(credential_rejected), RULE_NONE),
		  R(auth_vendor_wants_other_header) },
		/* the key was accepted before: that outweighs what is said of it now */
		{ REFUSED_openrouter_auth, REFUSAL_CREDENTIALS,
		  FOUND(R(transient_401), R(key_unknown), RULE_NONE), R(transient_401) },
		{ REFUSED_openrouter_auth, REFUSAL_CREDENTIALS,
		  FOUND(R(key_changed), R(key_unknown), RULE_NONE), R(key_unknown) },
		/* a line break in the credential breaks the head of the request */
		{ REFUSED_openrouter_request, REFUSAL_REQUEST,
		  FOUND(R(auth_value_line_break), R(request_rejected), RULE_NONE),
		  R(auth_value_line_break) },
		/* a note is no cause */
		{ REFUSED_openrouter_auth, REFUSAL_CREDENTIALS,
		  FOUND(R(auth_scheme_case), R(credential_not_recognised), RULE_NONE),
		  R(credential_not_recognised) },
		/* certain before likely, then the row order */
		{ REFUSED_openrouter_auth, REFUSAL_CREDENTIALS,
		  FOUND(R(auth_token_inner_space), R(auth_token_list), RULE_NONE),
		  R(auth_token_list) },
		{ REFUSED_openrouter_auth, REFUSAL_CREDENTIALS,
		  FOUND(R(key_wrong_vendor), R(auth_token_quoted), RULE_NONE),
		  R(auth_token_quoted) },
	};

	(void)state;
	ALL(cases);
}

static void a_refused_request_is_explained_by_body_framing_and_place(void **state)
{
	static const struct reached cases[] = {
		{ REFUSED_openrouter_request, REFUSAL_REQUEST,
		  FOUND(R(body_json_invalid), R(request_rejected), RULE_NONE),
		  R(body_json_invalid) },
		{ REFUSED_openrouter_request, REFUSAL_REQUEST,
		  FOUND(R(tool_result_orphan), R(request_rejected), RULE_NONE),
		  R(tool_result_orphan) },
		{ REFUSED_openrouter_request, REFUSAL_REQUEST,
		  FOUND(R(path_missing_api), R(request_rejected), RULE_NONE), R(path_missing_api) },
		{ REFUSED_upstream, REFUSAL_REQUEST,
		  FOUND(R(tool_schema_invalid), R(upstream_error), RULE_NONE),
		  R(tool_schema_invalid) },
		{ REFUSED_upstream, REFUSAL_REQUEST,
		  FOUND(R(message_content_empty), R(upstream_error), RULE_NONE),
		  R(upstream_error) },
		{ REFUSED_vendor, REFUSAL_REQUEST,
		  FOUND(R(parameter_type_wrong), R(request_rejected), RULE_NONE),
		  R(parameter_type_wrong) },
		/* a quoted key explains no refused body */
		{ REFUSED_openrouter_request, REFUSAL_REQUEST,
		  FOUND(R(auth_token_quoted), R(request_rejected), RULE_NONE),
		  R(request_rejected) },
	};

	(void)state;
	ALL(cases);
}

static void quota_policy_and_routing_explain_themselves(void **state)
{
	static const struct reached cases[] = {
		{ REFUSED_openrouter_quota, REFUSAL_QUOTA,
		  FOUND(R(auth_token_quoted), R(body_duplicate_member), R(credits_exhausted),
			RULE_NONE),
		  R(credits_exhausted) },
		{ REFUSED_openrouter_policy, REFUSAL_POLICY,
		  FOUND(R(auth_header_repeated), R(policy_blocked), RULE_NONE), R(policy_blocked) },
		{ REFUSED_openrouter_routing, REFUSAL_ROUTING,
		  FOUND(R(tool_schema_invalid), R(no_endpoint_supports_request), RULE_NONE),
		  R(no_endpoint_supports_request) },
		{ REFUSED_local_gateway, REFUSAL_CREDENTIALS,
		  FOUND(R(key_wrong_vendor), R(credential_rejected), RULE_NONE),
		  R(credential_rejected) },
		{ REFUSED_upstream, REFUSAL_UNAVAILABLE,
		  FOUND(R(body_json_invalid), R(provider_unavailable), RULE_NONE),
		  R(provider_unavailable) },
		/* only the place explains a web page */
		{ REFUSED_edge, REFUSAL_UNAVAILABLE,
		  FOUND(R(auth_token_quoted), R(path_is_base), RULE_NONE), R(path_is_base) },
		{ REFUSED_edge, REFUSAL_UNAVAILABLE,
		  FOUND(R(path_missing_api), R(answered_by_web_page), RULE_NONE),
		  R(path_missing_api) },
	};

	(void)state;
	ALL(cases);
}

static void the_clients_key_is_never_blamed_for_the_providers(void **state)
{
	static const struct reached cases[] = {
		{ REFUSED_upstream, REFUSAL_CREDENTIALS,
		  FOUND(R(auth_token_quoted), R(upstream_refused_credentials), RULE_NONE),
		  R(upstream_refused_credentials) },
		{ REFUSED_upstream, REFUSAL_CREDENTIALS,
		  FOUND(R(key_wrong_vendor), R(one_key_of_several_fails),
			R(upstream_refused_credentials), RULE_NONE),
		  R(upstream_refused_credentials) },
	};

	(void)state;
	ALL(cases);
}

static void where_nothing_failed_there_is_no_cause(void **state)
{
	static const struct reached cases[] = {
		{ REFUSED_NOT, REFUSAL_NONE, FOUND(R(auth_token_quoted), RULE_NONE), RULE_NONE },
		{ REFUSED_NOT, REFUSAL_NONE, FOUND(RULE_NONE), RULE_NONE },
		{ REFUSED_nobody, REFUSAL_NO_ANSWER, FOUND(RULE_NONE), RULE_NONE },
		{ REFUSED_openrouter_auth, REFUSAL_CREDENTIALS, FOUND(RULE_NONE), RULE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(cause_of(&cases[i], false), RULE_NONE);
}

/* Through all of diagnose(): the sentence that a user reads names one of these. */
static void whole_exchanges_have_the_cause_that_explains_them(void **state)
{
	static const struct {
		struct said said;
		enum rule_id cause;
	} cases[] = {
		{ { "openrouter.ai", NULL, "\"" KEY_A "\"", 401, NULL,
		    "{\"error\":{\"message\":\"No auth credentials found\",\"code\":401}}", NULL },
		  RULE_auth_token_quoted },
		{ { "openrouter.ai", NULL, NULL, 401, NULL,
		    "{\"error\":{\"message\":\"Missing Authentication header\",\"code\":401}}",
		    NULL },
		  RULE_auth_missing },
		{ { "openrouter.ai", NULL, KEY_A, 401, NULL,
		    "{\"error\":{\"message\":\"User not found.\",\"code\":401}}", NULL },
		  RULE_key_unknown },
		{ { "openrouter.ai", "/v1/chat/completions", KEY_A, 404, "text/html", "<html>",
		    NULL },
		  RULE_path_missing_api },
		{ { "openrouter.ai", NULL, KEY_A, 200, NULL, "{\"choices\":[]}", NULL },
		  RULE_NONE },
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
		assert_string_equal(rule_text(d.verdict.cause), rule_text(cases[i].cause));
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
