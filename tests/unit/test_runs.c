/* SPDX-License-Identifier: MIT */
/* Which words of a command line are kept for `orshim rerun`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/log/runs.h"

#define HEX64 "0e6f44a47a05f1dad2ad7e88c4c1d6b77688157716fb1a5271146f7464951c96"

struct word {
	const char *before, *word;
};

static void withholds_what_looks_like_a_secret(void **state)
{
	static const struct word words[] = {
		{ "curl", "sk-or-v1-" HEX64 },
		{ "-H", "Authorization: Bearer sk-or-v1-" HEX64 },
		{ "-H", "Authorization: Bearer opaque-word" },
		{ "-H", "authorization:Basic dXNlcjpwYXNz" },
		{ "-H", "x-api-key: 0123456789abcdef" },
		{ "--api-key", "opaque-word" },
		{ "tool", "--api-key=opaque-word" },
		{ "tool", "--token=opaque-word" },
		{ "-u", "user:pass" },
		{ "env", "OPENROUTER_API_KEY=opaque-word" },
		{ "-c", "OPENROUTER_API_KEY='opaque-word' tool" },
		{ "-c", "curl -H \"Authorization: Bearer opaque-word\" url" },
		{ "-d", "{\"api_key\": \"opaque-word\"}" },
		{ "curl", "https://user:word@host/path" },
		{ "--password", "opaque-word" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!word_is_secret(words[i].word, words[i].before))
			fail_msg("was kept: %s", words[i].word);
}

static void keeps_ordinary_words(void **state)
{
	static const struct word words[] = {
		{ "run", "app.py" },
		{ "-c", "curl -H \"Authorization: Bearer $OPENROUTER_API_KEY\" url" },
		{ "-d", "{\"model\":\"openai/gpt-4o\",\"max_tokens\":100000}" },
		{ "-d", "{\"messages\":[{\"role\":\"user\",\"content\":\"two\nlines\"}]}" },
		{ "curl", "https://openrouter.ai/api/v1/key" },
		{ "--key-env", "OPENROUTER_API_KEY" },
		{ "--max-tokens", "4096" },
		{ "--model", "anthropic/claude-sonnet-4" },
		{ "node", "/home/me/tokens/index.js" },
		{ NULL, "curl" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (word_is_secret(words[i].word, words[i].before))
			fail_msg("was withheld: %s", words[i].word);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(withholds_what_looks_like_a_secret),
		cmocka_unit_test(keeps_ordinary_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
