/* SPDX-License-Identifier: MIT */
#include "tools/diff.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "report/field_display.h"
#include "tools/log/log_row.h"

/* How well a kind of difference explains a refusal. */
enum {
	RANK_CREDENTIAL = 100,
	RANK_KEY = 90,
	RANK_PLACE = 80,
	RANK_CONTENT = 70,
	RANK_BODY = 60,
	RANK_HEADER = 40,
	RANK_HTTP = 30,
	RANK_SOURCE = 25,
	RANK_SPELLING = 10,
	RANK_BLAMED = 50, /* added for a header field that a finding names */
};

static void show(char out[DIFFERENCE_SHOWN], const char *text)
{
	struct buf shown;

	buf_init(&shown, DIFFERENCE_SHOWN - 1);
	mask_text(&shown, slice_of(text ? text : "(none)"), DIFFERENCE_SHOWN - 1);
	if (shown.n)
		memcpy(out, shown.p, shown.n);
	out[shown.n] = 0;
	buf_release(&shown);
}

static void set(struct difference *x, int rank, const char *what, const char *a, const char *b)
{
	char name[DIFFERENCE_SHOWN];

	*x = (struct difference){ .rank = rank };
	show(name, what);
	snprintf(x->what, sizeof(x->what), "%.90s", name);
	show(x->a, a);
	show(x->b, b);
}

static void add(struct diff *d, int rank, const char *what, const char *a, const char *b)
{
	if (d->count == DIFFERENCES_MAX)
		return;
	set(&d->all[d->count++], rank, what, a, b);
	d->noise += rank == RANK_NOISE;
}

/* A member as text: strings as they are, numbers and booleans as JSON. */
static const char *text_of(const cJSON *object, const char *name, char number[32])
{
	const cJSON *value = log_member(object, name);

	if (cJSON_IsString(value))
		return value->valuestring;
	if (cJSON_IsNumber(value)) {
		snprintf(number, 32, "%.0f", value->valuedouble);
		return number;
	}
	return cJSON_IsBool(value) ? cJSON_IsTrue(value) ? "true" : "false" : NULL;
}

static void member(struct diff *d, int rank, const char *what, const cJSON *a, const cJSON *b,
		   const char *name)
{
	char first[32], second[32];
	const char *x = text_of(a, name, first), *y = text_of(b, name, second);

	if (!same_text(x, y))
		add(d, rank, what, x, y);
}

static const char *first_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetArrayItem(log_member(object, name), 0));
}

/* Two different keys are one difference, however many of their members differ. */
static void keys(struct diff *d, const cJSON *x, const cJSON *y)
{
	static const struct {
		const char *name, *what;
		int rank;
	} parts[PARTS_MAX] = {
		{ "length", "length of the key", RANK_CREDENTIAL - 2 },
		{ "vendor", "vendor of the key", RANK_CREDENTIAL - 3 },
		{ "fingerprint", "fingerprint of the key", RANK_KEY - 1 },
	};
	const char *a = log_text(x, "token"), *b = log_text(y, "token");
	int rank = same_text(a, b) ? RANK_NOISE : RANK_KEY;

	for (size_t i = 0; i < PARTS_MAX; i++) {
		char first[32], second[32];
		const char *p = text_of(x, parts[i].name, first);
		const char *q = text_of(y, parts[i].name, second);
		if (same_text(p, q))
			continue;
		set(&d->parts[d->part_count++], parts[i].rank, parts[i].what, p, q);
		if (rank < parts[i].rank)
			rank = parts[i].rank;
	}
	if (rank == RANK_NOISE)
		return;
	add(d, rank, "key", a, b);
	d->all[d->count - 1].has_parts = d->part_count > 0;
}

static void credentials(struct diff *d, const cJSON *a, const cJSON *b)
{
	const cJSON *x = log_member(a, "auth"), *y = log_member(b, "auth");

	if (cJSON_IsObject(x) != cJSON_IsObject(y)) {
		add(d, RANK_CREDENTIAL, "credential",
		    cJSON_IsObject(x) ? log_text(x, "token") : NULL,
		    cJSON_IsObject(y) ? log_text(y, "token") : NULL);
		return;
	}
	if (!same_text(first_of(x, "carriers"), first_of(y, "carriers")))
		add(d, RANK_CREDENTIAL, "header that carries the key", first_of(x, "carriers"),
		    first_of(y, "carriers"));
	member(d, RANK_CREDENTIAL - 1, "scheme", x, y, "scheme");
	keys(d, x, y);
	if (!same_text(first_of(x, "source"), first_of(y, "source")))
		add(d, RANK_SOURCE, "variable that the key came from", first_of(x, "source"),
		    first_of(y, "source"));
	else
		member(d, RANK_SOURCE, "place that the key came from", x, y, "from");
}

/* Differs between any two requests, or shows only how long the body is. */
static bool is_noise(const char *name)
{
	static const char *const names[] = { "date",         "user-agent", "content-length",
					     "x-request-id", "cf-ray",     "traceparent",
					     "tracestate",   "baggage",    "idempotency-key",
					     "sentry-trace", "age",        "x-client-request-id" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return strncasecmp(name, "x-stainless-", 12) == 0;
}

static const cJSON *headers_of(const cJSON *record)
{
	return log_member(log_member(record, "request"), "headers");
}

/* The Nth header field NAME of RECORD, from 0; *COUNT is how many there are. */
static const cJSON *header(const cJSON *record, const char *name, int n, int *count)
{
	const cJSON *found = NULL;
	const cJSON *pair;

	*count = 0;
	cJSON_ArrayForEach(pair, headers_of(record))
	{
		const char *s = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
		if (s && strcasecmp(s, name) == 0 && (*count)++ == n)
			found = pair;
	}
	return found;
}

static bool is_blamed(const cJSON *a, const cJSON *b, const char *name)
{
	const cJSON *records[] = { a, b };
	const cJSON *f;

	for (size_t i = 0; i < 2; i++)
		cJSON_ArrayForEach(f, log_member(records[i], "findings"))
		{
			const char *s = log_text(f, "header");
			if (s && strcasecmp(s, name) == 0)
				return true;
		}
	return false;
}

static int rank_of(const cJSON *a, const cJSON *b, const char *name)
{
	int rank = RANK_HEADER;

	if (is_noise(name))
		return RANK_NOISE;
	if (strcasecmp(name, "authorization") == 0 || strcasecmp(name, "x-api-key") == 0)
		rank = RANK_CREDENTIAL;
	else if (strncasecmp(name, "content-", 8) == 0 ||
		 strcasecmp(name, "transfer-encoding") == 0)
		rank = RANK_CONTENT;
	else if (strcasecmp(name, "host") == 0 || strcasecmp(name, "origin") == 0)
		rank = RANK_PLACE - 5;
	return is_blamed(a, b, name) ? rank + RANK_BLAMED : rank;
}

static void times(char text[32], int n)
{
	if (n == 0)
		snprintf(text, 32, "absent");
	else
		snprintf(text, 32, "%d time%s", n, n == 1 ? "" : "s");
}

/*
 * Compare one header name; ONLY_MISSING: report only a different count, because
 * the values were compared before.
 */
static void one_header(struct diff *d, const cJSON *a, const cJSON *b, const char *name,
		       bool only_missing)
{
	int in_a, in_b;
	const cJSON *x = header(a, name, 0, &in_a);
	const cJSON *y = header(b, name, 0, &in_b);
	int rank = rank_of(a, b, name);
	char what[128], first[32], second[32];

	snprintf(what, sizeof(what), "header %.100s", name);
	if (in_a != in_b) {
		times(first, in_a);
		times(second, in_b);
		add(d, rank, what, first, second);
		return;
	}
	if (only_missing)
		return;
	const char *value = cJSON_GetStringValue(cJSON_GetArrayItem(x, 1));
	const char *other = cJSON_GetStringValue(cJSON_GetArrayItem(y, 1));
	if (!same_text(value, other))
		add(d, rank, what, value, other);
	const char *spelt = cJSON_GetStringValue(cJSON_GetArrayItem(x, 0));
	const char *other_spelt = cJSON_GetStringValue(cJSON_GetArrayItem(y, 0));
	if (!same_text(spelt, other_spelt))
		add(d, is_noise(name) ? RANK_NOISE : RANK_SPELLING, "header's spelling", spelt,
		    other_spelt);
}

static void order(struct diff *d, const cJSON *a, const cJSON *b)
{
	struct buf first, second;
	const cJSON *pair;
	int n;

	buf_init(&first, 4096);
	buf_init(&second, 4096);
	for (int side = 0; side < 2; side++)
		cJSON_ArrayForEach(pair, headers_of(side ? b : a))
		{
			const char *s = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
			struct buf *to = side ? &second : &first;
			/*
			 * List common names in the order of their first use;
			 * counts are compared elsewhere.
			 */
			if (!s || !header(side ? a : b, s, 0, &n) ||
			    header(side ? b : a, s, 0, &n) != pair)
				continue;
			if (to->n)
				buf_add_some(to, " ", 1);
			for (; *s; s++)
				buf_add_some(
				    to, (char[]){ (char)(*s | ((*s >= 'A' && *s <= 'Z') << 5)) },
				    1);
		}
	if (!slice_equal(buf_slice(&first), buf_slice(&second)) && buf_add(&first, "", 1) == 0 &&
	    buf_add(&second, "", 1) == 0)
		add(d, RANK_SPELLING - 1, "order of the headers", first.p, second.p);
	buf_release(&first);
	buf_release(&second);
}

static void headers(struct diff *d, const cJSON *a, const cJSON *b)
{
	const cJSON *pair;
	int n;

	for (int side = 0; side < 2; side++) {
		const cJSON *from = side ? b : a;
		cJSON_ArrayForEach(pair, headers_of(from))
		{
			const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
			if (!name || header(from, name, 0, &n) != pair)
				continue;
			if (side && header(a, name, 0, &n))
				continue; /* was compared from the other side */
			one_header(d, a, b, name, side);
		}
	}
	order(d, a, b);
}

static void bodies(struct diff *d, const cJSON *a, const cJSON *b)
{
	const cJSON *x = log_member(log_member(a, "request"), "body");
	const cJSON *y = log_member(log_member(b, "request"), "body");
	int first = log_number(x, "bytes", 0), second = log_number(y, "bytes", 0);

	member(d, RANK_CONTENT, "media type of the body", x, y, "type");
	member(d, RANK_BODY, "model", x, y, "model");
	member(d, RANK_BODY - 1, "stream", x, y, "stream");
	member(d, RANK_BODY - 2, "tools", x, y, "tools");
	member(d, RANK_BODY - 10, "messages", x, y, "messages");
	member(d, (first == 0) != (second == 0) ? RANK_BODY : RANK_NOISE, "bytes of the body", x, y,
	       "bytes");
}

static int by_rank(const void *a, const void *b)
{
	return ((const struct difference *)b)->rank - ((const struct difference *)a)->rank;
}

void diff_requests(struct diff *d, const cJSON *a, const cJSON *b)
{
	*d = (struct diff){ 0 };
	credentials(d, a, b);
	member(d, RANK_PLACE + 2, "host", a, b, "host");
	member(d, RANK_PLACE + 1, "path", a, b, "path");
	member(d, RANK_PLACE, "method", a, b, "method");
	member(d, RANK_PLACE - 1, "port", a, b, "port");
	member(d, RANK_HTTP, "HTTP version", a, b, "http");
	bodies(d, a, b);
	headers(d, a, b);
	qsort(d->all, d->count, sizeof(d->all[0]), by_rank);
}
