/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "exchanges.h"
#include "report/paragraph.h"
#include "report/field_display.h"
#include "report/text.h"
#include "tools/capture/playback.h"

#define KEY "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"
#define ANSWER                                                                      \
	"< HTTP/1.1 401 Unauthorized\n"                                             \
	"< Content-Type: application/json\n"                                        \
	"< Content-Length: 60\n"                                                    \
	"<\n"                                                                       \
	"<- {\"error\":{\"message\":\"No auth credentials found\",\"code\":401}}\n" \
	"= close\n"
#define REQUEST(auth) "> GET /api/v1/key HTTP/1.1\n> Host: openrouter.ai\n" auth ">\n"

/* Plays TEXT; the caller releases R. */
static void play(struct playback *r, const char *text, const struct playback_options *options)
{
	struct capture_fault fault;
	struct capture c;

	capture_init(&c);
	assert_int_equal(capture_parse(&c, slice_of(text), &fault), 0);
	assert_int_equal(playback_run(r, &c, options), 0);
	capture_release(&c);
}

static void expect_text(const char *capture, const struct playback_options *options,
			const char *words, bool present)
{
	struct playback r;

	play(&r, capture, options);
	if (slice_has(buf_slice(&r.text), slice_of(words)) != present) {
		print_error("'%s' is %s\n%.*s\n", words, present ? "not in" : "in",
			    SLICE_ARG(buf_slice(&r.text)));
		fail();
	}
	playback_release(&r);
}

static void carets_stand_below_the_bytes(void **state)
{
	static const struct {
		const char *auth;
		const char *want;
	} cases[] = {
		{ "> Authorization: Bearer \"" KEY "\"\n",
		  "      Authorization: Bearer \"sk-or-v1-0e6...1c96\"\n"
		  "                            ^                   ^\n" },
		{ "> authorization:   Bearer '" KEY "'\n",
		  "      authorization: Bearer 'sk-or-v1-0e6...1c96'\n"
		  "                            ^                   ^\n" },
		{ "> Authorization: Bearer \xe2\x80\x8b" KEY "\n",
		  "      Authorization: Bearer \\xe2\\x80\\x8bsk-or-v1-0e6...1c96\n"
		  "                            ^\n" },
	};
	struct playback_options options = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char capture[1024];
		snprintf(capture, sizeof(capture), "%s%s>\n%s",
			 "> GET /api/v1/key HTTP/1.1\n> Host: openrouter.ai\n", cases[i].auth,
			 ANSWER);
		expect_text(capture, &options, cases[i].want, true);
	}
}

static void every_repeated_header_is_shown(void **state)
{
	struct playback_options options = { 0 };

	(void)state;
	expect_text(REQUEST("> Authorization: Bearer " KEY
			    "\n> Authorization: Bearer hello-there-1\n") ANSWER,
		    &options, "Authorization: Bearer sk-or-v1-0e6...1c96\n", true);
	expect_text(REQUEST("> Authorization: Bearer " KEY
			    "\n> Authorization: Bearer hello-there-1\n") ANSWER,
		    &options, "hello-there-1", false);
}

static void escapes_from_the_wire_do_not_reach_the_terminal(void **state)
{
	static const char capture[] =
	    "> GET /api/v1/key\x1b]0;title\x07 HTTP/1.1\n"
	    "> Host: openrouter.ai\n"
	    "> Authorization: Bearer \x1b[2J\n"
	    ">\n"
	    "< HTTP/1.1 401 \x1b[31m\n"
	    "< Content-Type: application/json\n"
	    "< Content-Length: 54\n"
	    "<\n"
	    "<- {\"error\":{\"message\":\"\\u001b[2J\\u009b31m bad\",\"code\":1}}\n"
	    "= close\n";
	struct playback_options options = { 0 };
	struct playback r;

	(void)state;
	play(&r, capture, &options);
	assert_true(r.text.n > 0);
	for (size_t i = 0; i < r.text.n; i++)
		assert_true(r.text.p[i] == '\n' || (unsigned char)r.text.p[i] >= 0x20);
	assert_false(slice_has(buf_slice(&r.text), SLICE("\xc2\x9b")));
	assert_false(slice_has(buf_slice(&r.records), SLICE("\x1b")));
	playback_release(&r);
}

static void colour_is_only_where_the_style_says(void **state)
{
	struct playback_options options = { 0 };

	(void)state;
	expect_text(REQUEST("") ANSWER, &options, "\033[", false);
	options.style.colour = true;
	expect_text(REQUEST("") ANSWER, &options, "\033[1;31merror[auth_missing]:\033[0m", true);
}

static bool has_space(struct slice s)
{
	return slice_find(s, SLICE(" "), 0) >= 0;
}

/* The words of TEXT, one space between them: what breaking a line does not change. */
static void words_of(struct buf *out, struct slice text)
{
	buf_init(out, LIMIT_BLOCK);
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != ' ' && text.p[i] != '\n')
			buf_add_some(out, text.p + i, 1);
		else if (out->n && out->p[out->n - 1] != ' ')
			buf_add_some(out, " ", 1);
}

/* Every line, but one that is a word too long; the same words at each width, in colour or not. */
static void lines_keep_within_the_width(void **state)
{
	static const int widths[] = { 40, 60, 80, 100 };
	struct slice rest, line;
	struct playback whole, r;
	struct buf words, broken;

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(widths) / sizeof(widths[0]); i++) {
		struct playback_options options = { .style = { .colour = i & 1 } };
		play(&whole, REQUEST("") ANSWER, &options);
		options.style.width = widths[i / 2];
		play(&r, REQUEST("") ANSWER, &options);
		rest = buf_slice(&r.text);
		while (slice_cut(&rest, '\n', &line))
			if (has_space(slice_trim(line)))
				assert_true(columns_of(line) <= (size_t)widths[i / 2]);
		words_of(&words, buf_slice(&whole.text));
		words_of(&broken, buf_slice(&r.text));
		assert_true(slice_equal(buf_slice(&words), buf_slice(&broken)));
		buf_release(&words);
		buf_release(&broken);
		playback_release(&whole);
		playback_release(&r);
	}
}

static void a_line_is_folded_where_it_does_not_fit(void **state)
{
	static const struct {
		const char *line;
		int width;
		const char *want;
	} cases[] = {
		{ "orshim: short  [here]", 60, "orshim: short  [here]" },
		{ "orshim: 401 from openrouter.ai, refused by its key check  [account/auth]", 0,
		  "orshim: 401 from openrouter.ai, refused by its key check  [account/auth]" },
		{ "orshim: 401 from openrouter.ai, refused by its key check  [account/auth]", 72,
		  "orshim: 401 from openrouter.ai, refused by its key check  [account/auth]" },
		{ "orshim: 401 from openrouter.ai, refused by its key check  [account/auth]", 60,
		  "orshim: 401 from openrouter.ai, refused by its key check\n"
		  "        [account/auth]" },
		{ "\033[1morshim: \033[0m401 from openrouter.ai, refused by its key check  [x]", 61,
		  "\033[1morshim: \033[0m401 from openrouter.ai, refused by its key check  [x]" },
		{ "  --> https://openrouter.ai/api/v1/a/word/that/is/wider/than/all (3)", 40,
		  "  --> https://openrouter.ai/api/v1/a/word/that/is/wider/than/all\n        (3)" },
		{ "one line that is too long for the width\nand another one that is so", 30,
		  "one line that is too long for the width\nand another one that is so" },
		{ "one line that is much too long for the width\nand another one that is so, too",
		  40,
		  "one line that is much too long for the\n        width\n"
		  "and another one that is so, too" },
		{ "", 60, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		buf_init(&out, LIMIT_BLOCK);
		buf_add_some(&out, "before it\n", 10);
		struct paragraph p = { .to = &out, .width = cases[i].width };
		buf_add_some(&out, cases[i].line, strlen(cases[i].line));
		paragraph_fold(&p, 10, 8);
		assert_false(p.failed);
		assert_memory_equal(out.p, "before it\n", 10);
		if (!slice_equal(slice_from(buf_slice(&out), 10), slice_of(cases[i].want))) {
			print_error("%.*s\n", SLICE_ARG(buf_slice(&out)));
			fail();
		}
		buf_release(&out);
	}
}

static void a_success_says_nothing(void **state)
{
	struct playback_options options = { 0 };
	struct playback r;

	(void)state;
	play(&r,
	     REQUEST("> Authorization: Bearer " KEY
		     "\n") "< HTTP/1.1 200 OK\n< Content-Length: 2\n"
			   "< Content-Type: application/json\n<\n<- {}\n= close\n",
	     &options);
	assert_int_equal(r.text.n, 0);
	assert_int_equal(r.exchanges, 1);
	playback_release(&r);
}

static void columns_follow_what_is_shown(void **state)
{
	static const struct {
		const char *value, *shown;
		size_t at, want;
	} cases[] = {
		{ "abcdef", "abcdef", 0, 0 },
		{ "abcdef", "abcdef", 3, 3 },
		{ "abcdef", "abcdef", 6, 6 },
		{ "\"abcdefghij\"", "\"ab...ij\"", 0, 0 },
		{ "\"abcdefghij\"", "\"ab...ij\"", 11, 8 },
		{ "\"abcdefghij\"", "\"ab...ij\"", 10, 7 },
		{ "\"abcdefghij\"", "\"ab...ij\"", 5, 3 },
		{ "a\x01z", "a\\x01z", 2, 5 },
		{ "a\x01z", "a\\x01z", 1, 1 },
		{ "Bearer secret", "Bearer <6 bytes>", 7, 7 },
		{ "Bearer secret", "Bearer <6 bytes>", 9, 7 },
		{ "\xc3\xa9x", "\xc3\xa9x", 2, 1 },
		{ "", "", 0, 0 },
		{ "abc", "", 2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    display_column(slice_of(cases[i].value), slice_of(cases[i].shown), cases[i].at),
		    cases[i].want);
}

static void only_harmless_fields_are_shown_in_clear(void **state)
{
	static const struct {
		const char *name, *value, *want;
	} cases[] = {
		{ "Content-Type", "application/json", "application/json" },
		{ "Location", "https://a/b?token=hush", "https://a/b" },
		{ "HTTP-Referer", "https://a/b#hush", "https://a/b" },
		{ "Authorization", "Bearer: undefined", "Bearer: undefined" },
		{ "Authorization", "0123456789abcdefghij horse", NULL },
		{ "Cookie", "session=0123456789abcdefghij", NULL },
		{ "Set-Cookie", "session=0123456789abcdefghij", NULL },
		{ "X-Authorization", "Bearer 0123456789abcdefghij", NULL },
		{ "X-Unknown", "0123456789abcdefghij", NULL },
		{ "Proxy-Authorization", "Basic MDEyMzQ1Njc4OWFiY2RlZmdoaWo=", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct field f = { slice_of(cases[i].name), slice_of(cases[i].value),
				   slice_of(cases[i].value), true };
		struct buf out;
		buf_init(&out, 256);
		field_show(&out, &f, 200);
		if (cases[i].want)
			assert_true(slice_equal(buf_slice(&out), slice_of(cases[i].want)));
		else {
			assert_false(slice_has(buf_slice(&out), SLICE("0123456789abcdefghij")));
			assert_false(slice_has(buf_slice(&out), SLICE("MDEyMzQ1")));
			assert_false(field_is_clear(f.name));
		}
		buf_release(&out);
	}
}

static void paragraphs_break_between_words(void **state)
{
	struct paragraph p = { .width = 40 };
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	p.to = &b;
	paragraph_add(&p, "  why: ", SLICE("one two three\nfour five six seven eight nine"));
	assert_true(slice_equal(buf_slice(&b), SLICE("  why: one two three four five six seven\n"
						     "       eight nine\n")));
	buf_reset(&b);
	p.width = 0;
	paragraph_add(&p, "", SLICE("never  broken"));
	assert_true(slice_equal(buf_slice(&b), SLICE("never broken\n")));
	buf_release(&b);
}

static struct slice rule_block(struct buf *out, enum rule_id rule, bool colour)
{
	const struct text_style style = { .colour = colour, .width = 80 };

	out->n = 0;
	assert_int_equal(text_rule(out, &style, rule), 0);
	return buf_slice(out);
}

static void every_rule_is_explained(void **state)
{
	static const char *const parts[] = { "  why:     ", "  fix:     ", "  example: " };
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	for (int rule = 0; rule < RULE_COUNT; rule++) {
		struct slice block = rule_block(&out, (enum rule_id)rule, false);

		assert_true(slice_has(block, slice_of(rules[rule].id)));
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
			assert_true(slice_has(block, slice_of(parts[i])));
		assert_false(slice_has(block, SLICE("\033")));
		assert_true(slice_has(rule_block(&out, (enum rule_id)rule, true), SLICE("\033[")));
	}
	buf_release(&out);
}

static void a_rule_that_does_not_fit_is_an_error(void **state)
{
	const struct text_style style = { .width = 80 };
	struct buf whole;

	(void)state;
	buf_init(&whole, 1 << 16);
	assert_int_equal(text_rule(&whole, &style, RULE_auth_token_quoted), 0);
	for (size_t room = 1; room < whole.n; room += 7) {
		struct buf small;

		buf_init(&small, room);
		assert_int_equal(text_rule(&small, &style, RULE_auth_token_quoted), -1);
		assert_true(small.n <= room);
		buf_release(&small);
	}
	buf_release(&whole);
}

static void what_is_found_before_the_start_names_the_tool(void **state)
{
	const struct text_style style = { .width = 80 };
	struct finding found[2] = {
		{ .rule = RULE_key_variable_damaged, .severity = SEVERITY_ERROR },
		{ .rule = RULE_key_variable_damaged, .severity = SEVERITY_ERROR },
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	for (int i = 0; i < 2; i++) {
		detail_init(&found[i].detail);
		detail_f(&found[i].detail, "variable %d ends with a line break", i);
	}
	assert_int_equal(text_launch(&out, &style, "no\033[31mde", found, 2), 0);
	assert_true(slice_starts(buf_slice(&out), SLICE("orshim: before no\\x1b[31mde starts  [")));
	assert_true(slice_has(buf_slice(&out), SLICE("variable 0 ends")));
	assert_true(slice_has(buf_slice(&out), SLICE("variable 1 ends")));
	for (size_t room = out.n - 1; room > 0; room -= room > 64 ? 64 : room) {
		struct buf small;

		buf_init(&small, room);
		assert_int_equal(text_launch(&small, &style, "no\033[31mde", found, 2), -1);
		assert_true(small.n <= room);
		buf_release(&small);
	}
	buf_release(&out);
}

static const char silent[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
static const char asked[] = "GET /api/v1/key HTTP/1.1\r\nHost: openrouter.ai\r\n\r\n";

/* The block about one refused exchange, of the process O. */
static void expect_block(const struct judge *judge, const struct origin *o, const char *request,
			 const char *words)
{
	const struct text_style style = { .width = 200 };
	static struct diagnosis d;
	struct history history;
	struct buf out;

	struct exchange *x = exchange_between(slice_of(request), slice_of(silent));
	history_init(&history);
	diagnose(judge, &history, x, &d);
	buf_init(&out, LIMIT_BLOCK);
	assert_int_equal(text_diagnosis(&out, &style, o, &d), 0);
	if (!slice_has(buf_slice(&out), slice_of(words)))
		fail_msg("'%s' is not in\n%.*s", words, SLICE_ARG(buf_slice(&out)));
	buf_release(&out);
	diagnosis_release(&d);
	exchange_free(x);
}

static void a_block_says_who_asked_and_where(void **state)
{
	const struct origin code = {
		.tool = "code", .pid = 4711, .role = "--type=extensionHost", .exchange = 9
	};
	const struct origin nobody = { .tool = "" };
	struct judge judge;

	(void)state;
	judge_init(&judge, (struct slice){ NULL, 0 });
	judge.lint = true; /* every host is an API's */
	expect_block(&judge, &code, asked,
		     "  --> code[4711] --type=extensionHost GET https://openrouter.ai/api/v1/key  "
		     "(exchange 9)\n");
	expect_block(&judge, &nobody, asked, "  --> GET https://openrouter.ai/api/v1/key  (");
	expect_block(&judge, &nobody, asked, "no words, only the status");
	expect_block(&judge, &nobody, "GET /api/v1/key?key=x HTTP/1.1\r\n\r\n",
		     "GET https://an unnamed host/api/v1/key?...  (");
}

static void a_base_url_that_was_found_in_a_file_is_shown_with_its_place(void **state)
{
	static const char environment[] = "OPENAI_BASE_URL=https://openrouter.ai/api/v1";
	const struct found_key keys[] = {
		{ .fingerprint = SLICE(FOUND_HOST "openrouter.ai"),
		  .kind = FOUND_DOTENV,
		  .variable = SLICE("OPENAI_BASE_URL"),
		  .file = SLICE("./.env"),
		  .line = 4,
		  .note = SLICE("the quotation marks are in the file") },
		{ .fingerprint = SLICE(FOUND_HOST "api.openai.com"),
		  .kind = FOUND_SHELL,
		  .variable = SLICE("OPENAI_BASE_URL"),
		  .file = SLICE("~/.profile"),
		  .line = 1 },
		{ .fingerprint = SLICE(FOUND_HOST "openrouter.ai"),
		  .kind = FOUND_SHELL,
		  .variable = SLICE("OPENAI_BASE_URL"),
		  .file = SLICE("~/.bashrc"),
		  .line = 12 },
	};
	const struct origin node = { .tool = "node" };
	struct judge judge;
	struct buf found;

	(void)state;
	buf_init(&found, LIMIT_FOUND);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_int_equal(found_add(&found, &keys[i]), 0);
	judge_init(&judge, (struct slice){ environment, sizeof(environment) });
	judge.found.text = buf_slice(&found);
	expect_block(
	    &judge, &node, asked,
	    "  base URL: environment variable OPENAI_BASE_URL of this process; ./.env line 4 "
	    "(the quotation marks are in the file), ~/.bashrc line 12\n");
	buf_release(&found);
}

static void a_field_that_was_not_seen_says_so(void **state)
{
	const struct field unseen = { .name = SLICE("x-title"), .known = false };
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	field_show(&out, &unseen, 50);
	assert_true(slice_equal(buf_slice(&out), SLICE("<not seen>")));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carets_stand_below_the_bytes),
		cmocka_unit_test(every_repeated_header_is_shown),
		cmocka_unit_test(escapes_from_the_wire_do_not_reach_the_terminal),
		cmocka_unit_test(colour_is_only_where_the_style_says),
		cmocka_unit_test(lines_keep_within_the_width),
		cmocka_unit_test(a_line_is_folded_where_it_does_not_fit),
		cmocka_unit_test(a_success_says_nothing),
		cmocka_unit_test(columns_follow_what_is_shown),
		cmocka_unit_test(only_harmless_fields_are_shown_in_clear),
		cmocka_unit_test(paragraphs_break_between_words),
		cmocka_unit_test(every_rule_is_explained),
		cmocka_unit_test(a_rule_that_does_not_fit_is_an_error),
		cmocka_unit_test(what_is_found_before_the_start_names_the_tool),
		cmocka_unit_test(a_block_says_who_asked_and_where),
		cmocka_unit_test(a_base_url_that_was_found_in_a_file_is_shown_with_its_place),
		cmocka_unit_test(a_field_that_was_not_seen_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
