/* SPDX-License-Identifier: MIT */
#include "diagnose/credential.h"
#include "exchanges.h"

#define KEY "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"

/* The exchange of one GET with these header lines; the caller frees it. */
static struct exchange *request(const char *target, const char *lines)
{
	char text[2048];
	int n = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: openrouter.ai\r\n%s\r\n",
			 target, lines);

	return exchange_between((struct slice){ text, (size_t)n },
				SLICE("HTTP/1.1 204 No Content\r\n\r\n"));
}

static void assert_slice(struct slice s, const char *expected)
{
	if (!slice_equal(s, slice_of(expected)))
		print_message("got %.*s, expected %s\n", SLICE_ARG(s), expected ? expected : "none");
	assert_true(slice_equal(s, slice_of(expected)));
}

static void an_authorization_is_taken_apart(void **state)
{
	static const struct {
		const char *value, *scheme, *gap, *token;
		enum scheme_form form;
	} cases[] = {
		{ "Bearer " KEY, "Bearer", " ", KEY, SCHEME_GOOD },
		{ "Bearer  \t" KEY, "Bearer", "  \t", KEY, SCHEME_GOOD },
		{ "bearer " KEY, "bearer", " ", KEY, SCHEME_CASE },
		{ "Bearer", "Bearer", "", "", SCHEME_GOOD },
		{ "", "", "", "", SCHEME_NONE },
		{ KEY, "", "", KEY, SCHEME_NONE },
		{ "undefined", "", "", "undefined", SCHEME_NONE },
		{ KEY " " KEY, "", "", KEY " " KEY, SCHEME_NONE },
		{ "Bearer: " KEY, "Bearer:", " ", KEY, SCHEME_PUNCTUATED },
		{ "Bearer=" KEY, "Bearer=", "", KEY, SCHEME_PUNCTUATED },
		{ "Bearer" KEY, "Bearer", "", KEY, SCHEME_PUNCTUATED },
		{ "BearerToken", "", "", "BearerToken", SCHEME_NONE },
		{ "Basic YTpi", "Basic", " ", "YTpi", SCHEME_BASIC },
		{ "Token " KEY, "Token", " ", KEY, SCHEME_OTHER },
		{ "Digest username=\"a\"", "Digest", " ", "username=\"a\"", SCHEME_FOREIGN },
		{ "AWS4-HMAC-SHA256 Credential=AKIA1/20261127/us-east-1/bedrock/aws4_request, "
		  "SignedHeaders=host, Signature=00ff",
		  "AWS4-HMAC-SHA256", " ", "AKIA1", SCHEME_FOREIGN },
		{ "AWS4-HMAC-SHA256 nothing", "AWS4-HMAC-SHA256", " ", "", SCHEME_FOREIGN },
		{ "export OPENROUTER_API_KEY=" KEY, "", "", "export OPENROUTER_API_KEY=" KEY,
		  SCHEME_NONE },
		{ "$(cat key.txt)", "", "", "$(cat key.txt)", SCHEME_NONE },
		{ "\"Bearer " KEY "\"", "Bearer", " ", KEY "\"", SCHEME_GOOD },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct credentials all;
		char line[400];
		snprintf(line, sizeof(line), "Authorization: %s\r\n", cases[i].value);
		struct exchange *x = request("/api/v1/key", line);
		credentials_find(&all, x, NULL);
		assert_int_equal(all.count, 1);
		assert_false(all.absent);
		assert_slice(all.all[0].value, cases[i].value);
		assert_slice(all.all[0].scheme, cases[i].scheme);
		assert_slice(all.all[0].gap, cases[i].gap);
		assert_slice(all.all[0].token, cases[i].token);
		assert_int_equal(all.all[0].shape.scheme, cases[i].form);
		exchange_free(x);
	}
}

static void all_carriers_are_found_authorization_first(void **state)
{
	struct credentials all;
	struct exchange *x = request("/v1/models?a=1&key=AIzaSyDk4Lq8Rt2Vw6Xz0Bn3Gh7Jm1Pc5Fs9Ya",
				     "X-Api-Key: one\r\nAPI-Key: two\r\nauthorization: Bearer a\r\n"
				     "x-goog-api-key: three\r\nAuthorization: Bearer b\r\n");
	static const char *const names[] = { "authorization", "authorization",  "x-api-key",
					     "api-key",       "x-goog-api-key", "url" };
	static const char *const tokens[] = { "a",     "b",
					      "one",   "two",
					      "three", "AIzaSyDk4Lq8Rt2Vw6Xz0Bn3Gh7Jm1Pc5Fs9Ya" };

	(void)state;
	credentials_find(&all, x, NULL);
	assert_int_equal(all.count, 6);
	for (size_t i = 0; i < all.count; i++) {
		assert_string_equal(location_name(all.all[i].location), names[i]);
		assert_slice(all.all[i].token, tokens[i]);
	}
	assert_ptr_equal(credentials_by(&all, LOCATION_API_KEY), &all.all[3]);
	exchange_free(x);
}

static void a_key_anywhere_in_the_target_is_a_credential(void **state)
{
	static const struct {
		const char *target, *token;
	} cases[] = {
		{ "/api/v1/" KEY "/chat/completions", KEY },
		{ "/api/v1/chat/completions?token=" KEY, KEY },
		{ "/api/v1/chat/completions?api_key=abc", "abc" },
		{ "/api/v1/chat/completions?api_key=", NULL },
		{ "/hf_inference_of_something_long/v1/models", NULL },
		{ "/openai/deployments/x?api-version=2024-06-01", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct credentials all;
		struct exchange *x = request(cases[i].target, "");
		credentials_find(&all, x, NULL);
		assert_int_equal(all.count, cases[i].token ? 1 : 0);
		assert_int_equal(all.absent, !cases[i].token);
		if (cases[i].token)
			assert_slice(all.all[0].token, cases[i].token);
		exchange_free(x);
	}
}

static void more_credentials_than_fit_are_let_go(void **state)
{
	char lines[1024] = "";
	struct credentials all;

	(void)state;
	for (int i = 0; i < LIMIT_CREDENTIALS + 3; i++)
		strcat(lines, "Authorization: Bearer x\r\n");
	struct exchange *x = request("/", lines);
	credentials_find(&all, x, NULL);
	assert_int_equal(all.count, LIMIT_CREDENTIALS);
	exchange_free(x);
}

static void what_went_by_unseen_is_neither_absent_nor_judged(void **state)
{
	struct credentials all;
	struct exchange *x = request("/api/v1/key", "Authorization: Bearer " KEY "\r\n");

	(void)state;
	/* As HTTP/2 leaves it when its header table was filled before we listened. */
	x->request.fields[1].known = false;
	x->request.fields[1].value = (struct slice){ NULL, 0 };
	credentials_find(&all, x, NULL);
	assert_int_equal(all.count, 1);
	assert_false(all.all[0].known);
	assert_int_equal(all.all[0].token.n, 0);
	exchange_free(x);

	x = request("/api/v1/key", "");
	x->request.fields_complete = false;
	credentials_find(&all, x, NULL);
	assert_int_equal(all.count, 0);
	assert_false(all.absent);
	exchange_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_authorization_is_taken_apart),
		cmocka_unit_test(all_carriers_are_found_authorization_first),
		cmocka_unit_test(a_key_anywhere_in_the_target_is_a_credential),
		cmocka_unit_test(more_credentials_than_fit_are_let_go),
		cmocka_unit_test(what_went_by_unseen_is_neither_absent_nor_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
