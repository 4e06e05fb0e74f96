/* SPDX-License-Identifier: MIT */
/*
 * Random JSON against a strict parser of another making: python3's json, with
 * NaN, lone surrogates and UTF-8 refused. What it takes never has a fault, what
 * it refuses always has one, and the rules on a request's body say the same. The seed is printed; SEED in the environment
 * repeats a run, ROUNDS makes it longer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "diagnose/diagnose.h"
#include "wire/connection.h"

enum { TEXT_MAX = 4096, ROUNDS_DEFAULT = 4000 };

/* Reads hex lines, answers "1" or "0" for each. */
static const char oracle_program[] =
    "import sys, json, re\n"
    "def no(x): raise ValueError(x)\n"
    "def lone(v):\n"
    "    if isinstance(v, str): v.encode('utf-8')\n"
    "    elif isinstance(v, list): [lone(x) for x in v]\n"
    "    elif isinstance(v, dict): [(lone(k), lone(x)) for k, x in v.items()]\n"
    "sys.setrecursionlimit(20000)\n"
    "for line in sys.stdin:\n"
    "    try:\n"
    "        t = bytes.fromhex(line.strip()).decode('utf-8')\n"
    "        if t.startswith('\\ufeff'): raise ValueError('bom')\n"
    "        v = json.loads(t, parse_constant=no)\n"
    "        json.loads(t, object_pairs_hook=lambda p: [(lone(k), lone(x)) for k, x in p])\n"
    "        lone(v)\n"
    "        print(1)\n"
    "    except (ValueError, RecursionError):\n"
    "        print(0)\n";

static uint64_t random_state;

/* splitmix64: small, and the same everywhere. */
static uint32_t random_below(uint32_t n)
{
	uint64_t z = (random_state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return (uint32_t)((z ^ (z >> 31)) % n);
}

struct text {
	char bytes[TEXT_MAX];
	size_t n;
};

static void put(struct text *t, const char *bytes, size_t n)
{
	if (n > sizeof(t->bytes) - t->n)
		n = sizeof(t->bytes) - t->n;
	memcpy(t->bytes + t->n, bytes, n);
	t->n += n;
}

static void put_text(struct text *t, const char *text)
{
	put(t, text, strlen(text));
}

static const char *one_of(const char *const *words, uint32_t n)
{
	return words[random_below(n)];
}

static void put_space(struct text *t)
{
	static const char *const spaces[] = { "", "", "", " ", "\n", "\t", "\r\n", "  " };

	put_text(t, one_of(spaces, 8));
}

static void put_string(struct text *t)
{
	static const char *const pieces[] = { "a",
					      "hello world, ",
					      "\\n",
					      "\\\"",
					      "\\\\",
					      "\\/",
					      "\\u00e9",
					      "\\ud83d\\ude00",
					      "\xC3\xA9",
					      "\xE2\x82\xAC",
					      "\xF0\x9F\x98\x80",
					      "\x7F",
					      "{\x27:,}",
					      "\\u0000",
					      "0123456789abcdef",
					      "//" };

	put_text(t, "\"");
	for (uint32_t n = random_below(6); n > 0; n--)
		put_text(t, one_of(pieces, 16));
	put_text(t, "\"");
}

static void put_scalar(struct text *t)
{
	static const char *const scalars[] = {
		"0",    "-0",   "1",     "-12.5", "1e5",  "1E-7",
		"0.25", "true", "false", "null",  "1e+9", "123456789"
	};

	if (random_below(2))
		put_string(t);
	else
		put_text(t, one_of(scalars, 12));
}

static void put_value(struct text *t, int depth)
{
	uint32_t kind = random_below(4);
	bool object = kind == 0;

	if (depth == 0 || kind > 1 || t->n > TEXT_MAX / 2) {
		put_scalar(t);
		return;
	}
	put_text(t, object ? "{" : "[");
	put_space(t);
	for (uint32_t i = 0, n = random_below(5); i < n; i++) {
		if (i)
			put_text(t, ",");
		put_space(t);
		if (object) {
			put_string(t);
			put_space(t);
			put_text(t, ":");
			put_space(t);
		}
		put_value(t, depth - 1);
		put_space(t);
	}
	put_text(t, object ? "}" : "]");
}

/* Change a few bytes: most of the results are JSON no more, some still are. */
static void mutate(struct text *t)
{
	static const char bytes[] = "{}[],:\"'\\0123456789-+.eEunNfItrx \n\t\x01\x80\xC3\xED\xF4/";

	for (uint32_t n = 1 + random_below(2); n > 0 && t->n > 0; n--) {
		uint32_t at = random_below((uint32_t)t->n);
		char c = bytes[random_below(sizeof(bytes))];
		switch (random_below(4)) {
		case 0:
			t->bytes[at] = c;
			break;
		case 1:
			memmove(t->bytes + at, t->bytes + at + 1, t->n - at - 1);
			t->n--;
			break;
		case 2:
			t->n = at;
			break;
		default:
			if (t->n == sizeof(t->bytes))
				break;
			memmove(t->bytes + at + 1, t->bytes + at, t->n - at);
			t->bytes[at] = c;
			t->n++;
		}
	}
}

/* The oracle as a child process; its pipes. */
struct oracle {
	pid_t pid;
	FILE *ask, *told;
};

static void oracle_start(struct oracle *j)
{
	int to[2], from[2];

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	j->pid = fork();
	assert_true(j->pid >= 0);
	if (j->pid == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[1]);
		close(from[0]);
		execlp("python3", "python3", "-u", "-c", oracle_program, (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	j->ask = fdopen(to[1], "w");
	j->told = fdopen(from[0], "r");
}

static void oracle_stop(struct oracle *j)
{
	int status;

	fclose(j->ask);
	fclose(j->told);
	assert_int_equal(waitpid(j->pid, &status, 0), j->pid);
	assert_int_equal(status, 0);
}

static bool accepts(struct oracle *j, const struct text *t)
{
	char line[8];

	for (size_t i = 0; i < t->n; i++)
		fprintf(j->ask, "%02x", (unsigned char)t->bytes[i]);
	fputc('\n', j->ask);
	fflush(j->ask);
	assert_non_null(fgets(line, sizeof(line), j->told));
	return line[0] == '1';
}

/* Of a chat request with that body, answered with 400: is the body said to be no JSON? */
static bool is_blamed(const struct text *t)
{
	static const enum rule_id blames[] = {
		RULE_body_json_invalid, RULE_body_json_nan,  RULE_body_lone_surrogate,
		RULE_body_not_utf8,     RULE_body_bom,       RULE_body_missing,
		RULE_body_form_encoded, RULE_body_compressed
	};
	static const char answer[] =
	    "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
	    "Content-Length: 16\r\n\r\n{\"error\":\"no\"} \n";
	static struct judge judge;
	struct wire_limits limits = { .body_max = 1 << 20 };
	struct connection *c = connection_new(&limits, 1, SLICE("openrouter.ai"), CONNECTION_OPENED);
	struct history *history = calloc(1, sizeof(*history));
	struct diagnosis *d = calloc(1, sizeof(*d));
	struct slice wrong;
	struct event event;
	char head[256];
	bool blamed = false;

	int n = snprintf(head, sizeof(head),
			 "POST /api/v1/chat/completions HTTP/1.1\r\nHost: openrouter.ai\r\n"
			 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
			 t->n);
	rulebook_init(&judge.book, "", &wrong);
	connection_feed(c, SIDE_CLIENT, head, (size_t)n, 1);
	connection_feed(c, SIDE_CLIENT, t->bytes, t->n, 1);
	connection_feed(c, SIDE_SERVER, answer, sizeof(answer) - 1, 2);
	connection_close(c, 3);
	while (connection_next(c, &event)) {
		if (event.kind != EVENT_EXCHANGE)
			continue;
		diagnose(&judge, history, event.exchange, d);
		for (size_t i = 0; i < d->count; i++)
			for (size_t b = 0; b < sizeof(blames) / sizeof(blames[0]); b++)
				blamed |= d->findings[i].rule == blames[b];
		diagnosis_release(d);
		exchange_free(event.exchange);
	}
	connection_free(c);
	free(history);
	free(d);
	return blamed;
}

static void compare(struct oracle *j, const struct text *t)
{
	bool strict = accepts(j, t);
	struct json_verdict v;

	/* Its own allocation, so that a sanitizer sees a step past the end. */
	char *copy = malloc(t->n + 1);
	memcpy(copy, t->bytes, t->n);
	json_judge((struct slice){ copy, t->n }, &v);
	assert_true(v.at <= t->n);
	free(copy);
	if ((v.fault == JSON_FINE) != strict)
		fail_msg("python3 %s what json_judge calls %d (%s) at %zu: %.*s",
			 strict ? "takes" : "refuses", v.fault, v.found, v.at, (int)t->n, t->bytes);
	if (is_blamed(t) == strict)
		fail_msg("a request with it is %sblamed for it: %.*s", strict ? "" : "not ",
			 (int)t->n, t->bytes);
}

static void agrees_with_a_strict_parser_on_random_texts(void **state)
{
	const char *seed = getenv("SEED"), *wanted = getenv("ROUNDS");
	long rounds = wanted ? strtol(wanted, NULL, 10) : ROUNDS_DEFAULT;
	struct oracle j;

	(void)state;
	random_state = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	print_message("           SEED=%" PRIu64 " ROUNDS=%ld\n", random_state, rounds);
	oracle_start(&j);
	for (long i = 0; i < rounds; i++) {
		struct text t = { .n = 0 };
		put_space(&t);
		put_value(&t, 5);
		put_space(&t);
		compare(&j, &t);
		mutate(&t);
		compare(&j, &t);
	}
	oracle_stop(&j);
}

/* The outline reads anything, and of a valid text the same as a whole parse. */
static void an_outline_of_a_random_text_stays_within_it(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct text t = { .n = 0 };
		struct json_outline o;
		put_text(&t, "{\"model\":\"m\",\"messages\":[");
		put_value(&t, 3);
		put_text(&t, "],\"stream\":true,\"x\":");
		put_value(&t, 3);
		put_text(&t, "}");
		bool whole = t.n < TEXT_MAX;
		json_outline((struct slice){ t.bytes, t.n }, &o);
		if (whole) {
			assert_true(slice_equal(o.model, SLICE("m")));
			assert_int_equal(o.messages, 1);
			assert_int_equal(o.stream, 1);
		}
		mutate(&t);
		char *copy = malloc(t.n + 1);
		memcpy(copy, t.bytes, t.n);
		json_outline((struct slice){ copy, t.n }, &o);
		json_member_at((struct slice){ copy, t.n }, "messages[0].content[1].x");
		assert_true(!o.model.p ||
			    (o.model.p >= copy && o.model.p + o.model.n <= copy + t.n));
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_strict_parser_on_random_texts),
		cmocka_unit_test(an_outline_of_a_random_text_stays_within_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
