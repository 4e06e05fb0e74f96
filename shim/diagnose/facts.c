/* SPDX-License-Identifier: MIT */
#include "diagnose/facts.h"

/*
 * What the request broke beside its own section: a line break in a header breaks the
 * head, a key where an id belongs breaks the path.
 */
static unsigned sections_of(const struct finding *f)
{
	return section_bit(rules[f->rule].section) |
	       (f->detail.breaks_head ? section_bit(SECTION_FRAMING) : 0) |
	       (f->detail.breaks_path ? section_bit(SECTION_PLACE) : 0);
}

static bool is_certain_error(const struct finding *f)
{
	return f->severity == SEVERITY_ERROR && rules[f->rule].certainty == CERTAINTY_certain;
}

static bool is_better(const struct finding *a, const struct finding *b)
{
	if (!a || !b)
		return a != NULL;
	if (is_certain_error(a) && is_certain_error(b) && a->detail.absent != b->detail.absent)
		return b->detail.absent;
	if (a->severity != b->severity)
		return a->severity > b->severity;
	if (rules[a->rule].certainty != rules[b->rule].certainty)
		return rules[a->rule].certainty > rules[b->rule].certainty;
	return a->rule < b->rule;
}

const struct finding *facts_better(const struct finding *a, const struct finding *b)
{
	return is_better(a, b) ? a : b;
}

const struct finding *facts_best(const struct finding *findings, size_t count, unsigned set)
{
	const struct finding *best = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct finding *f = &findings[i];
		if (!f->detail.aside && (set & sections_of(f)) && f->severity >= SEVERITY_WARNING &&
		    is_better(f, best))
			best = f;
	}
	return best;
}

/* Did the request get past the check of its key? Then that key was accepted. */
static bool was_passed_on(const struct answer *a)
{
	if (a->refused_by == REFUSED_openrouter_routing ||
	    a->refused_by == REFUSED_openrouter_quota ||
	    (a->refused_by == REFUSED_openrouter_policy && a->metadata))
		return true;
	return a->refused_by == REFUSED_upstream &&
	       (a->provider_name.p || a->raw.p || a->saw != SAW_NOTHING || a->in_stream ||
		slice_starts_nocase(a->message, SLICE("Provider returned error")));
}

void facts_gather(struct facts *f, const struct check_input *in, const struct finding *findings,
		  size_t count)
{
	const struct answer *a = &in->answer;

	*f = (struct facts){ 0 };
	f->sent.best = facts_best(findings, count,
				  section_bit(SECTION_CREDENTIAL) | section_bit(SECTION_PLACE));
	f->sent.certain = f->sent.best && is_certain_error(f->sent.best);
	f->saw.what = a->saw;
	f->saw.about = a->about;
	f->saw.by = a->refused_by;
	/* A failed login of the server's own does not exclude that the key is wrong, too. */
	f->saw.reason = a->saw != SAW_NOTHING && a->saw != SAW_TROUBLE;
	f->saw.specific = a->saw == SAW_EXPIRED || a->saw == SAW_REVOKED ||
			  a->saw == SAW_NO_PERMISSION ||
			  (a->saw == SAW_UNKNOWN_KEY && a->refused_by == REFUSED_openrouter_auth);
	f->saw.rule = facts_best(findings, count, section_bit(SECTION_ANSWER));
	f->takes.checks_keys = in->vendor || !in->host_private;
	f->takes.passed = was_passed_on(a);
	f->holds.best = facts_best(findings, count, section_bit(SECTION_HISTORY));
	for (size_t i = 0; i < count; i++) {
		f->changed.accepted = f->changed.accepted || findings[i].detail.accepted_before;
		if (findings[i].detail.awaited)
			f->sent.awaited = &findings[i];
	}
}
