/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "tools/redirect/upstream.h"

static void an_upstream_is_taken_apart_or_refused(void **state)
{
	static const struct {
		const char *url, *host, *path, *authority;
		uint16_t port; /* 0: refused */
	} cases[] = {
		{ "https://openrouter.ai", "openrouter.ai", "/api/v1", "openrouter.ai", 443 },
		{ "https://openrouter.ai/", "openrouter.ai", "/api/v1", "openrouter.ai", 443 },
		{ "https://api.openai.com/v1/", "api.openai.com", "/v1", "api.openai.com", 443 },
		{ "https://127.0.0.1:8443/api/v1", "127.0.0.1", "/api/v1", "127.0.0.1:8443", 8443 },
		{ "http://openrouter.ai", "", "", "", 0 },
		{ "https://", "", "", "", 0 },
		{ "https://:443", "", "", "", 0 },
		{ "https://host:0", "", "", "", 0 },
		{ "https://host:65536", "", "", "", 0 },
		{ "https://host:44x", "", "", "", 0 },
		{ "https://user@host", "", "", "", 0 },
		{ "https://host;}", "", "", "", 0 },
		{ "https://$host", "", "", "", 0 },
		{ "https://host/a b", "", "", "", 0 },
		{ "https://host/a?b", "", "", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct upstream up;
		const char *wrong = upstream_parse(&up, cases[i].url);

		if (!cases[i].port) {
			assert_non_null(wrong);
			continue;
		}
		assert_null(wrong);
		assert_string_equal(up.host, cases[i].host);
		assert_string_equal(up.path, cases[i].path);
		assert_string_equal(up.authority, cases[i].authority);
		assert_int_equal(up.port, cases[i].port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_upstream_is_taken_apart_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
