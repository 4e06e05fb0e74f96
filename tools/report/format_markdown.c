/* SPDX-License-Identifier: MIT */
/*
 * Written to be pasted into an issue. Words from the log are in fenced blocks
 * (tilde fences, each line begins with a word of ours) or are escaped.
 */
#include <string.h>

#include "tools/command.h"
#include "tools/report/layout.h"
#include "tools/report/report.h"
#include "base/version.h"

/* The span of code that begins at P, with its marks; 0: none does. */
static size_t code_span(const char *p)
{
	const char *end = *p == '`' ? strchr(p + 1, '`') : NULL;

	return end && end > p + 1 ? (size_t)(end - p) + 1 : 0;
}

/* "[rule_id]": as code, for no brackets are wanted around it. */
static size_t rule_in_brackets(const char *p)
{
	size_t n = *p == '[' ? strspn(p + 1, "abcdefghijklmnopqrstuvwxyz0123456789_") : 0;

	return n && p[n + 1] == ']' ? n + 2 : 0;
}

/* CommonMark: what could begin a span of its is escaped; an entity for what HTML knows. */
static void say_escaped(struct buf *out, const char *text)
{
	for (const char *p = text; *p; p++) {
		size_t code = code_span(p), rule = rule_in_brackets(p);
		if (code || rule) {
			say(out, rule ? "`%.*s`" : "%.*s", (int)(code ? code : rule - 2),
			    rule ? p + 1 : p);
			p += (code ? code : rule) - 1;
		} else if (*p == '<') {
			say(out, "&lt;");
		} else if (*p == '>') {
			say(out, "&gt;");
		} else if (*p == '&') {
			say(out, "&amp;");
		} else if (*p == '@') {
			say(out, "&#64;"); /* a log must not notify anybody */
		} else if (strchr("\\`*[]~", *p)) {
			say(out, "\\%c", *p);
		} else {
			say(out, "%c", *p);
		}
	}
}

static void say_cause(const struct report *r, const struct cause *c, struct buf *out)
{
	struct shown_field field;
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	cause_signature(c, &words);
	say(out, "### ");
	say_escaped(out, cause_title(c));
	say(out, "\n\n~~~text\nanswer:    %.*s\nseen:      %zu time%s",
	    SLICE_ARG(buf_slice(&words)), c->count, c->count == 1 ? "" : "s");
	buf_reset(&words);
	if (c->first->kind == LOG_EXCHANGE) {
		row_words(c->first, &words);
		say(out, ", first: %.*s", SLICE_ARG(buf_slice(&words)));
	}
	say(out, "\n");
	cJSON *record = c->first->kind == LOG_EXCHANGE ? log_record(r->log, c->first) : NULL;
	if (record && shown_field_of(&field, record, finding_named(record, c->id)))
		say_field(out, &(struct text_style){ 0 }, &field);
	cJSON_Delete(record);
	if (c->detail && *c->detail)
		say(out, "detail:    %s\n", c->detail);
	buf_reset(&words);
	if (c->refusal)
		origin_words(r->log, c->first, &words);
	if (words.n)
		say(out, "from:      %.*s\n", SLICE_ARG(buf_slice(&words)));
	buf_reset(&words);
	if (c->refusal)
		base_words(r->log, c->first, &words);
	if (words.n)
		say(out, "base URL:  %.*s\n", SLICE_ARG(buf_slice(&words)));
	if (c->first->request_id)
		say(out, "request:   %s\n", c->first->request_id);
	say(out, "~~~\n\n");
	if (cause_why(c)) {
		say(out, "**Why:** ");
		say_escaped(out, cause_why(c));
		say(out, "\n\n**Fix:** ");
		say_escaped(out, cause_fix(c));
		say(out, "\n\n");
	}
	buf_release(&words);
}

static void say_versions(const struct report *r, struct buf *out)
{
	enum { SHOWN = 8 };
	struct buf words;
	size_t shown = 0;

	buf_init(&words, LIMIT_LINE);
	say(out, "### Versions and coverage\n\n~~~text\norshim %s\n", ORSHIM_VERSION);
	for (size_t i = 0; i < r->log->count; i++) {
		const struct log_row *row = &r->log->rows[i];
		if (row->kind != LOG_PROCESS || shown++ >= SHOWN)
			continue;
		buf_reset(&words);
		coverage_words(r->log, row, &words);
		say(out, "process: ");
		row_process_words(row, out);
		say(out, ": %.*s\n", SLICE_ARG(buf_slice(&words)));
	}
	if (shown > SHOWN)
		say(out, "process: and %zu more\n", shown - SHOWN);
	say(out, "~~~\n");
	buf_release(&words);
}

static void say_launch(const struct report *r, struct buf *out)
{
	if (r->launch_finding_count == 0)
		return;
	say(out, "### Found before the tool started\n\n~~~text\n");
	for (size_t i = 0; i < r->launch_finding_count; i++) {
		const struct launch_finding *f = &r->launch_findings[i];
		say(out, "%s[%s]: ", severity_name(f->finding->severity), f->finding->rule);
		launch_finding_words(r, f, out);
		say(out, "\n");
	}
	say(out, "~~~\n\n");
}

void report_markdown(const struct report *r, struct buf *out)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	report_verdict(r, &words);
	if (buf_add(&words, "", 1) != 0)
		die("out of memory");
	say(out, "## orshim: ");
	say_escaped(out, words.p);
	say(out,
	    "\n\n%zu request%s, %zu refused. ",
	    r->exchanges, r->exchanges == 1 ? "" : "s", r->refused);
	size_t before = out->n;
	retries_words(&r->retries, r->exchanges, out);
	say(out, "%sNo key, cookie or body text is in this report.\n\n", out->n > before ? ". " : "");
	for (size_t i = 0; i < r->cause_count; i++)
		say_cause(r, &r->causes[i], out);
	say_launch(r, out);
	if (r->refused && r->refused < r->exchanges) {
		buf_reset(&words);
		split_words(&r->split, &words);
		say(out, "### What separates failures from successes\n\n~~~text\n%.*s\n~~~\n\n",
		    SLICE_ARG(buf_slice(&words)));
	}
	if (keys_are_remarkable(r)) {
		say(out, "### Keys in use\n\n~~~text\n");
		for (size_t i = 0; i < r->key_count; i++) {
			key_words(r, &r->keys[i], out);
			say(out, "\n");
		}
		say(out, "~~~\n\n");
	}
	if (senders_are_remarkable(r)) {
		say(out, "### Who sent the requests\n\n~~~text\n");
		for (size_t i = 0; i < r->sender_count; i++) {
			sender_words(&r->senders[i], out);
			say(out, "\n");
		}
		say(out, "~~~\n\n");
	}
	if (r->step_count)
		say(out, "### What to try next\n\n");
	for (size_t i = 0; i < r->step_count; i++) {
		say(out, "%zu. ", i + 1);
		say_escaped(out, r->steps[i]);
		say(out, "\n");
	}
	say(out, "%s", r->step_count ? "\n" : "");
	say_versions(r, out);
	if (has_faults(r->log)) {
		say(out, "\n### Lines that could not be read\n\n~~~text\n");
		say_faults(r->log, "line: ", out);
		say(out, "~~~\n");
	}
	buf_release(&words);
}
