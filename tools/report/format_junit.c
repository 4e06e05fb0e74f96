/* SPDX-License-Identifier: MIT */
/*
 * JUnit's XML, as Ant's junit task writes it and CI servers read it. Each kind
 * of request (method, host, path) is a test case, which fails if one of them
 * was refused. Each error that concerns no request is one more.
 */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "report/record.h"
#include "tools/command.h"
#include "tools/report/report_state.h"
#include "tools/report/report_stream.h"

enum { KINDS_MAX = 256 };

struct kind {
	const struct log_row *example; /* NULL: all requests without a separate row */
	const struct log_row *refused; /* the first that was; NULL */
	size_t count, refused_count;
	int64_t ms;
};

/* Text or an attribute's value; a character that XML 1.0 does not allow becomes a question mark. */
static void put_xml(struct buf *out, struct slice text)
{
	while (text.n) {
		unsigned c = (unsigned char)text.p[0];
		int n = c < 0x80 ? 1 : utf8_character(text, 0, &c);
		if (n <= 0 || c == 0xfffe || c == 0xffff || (c < 0x20 && c != '\n' && c != '\t'))
			say(out, "?");
		else if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'' || c == '\n')
			say(out, "&#%u;", c);
		else
			say(out, "%.*s", n, text.p);
		text = slice_from(text, n > 0 ? (size_t)n : 1);
	}
}

static void put_attribute(struct buf *out, const char *name, struct slice value)
{
	say(out, " %s=\"", name);
	put_xml(out, value);
	say(out, "\"");
}

struct counted_kinds {
	const struct report *r;
	struct kind *kinds;
	size_t count;
};

static struct kind *kind_of(struct counted_kinds *c, const struct log *from,
			    const struct log_row *row)
{
	struct kind *kinds = c->kinds;
	size_t *count = &c->count;

	for (size_t i = 0; i < *count; i++)
		if (!kinds[i].example || (same_text(kinds[i].example->method, row->method) &&
					  same_text(kinds[i].example->host, row->host) &&
					  same_text(kinds[i].example->path, row->path)))
			return &kinds[i];
	if (*count < KINDS_MAX - 1)
		kinds[*count].example = report_pin(c->r, from, row);
	return &kinds[(*count)++];
}

static void take_exchange(void *counted, const struct log *from, const struct log_row *row)
{
	struct counted_kinds *c = counted;

	if (!row_is_request(row))
		return;
	struct kind *k = kind_of(c, from, row);
	k->count++;
	k->ms += row->ms > 0 ? row->ms : 0;
	if (!row_failed(row))
		return;
	k->refused_count++;
	if (!k->refused)
		k->refused = report_pin(c->r, from, row);
}

static const struct cause *cause_of(const struct report *r, const struct log_row *row)
{
	for (size_t i = 0; i < r->refusal_causes; i++)
		if (same_text(r->causes[i].id, row->cause))
			return &r->causes[i];
	return NULL;
}

/* An error that concerns no refused request is a separate test case. */
static bool fails_alone(const struct cause *c)
{
	return !c->refusal && c->severity >= SEVERITY_ERROR;
}

static bool is_same_row(const struct log_row *a, const struct log_row *b)
{
	return a->file == b->file && a->line == b->line;
}

static void put_failure(struct buf *out, const struct cause *c, struct slice message,
			const struct log_row *row)
{
	struct buf text;

	buf_init(&text, LIMIT_BLOCK);
	say(&text, "%s", c ? cause_title(c) : "refused");
	if (c && c->detail && *c->detail &&
	    (!row || is_same_row(row, c->first))) /* it is of the first */
		say(&text, ": %s", c->detail);
	if (row) {
		say(&text, "\n");
		row_words(row, &text);
	}
	if (c && cause_why(c))
		say(&text, "\nwhy: %s", cause_why(c));
	if (c && cause_fix(c))
		say(&text, "\nfix: %s", cause_fix(c));
	say(out, "\n      <failure");
	put_attribute(out, "message", message);
	put_attribute(out, "type", slice_of(c && c->id ? c->id : "unexplained_refusal"));
	say(out, ">");
	put_xml(out, buf_slice(&text));
	say(out, "</failure>\n    ");
	buf_release(&text);
}

static void begin_case(struct buf *out, const char *class_name, struct slice name, int64_t ms)
{
	say(out, "    <testcase");
	put_attribute(out, "classname", slice_of(class_name));
	put_attribute(out, "name", name);
	say(out, " time=\"%lld.%03d\">", (long long)(ms / 1000), (int)(ms % 1000));
}

static void put_kind(const struct report *r, const struct kind *k, struct buf *out)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	if (k->example)
		say(&words, "%s %s", k->example->method ? k->example->method : "?",
		    k->example->path ? k->example->path : "?");
	else
		say(&words, "all other requests");
	begin_case(out, k->example && k->example->host ? k->example->host : "orshim",
		   buf_slice(&words), k->ms);
	if (k->refused) {
		buf_reset(&words);
		say(&words, "%zu of %zu refused, first with %d", k->refused_count, k->count,
		    k->refused->status);
		put_failure(out, cause_of(r, k->refused), buf_slice(&words), k->refused);
	}
	say(out, "</testcase>\n");
	buf_release(&words);
}

/* Findings below ERROR, and those from before the start, fail no test case. */
static void put_other_findings(const struct report *r, struct buf *out)
{
	struct buf words;

	buf_init(&words, LIMIT_BLOCK);
	report_verdict(r, &words);
	say(&words, "\n");
	retries_words(&r->retries, r->exchanges, &words);
	if (r->retries.counted + r->retries.alike)
		say(&words, "\n");
	for (size_t i = r->refusal_causes; i < r->cause_count; i++)
		if (!fails_alone(&r->causes[i]))
			say(&words, "%s[%s]: %s\n", severity_name(r->causes[i].severity),
			    r->causes[i].id ? r->causes[i].id : "", cause_title(&r->causes[i]));
	for (size_t i = 0; i < r->launch_finding_count; i++) {
		const struct launch_finding *f = &r->launch_findings[i];
		say(&words, "%s[%s]: ", severity_name(f->finding.severity), f->finding.rule);
		launch_finding_words(r, f, &words);
		say(&words, "\n");
	}
	say(out, "    <system-out>");
	put_xml(out, buf_slice(&words));
	say(out, "</system-out>\n    <system-err></system-err>\n");
	buf_release(&words);
}

static void begin_suite(const struct report *r, const struct kind *kinds, size_t count,
			struct buf *out)
{
	char ts[TIMESTAMP_SIZE];
	size_t tests = count, failures = 0;
	int64_t ms = 0;

	for (size_t i = 0; i < count; i++) {
		failures += kinds[i].refused != NULL;
		ms += kinds[i].ms;
	}
	for (size_t i = 0; i < r->cause_count; i++) {
		tests += fails_alone(&r->causes[i]);
		failures += fails_alone(&r->causes[i]);
	}
	record_timestamp(r->start_us, ts);
	say(out,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
	    "  <testsuite name=\"orshim\" package=\"orshim\" id=\"0\" timestamp=\"%.19s\""
	    " hostname=\"localhost\" tests=\"%zu\" failures=\"%zu\" errors=\"0\""
	    " time=\"%lld.%03d\">\n    <properties></properties>\n",
	    ts, tests, failures, (long long)(ms / 1000), (int)(ms % 1000));
}

void report_junit(const struct report *r, struct buf *out)
{
	struct kind *kinds = calloc(KINDS_MAX, sizeof(*kinds));

	if (!kinds)
		die("out of memory");
	struct counted_kinds counted = { .r = r, .kinds = kinds };
	report_each(r, LOG_EXCHANGE, take_exchange, &counted);
	size_t count = counted.count;
	begin_suite(r, kinds, count, out);
	for (size_t i = 0; i < count; i++)
		put_kind(r, &kinds[i], out);
	for (size_t i = 0; i < r->cause_count; i++) {
		const struct cause *c = &r->causes[i];
		if (!fails_alone(c))
			continue;
		begin_case(out, "orshim", slice_of(c->id ? c->id : "unexplained"), 0);
		put_failure(out, c, slice_of(cause_title(c)),
			    c->first->kind == LOG_EXCHANGE ? c->first : NULL);
		say(out, "</testcase>\n");
	}
	put_other_findings(r, out);
	say(out, "  </testsuite>\n</testsuites>\n");
	free(kinds);
}
