/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "tools/capture/playback.h"

#define GET "> GET /api/v1/key HTTP/1.1\n> Host: openrouter.ai\n>\n"
#define REFUSAL "< HTTP/1.1 401 Unauthorized\n< Content-Length: 0\n<\n"

static size_t count(struct slice s, const char *what)
{
	size_t n = 0;
	long at = -1;

	while ((at = slice_find(s, slice_of(what), (size_t)(at + 1))) >= 0)
		n++;
	return n;
}

static void play_with(struct playback *r, const char *text, bool lint)
{
	struct playback_options options = { .lint = lint };
	struct capture_fault fault;
	struct capture c;

	capture_init(&c);
	assert_int_equal(capture_parse(&c, slice_of(text), &fault), 0);
	assert_int_equal(playback_run(r, &c, &options), 0);
	capture_release(&c);
}

static void a_cause_is_told_once_and_logged_always(void **state)
{
	struct playback r;

	(void)state;
	play_with(&r, "= host openrouter.ai\n" GET REFUSAL GET REFUSAL GET REFUSAL "= close\n",
		  false);
	assert_int_equal(r.exchanges, 3);
	assert_int_equal(count(buf_slice(&r.records), "\"record\":\"exchange\""), 3);
	assert_int_equal(count(buf_slice(&r.text), "error[auth_missing]"), 1);
	assert_int_equal(r.findings[SEVERITY_ERROR] >= 3, 1);
	playback_release(&r);
}

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define GET_WITH(last)                                                                        \
	"> GET /api/v1/key HTTP/1.1\n> Host: openrouter.ai\n"                                  \
	"> Authorization: Bearer sk-or-v1-" KEY last "\n>\n"
#define UNKNOWN                                                                               \
	"< HTTP/1.1 401 Unauthorized\n< Content-Type: application/json\n< Content-Length: 50\n<\n" \
	"< {\"error\":{\"message\":\"User not found.\",\"code\":401}}\n"
#define FINE                                                                                  \
	"< HTTP/1.1 200 OK\n< Content-Type: application/json\n< Content-Length: 11\n<\n< {\"data\":{}}\n"

/* What a user changes makes a cause news; what stays the same is one line now and then. */
static void a_cause_is_told_again_after_a_change(void **state)
{
	static const struct {
		const char *name, *capture;
		size_t blocks, lines;
	} cases[] = {
		{ "six times the same: the second and fourth are a line",
		  GET_WITH("0") UNKNOWN GET_WITH("0") UNKNOWN GET_WITH("0") UNKNOWN GET_WITH("0")
		      UNKNOWN GET_WITH("0") UNKNOWN GET_WITH("0") UNKNOWN,
		  1, 2 },
		{ "another key", GET_WITH("0") UNKNOWN GET_WITH("1") UNKNOWN, 2, 0 },
		{ "and back", GET_WITH("0") UNKNOWN GET_WITH("1") UNKNOWN GET_WITH("0") UNKNOWN, 2,
		  1 },
		{ "the key was accepted in between",
		  GET_WITH("0") UNKNOWN GET_WITH("0") FINE GET_WITH("0") UNKNOWN, 2, 0 },
		{ "another key was", GET_WITH("0") UNKNOWN GET_WITH("1") FINE GET_WITH("0") UNKNOWN,
		  2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[8192];
		struct playback r;
		snprintf(text, sizeof(text), "= host openrouter.ai\n%s= close\n", cases[i].capture);
		play_with(&r, text, false);
		print_message("%s\n", cases[i].name);
		assert_int_equal(count(buf_slice(&r.text), ", refused by "), cases[i].blocks);
		assert_int_equal(count(buf_slice(&r.text), " times now: "), cases[i].lines);
		assert_int_equal(count(buf_slice(&r.text), KEY), 0);
		playback_release(&r);
	}
}

static void a_silent_connection_to_an_api_is_worth_a_word(void **state)
{
	struct playback r;

	(void)state;
	play_with(&r, "= host openrouter.ai\n= close\n", false);
	assert_int_equal(r.exchanges, 0);
	assert_int_equal(count(buf_slice(&r.records), "\"record\":\"connection\""), 1);
	assert_int_equal(count(buf_slice(&r.records), "\"rule\":\"no_request_sent\""), 1);
	assert_int_equal(count(buf_slice(&r.text), "[no_request_sent]"), 1);
	playback_release(&r);
	play_with(&r, "= host example.com\n= close\n", false);
	assert_int_equal(r.records.n, 0);
	assert_int_equal(r.text.n, 0);
	playback_release(&r);
}

static void bytes_that_are_not_http_are_said_once(void **state)
{
	struct playback r;

	(void)state;
	play_with(&r, "= host openrouter.ai\n>x 00 01 02 03 04\n>x 05 06\n= close\n", false);
	assert_int_equal(count(buf_slice(&r.records), "\"blind\":\""), 1);
	assert_non_null(r.blind);
	playback_release(&r);
	play_with(&r, "= host example.com\n>x 00 01 02 03 04\n= close\n", false);
	assert_int_equal(r.records.n, 0);
	playback_release(&r);
}

static void other_hosts_are_none_of_our_business_except_to_lint(void **state)
{
	static const char capture[] =
	    "> POST /form HTTP/1.1\n> Host: example.com\n> Content-Length: 0\n>\n"
	    "< HTTP/1.1 401 X\n< Content-Length: 0\n<\n= close\n";
	struct playback r;

	(void)state;
	play_with(&r, capture, false);
	assert_int_equal(r.exchanges, 0);
	assert_int_equal(r.records.n, 0);
	playback_release(&r);
	play_with(&r, capture, true);
	assert_int_equal(r.exchanges, 1);
	playback_release(&r);
}

static char *malformed(const char *name)
{
	static const char *const settings[][2] = {
		{ "ORSHIM_BODY_MAX", "lots" },
		{ "ORSHIM_LOG_MAX", "64" },
		{ "ORSHIM_FOLLOW", "maybe" },
		{ "ORSHIM_RULES", "no_such_rule=off" },
		{ "ORSHIM_HOSTS", "host=no_such_vendor" },
		{ "ORSHIM_TEXT", "off" },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (strcmp(settings[i][0], name) == 0)
			return (char *)settings[i][1];
	return NULL;
}

static void each_malformed_setting_is_one_line_on_stderr(void **state)
{
	struct observer *o = malloc(sizeof(*o));
	int before = dup(STDERR_FILENO);
	int file = memfd_create("stderr", 0);
	char said[4096];

	(void)state;
	dup2(file, STDERR_FILENO);
	observer_init(o, malformed);
	dup2(before, STDERR_FILENO);
	ssize_t n = pread(file, said, sizeof(said), 0);
	struct slice all = { said, (size_t)n };
	assert_int_equal(count(all, "\n"), 5);
	assert_int_equal(
	    count(all, "orshim: ORSHIM_BODY_MAX: \"lots\" is not understood; accepted: "), 1);
	assert_int_equal(count(all, "ORSHIM_LOG_MAX: \"64\" is not understood; accepted: "), 1);
	assert_int_equal(count(all, "ORSHIM_FOLLOW"), 1);
	assert_int_equal(count(all, "\"no_such_rule=off\""), 1);
	assert_int_equal(count(all, "\"host=no_such_vendor\""), 1);
	assert_int_equal(o->settings.body_max, LIMIT_BODY_DEFAULT);
	assert_int_equal(o->settings.log_max, LIMIT_LOG_DEFAULT);
	assert_true(o->text.failed);
	observer_release(o);
	free(o);
	close(file);
	close(before);
}

static char *well_formed(const char *name)
{
	static const char *const settings[][2] = {
		{ "ORSHIM_BODY_MAX", "4K" },
		{ "ORSHIM_LOG_MAX", "1m" },
		{ "ORSHIM_FOLLOW", "0" },
		{ "ORSHIM_RELAY", "strict" },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (strcmp(settings[i][0], name) == 0)
			return (char *)settings[i][1];
	return NULL;
}

static void settings_are_read_as_documented(void **state)
{
	enum relay_mode mode;
	struct settings s;

	(void)state;
	settings_load(&s, well_formed);
	assert_int_equal(s.malformed, 0);
	assert_int_equal(s.body_max, 4096);
	assert_int_equal(s.log_max, 1 << 20);
	assert_false(s.follow);
	assert_int_equal(s.relay, RELAY_STRICT);
	assert_true(settings_relay(NULL, &mode));
	assert_int_equal(mode, RELAY_AUTO);
	assert_false(settings_relay("always", &mode));
	assert_int_equal(mode, RELAY_AUTO);
}

static char *out_of_reach(const char *name)
{
	if (strcmp(name, "ORSHIM_LOG") == 0)
		return (char *)"/nonexistent/log";
	return strcmp(name, "ORSHIM_DEBUG") == 0 ? (char *)"1" : NULL;
}

/* Only who asks for it is told, once, and how much was lost at the end. */
static void a_log_that_cannot_be_written_is_said_once_to_who_asks(void **state)
{
	struct observer *o = malloc(sizeof(*o));
	int before = dup(STDERR_FILENO);
	int file = memfd_create("stderr", 0);
	char said[4096];

	(void)state;
	dup2(file, STDERR_FILENO);
	observer_init(o, out_of_reach);
	o->origin.pid = 7;
	for (int i = 0; i < 3; i++)
		observer_report_process(o, NULL, 0, 1000);
	observer_report_losses(o);
	dup2(before, STDERR_FILENO);
	ssize_t n = pread(file, said, sizeof(said), 0);
	assert_true(
	    slice_equal((struct slice){ said, (size_t)n },
			SLICE("orshim[7]: ORSHIM_LOG: /nonexistent/log: cannot be written, the "
			      "shim is silent from here on (No such file or directory)\n"
			      "orshim[7]: ORSHIM_LOG: /nonexistent/log: 3 lines were lost "
			      "(No such file or directory)\n")));
	observer_release(o);
	free(o);
	close(file);
	close(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cause_is_told_once_and_logged_always),
		cmocka_unit_test(a_cause_is_told_again_after_a_change),
		cmocka_unit_test(a_silent_connection_to_an_api_is_worth_a_word),
		cmocka_unit_test(bytes_that_are_not_http_are_said_once),
		cmocka_unit_test(other_hosts_are_none_of_our_business_except_to_lint),
		cmocka_unit_test(each_malformed_setting_is_one_line_on_stderr),
		cmocka_unit_test(settings_are_read_as_documented),
		cmocka_unit_test(a_log_that_cannot_be_written_is_said_once_to_who_asks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
