/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <cJSON.h>

#include "diagnose/content.h"
#include "diagnose/diagnose.h"
#include "wire/connection.h"

static const char body_text[] =
    "{\"model\":\"a/b\",\"tools\":[{\"name\":\"x\",\"input_schema\":{\"type\":\"object\"}},"
    "{\"type\":\"function\",\"function\":{\"parameters\":null}}],"
    "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},"
    "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"\"}]}]}";

static const struct {
	const char *said;
	const char *path; /* NULL: names nothing that is there */
} complaints[] = {
	{ "Invalid schema for function 'g', param tools[1].function.parameters",
	  "tools[1].function.parameters" },
	{ "tools.0.custom.input_schema: JSON schema is invalid", "tools[0].input_schema" },
	{ "messages.1.content.0.text: text content blocks must be non-empty",
	  "messages[1].content[0].text" },
	{ "messages.1.content.0.text.text: must be non-empty", "messages[1].content[0].text" },
	{ "The content field in the Message object at messages.1 is empty. Add it.",
	  "messages[1]" },
	{ "messages.1: `tool_use` ids were found", "messages[1]" },
	{ "Invalid schema for function 'x': bad", "tools[0]" },
	{ "Tool names must be unique: \"x\"", "tools[0]" },
	{ "Invalid schema for function 'xy': bad", NULL },
	{ "Invalid schema for function x: bad", NULL },
	{ "messages: text content blocks must be non-empty", NULL },
	{ "messages.45: is empty", NULL },
	{ "tools[99999999999999999999].x", NULL },
	{ "tools[1", NULL },
	{ "no mytools[0] nor a.tools[0] here", NULL },
	{ "first messages[9] then tools[0]", "tools[0]" },
	{ "", NULL },
};

static void the_member_that_an_upstream_names_is_found(void **state)
{
	cJSON *body = cJSON_Parse(body_text);

	(void)state;
	assert_non_null(body);
	for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++) {
		char path[64] = "";
		bool found =
		    content_member_named(slice_of(complaints[i].said), body, path, sizeof(path));
		if (found != (complaints[i].path != NULL))
			fail_msg("%s: %s", complaints[i].said, path);
		if (found)
			assert_string_equal(path, complaints[i].path);
	}
	cJSON_Delete(body);
}

static void a_path_that_does_not_fit_is_shortened_at_a_step(void **state)
{
	cJSON *body = cJSON_Parse(body_text);
	char path[16];

	(void)state;
	assert_true(
	    content_member_named(SLICE("tools[1].function.parameters"), body, path, sizeof(path)));
	assert_string_equal(path, "tools[1]");
	assert_false(content_member_named(SLICE("tools[1]"), NULL, path, sizeof(path)));
	cJSON_Delete(body);
}

static void a_path_leads_to_its_bytes(void **state)
{
	static const struct {
		const char *path;
		const char *there; /* NULL: nowhere */
	} rows[] = {
		{ "model", "\"a/b\"" },
		{ "tools[0].input_schema.type", "\"object\"" },
		{ "tools[1].function.parameters", "null" },
		{ "messages[1].content[0].text", "\"\"" },
		{ "messages[2]", NULL },
		{ "messages.role", NULL },
		{ "model[0]", NULL },
		{ "nothing", NULL },
	};
	struct slice text = slice_of(body_text);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		long at = json_member_at(text, rows[i].path);
		if (!rows[i].there)
			assert_int_equal(at, -1);
		else
			assert_true(at >= 0 && slice_starts(slice_from(text, (size_t)at),
							    slice_of(rows[i].there)));
	}
}

/* Keep KEPT bytes of the body, and find what is said of the refusal. */
static void assert_refusal_says(size_t kept, const char *answer, enum rule_id rule, bool unseen)
{
	static struct judge judge;
	static struct diagnosis d;
	static struct history history;
	struct wire_limits limits = { .body_max = kept };
	struct connection *c = connection_new(&limits, 1, SLICE("openrouter.ai"), CONNECTION_OPENED);
	struct slice wrong;
	struct event event;
	char text[1024];
	bool found = false;
	int n = snprintf(text, sizeof(text),
			 "POST /api/v1/chat/completions HTTP/1.1\r\nHost: openrouter.ai\r\n"
			 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
			 strlen(body_text), body_text);

	assert_true(rulebook_init(&judge.book, "", &wrong));
	connection_feed(c, SIDE_CLIENT, text, (size_t)n, 1);
	n = snprintf(text, sizeof(text), "HTTP/1.1 400 X\r\nContent-Length: %zu\r\n\r\n%s",
		     strlen(answer), answer);
	connection_feed(c, SIDE_SERVER, text, (size_t)n, 2);
	connection_close(c, 3);
	while (connection_next(c, &event)) {
		if (event.kind != EVENT_EXCHANGE)
			continue;
		diagnose(&judge, &history, event.exchange, &d);
		for (size_t i = 0; i < d.count; i++) {
			struct slice said = slice_of(d.findings[i].detail.text);
			if (d.findings[i].rule != rule)
				continue;
			found = true;
			assert_int_equal(slice_has(said, SLICE("only the first 128 bytes")), unseen);
		}
		diagnosis_release(&d);
		exchange_free(event.exchange);
	}
	assert_true(found);
	connection_free(c);
}

static void what_was_not_kept_of_a_body_is_said(void **state)
{
	static const char own[] = "{\"error\":{\"code\":400,\"message\":\"No\"}}";
	static const char upstream[] = "{\"error\":{\"code\":400,\"message\":\"Provider returned "
				       "error\",\"metadata\":{\"raw\":\"no\"}}}";

	(void)state;
	assert_refusal_says(128, own, RULE_request_rejected, true);
	assert_refusal_says(4096, own, RULE_request_rejected, false);
	assert_refusal_says(128, upstream, RULE_upstream_error, true);
	assert_refusal_says(4096, upstream, RULE_upstream_error, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_member_that_an_upstream_names_is_found),
		cmocka_unit_test(a_path_that_does_not_fit_is_shortened_at_a_step),
		cmocka_unit_test(a_path_leads_to_its_bytes),
		cmocka_unit_test(what_was_not_kept_of_a_body_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
