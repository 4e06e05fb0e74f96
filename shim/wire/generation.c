/* SPDX-License-Identifier: MIT */
#include "wire/generation.h"

#include <string.h>

#include "base/json_text.h"

enum { COUNT_DIGITS = 15 };

void generation_init(struct generation *c)
{
	*c = (struct generation){ .input_tokens = -1, .output_tokens = -1 };
}

bool generation_is_named(const struct generation *c)
{
	return c->model[0] && c->id[0];
}

/* VALUE is JSON. A string with an escape in it is not taken for a name. */
static void take_name(char name[LIMIT_GENERATION_NAME + 1], struct slice value)
{
	if (name[0] || value.n < 3 || value.p[0] != '"' || value.n - 2 > LIMIT_GENERATION_NAME ||
	    memchr(value.p, '\\', value.n) || memchr(value.p, '\0', value.n))
		return;
	memcpy(name, value.p + 1, value.n - 2);
	name[value.n - 2] = '\0';
}

static void take_count(int64_t *count, struct slice value)
{
	unsigned long long n;

	if (value.n <= COUNT_DIGITS && slice_number(value, &n))
		*count = (int64_t)n;
}

static void take_usage(struct generation *c, struct slice text)
{
	struct slice rest = json_object_inside(text), name, value;

	while (json_next_member(&rest, &name, &value))
		if (slice_equal(name, SLICE("prompt_tokens")) ||
		    slice_equal(name, SLICE("input_tokens")))
			take_count(&c->input_tokens, value);
		else if (slice_equal(name, SLICE("completion_tokens")) ||
			 slice_equal(name, SLICE("output_tokens")))
			take_count(&c->output_tokens, value);
}

static void take_members(struct generation *c, struct slice text, bool outer)
{
	struct slice rest = json_object_inside(text), name, value;

	while (json_next_member(&rest, &name, &value))
		if (slice_equal(name, SLICE("id")))
			take_name(c->id, value);
		else if (slice_equal(name, SLICE("model")))
			take_name(c->model, value);
		else if (slice_equal(name, SLICE("usage")))
			take_usage(c, value);
		else if (outer && (slice_equal(name, SLICE("message")) ||
				   slice_equal(name, SLICE("response"))))
			take_members(c, value, false);
}

void generation_read(struct generation *c, struct slice text)
{
	take_members(c, text, true);
}

void generation_of(const struct exchange *x, struct generation *c)
{
	const struct body *body = &x->response.body;

	if (x->events.seen) {
		*c = x->events.generation;
		return;
	}
	generation_init(c);
	if (x->response.status / 100 == 2 && body->coding != CODING_OPAQUE &&
	    slice_equal(x->request.method, SLICE("POST")))
		generation_read(c, buf_slice(&body->bytes));
}
