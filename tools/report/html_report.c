/* SPDX-License-Identifier: MIT */
/*
 * The report as a page. What a reader needs first is HTML and works without a
 * script: the verdict, the causes, what to try, and the tables. The requests
 * are data for the script (page_data.h), because a table of many thousands is
 * slow as HTML.
 */
#include <string.h>

#include "tools/command.h"
#include "tools/log/log_row.h"
#include "tools/report/html.h"
#include "tools/report/page_data.h"

static void put_facts(const struct report *r, struct buf *out)
{
	const struct log *l = r->log;
	char from[TIMESTAMP_SIZE], to[TIMESTAMP_SIZE];

	say(out, "<p class=\"facts\"><span>%zu request%s, %zu refused</span>", r->exchanges,
	    r->exchanges == 1 ? "" : "s", r->refused);
	if (r->all_exchanges > r->exchanges) /* the table below has them, too */
		say(out, "<span>%zu not judged</span>", r->all_exchanges - r->exchanges);
	if (r->retries.counted + r->retries.alike) {
		struct buf words;
		buf_init(&words, LIMIT_LINE);
		retries_words(&r->retries, r->exchanges, &words);
		say(out, "<span>");
		html_slice(out, buf_slice(&words));
		say(out, "</span>");
		buf_release(&words);
	}
	if (r->processes)
		say(out, "<span>%zu process%s</span>", r->processes, r->processes == 1 ? "" : "es");
	if (r->first_us >= 0) {
		record_timestamp(r->first_us, from);
		record_timestamp(r->last_us, to);
		say(out, "<span><time datetime=\"%s\">%.10s %.8s</time>", from, from, from + 11);
		if (strcmp(from, to) != 0)
			say(out, " to <time datetime=\"%s\">%.10s %.8s</time>", to, to, to + 11);
		say(out, " <span class=\"zone\">UTC</span></span>");
	}
	for (size_t i = 0; i < l->file_count && i < 3; i++) {
		say(out, "<span class=\"file\">");
		html_text(out, l->files[i].path);
		say(out, "</span>");
	}
	if (l->file_count > 3)
		say(out, "<span>and %zu more logs</span>", l->file_count - 3);
	say(out, "</p>");
}

static void put_head(const struct report *r, struct buf *out)
{
	struct buf verdict;

	buf_init(&verdict, LIMIT_LINE);
	report_verdict(r, &verdict);
	html_begin(out, buf_slice(&verdict),
		   r->refused || r->worst >= SEVERITY_ERROR            ? "bad"
		   : r->worst >= SEVERITY_WARNING || r->exchanges == 0 ? "warn"
								       : "good");
	put_facts(r, out);
	html_main(out);
	buf_release(&verdict);
}

static void put_link(struct buf *out, const struct report *r, const struct log_row *row)
{
	say(out, "<a href=\"#x%u-%u\">", row->file, row->number);
	html_text(out, log_name(r->log, row));
	say(out, "</a>");
}

/* A term of a <dl>, in WORDS; nothing if they are empty. Empties them. */
static void put_words(struct buf *out, const char *name, struct buf *words)
{
	if (words->n) {
		say(out, "<dt>%s</dt><dd>", name);
		html_slice(out, buf_slice(words));
		say(out, "</dd>");
	}
	buf_reset(words);
}

/* Who refused the request, where its key came from, and the answer. */
static void put_refusal(const struct report *r, const struct cause *c, struct buf *out)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	refuser_words(c->first, &words);
	put_words(out, "who", &words);
	origin_words(r->log, c->first, &words);
	put_words(out, "key from", &words);
	base_words(r->log, c->first, &words);
	put_words(out, "base URL", &words);
	cause_machine_words(r, c, &words);
	put_words(out, "where", &words);
	html_pair(out, "answer", c->message);
	buf_release(&words);
}

/* The requests of cause C: links, and a filter that shows them in the table below. */
static void put_requests_of(const struct report *r, const struct cause *c, struct buf *out)
{
	if (c->first->kind != LOG_EXCHANGE)
		return;
	say(out, "<dt>requests</dt><dd>first ");
	put_link(out, r, c->first);
	if (c->last != c->first) {
		say(out, ", last ");
		put_link(out, r, c->last);
	}
	if (c->refusal) {
		say(out, " <a class=\"show\" href=\"#cause=");
		html_text(out, c->id ? c->id : "unexplained");
		say(out, c->count == 1 ? "\">show it below</a>" : "\">show all %zu below</a>",
		    c->count);
	}
	say(out, "</dd>");
}

static void put_cause(const struct report *r, const struct cause *c, bool open, struct buf *out)
{
	struct shown_field field;

	say(out, "<details class=\"card cause %s\"%s><summary><h3><span class=\"badge\">%s</span> ",
	    severity_name(c->severity), open ? " open" : "", severity_name(c->severity));
	html_text(out, cause_title(c));
	say(out, "</h3><code>");
	html_text(out, c->id ? c->id : "unexplained");
	say(out, "</code><span class=\"soft\">%zu time%s</span></summary>", c->count,
	    c->count == 1 ? "" : "s");
	cJSON *record = c->first->kind == LOG_EXCHANGE ? log_record(r->log, c->first) : NULL;
	if (record && shown_field_of(&field, record, finding_named(record, c->id)))
		html_field(out, &field);
	cJSON_Delete(record);
	say(out, "<dl>");
	html_pair(out, "seen", c->detail);
	html_pair_prose(out, "why", cause_why(c));
	html_pair_prose(out, "fix", cause_fix(c));
	if (c->refusal)
		put_refusal(r, c, out);
	put_requests_of(r, c, out);
	say(out, "</dl></details>\n");
}

static void put_causes(const struct report *r, struct buf *out)
{
	if (r->cause_count)
		say(out, "<h2>%s</h2>\n",
		    r->refusal_causes == 0                ? "Findings"
		    : r->cause_count == 1                 ? "Cause"
		    : r->refusal_causes == r->cause_count ? "Causes, most frequent first"
							  : "Causes and other findings");
	for (size_t i = 0; i < r->cause_count; i++)
		put_cause(r, &r->causes[i], i == 0, out);
}

static void put_launch(const struct report *r, struct buf *out)
{
	struct buf words;

	if (r->launch_finding_count == 0)
		return;
	buf_init(&words, LIMIT_LINE);
	say(out, "<h2>Found before the tool started</h2>\n<dl class=\"card\">");
	for (size_t i = 0; i < r->launch_finding_count; i++) {
		const struct launch_finding *f = &r->launch_findings[i];
		say(out, "<dt><code>");
		html_text(out, f->finding.rule);
		say(out, "</code></dt><dd>");
		launch_finding_words(r, f, &words);
		html_slice(out, buf_slice(&words));
		buf_reset(&words);
		if (f->refused) {
			say(out, " ");
			put_link(out, r, f->refused);
		}
		say(out, "</dd>");
	}
	say(out, "</dl>\n");
	buf_release(&words);
}

static void put_steps(const struct report *r, struct buf *out)
{
	if (r->step_count == 0)
		return;
	say(out, "<h2>What to try next, one thing at a time</h2>\n<ol class=\"card\">");
	for (size_t i = 0; i < r->step_count; i++) {
		say(out, "<li>");
		html_prose(out, r->steps[i]);
		say(out, "</li>");
	}
	say(out, "</ol>\n");
}

static void table_begin(struct buf *out, const char *caption, const char *head)
{
	say(out,
	    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">"
	    "<table><thead><tr>",
	    caption);
	for (struct slice rest = slice_of(head); rest.n;) {
		const char *bar = memchr(rest.p, '|', rest.n);
		size_t n = bar ? (size_t)(bar - rest.p) : rest.n;
		bool number = rest.p[0] == '#';
		say(out, "<th scope=\"col\"%s>%.*s</th>", number ? " class=\"n\"" : "",
		    (int)n - number, rest.p + number);
		rest = slice_from(rest, n + (bar != NULL));
	}
	say(out, "</tr></thead><tbody>\n");
}

static void table_end(struct buf *out)
{
	say(out, "</tbody></table></div>\n");
}

static void cell(struct buf *out, const char *text)
{
	say(out, "<td>");
	html_text(out, text);
	say(out, "</td>");
}

static void cell_mono(struct buf *out, const char *text)
{
	say(out, "<td class=\"mono\">");
	html_text(out, text);
	say(out, "</td>");
}

static void cell_number(struct buf *out, size_t n)
{
	say(out, "<td class=\"n\">%zu</td>", n);
}

/* A cell on which the script puts a filter of the requests: FIELD is VALUE. */
static void cell_filter(struct buf *out, const char *field, const char *value, const char *shown)
{
	say(out, "<td><span data-field=\"%s\" data-value=\"", field);
	html_text(out, value);
	say(out, "\">");
	html_text(out, shown);
	say(out, "</span></td>");
}

/* What a table has no row for. */
static void put_more(struct buf *out, size_t n, const char *what)
{
	if (n)
		say(out, "<p class=\"soft\">and %zu %s</p>\n", n, what);
}

static void put_split(const struct report *r, struct buf *out)
{
	const struct split *s = &r->split;
	struct buf words;

	if (r->refused == 0 || r->refused == r->exchanges)
		return;
	buf_init(&words, LIMIT_LINE);
	split_summary(s, &words);
	say(out, "<h2 id=\"separates\">What separates failures from successes</h2>\n<p>");
	html_slice(out, buf_slice(&words));
	say(out, "</p>");
	buf_release(&words);
	if (r->public_success) {
		say(out, "<p>");
		html_prose(out, rule_texts[RULE_curl_compared_public_endpoint].why);
		say(out, "</p>");
	}
	if (s->strength == SPLIT_NONE)
		return;
	say(out, "\n");
	table_begin(out, "What separates failures from successes",
		    s->second == ATTRIBUTE_COUNT ? "value|#refused|#fine|"
						 : "value|with|#refused|#fine|");
	for (size_t i = 0; i < s->value_count; i++) {
		const struct split_value *v = &s->values[i];
		say(out, "<tr>");
		cell_filter(out, attribute_name(s->first), v->first ? v->first : "",
			    v->first ? split_value_label(r, s->first, v->first) : "(not recorded)");
		if (s->second != ATTRIBUTE_COUNT)
			cell_filter(out, attribute_name(s->second), v->second ? v->second : "",
				    v->second ? split_value_label(r, s->second, v->second)
					      : "(not recorded)");
		cell_number(out, v->failed);
		cell_number(out, v->fine);
		say(out, "<td>%s</td></tr>\n",
		    v->failed ? "&#10007; always refused" : "&#10003; never refused");
	}
	table_end(out);
}

static void put_keys(const struct report *r, struct buf *out)
{
	struct buf words;

	if (r->key_count == 0)
		return;
	buf_init(&words, LIMIT_LINE);
	say(out, "<h2 id=\"keys\">Keys in use</h2>\n");
	table_begin(out, "Keys in use",
		    "key|fingerprint|host|from|#accepted|#401|#refused otherwise|note");
	for (size_t i = 0; i < r->key_count; i++) {
		const struct key_use *k = &r->keys[i];
		say(out, "<tr>");
		cell_filter(out, "key",
			    k->key     ? k->key
			    : k->token ? k->token
				       : "",
			    k->token ? k->token
			    : k->key ? "a key"
				     : "no key");
		cell_mono(out, k->key);
		cell(out, k->host);
		cell_mono(out, k->source);
		cell_number(out, k->accepted);
		cell_number(out, k->rejected);
		cell_number(out, k->otherwise);
		key_note(r, k, &words);
		say(out, "<td>");
		html_slice(out, buf_slice(&words));
		say(out, "</td></tr>\n");
		buf_reset(&words);
	}
	table_end(out);
	put_more(out, r->keys_more, "requests with other keys");
	buf_release(&words);
}

static void put_senders(const struct report *r, struct buf *out)
{
	struct buf words;

	if (r->sender_count == 0)
		return;
	buf_init(&words, LIMIT_LINE);
	say(out, "<h2 id=\"senders\">Who sent the requests</h2>\n");
	table_begin(out, "Who sent the requests", "client|process|#requests|#retries|#refused|causes");
	for (size_t i = 0; i < r->sender_count; i++) {
		const struct sender *s = &r->senders[i];
		say(out, "<tr>");
		cell_filter(out, "sender", s->first->client ? s->first->client : s->first->tool,
			    s->first->client ? s->first->client : s->first->tool);
		sender_process_words(s, &words);
		say(out, "<td>");
		html_slice(out, buf_slice(&words));
		say(out, "</td>");
		buf_reset(&words);
		cell_number(out, s->requests);
		cell_number(out, s->retries.counted + s->retries.alike);
		cell_number(out, s->refused);
		sender_cause_words(s, &words);
		say(out, "<td>");
		html_slice(out, buf_slice(&words));
		say(out, "</td></tr>\n");
		buf_reset(&words);
	}
	table_end(out);
	put_more(out, r->senders_more, "requests of other senders");
	buf_release(&words);
}

static void cell_list(struct buf *out, const struct machine_list *list)
{
	say(out, "<td>");
	for (size_t i = 0; i < list->count; i++) {
		say(out, "%s", i ? ", " : "");
		html_text(out, list->texts[i]);
	}
	say(out, "%s</td>", list->more ? " and others" : "");
}

static void put_machines(const struct report *r, struct buf *out)
{
	struct buf words;

	if (!machines_are_several(r))
		return;
	buf_init(&words, LIMIT_LINE);
	say(out, "<h2 id=\"machines\">Machines</h2>\n");
	table_begin(out, "Machines",
		    "machine|#requests|#refused|causes|tools|orshim|CI runs|#containers|#boots");
	for (size_t i = 0; i < r->machine_count; i++) {
		const struct machine_use *m = &r->machines[i];
		say(out, "<tr>");
		cell_filter(out, "machine", m->id ? m->id : "", machine_shown(m));
		cell_number(out, m->requests);
		cell_number(out, m->refused);
		machine_cause_words(m, &words);
		say(out, "<td>");
		html_slice(out, buf_slice(&words));
		say(out, "</td>");
		buf_reset(&words);
		cell_list(out, &m->lists[MACHINE_TOOLS]);
		cell_list(out, &m->lists[MACHINE_ORSHIM]);
		cell_list(out, &m->lists[MACHINE_CI]);
		cell_number(out, m->lists[MACHINE_CONTAINERS].count);
		cell_number(out, m->lists[MACHINE_BOOTS].count);
		say(out, "</tr>\n");
	}
	table_end(out);
	put_more(out, r->machines_more, "requests from other machines");
	buf_release(&words);
}

static void put_coverage(const struct report *r, struct buf *out)
{
	size_t shown = 0;
	struct buf words;

	if (r->processes + r->unfollowed == 0)
		return;
	buf_init(&words, LIMIT_LINE);
	say(out, "<h2 id=\"coverage\">What was observed</h2>\n");
	table_begin(out, "What was observed", "process|observed|how, or why not");
	for (size_t i = 0; i < r->log->count; i++) {
		const struct log_row *row = &r->log->rows[i];
		if (row->kind != LOG_PROCESS)
			continue;
		shown++;
		bool tapped = row_is_tapped(r->log, row);
		row_process_words(row, &words);
		say(out, "<tr><td>");
		html_slice(out, buf_slice(&words));
		buf_reset(&words);
		say(out, "</td><td class=\"%s\">%s</td><td>", tapped ? "good" : "bad",
		    tapped ? "&#10003; yes" : "&#10007; no");
		coverage_words(r->log, row, &words);
		html_slice(out, buf_slice(&words));
		buf_reset(&words);
		say(out, "</td></tr>\n");
	}
	table_end(out);
	put_more(out, r->processes + r->unfollowed - shown, "older processes");
	buf_release(&words);
}

static void put_requests(const struct report *r, struct buf *out)
{
	if (r->exchanges == 0)
		return;
	say(out, "<section id=\"requests\" aria-labelledby=\"requests-title\">"
		 "<h2 id=\"requests-title\">Requests</h2>\n"
		 "<noscript><p>The table of requests needs JavaScript, which is off here. "
		 "<code>orshim report</code> prints the same in a terminal, "
		 "<code>orshim report N</code> one request in detail.</p></noscript></section>\n");
}

static void put_faults(const struct report *r, struct buf *out)
{
	struct buf faults;

	buf_init(&faults, LIMIT_LINE);
	say_faults(r->log, "", &faults);
	if (faults.n) {
		say(out, "<h2>Lines that could not be read</h2><pre>");
		html_slice(out, buf_slice(&faults));
		say(out, "</pre>");
	}
	buf_release(&faults);
}

void report_html(const struct report *r, struct buf *out)
{
	put_head(r, out);
	put_causes(r, out);
	put_launch(r, out);
	put_steps(r, out);
	put_requests(r, out);
	put_split(r, out);
	put_keys(r, out);
	put_senders(r, out);
	put_machines(r, out);
	put_coverage(r, out);
	put_faults(r, out);
	say(out, "<script type=\"application/json\" id=\"data\">");
	page_data(r, out);
	say(out, "</script>\n");
	html_end(out);
}
