/* SPDX-License-Identifier: MIT */
/* The verdict's cause: only a rule that can explain this refusal may be its cause. */
#include "diagnose/diagnose.h"

/* Bit n: section n of the catalogue. */
#define SECTIONS(...) sections((const int[]){ __VA_ARGS__, 0 })

static unsigned sections(const int *list)
{
	unsigned set = 0;

	for (; *list; list++)
		set |= 1u << *list;
	return set;
}

/* The sections that explain the refusal before section 5 (the answer itself) does. */
static unsigned explaining_sections(const struct answer *a)
{
	switch (a->refused_by) {
	case REFUSED_openrouter_auth:
		return SECTIONS(1, 2, 6);
	case REFUSED_vendor:
		if (a->about == REFUSAL_CREDENTIALS)
			return SECTIONS(1, 2, 6);
		return a->about == REFUSAL_REQUEST ? SECTIONS(2, 3, 4) : 0;
	case REFUSED_upstream:
		return a->about == REFUSAL_REQUEST ? SECTIONS(2, 3, 4) : 0;
	case REFUSED_openrouter_request:
		return SECTIONS(2, 3, 4);
	case REFUSED_edge:
		return SECTIONS(2);
	case REFUSED_nobody:
		return SECTIONS(3);
	default:
		return 0;
	}
}

/* Most severe, most certain, then row order. */
static bool is_better(const struct finding *a, const struct finding *b)
{
	if (!b)
		return true;
	if (a->severity != b->severity)
		return a->severity > b->severity;
	if (rules[a->rule].certainty != rules[b->rule].certainty)
		return rules[a->rule].certainty > rules[b->rule].certainty;
	return a->rule < b->rule;
}

/* Section 1 by its subject, but it breaks the head of the request as those of section 3 do. */
static unsigned sections_of(enum rule_id rule)
{
	if (rule == RULE_auth_value_line_break || rule == RULE_auth_value_control_byte)
		return SECTIONS(1, 3);
	return 1u << rules[rule].section;
}

/* The best finding of those sections that is no mere note. */
static const struct finding *best_of(const struct finding *findings, size_t count, unsigned set)
{
	const struct finding *best = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct finding *f = &findings[i];
		if (!(set & sections_of(f->rule)) || f->severity < SEVERITY_WARNING)
			continue;
		if (is_better(f, best))
			best = f;
	}
	return best;
}

void verdict_reach(const struct evidence *e, const struct finding *findings, size_t count,
		   struct verdict *v)
{
	*v = (struct verdict){ e->answer.refused_by, CATEGORY_none, RULE_NONE };
	if (e->answer.refused_by == REFUSED_NOT)
		return;
	const struct finding *cause = best_of(findings, count, explaining_sections(&e->answer));
	const struct finding *answer = best_of(findings, count, SECTIONS(5));
	/* That the key lives is proven, whatever the answer says of it. */
	bool proven = cause && cause->rule == RULE_transient_401;
	if (!cause || (answer && !proven && answer->severity > cause->severity))
		cause = answer;
	if (!cause)
		return;
	v->cause = cause->rule;
	v->category = rules[cause->rule].category;
}
