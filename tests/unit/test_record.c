/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cJSON.h>
#include <cmocka.h>

#include "exchanges.h"
#include "report/machine.h"
#include "tools/capture/playback.h"

#define HEX64 "0e6f44a47a05f1dad2ad7e88c4c1d6b77688157716fb1a5271146f7464951c96"
#define KEY "sk-or-v1-" HEX64

static const char quoted[] =
    "= host openrouter.ai\n"
    "= env OPENROUTER_API_KEY=\"" KEY "\"\n"
    "> POST /api/v1/chat/completions?user=someone HTTP/1.1\n"
    "> host: openrouter.ai\n"
    "> authorization: Bearer \"" KEY "\"\n"
    "> cookie: session=0123456789abcdefghij\n"
    "> content-type: application/json; charset=utf-8\n"
    "> content-length: 83\n"
    ">\n"
    ">- "
    "{\"model\":\"openai/"
    "gpt-4o\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}\n"
    "= wait 182ms\n"
    "< HTTP/1.1 401 Unauthorized\n"
    "< Content-Type: application/json\n"
    "< Set-Cookie: session=0123456789abcdefghij\n"
    "< Content-Length: 60\n"
    "<\n"
    "<- {\"error\":{\"message\":\"No auth credentials found\",\"code\":401}}\n"
    "= close\n";

static void play(struct playback *r, const char *text)
{
	struct playback_options options = { .tool = "node" };
	struct capture_fault fault;
	struct capture c;

	capture_init(&c);
	assert_int_equal(capture_parse(&c, slice_of(text), &fault), 0);
	assert_int_equal(playback_run(r, &c, &options), 0);
	capture_release(&c);
}

/* The documented members are there, in this order, before any other. */
static void expect_members(const cJSON *object, const char *names)
{
	struct slice rest = slice_of(names);
	const cJSON *member = object->child;
	struct slice name;

	while (slice_cut(&rest, ' ', &name)) {
		assert_non_null(member);
		assert_true(slice_equal(slice_of(member->string), name));
		member = member->next;
	}
}

static const cJSON *get(const cJSON *object, const char *name)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

	assert_non_null(member);
	return member;
}

static void an_exchange_has_the_documented_members(void **state)
{
	struct playback r;

	(void)state;
	play(&r, quoted);
	assert_int_equal(r.exchanges, 1);
	assert_int_equal(r.records.p[r.records.n - 1], '\n');
	cJSON *x = cJSON_ParseWithLength(r.records.p, r.records.n);
	assert_non_null(x);
	expect_members(x,
		       "v record ts pid tool conn seq http method host path vendor status ms auth "
		       "request response findings verdict");
	expect_members(get(x, "auth"), "carriers scheme vendor token length fingerprint source");
	expect_members(get(x, "request"), "headers body");
	expect_members(get(get(x, "request"), "body"), "bytes type model stream messages tools");
	expect_members(get(x, "response"), "headers bytes error");
	expect_members(get(get(x, "response"), "error"),
		       "code message provider_name raw is_byok user_id");
	expect_members(get(x, "findings")->child,
		       "rule severity certainty category detail header offset");
	expect_members(get(x, "verdict"), "refused_by category cause");
	cJSON_Delete(x);
	playback_release(&r);
}

static void the_values_are_those_of_the_wire(void **state)
{
	static const char *const parts[] = {
		"{\"v\":1,\"record\":\"exchange\",\"ts\":\"2026-01-01T00:00:00.182Z\",",
		"\"tool\":\"node\",\"conn\":1,\"seq\":1,\"http\":\"1.1\",\"method\":\"POST\","
		"\"host\":"
		"\"openrouter.ai\",\"path\":\"/api/v1/chat/completions\",\"vendor\":\"openrouter\","
		"\"status\":401,\"ms\":182,",
		"\"auth\":{\"carriers\":[\"authorization\"],\"scheme\":\"Bearer\",",
		"\"token\":\"\\\"sk-or-v1-0e6...1c96\\\"\",\"length\":75,\"fingerprint\":\"sha256:"
		"66d186d9c910\",\"source\":[\"OPENROUTER_API_KEY\"]}",
		"[\"authorization\",\"<redacted>\"]",
		"[\"cookie\",\"<redacted>\"]",
		"[\"Set-Cookie\",\"<redacted>\"]",
		"\"body\":{\"bytes\":83,\"type\":\"application/json\",\"model\":\"openai/gpt-4o\","
		"\"stream\":true,\"messages\":1,\"tools\":0}",
		"\"bytes\":60,\"error\":{\"code\":401,\"message\":\"No auth credentials found\","
		"\"provider_name\":null,\"raw\":null,\"is_byok\":null,\"user_id\":false",
		"{\"rule\":\"auth_token_quoted\",\"severity\":\"error\",\"certainty\":\"certain\","
		"\"category\":\"account_auth\"",
		"\"header\":\"authorization\",\"offset\":7",
		"\"verdict\":{\"refused_by\":\"openrouter_auth\",\"category\":\"account_auth\","
		"\"cause\":\"auth_token_quoted\"}",
	};
	struct playback r;

	(void)state;
	play(&r, quoted);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!slice_has(buf_slice(&r.records), slice_of(parts[i]))) {
			print_error("%s is not in %.*s\n", parts[i],
				    SLICE_ARG(buf_slice(&r.records)));
			fail();
		}
	assert_false(slice_has(buf_slice(&r.records), SLICE("0123456789abcdefghij")));
	assert_false(slice_has(buf_slice(&r.records), SLICE("someone")));
	playback_release(&r);
}

static void what_is_not_there_is_null(void **state)
{
	struct playback r;

	(void)state;
	play(&r, "= host openrouter.ai\n> GET /api/v1/key HTTP/1.1\n> Host: openrouter.ai\n>\n= "
		 "close\n");
	cJSON *x = cJSON_ParseWithLength(r.records.p, r.records.n);
	assert_non_null(x);
	assert_true(cJSON_IsNull(get(x, "auth")));
	assert_true(cJSON_IsNull(get(x, "response")));
	assert_true(cJSON_IsNull(get(x, "status")));
	assert_true(cJSON_IsNull(get(x, "ms")));
	assert_true(cJSON_IsNull(get(get(get(x, "request"), "body"), "model")));
	cJSON_Delete(x);
	playback_release(&r);
}

/* A credential of no known shape, repeated by the server: whole, in part, and shorter than counts. */
static void what_a_server_repeats_of_a_credential_is_blotted(void **state)
{
	static const char text[] =
	    "= host openrouter.ai\n> GET /api/v1/key HTTP/1.1\n> Host: openrouter.ai\n"
	    "> Authorization: Bearer correct-horse-battery-staple\n>\n"
	    "< HTTP/1.1 401 No\n< Content-Type: application/json\n<\n"
	    "<- {\"error\":{\"code\":401,\"message\":\"no correct-horse-battery-staple, "
	    "(xhorse-batteryx) correct-hor\"}}\n= close\n";
	struct playback r;

	(void)state;
	play(&r, text);
	assert_true(slice_has(buf_slice(&r.records), SLICE("no ****************************, "
							   "(x*************x) correct-hor")));
	assert_false(slice_has(buf_slice(&r.text), SLICE("horse-battery")));
	assert_true(slice_has(buf_slice(&r.records), SLICE("\"host\":\"openrouter.ai\"")));
	playback_release(&r);
}

/* Too short to be told from other text by its bytes alone: it is looked for as a word. */
static void a_short_secret_that_a_server_repeats_is_blotted(void **state)
{
	static const struct {
		const char *sent, *message, *want;
	} cases[] = {
		/* bob:pink42 */
		{ "Basic Ym9iOnBpbms0Mg==", "no pink42 for bob", "no ****** for bob" },
		{ "Basic Ym9iOnBpbms0Mg==", "pink421 and xpink42", "pink421 and xpink42" },
		{ "Bearer s3cr3t9", "no (s3cr3t9) here", "no (*******) here" },
		/* Words of a message are left alone. */
		{ "Bearer token", "bad token", "bad token" },
		{ "Basic Ym9iOnRva2Vu", "bad token", "bad token" },
		/* What is shown is no secret. */
		{ "Bearer ${KEY}", "bad ${KEY}", "bad ${KEY}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[1024], want[128];
		struct playback r;
		snprintf(text, sizeof(text),
			 "= host openrouter.ai\n> GET /api/v1/key HTTP/1.1\n> Host: openrouter.ai\n"
			 "> Authorization: %s\n>\n"
			 "< HTTP/1.1 401 No\n< Content-Type: application/json\n<\n"
			 "<- {\"error\":{\"code\":401,\"message\":\"%s\"}}\n= close\n",
			 cases[i].sent, cases[i].message);
		snprintf(want, sizeof(want), "\"message\":\"%s\"", cases[i].want);
		play(&r, text);
		if (!slice_has(buf_slice(&r.records), slice_of(want)))
			fail_msg("%s: %.*s", cases[i].sent, SLICE_ARG(buf_slice(&r.records)));
		cJSON *x = cJSON_ParseWithLength(r.records.p, r.records.n);
		assert_non_null(x);
		cJSON_Delete(x);
		assert_true(slice_has(buf_slice(&r.text), slice_of(cases[i].want)));
		playback_release(&r);
	}
}

static void a_line_too_long_gives_up_header_values_first(void **state)
{
	enum { FIELDS = 400, VALUE = 200 };
	struct playback_options options = { 0 };
	struct playback r;
	struct capture c;
	char line[VALUE + 64];

	(void)state;
	capture_init(&c);
	assert_int_equal(
	    capture_add_bytes(&c, SIDE_CLIENT,
			      SLICE("GET /api/v1/key HTTP/1.1\r\nHost: openrouter.ai\r\n")),
	    0);
	for (int i = 0; i < FIELDS; i++) {
		int n =
		    snprintf(line, sizeof(line), "X-Stainless-Number-%d: %0*d\r\n", i, VALUE, i);
		assert_int_equal(
		    capture_add_bytes(&c, SIDE_CLIENT, (struct slice){ line, (size_t)n }), 0);
	}
	assert_int_equal(capture_add_bytes(&c, SIDE_CLIENT, SLICE("\r\n")), 0);
	assert_int_equal(capture_add_step(&c, (struct step){ .kind = STEP_CLOSE }), 0);
	assert_int_equal(playback_run(&r, &c, &options), 0);
	assert_true(r.records.n > 0 && r.records.n <= LIMIT_LINE);
	assert_true(
	    slice_has(buf_slice(&r.records), SLICE("[\"X-Stainless-Number-399\",\"<omitted>\"]")));
	cJSON *x = cJSON_ParseWithLength(r.records.p, r.records.n);
	assert_non_null(x);
	cJSON_Delete(x);
	playback_release(&r);
	capture_release(&c);
}

static void process_and_connection_records_are_as_documented(void **state)
{
	static const struct tls_library copies[] = {
		{ "/usr/bin/node", "OpenSSL", "3.0.19", TAP_METHOD_TABLE, NULL },
		{ "/lib/other.so", "BoringSSL", "", TAP_NONE, "layout unknown" },
	};
	struct origin o = { .time_us = 1793491440123456,
			    .pid = 4711,
			    .ppid = 1,
			    .exe = "/usr/bin/node",
			    .argv0 = "node",
			    .tool = "node" };
	struct buf line;

	(void)state;
	buf_init(&line, LIMIT_LINE);
	assert_int_equal(record_process(&line, &o, copies, 2), 0);
	assert_true(slice_equal(
	    buf_slice(&line),
	    SLICE(
		"{\"v\":1,\"record\":\"process\",\"ts\":\"2026-11-01T00:04:00.123Z\",\"pid\":4711,"
		"\"ppid\":1,\"exe\":\"/usr/bin/node\",\"argv0\":\"node\",\"tls\":[{\"object\":"
		"\"/usr/bin/node\",\"library\":\"OpenSSL\",\"version\":\"3.0.19\",\"tap\":"
		"\"method-table\",\"reason\":null},{\"object\":\"/lib/other.so\",\"library\":"
		"\"BoringSSL\",\"version\":\"\",\"tap\":\"none\",\"reason\":\"layout "
		"unknown\"}]}\n")));
	buf_reset(&line);
	o.role = "--type=extensionHost";
	assert_int_equal(record_process(&line, &o, copies, 0), 0);
	assert_true(slice_has(buf_slice(&line), SLICE("\"role\":\"--type=extensionHost\"")));
	buf_reset(&line);
	assert_int_equal(record_not_preloaded(&line, &o, "static"), 0);
	assert_true(slice_has(buf_slice(&line), SLICE("\"tls\":[],\"unfollowed\":\"static\"}\n")));
	buf_reset(&line);
	struct connection_record told = { 3, SLICE("openrouter.ai"), NULL, 0, "not HTTP", NULL };
	assert_int_equal(record_connection(&line, &o, &told), 0);
	assert_true(slice_has(buf_slice(&line), SLICE("\"record\":\"connection\"")));
	assert_true(
	    slice_has(buf_slice(&line),
		      SLICE("\"conn\":3,\"host\":\"openrouter.ai\",\"blind\":\"not HTTP\"")));
	line.max = line.n + 20;
	size_t before = line.n;
	assert_int_equal(record_process(&line, &o, copies, 2), -1);
	assert_int_equal(line.n, before);
	buf_release(&line);
}

static void a_relayed_process_names_the_hosts_that_went_by(void **state)
{
	static const struct tls_library relayed = { "/usr/bin/tool", "unknown", "", TAP_RELAY,
						    NULL };
	static const struct relayed_host hosts[] = {
		{ "example.org", NULL },
		{ "openrouter.ai", "the tool does not trust the relay's certificate" },
		{ "a\x1b[2J.test", NULL },
	};
	struct origin o = { .pid = 7, .exe = "/usr/bin/tool", .tool = "tool" };
	struct buf line;

	(void)state;
	buf_init(&line, LIMIT_LINE);
	assert_int_equal(record_relayed(&line, &o, &relayed, hosts, 3), 0);
	cJSON *record = cJSON_ParseWithLength(line.p, line.n);
	const cJSON *spliced = get(get(record, "relay"), "spliced");
	const cJSON *refused = get(get(record, "relay"), "refused");
	assert_int_equal(cJSON_GetArraySize(spliced), 2);
	assert_string_equal(spliced->child->valuestring, "example.org");
	assert_string_equal(spliced->child->next->valuestring, "a\\x1b[2J.test");
	assert_int_equal(cJSON_GetArraySize(refused), 1);
	assert_string_equal(get(refused->child, "host")->valuestring, "openrouter.ai");
	assert_string_equal(get(refused->child, "why")->valuestring, hosts[1].why);
	cJSON_Delete(record);
	buf_release(&line);
}

static void the_tools_version_is_that_of_its_own_user_agent(void **state)
{
	static const struct {
		const char *tool, *agent;
		const char *version; /* NULL: none */
	} cases[] = {
		{ "curl", "curl/7.88.1", "7.88.1" },
		{ "claude", "claude-cli/2.1.0 (external, cli)", "2.1.0" },
		{ "Claude", "claude-cli/2.1.0", "2.1.0" },
		{ "curl", "curl", NULL },
		{ "curl", "curlew/1.0", NULL },
		{ "node", "OpenAI/JS 4.77.0", NULL },
		{ "curl", "curl/" HEX64 HEX64, NULL }, /* too long for a version */
		{ "", "/1.0", NULL },
	};
	static const char answer[] = "HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n";
	struct machine machine = { .known = true };
	struct judge judge;
	struct buf line;

	(void)state;
	buf_init(&line, LIMIT_LINE);
	judge_init(&judge, (struct slice){ NULL, 0 });
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct origin o = { .tool = cases[i].tool, .machine = &machine };
		static struct diagnosis d;
		struct history history;
		char request[1024];

		int n = snprintf(request, sizeof(request),
				 "GET /api/v1/key HTTP/1.1\r\nHost: openrouter.ai\r\n"
				 "User-Agent: %s\r\n\r\n",
				 cases[i].agent);
		struct exchange *x =
		    exchange_between((struct slice){ request, (size_t)n }, slice_of(answer));
		history_init(&history);
		diagnose(&judge, &history, x, &d);
		buf_reset(&line);
		assert_int_equal(record_exchange(&line, &o, &d, NULL), 0);
		cJSON *record = cJSON_ParseWithLength(line.p, line.n);
		const cJSON *version = cJSON_GetObjectItemCaseSensitive(record, "tool_version");
		if (cases[i].version)
			assert_string_equal(version->valuestring, cases[i].version);
		else
			assert_null(version);
		cJSON_Delete(record);
		diagnosis_release(&d);
		exchange_free(x);
	}
	buf_release(&line);
}

static void timestamps_are_rfc_3339(void **state)
{
	static const struct {
		int64_t us;
		const char *want;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 999, "1970-01-01T00:00:00.000Z" },
		{ 1709210096987654, "2024-02-29T12:34:56.987Z" },
		{ -5, "1970-01-01T00:00:00.000Z" },
		{ 951868799999000, "2000-02-29T23:59:59.999Z" },
		{ 1767225599999000, "2025-12-31T23:59:59.999Z" },
		{ 4102444800000000, "2100-01-01T00:00:00.000Z" },
		{ 4107542400001000, "2100-03-01T00:00:00.001Z" },
	};
	char out[TIMESTAMP_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		record_timestamp(cases[i].us, out);
		assert_string_equal(out, cases[i].want);
	}
}

#define REMARKABLE "9f3b7c21d8e4a6057bc1"

/* Credentials and headers at the same places: the same again, others of the same length, none. */
static const char *const requests[] = {
	"authorization: Bearer " KEY "\n> user-agent: tool/1\n> cookie: s=" REMARKABLE "\n",
	"authorization: Bearer " KEY "\n> user-agent: tool/1\n> cookie: s=" REMARKABLE "\n",
	"authorization: Bearer " KEY "\n> user-agent: tool/2\n> cookie: s=" REMARKABLE "\n",
	"authorization: Bearer \"" KEY "\n> user-agent: " KEY "\n> accept: " REMARKABLE
	"9f3b7c21d8e4\n",
	"authorization: Bearer \"" KEY "\"\n> user-agent: " KEY "\n> accept: a\n",
	"authorization: Bearer " KEY "\n> referer: " REMARKABLE "\n> accept: a\n",
	"user-agent: tool/2\n> authorization: Bearer " KEY "\n> x-api-key: " KEY "\n",
	"x-api-key: " KEY "\n> user-agent: tool/1\n> accept: a\n",
	"x-api-key: sk-ant-api03-" REMARKABLE REMARKABLE "\n> user-agent: tool/1\n> a: b\n",
	"authorization: Bearer undefined\n> user-agent: tool/1\n> accept: a\n",
	"authorization: Basic " REMARKABLE "\n> user-agent: tool/1\n> accept: a\n",
	"authorization: Bearer\n> user-agent: tool/1\n> accept: a\n",
};
enum { REQUESTS = sizeof(requests) / sizeof(requests[0]) };

static size_t add_exchange(char *to, size_t size, const char *request)
{
	return (size_t)snprintf(
	    to, size,
	    "> POST /api/v1/chat/completions HTTP/1.1\n> host: openrouter.ai\n"
	    "> %s> content-type: application/json\n> content-length: 2\n>\n>- {}\n"
	    "< HTTP/1.1 200 OK\n< content-type: application/json\n"
	    "< x-request-id: %s\n< set-cookie: s=" REMARKABLE "\n< content-length: 2\n<\n<- {}\n",
	    request, request == requests[0] ? "req_1" : "req_2");
}

/* What of the record in LINE does not depend on what came before it. */
static void print_parts(struct slice line, char *to, size_t size)
{
	static const char *const parts[] = { "auth", "request", "response", "findings" };
	cJSON *x = cJSON_ParseWithLength(line.p, line.n);
	size_t n = 0;

	assert_non_null(x);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char *text = cJSON_PrintUnformatted(get(x, parts[i]));
		n += (size_t)snprintf(to + n, size - n, "%s\n", text);
		cJSON_free(text);
	}
	assert_true(n < size);
	cJSON_Delete(x);
}

static void what_is_kept_from_exchange_to_exchange_changes_no_record(void **state)
{
	char together[8192] = "= host openrouter.ai\n";
	size_t n = strlen(together);
	struct playback all;

	(void)state;
	for (int i = 0; i < REQUESTS; i++)
		n += add_exchange(together + n, sizeof(together) - n, requests[i]);
	play(&all, together);
	assert_int_equal(all.exchanges, REQUESTS);
	assert_false(slice_has(buf_slice(&all.records), SLICE(REMARKABLE)));
	assert_false(slice_has(buf_slice(&all.records), SLICE("0e6f44a4")));
	struct slice rest = buf_slice(&all.records);
	for (int i = 0; i < REQUESTS; i++) {
		char alone[2048] = "= host openrouter.ai\n";
		char want[4096], have[4096];
		struct playback one;
		struct slice line;
		add_exchange(alone + strlen(alone), sizeof(alone) - strlen(alone), requests[i]);
		play(&one, alone);
		assert_true(slice_cut(&rest, '\n', &line));
		print_parts(buf_slice(&one.records), want, sizeof(want));
		print_parts(line, have, sizeof(have));
		assert_string_equal(have, want);
		playback_release(&one);
	}
	playback_release(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exchange_has_the_documented_members),
		cmocka_unit_test(the_values_are_those_of_the_wire),
		cmocka_unit_test(what_is_not_there_is_null),
		cmocka_unit_test(what_a_server_repeats_of_a_credential_is_blotted),
		cmocka_unit_test(a_short_secret_that_a_server_repeats_is_blotted),
		cmocka_unit_test(a_line_too_long_gives_up_header_values_first),
		cmocka_unit_test(process_and_connection_records_are_as_documented),
		cmocka_unit_test(a_relayed_process_names_the_hosts_that_went_by),
		cmocka_unit_test(the_tools_version_is_that_of_its_own_user_agent),
		cmocka_unit_test(timestamps_are_rfc_3339),
		cmocka_unit_test(what_is_kept_from_exchange_to_exchange_changes_no_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
