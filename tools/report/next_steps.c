/* SPDX-License-Identifier: MIT */
#include "tools/report/next_steps.h"

#include <stdarg.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static void step(struct report *r, const char *format, ...)
{
	va_list args;

	if (r->step_count == STEPS_MAX)
		return;
	va_start(args, format);
	vsnprintf(r->steps[r->step_count++], sizeof(r->steps[0]), format, args);
	va_end(args);
}

static bool any_category(const struct report *r, const char *category)
{
	for (size_t i = 0; i < r->cause_count; i++)
		if (r->causes[i].category && strcmp(r->causes[i].category, category) == 0)
			return true;
	return false;
}

static bool any_refused_by(const struct report *r, const char *who)
{
	for (size_t i = 0; i < r->refusal_causes; i++)
		if (r->causes[i].refused_by && strcmp(r->causes[i].refused_by, who) == 0)
			return true;
	return false;
}

static void step_fix(struct report *r, const struct cause *c)
{
	if (cause_fix(c))
		step(r,
		     "Apply the fix of %s above, then run `orshim rerun` to check whether this "
		     "failure is gone.",
		     c->id);
	else
		step(r, "Nothing in the bytes explains this refusal: `orshim report --markdown` "
			"writes down for an issue what was seen.");
}

static void steps_unseen(struct report *r)
{
	if (r->cause_count)
		step_fix(r, &r->causes[0]);
	if (r->quic)
		step(r, "HTTP/3 is not seen: run the tool again with HTTP/2 (curl --http2 or "
			"--http1.1).");
	else if (r->cause_count && r->causes[0].rule == RULE_tls_handshake_failed)
		return;
	else if (r->untapped)
		step(r, "A process could not be looked into: `orshim doctor TOOL` says why and "
			"what to do instead.");
	else if (r->processes == 0)
		step(r, "No process with TLS was seen. Was the tool started under "
			"`orshim run --`, or does it hand its work to a daemon that was "
			"already running?");
	else
		step(r, "The host may be unknown to orshim: set ORSHIM_HOSTS=host=openrouter for "
			"a gateway, and run again.");
}

static void steps_refused(struct report *r)
{
	step_fix(r, &r->causes[0]);
	if (r->split.strength != SPLIT_NONE)
		step(r,
		     "Failing and working requests differ in %s: change only that, and run again.",
		     attribute_title(r->split.first));
	if (r->public_success)
		step(r, "The only success is an endpoint that needs no key. Compare with "
			"`orshim baseline`, which asks GET /api/v1/key.");
	else if (any_category(r, "account_auth"))
		step(r, "If it still fails, run `orshim baseline` in the same environment to see "
			"whether the key itself is accepted.");
	if (any_refused_by(r, "upstream") || any_category(r, "model_provider"))
		step(r, "Provider settings: a key of your own (BYOK) at openrouter.ai/settings/"
			"integrations, provider.order and provider.allow_fallbacks in the "
			"request, another model.");
	if (any_category(r, "quota_rate"))
		step(r, "Credits and limits: openrouter.ai/settings/credits and the key's own "
			"limit at openrouter.ai/settings/keys.");
	if (r->exchanges > r->refused && !r->public_success)
		step(r, "`orshim diff last-good last-bad` puts a request that worked beside one "
			"that did not.");
	if (!cause_fix(&r->causes[0]))
		step(r,
		     "Repeat the smallest action that failed: `orshim rerun` checks whether this "
		     "failure is gone.");
}

void report_steps(struct report *r)
{
	if (r->refusal_causes)
		steps_refused(r);
	else if (r->exchanges == 0)
		steps_unseen(r);
	else if (r->cause_count)
		step_fix(r, &r->causes[0]);
}
