/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "diagnose/credential.h"
#include "diagnose/secret_scan.h"

/* A made-up key: 64 hex digits in two halves, so that damaged ones are easy to write. */
#define HALF "0e6f44a9d1b2c3e4f5061728394a5b6c"
#define TAIL "7d8e9fa0b1c2d3e4f506172839411c96"
#define HEX HALF TAIL
#define KEY "sk-or-v1-" HEX
#define OTHER "sk-or-v1-" TAIL HALF
#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLWJ5dGVz"

static const struct {
	const char *token;
	enum token_kind form;
} cores[] = {
	{ "", TOKEN_EMPTY },
	{ KEY, TOKEN_PLAIN },
	{ "sk-proj-abcdefghij0123456789", TOKEN_PLAIN },
	{ "some-opaque-gateway-token", TOKEN_PLAIN },
	{ KEY "\x01", TOKEN_BROKEN },
	{ "undefined", TOKEN_LITERAL },
	{ "None", TOKEN_LITERAL },
	{ "(null)", TOKEN_LITERAL },
	{ "[object Object]", TOKEN_LITERAL },
	{ "SecretStr('**********')", TOKEN_LITERAL },
	{ "<function get_key at 0x7f>", TOKEN_LITERAL },
	{ "Promise { <pending> }", TOKEN_LITERAL },
	{ "${OPENROUTER_API_KEY}", TOKEN_UNEXPANDED },
	{ "${{ secrets.KEY }}", TOKEN_UNEXPANDED },
	{ "$OPENROUTER_API_KEY", TOKEN_UNEXPANDED },
	{ "%OPENROUTER_API_KEY%", TOKEN_UNEXPANDED },
	{ "$env:OPENROUTER_API_KEY", TOKEN_UNEXPANDED },
	{ "{env:OPENROUTER_API_KEY}", TOKEN_UNEXPANDED },
	{ "{{ api_key }}", TOKEN_UNEXPANDED },
	{ "{api_key_deepseek}", TOKEN_UNEXPANDED },
	{ "<OPENROUTER_API_KEY>", TOKEN_UNEXPANDED },
	{ "$(cat ~/.openrouter)", TOKEN_UNEXPANDED },
	{ "`cat key.file`", TOKEN_UNEXPANDED },
	{ "$secret{openrouter}", TOKEN_UNEXPANDED },
	{ "OPENROUTER_API_KEY", TOKEN_VARIABLE_NAME },
	{ "ANTHROPIC_AUTH_TOKEN", TOKEN_VARIABLE_NAME },
	{ "your-api-key", TOKEN_SAMPLE },
	{ "YOUR_API_KEY", TOKEN_SAMPLE },
	{ "your_key_here", TOKEN_SAMPLE },
	{ "changeme", TOKEN_SAMPLE },
	{ "sk-or-v1-xxxxxxxx", TOKEN_SAMPLE },
	{ "sk-or-v1-...", TOKEN_SAMPLE },
	{ "sk-xxxx", TOKEN_SAMPLE },
	{ "sk-or-v1-0000000000000000000000000000000000000000000000000000000000000000",
	  TOKEN_SAMPLE },
	{ "test", TOKEN_SAMPLE },
	{ "ollama", TOKEN_DUMMY },
	{ "EMPTY", TOKEN_DUMMY },
	{ "sk-no-key-required", TOKEN_DUMMY },
	{ "sk-or-v1-0e6...1c96", TOKEN_MASKED },
	{ "sk-or-v1-********", TOKEN_MASKED },
	{ "\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2", TOKEN_MASKED },
	{ "sk-or-v1-" HALF, TOKEN_LENGTH },
	{ KEY "0", TOKEN_LENGTH },
	{ "sk-or-v1-", TOKEN_LENGTH },
	{ "v1-" HEX, TOKEN_PREFIX },
	{ "or-v1-" HEX, TOKEN_PREFIX },
	{ "sk-0r-v1-" HEX, TOKEN_PREFIX },
	{ "sk_or_v1_" HEX, TOKEN_PREFIX },
	{ "$" KEY, TOKEN_PREFIX },
	{ HEX, TOKEN_PREFIX },
	{ "sk-or-v1-O" HALF "e6f44a9d1b2c3e4f5061728394a5b6c", TOKEN_CHARSET },
	{ KEY "}", TOKEN_CHARSET },
	{ "SK-OR-V1-" HEX, TOKEN_CASE },
	{ "sk-or-v1-0E6F44A9D1B2C3E4F5061728394A5B6C" TAIL, TOKEN_CASE },
	{ KEY KEY, TOKEN_DOUBLED },
	{ KEY "," OTHER, TOKEN_LIST },
	{ KEY " " OTHER, TOKEN_LIST },
	{ KEY ";" OTHER, TOKEN_LIST },
	{ "OPENROUTER_API_KEY=" KEY, TOKEN_CONFIG_LINE },
	{ "export OPENROUTER_API_KEY=" KEY, TOKEN_CONFIG_LINE },
	{ "apiKey: " KEY, TOKEN_CONFIG_LINE },
	{ "Authorization: Bearer " KEY, TOKEN_CONFIG_LINE },
	{ "https://openrouter.ai/api/v1", TOKEN_URL },
	{ "{\"type\":\"service_account\",\"private_key\":\"x\"}", TOKEN_DOCUMENT },
	{ "/home/me/key.json", TOKEN_DOCUMENT },
	{ "c2stb3ItdjEtMGU2ZjQ0YTlkMWIyYzNlNGY1MDYxNzI4Mzk0YTViNmM3ZDhlOWZh",
	  TOKEN_ENCODED },
	{ "gAAAAABmVeryLongFernetToken_0123456789", TOKEN_ENCODED },
	{ "vm0_enc_0123456789abcdef", TOKEN_ENCODED },
	{ KEY "%0A", TOKEN_PERCENT },
	{ "sk-or-v1-" HALF " " TAIL, TOKEN_SPACED },
	{ KEY "\xc2\xa0", TOKEN_NON_ASCII },
	{ "\xef\xbb\xbf" KEY, TOKEN_NON_ASCII },
	{ JWT, TOKEN_JWT },
	{ KEY ", Bearer " OTHER, TOKEN_JOINED },
	/* Copilot's own tokens have assignments in them. */
	{ "tid=0123456789abcdef;exp=1700000000;sku=free", TOKEN_PLAIN },
	{ "dGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcw==", TOKEN_PLAIN },
};

static void a_core_has_one_form(void **state)
{
	struct token_shape shape;

	(void)state;
	for (size_t i = 0; i < sizeof(cores) / sizeof(cores[0]); i++) {
		shape_read(&shape, slice_of(cores[i].token));
		if (shape.kind != cores[i].form)
			print_message("token %s\n", cores[i].token);
		assert_int_equal(shape.kind, cores[i].form);
		assert_int_equal(shape.opening.n + shape.closing.n + shape.again.n, 0);
	}
}

static void wrappers_are_peeled_and_the_core_is_judged_without_them(void **state)
{
	static const struct {
		const char *token, *core;
		bool opening, closing, again;
		enum token_kind form;
	} cases[] = {
		{ "\"" KEY "\"", KEY, true, true, false, TOKEN_PLAIN },
		{ "'" KEY "'", KEY, true, true, false, TOKEN_PLAIN },
		{ "`" KEY "`", KEY, true, true, false, TOKEN_PLAIN },
		{ KEY "\"", KEY, false, true, false, TOKEN_PLAIN },
		{ "\xe2\x80\x9c" KEY "\xe2\x80\x9d", KEY, true, true, false, TOKEN_PLAIN },
		{ "Bearer " KEY, KEY, false, false, true, TOKEN_PLAIN },
		{ "bearer:" KEY, KEY, false, false, true, TOKEN_PLAIN },
		{ "\"Bearer " KEY "\"", KEY, true, true, true, TOKEN_PLAIN },
		{ "\"undefined\"", "undefined", true, true, false, TOKEN_LITERAL },
		{ "\"\"", "", true, true, false, TOKEN_EMPTY },
		{ "Bearer", "", false, false, true, TOKEN_EMPTY },
		{ "BearerToken", "BearerToken", false, false, false, TOKEN_PLAIN },
	};
	struct token_shape shape;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		shape_read(&shape, slice_of(cases[i].token));
		assert_true(slice_equal(shape.core, slice_of(cases[i].core)));
		assert_int_equal(shape.opening.n > 0, cases[i].opening);
		assert_int_equal(shape.closing.n > 0, cases[i].closing);
		assert_int_equal(shape.again.n > 0, cases[i].again);
		assert_int_equal(shape.kind, cases[i].form);
	}
}

static void a_token_is_shown_so_that_nobody_can_use_it(void **state)
{
	static const struct {
		const char *token, *shown;
	} cases[] = {
		{ KEY, "sk-or-v1-0e6...1c96" },
		{ "\"" KEY "\"", "\"sk-or-v1-0e6...1c96\"" },
		{ "Bearer " KEY, "Bearer sk-or-v1-0e6...1c96" },
		{ KEY KEY, "sk-or-v1-0e6...1c96sk-or-v1-0e6...1c96" },
		{ KEY "," OTHER, "sk-or-v1-0e6...1c96,sk-or-v1-7d8...5b6c" },
		{ KEY "\xc2\xa0", "sk-or-v1-0e6...1c96\\xc2\\xa0" },
		{ KEY "\n", "sk-or-v1-0e6...1c96\\x0a" },
		{ KEY "%0A", "sk-or-v1-0e6...1c96%0A" },
		{ "v1-" HEX, "v1-0e6...1c96" },
		{ HEX, "0e6...1c96" },
		{ "SK-OR-V1-" HEX, "SK-OR-V1-0e6...1c96" },
		{ "OPENROUTER_API_KEY=" KEY, "OPENROUTER_API_KEY=sk-or-v1-0e6...1c96" },
		{ "sk-proj-abcdefghij0123456789ab12", "sk-proj-...ab12" },
		{ "sk-or-v1-abc", "sk-or-v1-<3 bytes>" },
		{ "undefined", "undefined" },
		{ "${OPENROUTER_API_KEY}", "${OPENROUTER_API_KEY}" },
		{ "OPENROUTER_API_KEY", "OPENROUTER_API_KEY" },
		{ "your-api-key", "your-api-key" },
		{ "sk-or-v1-0e6...1c96", "sk-or-v1-0e6...1c96" },
		{ "hunter2", "<7 bytes>" },
		{ "\"hunter2hunter2\"", "\"<14 bytes: letters and digits>\"" },
		{ HALF, "<32 bytes: hex>" },
		{ "correct horse battery staple", "<28 bytes: with other characters>" },
		{ JWT, "<JWT, 61 bytes>" },
		{ "", "" },
	};
	char shown[TOKEN_MASK_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		token_mask(slice_of(cases[i].token), shown);
		assert_string_equal(shown, cases[i].shown);
	}
}

static void no_eight_hidden_bytes_of_a_damaged_key_are_ever_shown(void **state)
{
	char token[sizeof(KEY) + 8];
	char shown[TOKEN_MASK_SIZE];

	(void)state;
	/* Any one byte put anywhere into the key. */
	for (size_t at = 0; at < sizeof(KEY); at++)
		for (int byte = 1; byte < 256; byte++) {
			int n = snprintf(token, sizeof(token), "%.*s%c%s", (int)at, KEY, byte,
					 KEY + at);
			token_mask((struct slice){ token, (size_t)n }, shown);
			for (size_t i = 9; i + 8 < sizeof(KEY); i++) {
				char piece[9];
				memcpy(piece, KEY + i, 8);
				piece[8] = '\0';
				assert_null(strstr(shown, piece));
			}
		}
}

static void the_key_of_every_vendor_is_redacted_in_a_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < key_form_count; i++) {
		char text[160];
		struct buf out;
		snprintf(text, sizeof(text), "a %s%s b", key_forms[i].prefix,
			 "Qw3rT5yU7iO9pA1sD3fG5hJ7kL9zX1cV3b");
		buf_init(&out, 400);
		mask_text(&out, slice_of(text), 400);
		assert_int_equal(buf_add(&out, "", 1), 0);
		assert_null(strstr(out.p, "rT5yU7iO9"));
		buf_release(&out);
	}
}

static void the_fingerprint_is_the_start_of_sha256(void **state)
{
	char fingerprint[FINGERPRINT_SIZE];

	(void)state;
	fingerprint_of(SLICE("abc"), fingerprint);
	assert_string_equal(fingerprint, "sha256:ba7816bf8f01");
	fingerprint_of((struct slice){ NULL, 0 }, fingerprint);
	assert_string_equal(fingerprint, "sha256:e3b0c44298fc");
}

static void assert_redacted(const char *text, const char *expected)
{
	struct buf out;

	buf_init(&out, 4096);
	mask_text(&out, slice_of(text), 4096);
	assert_int_equal(buf_add(&out, "", 1), 0);
	assert_string_equal(out.p, expected);
	buf_release(&out);
}

static void secrets_in_a_text_are_replaced(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "Incorrect API key provided: " KEY ".",
		  "Incorrect API key provided: sk-or-v1-0e6...1c96." },
		{ "a=" KEY "&b=1", "a=sk-or-v1-0e6...1c96&b=1" },
		{ "key=hunter2hunter2&n=1", "key=<14 bytes: letters and digits>&n=1" },
		{ "{\"authorization\":\"Bearer " KEY "\"}",
		  "{\"authorization\":\"Bearer sk-or-v1-0e6...1c96\"}" },
		{ "Authorization: Basic YWxpY2U6aHVudGVyMg==",
		  "Authorization: Basic <20 bytes: with other characters>" },
		{ "token " JWT " is bad", "token <JWT, 61 bytes> is bad" },
		{ "saw 9f8e7d6c5b4a39281706f5e4d3c2b1a0 here", "saw <32 bytes: hex> here" },
		{ "https://me:hunter2@openrouter.ai/", "https://<10 bytes>@openrouter.ai/" },
		{ "user_2abcdefghijklmnopqrstuv", "user_...stuv" },
		{ "xsk-or-v1-" HEX, "xsk-or-v1-0e6...1c96" },
		{ "got %73k-or-v1-" HEX, "got sk-or-v1-0e6...1c96" },
		{ "got %68%75%6e%74%65%72%32%32 here", "got hunter22 here" },
		{ "/a%20b/%D0%BA?c=%2F", "/a%20b/%D0%BA?c=%2F" },
		{ "saw 0123456789abcdef" HEX " here", "saw <80 bytes: hex> here" },
		{ "in groups sk-or-v1-0e6f 44a9 d1b2 c3e4 f506 here",
		  "in groups sk-or-v1-<24 bytes> here" },
		{ "got &#115;&#107;&#45;or-v1-" HEX, "got sk-or-v1-0e6...1c96" },
		{ "got &#x73;k-or-v1-" HEX, "got sk-or-v1-0e6...1c96" },
		{ "got \xef\xbd\x93\xef\xbd\x8b-or-v1-" HEX, "got sk-or-v1-0e6...1c96" },
		{ "got \\u0073k-or-v1-" HEX, "got sk-or-v1-0e6...1c96" },
		{ "got ya29.a0AfH6SMBx1cV3bN5mQ7wE9rT1yU3iO5pA7sD9.", "got ya29....7sD9." },
		{ "Cookie: session=abc; theme=dark", "Cookie: <23 bytes>" },
		{ "Basic someone:hunter2hunter2", "Basic <22 bytes: with other characters>" },
		{ "accessToken=hunter2hunter2", "accessToken=<14 bytes: letters and digits>" },
		{ "key://me:hunter2@host/", "key://<10 bytes>@host/" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_redacted(cases[i].text, cases[i].expected);
}

static void a_key_cut_in_two_is_hidden_on_both_sides(void **state)
{
	static const char *const between[] = { "\"", "\\\"",     "\\n", "\\u200b",
					       "'",  "\xc2\xa0", "\x01" };

	(void)state;
	for (size_t cut = 9; cut < sizeof(KEY) - 1; cut++)
		for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++) {
			char text[160];
			struct buf out;
			snprintf(text, sizeof(text), "sent %.*s%s%s", (int)cut, KEY, between[i],
				 KEY + cut);
			buf_init(&out, 4096);
			mask_text(&out, slice_of(text), 4096);
			assert_int_equal(buf_add(&out, "", 1), 0);
			for (size_t j = 9; j + 10 < sizeof(KEY); j++) {
				char piece[11];
				memcpy(piece, KEY + j, 10);
				piece[10] = '\0';
				if (strstr(out.p, piece))
					print_message("%s -> %s\n", text, out.p);
				assert_null(strstr(out.p, piece));
			}
			buf_release(&out);
		}
}

static void ordinary_words_stay(void **state)
{
	static const char *const texts[] = {
		"No auth credentials found",
		"Missing bearer or basic authentication in header",
		"anthropic/claude-3-5-sonnet-20241022-v2-beta-thinking is not a valid model ID",
		"Your api key: ****da05 is invalid",
		"gen-1732400000-abcdefABCDEF0123456789",
		"123e4567-e89b-12d3-a456-426614174000",
		"Expected OAuth 2 access token, login cookie or other valid authentication "
		"credential",
		"keys start with sk-or-v1-, yours was sk-or-v1-0e6...1c96",
		"Bearer undefined",
		"\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87 \xe2\x80\xa2",
		"\xef\xbc\xa1\xef\xbc\xb0\xef\xbc\xa9\xe3\x82\xad\xe3\x83\xbc \xe3\x81\xaa\xe3\x81\x97",
		"max_tokens=100000 and prompt_tokens: 4096 of 1 2 3 4 groups",
		"Tom &amp; Jerry &#8212; a &#169; sign, 100%25",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_redacted(texts[i], texts[i]);
}

/* Pieces of ordinary values and of all that is taken out, to be put together at random. */
static const char *const pieces[] = {
	"sk-or-v1-",
	KEY,
	"sk-ant-",
	"sk-proj-",
	"nvapi-",
	"hf_",
	"github_pat_",
	"AIza",
	JWT,
	"eyJ",
	"user_",
	"Bearer",
	"basic",
	"token",
	"api_key",
	"secret",
	"session",
	"Cookie",
	"sig",
	HEX,
	"0123456789ab",
	"abcdefgh",
	"Xy7",
	"openai",
	"gpt-4o-mini",
	"text",
	"html",
	"charset",
	"2026",
	"GMT",
	"9a1b2c3d4e5f",
	"x",
	"-",
	"_",
	".",
	"/",
	" ",
	", ",
	";",
	"=",
	":",
	"://",
	"@",
	"?",
	"&",
	"%20",
	"'",
	"\"",
	"\\",
	"\t",
	"\x01",
	"\xc3\xa9",
	"*",
	"+",
	"(",
	"u=1,i",
};

static void spans_follow_each_other_and_the_text_of_them_is_copied(void **state)
{
	unsigned seed = 1;
	unsigned plain = 0;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		char text[512] = "";
		struct buf out;
		size_t n = 0, at = 0;
		bool secret = false;
		for (unsigned count = 1 + (seed >> 16) % 8; count; count--) {
			seed = seed * 1103515245 + 12345;
			const char *piece =
			    pieces[(seed >> 16) % (sizeof(pieces) / sizeof(pieces[0]))];
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", piece);
		}
		struct secret_scan scan = secret_scan_of((struct slice){ text, n }, round % 2);
		struct secret_span span;
		while (secret_next(&scan, &span)) {
			assert_int_equal(span.at, at);
			assert_true(span.n > 0);
			secret |= span.kind != SPAN_TEXT;
			at += span.n;
		}
		assert_int_equal(at, n);
		if (secret || round % 2 || memchr(text, 1, n) || memchr(text, 9, n))
			continue;
		plain++;
		buf_init(&out, 4096);
		mask_text(&out, slice_of(text), 4096);
		assert_int_equal(out.n, n);
		assert_memory_equal(out.p, text, n);
		buf_release(&out);
	}
	assert_true(plain > 10000);
}

static void nothing_reaches_a_terminal_unescaped(void **state)
{
	(void)state;
	assert_redacted("a\x1b[31mb\r\n\x7f", "a\\x1b[31mb\\x0d\\x0a\\x7f");
	assert_redacted("\xff\xc0\x80\xed\xa0\x80", "\\xff\\xc0\\x80\\xed\\xa0\\x80");
	assert_redacted("a\xe2\x80\xae"
			"b\xe2\x81\xa6"
			"c\xc2\x9b",
			"a\\u{202e}b\\u{2066}c\\u{9b}");
	assert_redacted("cut \xe2\x80", "cut \\xe2\\x80");
}

static void no_more_than_asked_for_is_added(void **state)
{
	(void)state;
	for (size_t max = 0; max < 60; max++) {
		struct buf out;
		buf_init(&out, 4096);
		mask_text(&out, SLICE("x\x1b " KEY " \xe2\x80\xae and more words"), max);
		assert_true(out.n <= max);
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_core_has_one_form),
		cmocka_unit_test(wrappers_are_peeled_and_the_core_is_judged_without_them),
		cmocka_unit_test(a_token_is_shown_so_that_nobody_can_use_it),
		cmocka_unit_test(no_eight_hidden_bytes_of_a_damaged_key_are_ever_shown),
		cmocka_unit_test(the_key_of_every_vendor_is_redacted_in_a_text),
		cmocka_unit_test(spans_follow_each_other_and_the_text_of_them_is_copied),
		cmocka_unit_test(the_fingerprint_is_the_start_of_sha256),
		cmocka_unit_test(secrets_in_a_text_are_replaced),
		cmocka_unit_test(a_key_cut_in_two_is_hidden_on_both_sides),
		cmocka_unit_test(ordinary_words_stay),
		cmocka_unit_test(nothing_reaches_a_terminal_unescaped),
		cmocka_unit_test(no_more_than_asked_for_is_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
