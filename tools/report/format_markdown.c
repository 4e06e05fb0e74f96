/* SPDX-License-Identifier: MIT */
/*
 * Written to be pasted into an issue: who sent what from where, the first cause
 * in full, the rest folded. Words from the log are in code spans (see
 * markdown_text.h) or, the header field with its carets, in an indented line of
 * a fenced block.
 */
#include <string.h>

#include "base/version.h"
#include "tools/command.h"
#include "tools/log/log_row.h"
#include "tools/report/layout.h"
#include "tools/report/markdown_text.h"
#include "tools/report/report.h"

enum {
	PROCESSES_SHOWN = 8,
	ROWS_SHOWN = 20,
	DAY = 10, /* bytes of "2026-11-24" */
};

typedef void words_of(const struct log *l, const struct log_row *row, struct buf *out);

/* "- LABEL: `what MAKE writes about ROW`"; nothing if it writes nothing. */
static void say_words(struct buf *out, const char *label, const struct report *r,
		      const struct log_row *row, words_of *make)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	make(r->log, row, &words);
	if (words.n) {
		say(&words, "%c", 0);
		say(out, "- %s: ", label);
		md_code(out, words.p);
		say(out, "\n");
	}
	buf_release(&words);
}

static void say_code(struct buf *out, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	say(out, "- %s: ", label);
	md_code(out, text);
	say(out, "\n");
}

/* A request's own name for its program: text of the record, not yet redacted. NULL: none. */
static const char *user_agent(const struct report *r, const cJSON *record)
{
	const cJSON *pair;

	cJSON_ArrayForEach(pair, log_member(log_member(record, "request"), "headers"))
	{
		const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
		if (name && strcasecmp(name, "user-agent") == 0)
			return log_keep(r->log, cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1)),
					MD_CODE_MAX);
	}
	return NULL;
}

static void say_tool(const struct report *r, const struct log_row *row, struct buf *out)
{
	cJSON *record = log_record(r->log, row);
	const char *agent = record ? user_agent(r, record) : NULL;

	say(out, "- tool: ");
	md_code(out, row->tool && *row->tool ? row->tool : "unknown");
	if (row->tool_version) {
		say(out, " ");
		md_code(out, row->tool_version);
	}
	if (row->role) {
		say(out, ", process ");
		md_code(out, row->role);
	}
	if (row->client) {
		say(out, ", client ");
		md_code(out, row->client);
	}
	if (agent && *agent) {
		say(out, ", User-Agent ");
		md_code(out, agent);
	}
	say(out, "\n");
	cJSON_Delete(record);
}

/* The request that shows the tool: the first refused one, else the first. */
static const struct log_row *shown_request(const struct report *r)
{
	const struct log_row *first = NULL;

	if (r->refusal_causes && r->causes[0].first->kind == LOG_EXCHANGE)
		return r->causes[0].first;
	for (size_t i = 0; i < r->log->count && !first; i++)
		if (row_is_request(&r->log->rows[i]))
			first = &r->log->rows[i];
	return first;
}

static const struct log_row *any_launch(const struct report *r)
{
	for (size_t i = 0; i < r->log->count; i++)
		if (r->log->rows[i].kind == LOG_LAUNCH)
			return &r->log->rows[i];
	return NULL;
}

static void say_time(const struct report *r, struct buf *out)
{
	char from[TIMESTAMP_SIZE], to[TIMESTAMP_SIZE];
	int64_t first_us = r->first_us, last_us = r->last_us;

	for (size_t i = 0; i < r->log->count && r->exchanges == 0; i++) {
		int64_t time_us = r->log->rows[i].time_us;
		first_us = first_us > 0 ? first_us : time_us;
		last_us = time_us;
	}
	if (first_us <= 0)
		return;
	record_timestamp(first_us, from);
	record_timestamp(last_us, to);
	say(out, "- time: %.10s %.8s", from, from + DAY + 1);
	if (strncmp(from, to, DAY) != 0)
		say(out, " to %.10s %.8s", to, to + DAY + 1);
	else if (strncmp(from, to, DAY + 9) != 0)
		say(out, " to %.8s", to + DAY + 1);
	say(out, " UTC\n");
}

/* Who, when and where: what a maintainer asks first. */
static void say_setting(const struct report *r, struct buf *out)
{
	const struct log_row *row = shown_request(r);
	const struct log_row *launch = row && row->launched ? row : any_launch(r);

	if (row)
		say_tool(r, row, out);
	if (launch)
		say_code(out, "command", launch->command);
	say_time(r, out);
	if (launch)
		say_code(out, "system", launch->system);
	say(out, "- orshim: %s\n\n", ORSHIM_VERSION);
}

static void say_request(const struct report *r, const struct cause *c, struct buf *out)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	if (c->first->kind == LOG_EXCHANGE)
		row_words(c->first, &words);
	else
		row_process_words(c->first, &words);
	say(&words, "%c", 0);
	say(out, "- %s: ", c->first->kind == LOG_EXCHANGE ? "request" : "process");
	md_code(out, words.p);
	if (c->count > 1)
		say(out, ", the first of %zu", c->count);
	if (c->count > 1 && c->first->kind == LOG_EXCHANGE) {
		say(out, "; the last one is exchange ");
		md_code(out, log_name(r->log, c->last));
	}
	say(out, "\n");
	buf_release(&words);
}

/* The header field with its carets. The fence cannot be closed: the line is indented by six. */
static void say_header(const struct report *r, const struct cause *c, struct buf *out)
{
	cJSON *record = c->first->kind == LOG_EXCHANGE ? log_record(r->log, c->first) : NULL;
	struct shown_field field;

	if (record && shown_field_of(&field, record, finding_named(record, c->id))) {
		say(out, "\n~~~text\n");
		say_field(out, &(struct text_style){ 0 }, &field);
		say(out, "~~~\n");
	}
	cJSON_Delete(record);
}

/* Our own texts of the rule, or the log's, which are more exact. */
static void say_advice(struct buf *out, const char *label, const char *exact, const char *text)
{
	if (!text)
		return;
	say(out, "\n**%s:** ", label);
	if (exact)
		md_text(out, text);
	else
		md_ours(out, text);
	say(out, "\n");
}

static void say_answer(const struct cause *c, struct buf *out)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	if (c->first->kind == LOG_EXCHANGE && c->first->status > 0)
		say(&words, "%d", c->first->status);
	if (c->refused_by) {
		say(&words, "%s", words.n ? ", " : "");
		refuser_words(c->first, &words);
	}
	say(&words, "%c", 0);
	if (words.n > 1) {
		say(out, "- answer: ");
		md_text(out, words.p);
		if (c->message && *c->message) {
			say(out, ": ");
			md_code(out, c->message);
		}
		say(out, "\n");
	}
	buf_release(&words);
}

static void say_where(const struct report *r, const struct cause *c, struct buf *out)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	cause_machine_words(r, c, &words);
	say(&words, "%c", 0);
	if (words.n > 1)
		say_code(out, "where", words.p);
	buf_release(&words);
}

static void say_cause(const struct report *r, const struct cause *c, struct buf *out)
{
	say_request(r, c, out);
	say_where(r, c, out);
	say_answer(c, out);
	say_code(out, "seen", c->detail);
	if (c->refusal) {
		say_words(out, "key from", r, c->first, origin_words);
		say_words(out, "base URL", r, c->first, base_words);
		say_code(out, "model", c->first->model);
	}
	say_code(out, "request id", c->first->request_id);
	say_header(r, c, out);
	say_advice(out, "Why", c->why, cause_why(c));
	say_advice(out, "Fix", c->fix, cause_fix(c));
}

static void say_title(const struct cause *c, struct buf *out)
{
	md_ours(out, cause_title(c));
	if (c->id) {
		say(out, " ");
		md_code(out, c->id);
	}
}

/* The blank line behind the summary lets Markdown begin again. */
static void fold(struct buf *out, const char *title)
{
	say(out, "\n<details><summary>%s</summary>\n\n", title);
}

static void unfold(struct buf *out)
{
	say(out, "\n</details>\n");
}

/* One of the further reasons for which requests were refused. */
static void say_further_cause(const struct report *r, const struct cause *c, struct buf *out)
{
	char title[160];

	snprintf(title, sizeof(title), "%s: %zu time%s",
		 c->rule != RULE_NONE ? rules[c->rule].id : "unexplained", c->count,
		 c->count == 1 ? "" : "s");
	fold(out, title);
	say(out, "**");
	md_ours(out, cause_title(c));
	say(out, "**\n\n");
	say_cause(r, c, out);
	unfold(out);
}

/* What explains no refusal by itself: an item each. */
static void say_also(const struct report *r, size_t from, struct buf *out)
{
	if (from >= r->cause_count)
		return;
	fold(out, "Also found");
	for (size_t i = from; i < r->cause_count; i++) {
		const struct cause *c = &r->causes[i];
		say(out, "- %s: ", severity_name(c->severity));
		say_title(c, out);
		if (c->count > 1)
			say(out, ", %zu times", c->count);
		if (c->detail && *c->detail) {
			say(out, "; seen: ");
			md_code(out, c->detail);
		}
		say(out, "\n");
	}
	unfold(out);
}

static void say_causes(const struct report *r, struct buf *out)
{
	size_t i = 1;

	if (r->cause_count == 0)
		return;
	say(out, "### ");
	say_title(&r->causes[0], out);
	say(out, "\n\n");
	say_cause(r, &r->causes[0], out);
	for (; i < r->refusal_causes; i++)
		say_further_cause(r, &r->causes[i], out);
	say_also(r, i, out);
}

static void say_launch(const struct report *r, struct buf *out)
{
	struct buf words;

	if (r->launch_finding_count == 0)
		return;
	say(out, "\n### Found before the tool started\n\n");
	buf_init(&words, LIMIT_LINE);
	for (size_t i = 0; i < r->launch_finding_count; i++) {
		const struct launch_finding *f = &r->launch_findings[i];
		buf_reset(&words);
		launch_finding_words(r, f, &words);
		say(&words, "%c", 0);
		say(out, "- %s ", severity_name(f->finding.severity));
		md_code(out, f->finding.rule);
		say(out, ": ");
		md_code(out, words.p);
		say(out, "\n");
	}
	buf_release(&words);
}

/* One bullet of code. */
static void say_item(struct buf *out, struct buf *words)
{
	say(words, "%c", 0);
	say(out, "- ");
	md_code(out, words->p);
	say(out, "\n");
	buf_reset(words);
}

static void say_more(struct buf *out, size_t shown, size_t count)
{
	if (count > shown)
		say(out, "- and %zu more\n", count - shown);
}

static void say_keys(const struct report *r, struct buf *out)
{
	struct buf words;

	if (!keys_are_remarkable(r))
		return;
	fold(out, "Keys in use");
	buf_init(&words, LIMIT_LINE);
	for (size_t i = 0; i < r->key_count && i < ROWS_SHOWN; i++) {
		key_words(r, &r->keys[i], &words);
		say_item(out, &words);
	}
	say_more(out, ROWS_SHOWN, r->key_count);
	if (r->keys_more)
		say(out, "- and %zu requests with other keys\n", r->keys_more);
	unfold(out);
	buf_release(&words);
}

static void say_senders(const struct report *r, struct buf *out)
{
	struct buf words;

	if (!senders_are_remarkable(r))
		return;
	fold(out, "Who sent the requests");
	buf_init(&words, LIMIT_LINE);
	for (size_t i = 0; i < r->sender_count && i < ROWS_SHOWN; i++) {
		sender_words(&r->senders[i], &words);
		say_item(out, &words);
	}
	say_more(out, ROWS_SHOWN, r->sender_count);
	if (r->senders_more)
		say(out, "- and %zu requests of other senders\n", r->senders_more);
	unfold(out);
	buf_release(&words);
}

static void say_machines(const struct report *r, struct buf *out)
{
	struct buf words;

	if (!machines_are_several(r))
		return;
	fold(out, "Machines");
	buf_init(&words, LIMIT_LINE);
	for (size_t i = 0; i < r->machine_count && i < ROWS_SHOWN; i++) {
		machine_words(&r->machines[i], &words);
		say_item(out, &words);
	}
	say_more(out, ROWS_SHOWN, r->machine_count);
	if (r->machines_more)
		say(out, "- and %zu requests from other machines\n", r->machines_more);
	unfold(out);
	buf_release(&words);
}

static void say_split(const struct report *r, struct buf *out)
{
	struct buf words;

	if (r->refused == 0 || r->refused == r->exchanges)
		return;
	fold(out, "What separates failures from successes");
	buf_init(&words, LIMIT_LINE);
	split_words(&r->split, &words);
	say(&words, "%c", 0);
	md_text(out, words.p);
	say(out, "\n");
	unfold(out);
	buf_release(&words);
}

static void say_coverage(const struct report *r, struct buf *out)
{
	struct buf words;
	size_t shown = 0;

	if (r->processes + r->unfollowed == 0)
		return;
	fold(out, "What was observed");
	buf_init(&words, LIMIT_LINE);
	for (size_t i = 0; i < r->log->count; i++) {
		const struct log_row *row = &r->log->rows[i];
		if (row->kind != LOG_PROCESS || shown++ >= PROCESSES_SHOWN)
			continue;
		row_process_words(row, &words);
		say(&words, ": ");
		coverage_words(r->log, row, &words);
		say_item(out, &words);
	}
	say_more(out, shown < PROCESSES_SHOWN ? shown : PROCESSES_SHOWN, r->processes + r->unfollowed);
	unfold(out);
	buf_release(&words);
}

static void say_steps(const struct report *r, struct buf *out)
{
	if (r->step_count == 0)
		return;
	fold(out, "What to try next");
	for (size_t i = 0; i < r->step_count; i++) {
		say(out, "%zu. ", i + 1);
		md_ours(out, r->steps[i]);
		say(out, "\n");
	}
	unfold(out);
}

static void say_unread(const struct report *r, struct buf *out)
{
	struct buf words;
	struct slice rest, line;

	if (!has_faults(r->log))
		return;
	fold(out, "Lines that could not be read");
	buf_init(&words, LIMIT_BLOCK);
	say_faults(r->log, "", &words);
	rest = buf_slice(&words);
	while (slice_cut(&rest, '\n', &line)) {
		char text[MD_CODE_MAX + 1];
		snprintf(text, sizeof(text), "%.*s", SLICE_ARG(line));
		if (*text) {
			say(out, "- ");
			md_code(out, text);
			say(out, "\n");
		}
	}
	unfold(out);
	buf_release(&words);
}

void report_markdown(const struct report *r, struct buf *out)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	report_verdict(r, &words);
	say(&words, "%c", 0);
	say(out, "## orshim: ");
	md_text(out, words.p);
	say(out, "\n\n%zu request%s, %zu refused", r->exchanges, r->exchanges == 1 ? "" : "s",
	    r->refused);
	buf_reset(&words);
	retries_words(&r->retries, r->exchanges, &words);
	say(out, "%s%.*s. This report contains no key, no cookie and no text of a body.\n\n",
	    words.n ? "; " : "", SLICE_ARG(buf_slice(&words)));
	buf_reset(&words);
	kept_words(r, &words);
	if (words.n)
		say(out, "Of this log %.*s.\n\n", SLICE_ARG(buf_slice(&words)));
	buf_release(&words);
	say_setting(r, out);
	say_causes(r, out);
	say_launch(r, out);
	say_split(r, out);
	say_keys(r, out);
	say_senders(r, out);
	say_machines(r, out);
	say_steps(r, out);
	say_coverage(r, out);
	say_unread(r, out);
}
