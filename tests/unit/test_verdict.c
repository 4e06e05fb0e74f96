/* SPDX-License-Identifier: MIT */
/* The verdict's cause: only what explains this refusal is its cause. */
#include "diagnose/verdict.h"
#include "exchanges.h"

enum { FOUND_MAX = 4 };

struct reached {
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
	struct check_input e = { .answer = { .refused_by = r->by, .about = r->about, .saw = r->saw } };
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
			print_error("case %zu, refused by %s: cause %s, expected %s\n", i,
				    refused_by_name(cases[i].by), rule_or_none(cause),
				    rule_or_none(cases[i].cause));
		}
	assert_int_equal(bad, 0);
}

#define ALL(cases) all_reach(cases, sizeof(cases) / sizeof((cases)[0]))
#define R(id) RULE_##id

static void a_refused_credential_is_explained_by_credential_place_and_history(void **state)
{
	static const struct reached cases[] = {
		{ .by = REFUSED_openrouter_auth,
		  .about = REFUSAL_CREDENTIALS,
		  .found = FOUND(R(auth_token_quoted), R(credential_not_recognised), RULE_NONE),
		  .cause = R(auth_token_quoted) },
		{ .by = REFUSED_openrouter_auth,
		  .about = REFUSAL_CREDENTIALS,
		  .found = FOUND(R(key_wrong_vendor), R(credential_not_recognised), RULE_NONE),
		  .cause = R(key_wrong_vendor) },
		{ .by = REFUSED_openrouter_auth,
		  .about = REFUSAL_CREDENTIALS,
		  .saw = SAW_UNKNOWN_KEY,
		  .found = FOUND(R(one_key_of_several_fails), R(key_unknown), RULE_NONE),
		  .cause = R(one_key_of_several_fails) },
		/* a body fault explains no refused key */
		{ .by = REFUSED_openrouter_auth,
		  .about = REFUSAL_CREDENTIALS,
		  .saw = SAW_UNKNOWN_KEY,
		  .found = FOUND(R(body_json_invalid), R(key_unknown), RULE_NONE),
		  .cause = R(key_unknown) },
		{ .by = REFUSED_openrouter_auth,
		  .about = REFUSAL_CREDENTIALS,
		  .found = FOUND(R(tool_schema_invalid), RULE_NONE),
		  .cause = RULE_NONE },
		{ .by = REFUSED_vendor,
		  .about = REFUSAL_CREDENTIALS,
		  .found =
		      FOUND(R(auth_vendor_wants_other_header), R(credential_rejected), RULE_NONE),
		  .cause = R(auth_vendor_wants_other_header) },
		/* the key was accepted before: that outweighs what is said of it now */
		{ .by = REFUSED_openrouter_auth,
		  .about = REFUSAL_CREDENTIALS,
		  .saw = SAW_UNKNOWN_KEY,
		  .found = FOUND(R(transient_401), R(key_unknown), RULE_NONE),
		  .cause = R(transient_401) },
		{ .by = REFUSED_openrouter_auth,
		  .about = REFUSAL_CREDENTIALS,
		  .saw = SAW_UNKNOWN_KEY,
		  .found = FOUND(R(key_changed), R(key_unknown), RULE_NONE),
		  .cause = R(key_unknown) },
		/* a line break in the credential breaks the head of the request */
		{ .by = REFUSED_openrouter_request,
		  .about = REFUSAL_REQUEST,
		  .found = FOUND(R(auth_value_line_break), R(request_rejected), RULE_NONE),
		  .cause = R(auth_value_line_break) },
		/* a note is no cause */
		{ .by = REFUSED_openrouter_auth,
		  .about = REFUSAL_CREDENTIALS,
		  .found = FOUND(R(auth_scheme_case), R(credential_not_recognised), RULE_NONE),
		  .cause = R(credential_not_recognised) },
		/* certain before likely, then the row order */
		{ .by = REFUSED_openrouter_auth,
		  .about = REFUSAL_CREDENTIALS,
		  .found = FOUND(R(auth_token_inner_space), R(auth_token_list), RULE_NONE),
		  .cause = R(auth_token_list) },
		{ .by = REFUSED_openrouter_auth,
		  .about = REFUSAL_CREDENTIALS,
		  .found = FOUND(R(key_wrong_vendor), R(auth_token_quoted), RULE_NONE),
		  .cause = R(auth_token_quoted) },
	};

	(void)state;
	ALL(cases);
}

static void a_refused_request_is_explained_by_body_framing_and_place(void **state)
{
	static const struct reached cases[] = {
		{ .by = REFUSED_openrouter_request,
		  .about = REFUSAL_REQUEST,
		  .found = FOUND(R(body_json_invalid), R(request_rejected), RULE_NONE),
		  .cause = R(body_json_invalid) },
		{ .by = REFUSED_openrouter_request,
		  .about = REFUSAL_REQUEST,
		  .found = FOUND(R(tool_result_orphan), R(request_rejected), RULE_NONE),
		  .cause = R(tool_result_orphan) },
		{ .by = REFUSED_openrouter_request,
		  .about = REFUSAL_REQUEST,
		  .found = FOUND(R(path_missing_api), R(request_rejected), RULE_NONE),
		  .cause = R(path_missing_api) },
		{ .by = REFUSED_upstream,
		  .about = REFUSAL_REQUEST,
		  .found = FOUND(R(tool_schema_invalid), R(upstream_error), RULE_NONE),
		  .cause = R(tool_schema_invalid) },
		{ .by = REFUSED_upstream,
		  .about = REFUSAL_REQUEST,
		  .found = FOUND(R(message_content_empty), R(upstream_error), RULE_NONE),
		  .cause = R(upstream_error) },
		{ .by = REFUSED_vendor,
		  .about = REFUSAL_REQUEST,
		  .found = FOUND(R(parameter_type_wrong), R(request_rejected), RULE_NONE),
		  .cause = R(parameter_type_wrong) },
		/* a quoted key explains no refused body */
		{ .by = REFUSED_openrouter_request,
		  .about = REFUSAL_REQUEST,
		  .saw = SAW_REQUEST,
		  .found = FOUND(R(auth_token_quoted), R(request_rejected), RULE_NONE),
		  .cause = R(request_rejected) },
		/* but it explains one of which the answer does not say why */
		{ .by = REFUSED_openrouter_request,
		  .about = REFUSAL_REQUEST,
		  .found = FOUND(R(auth_token_quoted), R(request_rejected), RULE_NONE),
		  .cause = R(auth_token_quoted) },
	};

	(void)state;
	ALL(cases);
}

static void quota_policy_and_routing_explain_themselves(void **state)
{
	static const struct reached cases[] = {
		{ .by = REFUSED_openrouter_quota,
		  .about = REFUSAL_QUOTA,
		  .saw = SAW_NO_MONEY,
		  .found = FOUND(R(auth_token_quoted), R(body_duplicate_member),
				 R(credits_exhausted), RULE_NONE),
		  .cause = R(credits_exhausted) },
		{ .by = REFUSED_openrouter_policy,
		  .about = REFUSAL_POLICY,
		  .saw = SAW_POLICY,
		  .found = FOUND(R(auth_header_repeated), R(policy_blocked), RULE_NONE),
		  .cause = R(policy_blocked) },
		{ .by = REFUSED_openrouter_routing,
		  .about = REFUSAL_ROUTING,
		  .found =
		      FOUND(R(tool_schema_invalid), R(no_endpoint_supports_request), RULE_NONE),
		  .cause = R(no_endpoint_supports_request) },
		{ .by = REFUSED_local_gateway,
		  .about = REFUSAL_CREDENTIALS,
		  .found = FOUND(R(auth_missing), R(credential_rejected), RULE_NONE),
		  .cause = R(auth_missing) },
		{ .by = REFUSED_vendor,
		  .about = REFUSAL_UNAVAILABLE,
		  .found = FOUND(R(key_wrong_vendor), R(provider_unavailable), RULE_NONE),
		  .cause = R(key_wrong_vendor) },
		{ .by = REFUSED_upstream,
		  .about = REFUSAL_UNAVAILABLE,
		  .found = FOUND(R(body_json_invalid), R(provider_unavailable), RULE_NONE),
		  .cause = R(provider_unavailable) },
		/* the server waited for the rest of the body until its time was over */
		{ .by = REFUSED_vendor,
		  .about = REFUSAL_UNAVAILABLE,
		  .found = FOUND(R(body_length_mismatch), R(provider_unavailable), RULE_NONE),
		  .cause = R(body_length_mismatch) },
		{ .by = REFUSED_vendor,
		  .about = REFUSAL_UNAVAILABLE,
		  .saw = SAW_RATE,
		  .found = FOUND(R(body_length_mismatch), R(provider_unavailable), RULE_NONE),
		  .cause = R(provider_unavailable) },
		/* only the place explains a web page */
		{ .by = REFUSED_edge,
		  .about = REFUSAL_UNAVAILABLE,
		  .found = FOUND(R(auth_token_quoted), R(path_is_base), RULE_NONE),
		  .cause = R(path_is_base) },
		{ .by = REFUSED_edge,
		  .about = REFUSAL_UNAVAILABLE,
		  .found = FOUND(R(path_missing_api), R(answered_by_web_page), RULE_NONE),
		  .cause = R(path_missing_api) },
	};

	(void)state;
	ALL(cases);
}

static void the_clients_key_is_never_blamed_for_the_providers(void **state)
{
	static const struct reached cases[] = {
		{ .by = REFUSED_upstream,
		  .about = REFUSAL_CREDENTIALS,
		  .found = FOUND(R(auth_token_quoted), R(upstream_refused_credentials), RULE_NONE),
		  .cause = R(upstream_refused_credentials) },
		{ .by = REFUSED_upstream,
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
		{ .by = REFUSED_NOT,
		  .about = REFUSAL_NONE,
		  .found = FOUND(R(auth_token_quoted), RULE_NONE),
		  .cause = RULE_NONE },
		{ .by = REFUSED_NOT,
		  .about = REFUSAL_NONE,
		  .found = FOUND(RULE_NONE),
		  .cause = RULE_NONE },
		{ .by = REFUSED_nobody,
		  .about = REFUSAL_NO_ANSWER,
		  .found = FOUND(RULE_NONE),
		  .cause = RULE_NONE },
		{ .by = REFUSED_openrouter_auth,
		  .about = REFUSAL_CREDENTIALS,
		  .found = FOUND(RULE_NONE),
		  .cause = RULE_NONE },
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
		assert_string_equal(rule_or_none(d.verdict.cause), rule_or_none(cases[i].cause));
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
