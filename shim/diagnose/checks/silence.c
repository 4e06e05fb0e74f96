/* SPDX-License-Identifier: MIT */
/*
 * A connection to an API on which nothing was sent. HTTP libraries refuse a
 * header value with a line break or an odd character before the first byte
 * (stackblitz-labs/bolt.diy#1284, groq/groq-python#7); a variable of the environment
 * may have that value.
 */
#include "diagnose/checks/silence.h"

struct silence {
	const struct judge *judge;
	struct finding *findings;
	size_t count, max;
};

/* A new finding of RULE; NULL: it is switched off, or the list is full. */
static struct detail *find(struct silence *s, enum rule_id rule)
{
	struct finding *f = &s->findings[s->count];

	if (s->count == s->max || s->judge->book.severity[rule] == SEVERITY_OFF)
		return NULL;
	f->rule = rule;
	f->severity = (enum severity)s->judge->book.severity[rule];
	detail_init(&f->detail);
	s->count++;
	return &f->detail;
}

static void find_damaged(struct silence *s)
{
	struct slice name, value;

	for (size_t at = 0; environment_next(&s->judge->environment, &at, &name, &value);) {
		const char *damage = environment_key_damage(name, value);
		struct detail *d = damage ? find(s, RULE_key_variable_damaged) : NULL;
		if (!d)
			continue;
		detail_masked(d, name, LIMIT_SHOWN_NAME);
		detail_f(d, " %s", damage);
	}
}

static void find_near_miss(struct silence *s)
{
	const struct environment *env = &s->judge->environment;
	struct slice name, value;

	if (environment_value(env, SLICE("OPENROUTER_API_KEY")).n)
		return;
	for (size_t at = 0; environment_next(env, &at, &name, &value);) {
		if (!value.n || !environment_is_near_miss(name))
			continue;
		struct detail *d = find(s, RULE_key_variable_near_miss);
		if (d)
			detail_f(d, "%.*s is set, OPENROUTER_API_KEY is not", SLICE_ARG(name));
		return;
	}
}

size_t silence_diagnose(const struct judge *judge, const struct vendor *vendor,
			struct finding *findings, size_t max)
{
	struct silence s = { .judge = judge, .findings = findings, .max = max };

	if (!find(&s, RULE_no_request_sent))
		return 0;
	find_damaged(&s);
	if (vendor && slice_equal(slice_of(vendor->id), SLICE("openrouter")))
		find_near_miss(&s);
	return s.count;
}
