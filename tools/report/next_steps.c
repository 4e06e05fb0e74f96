/* SPDX-License-Identifier: MIT */
#include "tools/report/next_steps.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"

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

/* OpenRouter accepted the key: to ask it again says nothing new. */
static bool only_upstream_refused(const struct report *r)
{
	return r->refusal_causes == 1 && any_refused_by(r, "upstream");
}

/* `orshim rerun` repeats the newest kept run, which another log may have nothing to do with. */
static const char *again(const struct report *r)
{
	return r->log->newest_run ? "run `orshim rerun`" : "repeat the request under `orshim run`";
}

static void step_fix(struct report *r, const struct cause *c)
{
	if (cause_fix(c))
		step(r, "Apply the fix of %s above, then %s to check whether this failure is gone.",
		     c->id, again(r));
	else
		step(r, "Nothing in the bytes explains this refusal: `orshim report --markdown` "
			"writes down for an issue what was seen.");
}

/* What can be typed as it is: a name or path without any sign of a shell's. */
static bool is_plain(const char *name)
{
	if (!name || !*name || *name == '-')
		return false;
	for (; *name; name++)
		if (!is_letter(*name) && !is_digit(*name) && !strchr("/._+-", *name))
			return false;
	return true;
}

const char *row_program(const struct log_row *row)
{
	return is_plain(row->exe) ? row->exe : is_plain(row->tool) ? row->tool : NULL;
}

/* The tool that was started, or TOOL. Into NAME of SIZE. */
static void started_tool(const struct report *r, char *name, size_t size)
{
	const char *command = NULL;

	for (size_t i = 0; i < r->log->count; i++)
		if (r->log->rows[i].kind == LOG_LAUNCH)
			command = r->log->rows[i].command;
	snprintf(name, size, "%.*s", command ? (int)strcspn(command, " ") : 0, command ? command : "");
	if (!is_plain(name))
		snprintf(name, size, "TOOL");
}

/* The first process that could not be looked into. */
static const char *untapped_program(const struct report *r)
{
	const char *program = NULL;

	for (size_t i = 0; i < r->log->count; i++) {
		const struct log_row *row = &r->log->rows[i];
		if (row->kind != LOG_PROCESS || row->unfollowed || row->library_count == 0 ||
		    row_is_tapped(r->log, row))
			continue;
		program = row_program(row);
		break;
	}
	return program ? program : "TOOL";
}

static void steps_unseen(struct report *r)
{
	char tool[LIMIT_SHOWN_VALUE];

	if (r->cause_count)
		step_fix(r, &r->causes[0]);
	if (r->quic)
		step(r, "HTTP/3 is not seen: run the tool again with HTTP/2 (curl --http2 or "
			"--http1.1).");
	else if (r->cause_count && r->causes[0].rule == RULE_tls_handshake_failed)
		return;
	else if (r->untapped)
		step(r,
		     "A process could not be looked into: `orshim doctor %s` says why and what to "
		     "do instead.",
		     untapped_program(r));
	else if (r->processes == 0) {
		started_tool(r, tool, sizeof(tool));
		step(r,
		     "No process with TLS was seen: `orshim doctor %s` says which TLS the tool has "
		     "and what to do. Was it started under `orshim run --`, or does it hand its "
		     "work to a daemon that was already running?",
		     tool);
	} else {
		step(r, "The host may be unknown to orshim: set ORSHIM_HOSTS=host=openrouter for "
			"a gateway, and run again.");
	}
	if (r->log->newest_run)
		step(r, "`orshim runs` lists the runs before this one.");
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
	else if (any_category(r, "account_auth") && !only_upstream_refused(r))
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
		step(r, "Make the action that fails as small as you can, then %s to check whether "
			"this failure is gone.",
		     again(r));
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
