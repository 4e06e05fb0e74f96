/* SPDX-License-Identifier: MIT */
/* Which words of a command line are kept for `orshim rerun`, in run.json and in the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/log/command_words.h"

#define HEX64 "0e6f44a47a05f1dad2ad7e88c4c1d6b77688157716fb1a5271146f7464951c96"
#define KEY "sk-or-v1-" HEX64
#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLWJ5dGVz"

enum { WORDS = 10 };

struct command {
	const char *argv[WORDS];
	const char *secret; /* in one of the words, which must not be kept */
};

static const struct command commands_with_secrets[] = {
	{ .argv = { "tool", KEY }, .secret = HEX64 },
	{ .argv = { "tool", "--model", "x", KEY }, .secret = HEX64 },
	{ .argv = { "tool", "-k", KEY }, .secret = HEX64 },
	{ .argv = { "tool", "--x=" KEY }, .secret = HEX64 },
	{ .argv = { "tool", "prompt with " KEY " in it" }, .secret = HEX64 },
	{ .argv = { "tool", JWT }, .secret = JWT },
	{ .argv = { "tool", "AIzaSyD3b9Kq7WmZ1xV5tR8yU2iO6pL4kJ0hGf1" },
	  .secret = "AIzaSy" },
	{ .argv = { "tool", "ya29.a0AfH6SMBx1cV3bN5mQ7wE9rT1yU3iO5pA7sD9" },
	  .secret = "a0AfH6SMB" },
	{ .argv = { "tool", "9f8e7d6c5b4a39281706f5e4d3c2b1a0" }, .secret = "9f8e7d6c" },
	{ .argv = { "tool", "sk%2Dor%2Dv1%2D" HEX64 }, .secret = HEX64 },
	{ .argv = { "curl", "https://me:hunter2@host/path" }, .secret = "hunter2" },
	{ .argv = { "curl", "-x", "http://me:hunter2@proxy:8080", "https://h/" },
	  .secret = "hunter2" },
	{ .argv = { "git", "clone", "https://hunter2token@github.com/a/b" },
	  .secret = "hunter2token" },
	{ .argv = { "tool", "--dsn=postgres://u:hunter2@h/db" }, .secret = "hunter2" },
	{ .argv = { "curl", "-H", "Authorization: Bearer " KEY }, .secret = HEX64 },
	{ .argv = { "curl", "-H", "Authorization: Bearer opaque-word" },
	  .secret = "opaque-word" },
	{ .argv = { "curl", "-H", "authorization:Basic dXNlcjpwYXNz" },
	  .secret = "dXNlcjpwYXNz" },
	{ .argv = { "curl", "-H", "x-api-key: 0123456789abcdef" },
	  .secret = "0123456789abcdef" },
	{ .argv = { "curl", "-H", "X-Auth-Key: opaque" }, .secret = "opaque" },
	{ .argv = { "curl", "-H", "X-Auth-Key: abc" }, .secret = "abc" },
	{ .argv = { "curl", "-H", "Ocp-Apim-Subscription-Key: 0123456789abcdef" },
	  .secret = "0123456789abcdef" },
	{ .argv = { "curl", "-H", "Cookie: session=opaque; theme=dark" },
	  .secret = "opaque" },
	{ .argv = { "curl", "-HX-Auth-Key: opaque" }, .secret = "opaque" },
	{ .argv = { "curl", "--header", "X-Whatever: opaque" }, .secret = "opaque" },
	{ .argv = { "curl", "--header=X-Whatever: opaque" }, .secret = "opaque" },
	{ .argv = { "curl", "--proxy-header", "Proxy-Authorization: Basic abcd" },
	  .secret = "abcd" },
	{ .argv = { "wget", "--header", "PRIVATE-TOKEN: abc12" }, .secret = "abc12" },
	{ .argv = { "http", "https://h/", "X-Auth-Token:opaque" }, .secret = "opaque" },
	{ .argv = { "curl", "-u", "user:pass" }, .secret = "user:pass" },
	{ .argv = { "curl", "-uuser:hunter2" }, .secret = "hunter2" },
	{ .argv = { "curl", "-sSu", "user:hunter2" }, .secret = "hunter2" },
	{ .argv = { "curl", "-sSuuser:hunter2" }, .secret = "hunter2" },
	{ .argv = { "curl", "--user", "user:hunter2" }, .secret = "hunter2" },
	{ .argv = { "curl", "--user=user:hunter2" }, .secret = "hunter2" },
	{ .argv = { "curl", "-U", "user:hunter2" }, .secret = "hunter2" },
	{ .argv = { "curl", "--proxy-user", "user:hunter2" }, .secret = "hunter2" },
	{ .argv = { "curl", "--proxy-user=user:hunter2" }, .secret = "hunter2" },
	{ .argv = { "curl", "-u", "opaqueuser" }, .secret = "opaqueuser" },
	{ .argv = { "tool", "-u", "user:hunter2" }, .secret = "hunter2" },
	{ .argv = { "tool", "--user=user:hunter2" }, .secret = "hunter2" },
	{ .argv = { "curl", "-E", "cert.pem:hunter2" }, .secret = "hunter2" },
	{ .argv = { "curl", "--pass", "hunter2" }, .secret = "hunter2" },
	{ .argv = { "smbclient", "-U", "me%hunter2" }, .secret = "hunter2" },
	{ .argv = { "http", "-a", "me:hunter2", "https://h/" }, .secret = "hunter2" },
	{ .argv = { "curl", "-b", "name=value" }, .secret = "value" },
	{ .argv = { "curl", "-bname=value" }, .secret = "value" },
	{ .argv = { "curl", "--cookie", "name=value" }, .secret = "value" },
	{ .argv = { "curl", "--cookie=name=value" }, .secret = "value" },
	{ .argv = { "tool", "--api-key", "opaque-word" }, .secret = "opaque-word" },
	{ .argv = { "tool", "--api-key=opaque-word" }, .secret = "opaque-word" },
	{ .argv = { "tool", "--apikey", "opaque" }, .secret = "opaque" },
	{ .argv = { "tool", "--key", "opaque" }, .secret = "opaque" },
	{ .argv = { "tool", "--key=opaque" }, .secret = "opaque" },
	{ .argv = { "tool", "--key", "12345678" }, .secret = "12345678" },
	{ .argv = { "openai", "-k", "opaque" }, .secret = "opaque" },
	{ .argv = { "python3", "/usr/bin/openai", "-k", "opaque" }, .secret = "opaque" },
	{ .argv = { "sgpt", "-kopaque" }, .secret = "opaque" },
	{ .argv = { "tool", "-k", "ab12cd34ef56ab12cd" }, .secret = "ab12cd34ef56ab12cd" },
	{ .argv = { "mysql", "-phunter2" }, .secret = "hunter2" },
	{ .argv = { "mysqldump", "-uroot", "-phunter2", "db" }, .secret = "hunter2" },
	{ .argv = { "sshpass", "-p", "hunter2", "ssh", "h" }, .secret = "hunter2" },
	{ .argv = { "zip", "-P", "hunter2", "a.zip", "a" }, .secret = "hunter2" },
	{ .argv = { "redis-cli", "-a", "hunter2" }, .secret = "hunter2" },
	{ .argv = { "tool", "--pwd", "hunter2" }, .secret = "hunter2" },
	{ .argv = { "tool", "--pwd=hunter2" }, .secret = "hunter2" },
	{ .argv = { "tool", "--pass", "hunter2" }, .secret = "hunter2" },
	{ .argv = { "tool", "--pass=hunter2" }, .secret = "hunter2" },
	{ .argv = { "tool", "--passphrase", "hunter2" }, .secret = "hunter2" },
	{ .argv = { "tool", "--passphrase=some words" }, .secret = "some words" },
	{ .argv = { "tool", "--password", "opaque-word" }, .secret = "opaque-word" },
	{ .argv = { "tool", "--auth", "opaque" }, .secret = "opaque" },
	{ .argv = { "tool", "--auth=opaque" }, .secret = "opaque" },
	{ .argv = { "tool", "--auth", "user:1234" }, .secret = "1234" },
	{ .argv = { "tool", "--token", "12345678" }, .secret = "12345678" },
	{ .argv = { "tool", "--token", "abc" }, .secret = "abc" },
	{ .argv = { "tool", "--token=opaque-word" }, .secret = "opaque-word" },
	{ .argv = { "tool", "--token=12345678" }, .secret = "12345678" },
	{ .argv = { "tool", "--accessToken", "opaque" }, .secret = "opaque" },
	{ .argv = { "tool", "--client-secret", "opaque" }, .secret = "opaque" },
	{ .argv = { "curl", "--oauth2-bearer", "opaque" }, .secret = "opaque" },
	{ .argv = { "tool", "--password", "pa$$word" }, .secret = "pa$$word" },
	{ .argv = { "tool", "--password=pa$word" }, .secret = "pa$word" },
	{ .argv = { "tool", "--token", "a#b;c" }, .secret = "a#b;c" },
	{ .argv = { "tool", "--token=a#b;c" }, .secret = "a#b;c" },
	{ .argv = { "tool", "--key=$ecret;1" }, .secret = "$ecret;1" },
	{ .argv = { "env", "API_TOKEN=a;b#c$d" }, .secret = "a;b#c$d" },
	{ .argv = { "tool", "--password", "$up3r;s#cret" }, .secret = "$up3r;s#cret" },
	{ .argv = { "env", "OPENROUTER_API_KEY=opaque-word" }, .secret = "opaque-word" },
	{ .argv = { "env", "DB_PASS=abc", "tool" }, .secret = "abc" },
	{ .argv = { "env", "PGPASSWORD=1234", "psql" }, .secret = "1234" },
	{ .argv = { "docker", "run", "-e", "OPENAI_API_KEY=opaque", "image" },
	  .secret = "opaque" },
	{ .argv = { "sh", "-c", "OPENROUTER_API_KEY='opaque-word' tool" },
	  .secret = "opaque-word" },
	{ .argv = { "sh", "-c", "curl -H \"Authorization: Bearer opaque-word\" url" },
	  .secret = "opaque-word" },
	{ .argv = { "sh", "-c", "curl -u me:hunter2 https://h/" }, .secret = "hunter2" },
	{ .argv = { "sh", "-c", "exec mysql -phunter2 db" }, .secret = "hunter2" },
	{ .argv = { "sh", "-c", "tool --key 'some words'" }, .secret = "some words" },
	{ .argv = { "curl", "-d", "{\"api_key\": \"opaque-word\"}" },
	  .secret = "opaque-word" },
	{ .argv = { "curl", "-d", "{\"password\":\"two words\"}" }, .secret = "two words" },
	{ .argv = { "curl", "-d", "user=me&password=abc" }, .secret = "abc" },
	{ .argv = { "curl", "https://h/v1?key=opaque" }, .secret = "opaque" },
	{ .argv = { "curl", "https://h/v1?api_key=1234" }, .secret = "1234" },
	{ .argv = { "sudo", "-E", "env", "A=b", "curl", "-u", "me:hunter2" },
	  .secret = "hunter2" },
};

static void withholds_each_form_of_a_secret(void **state)
{
	int failures = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(commands_with_secrets) / sizeof(commands_with_secrets[0]); i++) {
		const struct command *c = &commands_with_secrets[i];
		bool there = false;
		for (size_t w = 0; w < WORDS && c->argv[w]; w++) {
			if (!strstr(c->argv[w], c->secret))
				continue;
			there = true;
			if (!word_is_secret(c->argv, w))
				print_error("kept: %s %s\n", c->argv[0], c->argv[w]), failures++;
		}
		assert_true(there);
	}
	assert_int_equal(failures, 0);
}

/* Nothing of these is a secret, so the run can be repeated. */
static void keeps_ordinary_words(void **state)
{
	static const struct command commands[] = {
		{ .argv = { "tool", "run", "app.py" } },
		{ .argv = { "sh", "-c",
			    "curl -H \"Authorization: Bearer $OPENROUTER_API_KEY\" url" } },
		{ .argv = { "sh", "-c", "curl -H 'x-api-key: ${ANTHROPIC_API_KEY}' https://h/" } },
		{ .argv = { "sh", "-c", "TOKEN=$(cat token.txt) tool" } },
		{ .argv = { "curl", "-d", "{\"model\":\"openai/gpt-4o\",\"max_tokens\":100000}" } },
		{ .argv = { "curl", "-d",
			    "{\"messages\":[{\"role\":\"user\",\"content\":\"two\nlines\"}]}" } },
		{ .argv = { "curl", "https://openrouter.ai/api/v1/key" } },
		{ .argv = { "curl", "-sS", "-o", "out.json", "-H", "Content-Type: application/json",
			    "https://h/" } },
		{ .argv = { "curl", "-H", "User-Agent: me/1.0", "-H",
			    "HTTP-Referer: https://example.com" } },
		{ .argv = { "curl", "-H", "@headers.txt" } },
		{ .argv = { "curl", "-b", "cookies.txt" } },
		{ .argv = { "curl", "--key", "client.pem", "--cert", "client.crt" } },
		{ .argv = { "curl", "-k", "https://h/" } },
		{ .argv = { "curl", "-X", "POST", "-w", "%{http_code}" } },
		{ .argv = { "curl", "-u", "$USER_AND_PASSWORD" } },
		{ .argv = { "tool", "--key-env", "OPENROUTER_API_KEY" } },
		{ .argv = { "tool", "--api-key", "$OPENROUTER_API_KEY" } },
		{ .argv = { "tool", "--api-key", "${OPENROUTER_API_KEY}" } },
		{ .argv = { "tool", "--max-tokens", "4096" } },
		{ .argv = { "tool", "--model", "anthropic/claude-sonnet-4" } },
		{ .argv = { "node", "/home/me/tokens/index.js" } },
		{ .argv = { "curl" } },
		{ .argv = { "python3", "-u", "script.py" } },
		{ .argv = { "docker", "run", "-u", "1000:1000", "image" } },
		{ .argv = { "docker", "run", "-e", "OPENAI_API_KEY", "image" } },
		{ .argv = { "pytest", "-k", "test_key_is_sent_2_times" } },
		{ .argv = { "sort", "-k", "2,2" } },
		{ .argv = { "ssh", "-p", "2222", "host" } },
		{ .argv = { "opencode", "--session", "ses_0a1b2c3d" } },
		{ .argv = { "tool", "--no-auth", "file.txt" } },
		{ .argv = { "tool", "--token", "--verbose" } },
		{ .argv = { "aider", "--message", "add a test for the session handling" } },
		{ .argv = { "claude", "-p",
			    "why does the key fail with 401: is the header wrong?" } },
		{ .argv = { "tool", "--url=http://localhost:8080/v1" } },
		{ .argv = { "git", "log", "--author=me@example.com" } },
	};

	int failures = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		for (size_t w = 0; w < WORDS && commands[i].argv[w]; w++)
			if (word_is_secret(commands[i].argv, w))
				print_error("withheld: %s %s\n", commands[i].argv[0],
					    commands[i].argv[w]),
				    failures++;
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(withholds_each_form_of_a_secret),
		cmocka_unit_test(keeps_ordinary_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
