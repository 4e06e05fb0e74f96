/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "tools/relay_config.h"

static void an_upstream_is_taken_apart_or_refused(void **state)
{
	static const struct {
		const char *url, *host, *path;
		uint16_t port; /* 0: refused */
	} cases[] = {
		{ "https://openrouter.ai", "openrouter.ai", "/api/v1", 443 },
		{ "https://openrouter.ai/", "openrouter.ai", "/api/v1", 443 },
		{ "https://api.openai.com/v1/", "api.openai.com", "/v1", 443 },
		{ "https://127.0.0.1:8443/api/v1", "127.0.0.1", "/api/v1", 8443 },
		{ "http://openrouter.ai", "", "", 0 },
		{ "https://", "", "", 0 },
		{ "https://:443", "", "", 0 },
		{ "https://host:0", "", "", 0 },
		{ "https://host:65536", "", "", 0 },
		{ "https://host:44x", "", "", 0 },
		{ "https://user@host", "", "", 0 },
		{ "https://host;}", "", "", 0 },
		{ "https://$host", "", "", 0 },
		{ "https://host/a b", "", "", 0 },
		{ "https://host/a?b", "", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct relay_upstream up;
		const char *wrong = relay_parse(&up, cases[i].url);

		if (!cases[i].port) {
			assert_non_null(wrong);
			continue;
		}
		assert_null(wrong);
		assert_string_equal(up.host, cases[i].host);
		assert_string_equal(up.path, cases[i].path);
		assert_int_equal(up.port, cases[i].port);
	}
}

static void a_complaint_has_no_request_in_it(void **state)
{
	static const struct {
		const char *line, *said;
	} cases[] = {
		{ "2026/11/24 02:03:04 [error] 1#1: *7 connect() failed (111: Connection refused), client: "
		  "127.0.0.1, request: \"GET /x?key=secret HTTP/1.1\"",
		  "connect() failed (111: Connection refused)" },
		{ "2026/11/24 02:03:04 [emerg] 1#1: host not found", "host not found" },
		{ "2026/11/24 02:03:04 [notice] 1#1: using the epoll event method", "" },
		{ "", "" },
		{ "[error] ", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice said = relay_complaint(slice_of(cases[i].line));

		assert_true(slice_equal(said, slice_of(cases[i].said)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_upstream_is_taken_apart_or_refused),
		cmocka_unit_test(a_complaint_has_no_request_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
