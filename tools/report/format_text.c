/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "report/paragraph.h"
#include "tools/command.h"
#include "tools/log/log_row.h"
#include "tools/report/layout.h"
#include "tools/report/timeline.h"

enum { ALSO_SHOWN = 8, MACHINES_SHOWN = 12 };

static void say_heading(struct buf *out, const struct text_style *style, const char *text)
{
	say(out, "\n");
	say_coloured(out, style, "\033[1m", text);
	say(out, "\n");
}

/* The first occurrence: the request, and the header field with carets. */
static void say_example(const struct report *r, const struct cause *c,
			const struct text_style *style, struct buf *out)
{
	struct shown_field field;
	size_t start = out->n;
	cJSON *record;

	say(out, "  --> ");
	if (c->first->kind != LOG_EXCHANGE) {
		row_process_words(c->first, out);
		if (c->first->kind == LOG_CONNECTION && c->first->host)
			say(out, " to %s", c->first->host);
		say_end(out, style, start, 6);
		return;
	}
	row_words(c->first, out);
	say(out, "  (%s)", log_name(r->log, c->first));
	say_end(out, style, start, 6);
	record = log_record(r->log, c->first);
	if (record && shown_field_of(&field, record, finding_named(record, c->id)))
		say_field(out, style, &field);
	cJSON_Delete(record);
}

static void say_title(const struct report *r, const struct cause *c, const struct text_style *style,
		      const char *before, struct buf *out)
{
	size_t start = out->n;
	char head[128];

	say(out, "%s", before);
	snprintf(head, sizeof(head), "%s[%.90s]:", severity_name(c->severity),
		 c->id ? c->id : "unexplained");
	say_coloured(out, style, severity_colour[c->severity], head);
	say(out, " %s", cause_title(c));
	size_t retries = c->retries.counted + c->retries.alike;
	if (c->count > 1 && c->first->kind == LOG_EXCHANGE)
		say(out, retries ? "  (%zu times, last %s; retries: %zu)" : "  (%zu times, last %s)",
		    c->count, log_name(r->log, c->last), retries);
	else if (c->count > 1)
		say(out, "  (%zu times)", c->count);
	say_end(out, style, start, strlen(before) + 4);
}

static void say_origin(const struct report *r, const struct log_row *row,
		       const struct text_style *style, struct buf *out)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	origin_words(r->log, row, &words);
	if (words.n)
		say_paragraph(out, style, "  from: ", buf_slice(&words));
	buf_reset(&words);
	base_words(r->log, row, &words);
	if (words.n)
		say_paragraph(out, style, "  base URL: ", buf_slice(&words));
	buf_release(&words);
}

/* Quotation marks show that these are the server's words, not ours. */
static void say_answer(const struct cause *c, const struct text_style *style, struct buf *out)
{
	struct buf quoted;

	buf_init(&quoted, LIMIT_LINE);
	say(&quoted, "\"%s\"", c->message);
	if (c->refused_by) {
		say(&quoted, " (");
		refuser_words(c->first, &quoted);
		say(&quoted, ")");
	}
	say_paragraph(out, style, "  answer: ", buf_slice(&quoted));
	buf_release(&quoted);
}

static void say_where(const struct report *r, const struct cause *c, const struct text_style *style,
		      struct buf *out)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	cause_machine_words(r, c, &words);
	if (words.n)
		say_paragraph(out, style, "  where: ", buf_slice(&words));
	buf_release(&words);
}

static void say_cause(const struct report *r, const struct cause *c, const struct text_style *style,
		      struct buf *out)
{
	say(out, "\n");
	say_title(r, c, style, "", out);
	say_example(r, c, style, out);
	say_where(r, c, style, out);
	if (c->detail && *c->detail)
		say_paragraph(out, style, "  seen: ", slice_of(c->detail));
	if (cause_why(c))
		say_paragraph(out, style, "  why: ", slice_of(cause_why(c)));
	if (cause_fix(c))
		say_paragraph(out, style, "  fix: ", slice_of(cause_fix(c)));
	if (c->refusal)
		say_origin(r, c->first, style, out);
	if (c->refusal && c->message && *c->message)
		say_answer(c, style, out);
}

/* The section about what was found before the start says it with more detail. */
static bool is_told_at_launch(const struct report *r, const struct cause *c)
{
	if (c->rule != RULE_key_variable_damaged || c->refusal)
		return false;
	for (size_t i = 0; i < r->launch_finding_count; i++)
		if (same_text(r->launch_findings[i].finding.rule, c->id))
			return true;
	return false;
}

static void say_causes(const struct report *r, const struct text_style *style, struct buf *out)
{
	size_t also = 0;

	for (size_t i = 0; i < r->cause_count; i++) {
		const struct cause *c = &r->causes[i];
		if (r->refusal_causes && is_told_at_launch(r, c))
			continue;
		if (c->refusal || (r->refusal_causes == 0 && i < ALSO_SHOWN)) {
			say_cause(r, c, style, out);
			continue;
		}
		if (also++ == 0)
			say_heading(out, style, "also found");
		if (also > ALSO_SHOWN)
			continue;
		say_title(r, c, style, "  ", out);
		/* The findings about the environment often explain the others. */
		if (c->rule != RULE_NONE && rules[c->rule].section == SECTION_HISTORY &&
		    c->detail && *c->detail)
			say_paragraph(out, style, "    seen: ", slice_of(c->detail));
	}
	if (also > ALSO_SHOWN)
		say(out, "  and %zu more\n", also - ALSO_SHOWN);
}

/* `orshim run` has printed F, and the cause of the refusal says the same of the key that was sent. */
static bool is_told_by_cause(const struct report *r, const struct launch_finding *f)
{
	const struct cause *c = &r->causes[0];

	return r->refusal_causes == 1 && c->first == f->refused && c->rule != RULE_NONE &&
	       rules[c->rule].section == SECTION_CREDENTIAL &&
	       same_text(f->finding.key, f->refused->key) &&
	       rule_find(slice_of(f->finding.rule)) == RULE_key_variable_damaged;
}

/* Findings from before the tool started: one may be the cause of the rest. */
static void say_launch(const struct report *r, const struct text_style *style, struct buf *out)
{
	struct buf words;
	bool any = false;

	buf_init(&words, LIMIT_LINE);
	for (size_t i = 0; i < r->launch_finding_count; i++) {
		const struct launch_finding *f = &r->launch_findings[i];
		if (r->brief && is_told_by_cause(r, f))
			continue;
		if (!any)
			say_heading(out, style, "found before the tool started");
		any = true;
		enum rule_id rule = rule_find(slice_of(f->finding.rule));
		char head[128];
		size_t start = out->n;
		snprintf(head, sizeof(head), "%s[%.90s]:", severity_name(f->finding.severity),
			 f->finding.rule);
		say(out, "  ");
		say_coloured(out, style, severity_colour[f->finding.severity], head);
		say(out, " %s", rule == RULE_NONE ? "" : rules[rule].title);
		say_end(out, style, start, 6);
		buf_reset(&words);
		launch_finding_words(r, f, &words);
		say_paragraph(out, style, "    seen: ", buf_slice(&words));
	}
	buf_release(&words);
}

static void say_split(const struct report *r, const struct text_style *style, struct buf *out)
{
	struct buf words;

	if (r->refused == 0 || r->exchanges == r->refused)
		return;
	buf_init(&words, LIMIT_LINE);
	split_words(&r->split, &words);
	say_heading(out, style, "what separates failures from successes");
	size_t start = out->n;
	if (r->split.strength != SPLIT_NONE) {
		say(out, "  %s[%s]: %s", r->split.strength == SPLIT_STRONG ? "error" : "note",
		    rules[RULE_outcome_splits_on].id, rules[RULE_outcome_splits_on].title);
		say_end(out, style, start, 6);
	}
	say_paragraph(out, style, "  ", buf_slice(&words));
	buf_release(&words);
	if (r->public_success) {
		const struct rule *rule = &rules[RULE_curl_compared_public_endpoint];
		start = out->n;
		say(out, "  note[%s]: %s  (%s)", rule->id, rule->title,
		    log_name(r->log, r->public_success));
		say_end(out, style, start, 6);
		say_paragraph(out, style, "  ", slice_of(rule_text(rule)->why));
	}
}

static void say_keys(const struct report *r, const struct text_style *style, struct buf *out)
{
	struct buf words;

	if (!keys_are_remarkable(r))
		return;
	say_heading(out, style, "keys in use");
	buf_init(&words, LIMIT_LINE);
	for (size_t i = 0; i < r->key_count; i++) {
		buf_reset(&words);
		key_words(r, &r->keys[i], &words);
		say_paragraph(out, style, "  ", buf_slice(&words));
	}
	if (r->keys_more)
		say(out, "  and %zu requests with other keys\n", r->keys_more);
	buf_release(&words);
}

static void say_senders(const struct report *r, const struct text_style *style, struct buf *out)
{
	struct buf words;

	if (!senders_are_remarkable(r))
		return;
	say_heading(out, style, "who sent the requests");
	buf_init(&words, LIMIT_LINE);
	for (size_t i = 0; i < r->sender_count; i++) {
		buf_reset(&words);
		sender_words(&r->senders[i], &words);
		say_paragraph(out, style, "  ", buf_slice(&words));
	}
	if (r->senders_more)
		say(out, "  and %zu requests of other senders\n", r->senders_more);
	buf_release(&words);
}

static void say_machines(const struct report *r, const struct text_style *style, struct buf *out)
{
	size_t left = r->machines_more, refused = 0;
	struct buf words;

	if (!machines_are_several(r))
		return;
	say_heading(out, style, "machines");
	buf_init(&words, LIMIT_LINE);
	for (size_t i = 0; i < r->machine_count; i++) {
		if (i >= MACHINES_SHOWN) {
			left += r->machines[i].requests;
			refused += r->machines[i].refused;
			continue;
		}
		buf_reset(&words);
		machine_words(&r->machines[i], &words);
		say_paragraph(out, style, "  ", buf_slice(&words));
	}
	if (r->machine_count > MACHINES_SHOWN)
		say(out, "  and %zu%s more machines with %zu requests, %zu%s refused\n",
		    r->machine_count - MACHINES_SHOWN, r->machines_more ? " or" : "", left, refused,
		    r->machines_more ? " or more" : "");
	buf_release(&words);
}

static void say_blind(const struct log_row *row, const struct text_style *style, struct buf *out)
{
	size_t start = out->n;

	say(out, "  ");
	row_process_words(row, out);
	say(out, ": a connection to %s was not read: %s", row->host ? row->host : "an unnamed host",
	    row_is_quic(row) ? quic_words : row->blind);
	say_end(out, style, start, 4);
}

static void say_coverage(const struct report *r, const struct text_style *style, struct buf *out)
{
	struct buf words;
	size_t told = 0;

	if (r->processes + r->unfollowed == 0)
		return;
	if (r->brief && r->exchanges && !r->untapped && !r->unfollowed && !r->blind_count)
		return;
	say_heading(out, style, "what was observed");
	buf_init(&words, LIMIT_LINE);
	for (size_t i = 0; i < r->coverage_count; i++) {
		const struct coverage *c = &r->coverage[i];
		const char *role = c->first->role;
		buf_reset(&words);
		if (c->count == 1)
			row_process_words(c->first, &words);
		else
			say(&words, "%s%s%s, %zu processes",
			    c->first->tool ? c->first->tool : "a process", role ? " " : "",
			    role ? role : "", c->count);
		say(&words, ": %s", c->words);
		say_paragraph(out, style, "  ", buf_slice(&words));
		told += c->count;
	}
	if (told < r->processes + r->unfollowed)
		say(out, "  and %zu more processes\n", r->processes + r->unfollowed - told);
	for (size_t i = 0; i < r->blind_count && i < BLIND_MAX; i++)
		say_blind(r->blind[i], style, out);
	if (r->blind_count > BLIND_MAX)
		say(out, "  and %zu more connections that were not read\n",
		    r->blind_count - BLIND_MAX);
	buf_release(&words);
}

static void say_steps(const struct report *r, const struct text_style *style, struct buf *out)
{
	char label[32];

	if (r->step_count == 0)
		return;
	say_heading(out, style, "what to try next, one thing at a time");
	for (size_t i = 0; i < r->step_count; i++) {
		snprintf(label, sizeof(label), "  %zu. ", i + 1);
		say_paragraph(out, style, label, slice_of(r->steps[i]));
	}
}

static void say_kept(const struct report *r, const struct text_style *style, struct buf *out)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	kept_words(r, &words);
	if (words.n) {
		say(out, "\n");
		say_paragraph(out, style, "a large log: ", buf_slice(&words));
	}
	buf_release(&words);
}

void report_text(const struct report *r, const struct text_style *style, struct buf *out)
{
	struct buf verdict;
	size_t start = out->n;

	buf_init(&verdict, LIMIT_LINE);
	report_verdict(r, &verdict);
	say_coloured(out, style, "\033[1m", "orshim: ");
	say(out, "%.*s", SLICE_ARG(buf_slice(&verdict)));
	say_end(out, style, start, 8);
	buf_reset(&verdict);
	retries_words(&r->retries, r->exchanges, &verdict);
	if (verdict.n)
		say_paragraph(out, style, "        ", buf_slice(&verdict));
	buf_release(&verdict);
	say_causes(r, style, out);
	say_launch(r, style, out);
	say_split(r, style, out);
	say_keys(r, style, out);
	say_senders(r, style, out);
	say_machines(r, style, out);
	if (r->exchanges > 1 && !(r->brief && r->refused == r->exchanges))
		say_timeline(r, style, out);
	say_coverage(r, style, out);
	say_steps(r, style, out);
	say_kept(r, style, out);
	if (!has_faults(r->log))
		return;
	say_heading(out, style, "lines that could not be read");
	start = out->n;
	say_faults(r->log, "  ", out);
	out->n--;
	say_end(out, style, start, 4);
}
