/* SPDX-License-Identifier: MIT */
#include "diagnose/checks/check_say.h"

#include "diagnose/checks/checks.h"

static void say_field(struct slice name, const struct check_input *in, const struct credential *c,
		      struct detail *d)
{
	char masked[TOKEN_MASK_SIZE];

	if (slice_equal(name, SLICE("token"))) {
		token_mask(c->shape.core, masked);
		detail_f(d, "%s", masked);
	} else if (slice_equal(name, SLICE("core"))) {
		detail_masked(d, c->shape.core, 80);
	} else if (slice_equal(name, SLICE("part"))) {
		detail_f(d, "%.*s", SLICE_ARG(c->shape.part));
	} else if (slice_equal(name, SLICE("offset"))) {
		detail_f(d, "%zu", (size_t)(c->shape.part.p - c->token.p));
	} else if (slice_equal(name, SLICE("host"))) {
		detail_masked(d, in->x->host, 80);
	} else if (slice_equal(name, SLICE("bytes"))) {
		detail_f(d, "%zu", in->x->request.body.bytes.n);
	}
}

void check_say(const struct check *check, const struct check_input *in, const struct credential *c,
	       struct detail *d)
{
	struct slice rest = slice_of(check->says);
	struct slice text, field;

	while (slice_cut(&rest, '{', &text)) {
		detail_f(d, "%.*s", SLICE_ARG(text));
		if (slice_cut(&rest, '}', &field))
			say_field(field, in, c, d);
	}
}
