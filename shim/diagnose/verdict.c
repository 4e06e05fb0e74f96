/* SPDX-License-Identifier: MIT */
/* The verdict's cause: reasoned from the five facts, step by step. */
#include "diagnose/verdict.h"
#include "diagnose/facts.h"

/* What explains this refusal better than the answer itself does; NULL: nothing. */
static const struct finding *explanation(const struct facts *f, const struct finding *findings,
					 size_t count)
{
	if (f->saw.by == REFUSED_edge)
		return facts_best(findings, count, section_bit(SECTION_PLACE));
	switch (f->saw.about) {
	case REFUSAL_CREDENTIALS:
		return f->saw.by == REFUSED_upstream ? NULL
						     : facts_better(f->sent.best, f->holds.best);
	case REFUSAL_REQUEST:
		return facts_best(findings, count,
				  section_bit(SECTION_PLACE) | section_bit(SECTION_FRAMING) |
				      section_bit(SECTION_CONTENT));
	case REFUSAL_NO_ANSWER:
		return facts_best(findings, count, section_bit(SECTION_FRAMING));
	default:
		return NULL;
	}
}

/*
 * A certain error of the credential explains any refusal by a host that checks
 * keys, unless the words of the answer give another reason, or the key got through.
 */
static const struct finding *certain_fault(const struct facts *f)
{
	if (f->saw.reason || f->takes.passed || !f->takes.checks_keys ||
	    f->saw.about == REFUSAL_CREDENTIALS || f->saw.by == REFUSED_edge ||
	    f->saw.by == REFUSED_nobody || f->saw.about == REFUSAL_ROUTING)
		return NULL;
	return f->sent.certain ? f->sent.best : NULL;
}

/* A time limit that ran out while the server waited for the rest of the request is not an outage. */
static const struct finding *vain_wait(const struct facts *f)
{
	return f->saw.about == REFUSAL_UNAVAILABLE && !f->saw.reason && !f->takes.passed
		   ? f->sent.awaited
		   : NULL;
}

/* May the answer's words outweigh CAUSE, which is not a certain error? */
static bool answer_outweighs(const struct facts *f, const struct finding *cause)
{
	if (!f->saw.rule || f->changed.accepted || f->saw.rule->severity <= cause->severity)
		return false;
	return f->saw.about != REFUSAL_CREDENTIALS || f->saw.specific;
}

static const struct finding *cause_of(const struct facts *f, const struct finding *findings,
				      size_t count)
{
	const struct finding *cause = certain_fault(f);

	if (!cause)
		cause = vain_wait(f);
	if (cause)
		return cause;
	cause = explanation(f, findings, count);
	if (cause && !answer_outweighs(f, cause))
		return cause;
	return f->saw.rule;
}

void verdict_reach(const struct check_input *in, const struct finding *findings, size_t count,
		   struct verdict *v)
{
	struct facts f;

	*v = (struct verdict){ in->answer.refused_by, CATEGORY_none, RULE_NONE };
	if (in->answer.refused_by == REFUSED_NOT)
		return;
	facts_gather(&f, in, findings, count);
	const struct finding *cause = cause_of(&f, findings, count);
	if (!cause)
		return;
	/* A 5xx that the key explains came from the server that was asked, not from one behind it. */
	if (cause == f.sent.best && v->refused_by == REFUSED_upstream)
		v->refused_by = REFUSED_openrouter_auth;
	if (cause == f.sent.awaited && v->refused_by == REFUSED_upstream)
		v->refused_by = REFUSED_openrouter_request;
	v->cause = cause->rule;
	v->category = rules[cause->rule].category;
}
