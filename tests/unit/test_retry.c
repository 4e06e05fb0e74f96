/* SPDX-License-Identifier: MIT */
/* Which requests are retries of an earlier one, and which are only alike. */
#include "exchanges.h"

#define DOWN 503, NULL, "{\"error\":{\"message\":\"No instances available\",\"code\":503}}", NULL
#define FINE 200, NULL, "{\"choices\":[]}", NULL
#define ROUTER "openrouter.ai", NULL

enum { STEPS_MAX = 5, SECOND = 1000000 };

struct step {
	struct dialogue said;
	int64_t from, to;  /* seconds */
	const char *field; /* a further header field, as it is written; NULL */
	unsigned n;        /* which retry it is */
	const char *by;
};

/* The exchange of S with a further header field. */
static struct exchange *exchange_with(const struct step *s)
{
	char request[4096], answer[512];
	size_t n = request_text(request, sizeof(request), &s->said);
	char *end = strstr(request, "\r\n\r\n");

	if (s->field) {
		size_t more = strlen(s->field) + 2;
		memmove(end + 2 + more, end + 2, n - (size_t)(end + 2 - request));
		memcpy(end + 2, s->field, more - 2);
		memcpy(end + more, "\r\n", 2);
		n += more;
	}
	int m = snprintf(answer, sizeof(answer),
			 "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: "
			 "%zu\r\n\r\n%s",
			 s->said.status, strlen(s->said.body), s->said.body);
	struct exchange *x =
	    exchange_between((struct slice){ request, n }, (struct slice){ answer, (size_t)m });
	x->request.first_us = x->request.last_us = s->from * SECOND;
	x->response.first_us = x->response.last_us = s->to * SECOND;
	return x;
}

#define BODY "body"
#define COUNT "x-stainless-retry-count"

static const struct {
	const char *name;
	struct step steps[STEPS_MAX];
} sequences[] = {
	{ "the same body, one after the other",
	  { { { ROUTER, KEY_A, DOWN }, 1, 2, NULL, 0, NULL },
	    { { ROUTER, KEY_A, DOWN }, 3, 4, NULL, 1, BODY },
	    { { ROUTER, KEY_A, FINE }, 6, 9, NULL, 2, BODY },
	    { { ROUTER, KEY_A, DOWN }, 10, 11, NULL, 0, NULL } } },
	{ "two at the same time, and both again",
	  { { { ROUTER, KEY_A, DOWN }, 1, 3, NULL, 0, NULL },
	    { { ROUTER, KEY_A, DOWN }, 2, 4, NULL, 0, NULL },
	    { { ROUTER, KEY_A, DOWN }, 5, 7, NULL, 1, BODY },
	    { { ROUTER, KEY_A, FINE }, 6, 8, NULL, 1, BODY },
	    { { ROUTER, KEY_A, FINE }, 9, 10, NULL, 2, BODY } } },
	{ "far apart",
	  { { { ROUTER, KEY_A, DOWN }, 1, 2, NULL, 0, NULL },
	    { { ROUTER, KEY_A, DOWN }, 63, 64, NULL, 0, NULL },
	    { { ROUTER, KEY_A, DOWN }, 124, 125, NULL, 1, BODY } } },
	{ "another key",
	  { { { ROUTER, KEY_A, DOWN }, 1, 2, NULL, 0, NULL },
	    { { ROUTER, KEY_B, DOWN }, 3, 4, NULL, 0, NULL } } },
	{ "another host",
	  { { { ROUTER, KEY_A, DOWN }, 1, 2, NULL, 0, NULL },
	    { { "api.openai.com", NULL, KEY_A, DOWN }, 3, 4, NULL, 0, NULL } } },
	{ "another path",
	  { { { ROUTER, KEY_A, DOWN }, 1, 2, NULL, 0, NULL },
	    { { "openrouter.ai", "/api/v1/responses", KEY_A, DOWN }, 3, 4, NULL, 0, NULL } } },
	{ "it had succeeded",
	  { { { ROUTER, KEY_A, FINE }, 1, 2, NULL, 0, NULL },
	    { { ROUTER, KEY_A, DOWN }, 3, 4, NULL, 0, NULL } } },
	{ "without a body",
	  { { { "openrouter.ai", "/api/v1/key", KEY_A, 503, NULL, "{}", "GET" },
	      1,
	      2,
	      NULL,
	      0,
	      NULL },
	    { { "openrouter.ai", "/api/v1/key", KEY_A, 503, NULL, "{}", "GET" },
	      3,
	      4,
	      NULL,
	      0,
	      NULL },
	    { { "openrouter.ai", "/api/v1/key", KEY_A, 503, NULL, "{}", "GET" },
	      5,
	      6,
	      "X-Stainless-Retry-Count: 1",
	      1,
	      COUNT } } },
	{ "the SDK counts",
	  { { { ROUTER, KEY_A, DOWN }, 1, 2, COUNT ": 0", 0, NULL },
	    { { ROUTER, KEY_A, DOWN }, 3, 4, COUNT ": 1", 1, COUNT },
	    { { ROUTER, KEY_A, DOWN }, 5, 6, COUNT ": 2", 2, COUNT },
	    { { ROUTER, KEY_A, DOWN }, 7, 8, COUNT ": 0", 0, NULL } } },
};

static void judge_sequences(void **state)
{
	static struct judge judge;
	static struct history history;

	(void)state;
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		judge_init(&judge, slice_of(NULL));
		history_init(&history);
		for (size_t s = 0; s < STEPS_MAX && sequences[i].steps[s].said.host; s++) {
			const struct step *step = &sequences[i].steps[s];
			struct exchange *x = exchange_with(step);
			struct diagnosis d;
			diagnose(&judge, &history, x, &d);
			const struct retry *retry = &d.input.retry;
			if (retry->n != step->n || (retry->by == NULL) != (step->by == NULL) ||
			    (step->by && strcmp(retry->by, step->by) != 0))
				fail_msg("%s: request %zu: %u by %s", sequences[i].name, s + 1,
					 retry->n, retry->by ? retry->by : "nothing");
			diagnosis_release(&d);
			exchange_free(x);
		}
	}
}

/* More failures than are remembered: the oldest are forgotten. */
static void stay_bounded(void **state)
{
	static struct judge judge;
	static struct history history;
	const struct step down = { { ROUTER, KEY_A, DOWN }, 1, 2, NULL, 0, NULL };

	(void)state;
	judge_init(&judge, slice_of(NULL));
	history_init(&history);
	for (int i = 0; i < 3 * LIMIT_RETRIED; i++) {
		struct exchange *x = exchange_with(&down);
		struct diagnosis d;
		diagnose(&judge, &history, x, &d);
		assert_int_equal(d.input.retry.n, 0);
		diagnosis_release(&d);
		exchange_free(x);
	}
	assert_int_equal(history.failed.count, LIMIT_RETRIED);
}

static const struct {
	const char *name, *value;
	int n; /* -1: it does not count */
	const char *by;
} fields[] = {
	{ "X-Stainless-Retry-Count", "2", 2, COUNT },
	{ COUNT, "0", 0, COUNT },
	{ "X-Retry-Count", "1", 1, "x-retry-count" },
	{ "Retry-Attempt", "3", 3, "retry-attempt" },
	{ "amz-sdk-request", "attempt=1; max=3", 0, "amz-sdk-request" },
	{ "amz-sdk-request", "attempt=2; max=3", 1, "amz-sdk-request" },
	{ "amz-sdk-request", "ttl=20260101T000000Z; attempt=2", -1, NULL },
	{ "amz-sdk-request", "attempt=0", -1, NULL },
	{ COUNT, "", -1, NULL },
	{ COUNT, "-1", -1, NULL },
	{ COUNT, "1x", -1, NULL },
	{ COUNT, "9999", -1, NULL },
	{ COUNT, "99999999999999999999", -1, NULL },
	{ "x-stainless-retry-counter", "1", -1, NULL },
	{ "retry-after", "1", -1, NULL },
};

static void judge_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		unsigned n = 0;
		const char *by = NULL;
		bool counts =
		    retry_of_field(slice_of(fields[i].name), slice_of(fields[i].value), &n, &by);
		if (counts != (fields[i].n >= 0) ||
		    (counts && ((int)n != fields[i].n || strcmp(by, fields[i].by) != 0)))
			fail_msg("%s: %s: %d %u", fields[i].name, fields[i].value, counts, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judge_sequences),
		cmocka_unit_test(stay_bounded),
		cmocka_unit_test(judge_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
