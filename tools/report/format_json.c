/* SPDX-License-Identifier: MIT */
/* The schema is in docs/report.md. */
#include <string.h>

#include "report/json_out.h"
#include "tools/command.h"
#include "tools/report/report_stream.h"
#include "base/version.h"

static const char *const strength_names[] = { "none", "weak", "strong" };

static void put_verdict(struct json_out *j, const struct report *r)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	report_verdict(r, &words);
	json_slice(j, "verdict", buf_slice(&words));
	buf_release(&words);
}

static void put_retries(struct json_out *j, const struct retries *r)
{
	json_object(j, "retries");
	json_number(j, "sdk", (int64_t)r->counted);
	json_number(j, "same_body", (int64_t)r->alike);
	json_object_end(j);
}

static void put_cause_machines(struct json_out *j, const struct report *r, const struct cause *c)
{
	json_array(j, "machines");
	for (size_t i = 0; i < r->machine_count; i++)
		if (c->machines[i / 8] & 1u << i % 8)
			json_text(j, NULL, r->machines[i].id);
	json_array_end(j);
}

static void put_cause(struct json_out *j, const struct report *r, const struct cause *c)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	cause_signature(c, &words);
	json_object(j, NULL);
	json_text(j, "rule", c->id);
	json_text(j, "severity", severity_name(c->severity));
	json_text(j, "category", c->category);
	json_bool(j, "refusal", c->refusal);
	json_number(j, "count", (int64_t)c->count);
	put_retries(j, &c->retries);
	json_slice(j, "signature", buf_slice(&words));
	json_text(j, "title", cause_title(c));
	json_text(j, "why", cause_why(c));
	json_text(j, "fix", cause_fix(c));
	json_text(j, "detail", c->detail);
	buf_reset(&words);
	if (c->refusal)
		origin_words(r->log, c->first, &words);
	json_slice(j, "from", words.n ? buf_slice(&words) : (struct slice){ NULL, 0 });
	buf_reset(&words);
	if (c->refusal)
		base_words(r->log, c->first, &words);
	json_slice(j, "base_from", words.n ? buf_slice(&words) : (struct slice){ NULL, 0 });
	json_text(j, "first", c->first->kind == LOG_EXCHANGE ? log_name(r->log, c->first) : NULL);
	json_text(j, "last", c->last->kind == LOG_EXCHANGE ? log_name(r->log, c->last) : NULL);
	put_cause_machines(j, r, c);
	json_object_end(j);
	buf_release(&words);
}

static void put_split(struct json_out *j, const struct split *s)
{
	char chance[32];

	json_object(j, "outcome_splits_on");
	json_text(j, "strength", strength_names[s->strength]);
	json_number(j, "refused", (int64_t)s->failed);
	json_number(j, "fine", (int64_t)s->fine);
	json_array(j, "attributes");
	if (s->strength != SPLIT_NONE)
		json_text(j, NULL, attribute_name(s->first));
	if (s->strength != SPLIT_NONE && s->second != ATTRIBUTE_COUNT)
		json_text(j, NULL, attribute_name(s->second));
	json_array_end(j);
	json_array(j, "also");
	for (int a = 0; a < ATTRIBUTE_COUNT; a++)
		if (s->also & 1u << a)
			json_text(j, NULL, attribute_name(a));
	json_array_end(j);
	snprintf(chance, sizeof(chance), "%.3g", s->chance);
	json_text(j, "chance", s->strength == SPLIT_NONE ? NULL : chance);
	json_array(j, "values");
	for (size_t i = 0; s->strength != SPLIT_NONE && i < s->value_count; i++) {
		json_object(j, NULL);
		json_text(j, "first", s->values[i].first);
		json_text(j, "second", s->values[i].second);
		json_number(j, "refused", (int64_t)s->values[i].failed);
		json_number(j, "fine", (int64_t)s->values[i].fine);
		json_object_end(j);
	}
	json_array_end(j);
	json_object_end(j);
}

static void put_keys(struct json_out *j, const struct report *r)
{
	json_array(j, "keys");
	for (size_t i = 0; i < r->key_count; i++) {
		const struct key_use *k = &r->keys[i];
		enum rule_id rule = key_rule(r, k);
		json_object(j, NULL);
		json_text(j, "key", k->key);
		json_text(j, "token", k->token);
		json_text(j, "host", k->host);
		json_text(j, "source", k->source);
		json_number(j, "accepted", (int64_t)k->accepted);
		json_number(j, "rejected", (int64_t)k->rejected);
		json_number(j, "otherwise", (int64_t)k->otherwise);
		json_text(j, "rule", rule == RULE_NONE ? NULL : rules[rule].id);
		json_object_end(j);
	}
	json_array_end(j);
}

static const char *name_of_refused(const struct report *r, const struct log_finding *finding)
{
	for (size_t i = 0; i < r->launch_finding_count; i++) {
		const struct launch_finding *f = &r->launch_findings[i];
		if (same_text(f->finding.rule, finding->rule) &&
		    same_text(f->finding.detail, finding->detail))
			return f->refused ? log_name(r->log, f->refused) : NULL;
	}
	return NULL;
}

static void put_launch(struct json_out *j, const struct report *r, const struct log *from,
		       const struct log_row *row)
{
	char ts[TIMESTAMP_SIZE];

	record_timestamp(row->time_us, ts);
	json_object(j, NULL);
	json_text(j, "ts", ts);
	json_number(j, "pid", row->pid);
	json_text(j, "command", row->command);
	json_text(j, "cwd", row->cwd);
	json_array(j, "findings");
	for (size_t i = 0; i < row->finding_count; i++) {
		const struct log_finding *f = &from->findings[row->findings + i];
		json_object(j, NULL);
		json_text(j, "rule", f->rule);
		json_text(j, "severity", severity_name(f->severity));
		json_text(j, "detail", f->detail);
		json_text(j, "variable", f->variable);
		json_text(j, "key", f->key);
		json_text(j, "file", f->file);
		if (f->file)
			json_number(j, "line", f->line);
		else
			json_null(j, "line");
		json_text(j, "refused", name_of_refused(r, f));
		json_object_end(j);
	}
	json_array_end(j);
	json_array(j, "sources");
	for (size_t i = 0; i < row->origin_count; i++) {
		const struct log_origin *o = &from->origins[row->origins + i];
		json_object(j, NULL);
		json_text(j, "variable", o->variable);
		json_text(j, "key", o->key);
		json_text(j, "token", o->label);
		json_text(j, "kind", o->kind);
		json_text(j, "file", o->file);
		json_number(j, "line", o->line);
		json_text(j, "note", o->note);
		json_object_end(j);
	}
	json_array_end(j);
	json_object_end(j);
}

static void put_senders(struct json_out *j, const struct report *r)
{
	json_array(j, "senders");
	for (size_t i = 0; i < r->sender_count; i++) {
		const struct sender *s = &r->senders[i];
		json_object(j, NULL);
		json_text(j, "client", s->first->client);
		json_text(j, "by", s->first->client_by);
		json_text(j, "tool", s->first->tool);
		json_text(j, "role", s->first->role);
		if (s->elsewhere)
			json_null(j, "pid");
		else
			json_number(j, "pid", s->first->pid);
		json_number(j, "requests", (int64_t)s->requests);
		json_number(j, "refused", (int64_t)s->refused);
		put_retries(j, &s->retries);
		json_text(j, "cause", s->cause);
		json_object_end(j);
	}
	json_array_end(j);
}

static void put_machine(struct json_out *j, const struct machine_use *m)
{
	json_object(j, NULL);
	json_text(j, "machine", m->id);
	json_number(j, "requests", (int64_t)m->requests);
	json_number(j, "refused", (int64_t)m->refused);
	json_array(j, "causes");
	for (size_t i = 0; i < m->cause_count; i++) {
		json_object(j, NULL);
		json_text(j, "rule", m->causes[i].id);
		json_number(j, "count", (int64_t)m->causes[i].count);
		json_object_end(j);
	}
	json_array_end(j);
	for (int list = 0; list < MACHINE_LISTS; list++) {
		json_array(j, machine_list_names[list]);
		for (size_t i = 0; i < m->lists[list].count; i++)
			json_text(j, NULL, m->lists[list].texts[i]);
		json_array_end(j);
	}
	json_object_end(j);
}

static void put_machines(struct json_out *j, const struct report *r)
{
	json_array(j, "machines");
	for (size_t i = 0; i < r->machine_count; i++)
		put_machine(j, &r->machines[i]);
	json_array_end(j);
}

static void put_number(struct json_out *j, const char *key, int n)
{
	if (n < 0)
		json_null(j, key);
	else
		json_number(j, key, n);
}

static void put_places(struct json_out *j, const struct log_row *row)
{
	json_text(j, "machine", row->machine);
	json_text(j, "container", row->container);
	json_text(j, "boot", row->boot);
	json_text(j, "ci", row->ci);
	json_text(j, "orshim", row->orshim);
}

void report_row_json(struct json_out *j, const struct log_row *row)
{
	json_number(j, "pid", row->pid);
	json_text(j, "tool", row->tool);
	json_text(j, "role", row->role);
	json_text(j, "client", row->client);
	json_text(j, "http", row->http);
	json_text(j, "method", row->method);
	json_text(j, "host", row->host);
	json_text(j, "path", row->path);
	json_text(j, "model", row->model);
	json_text(j, "key", row->key);
	json_text(j, "token", row->token);
	put_number(j, "status", row->status);
	put_number(j, "ms", row->ms);
	json_number(j, "retry", row->retry.n);
	json_text(j, "retry_by", row->retry.by);
	json_text(j, "refused_by", row->refused_by);
	json_text(j, "cause", row->cause);
	put_places(j, row);
	json_text(j, "tool_version", row->tool_version);
}

static void put_exchange(struct json_out *j, const struct report *r, const struct log_row *row)
{
	char ts[TIMESTAMP_SIZE];

	record_timestamp(row->time_us, ts);
	json_object(j, NULL);
	json_text(j, "name", log_name(r->log, row));
	json_text(j, "ts", ts);
	report_row_json(j, row);
	json_object_end(j);
}

static void put_process(struct json_out *j, const struct log *from, const struct log_row *row)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	coverage_words(from, row, &words);
	json_object(j, NULL);
	json_number(j, "pid", row->pid);
	json_text(j, "tool", row->tool);
	json_text(j, "exe", row->exe);
	json_text(j, "role", row->role);
	json_bool(j, "observed", row_is_tapped(from, row));
	json_slice(j, "words", buf_slice(&words));
	put_places(j, row);
	json_object_end(j);
	buf_release(&words);
}

/* What the rows of a log are written to. */
struct rows_out {
	struct json_out *j;
	const struct report *r;
	struct buf *out;
};

static void take_row(void *rows_out, const struct log *from, const struct log_row *row)
{
	const struct rows_out *o = rows_out;

	if (row->kind == LOG_EXCHANGE)
		put_exchange(o->j, o->r, row);
	else if (row->kind == LOG_PROCESS)
		put_process(o->j, from, row);
	else
		put_launch(o->j, o->r, from, row);
	report_drain(o->r, o->out);
}

static void put_rows(struct json_out *j, const char *name, const struct report *r,
		     enum log_kind kind, struct buf *out)
{
	json_array(j, name);
	report_each(r, kind, take_row, &(struct rows_out){ j, r, out });
	json_array_end(j);
}

static void put_files(struct json_out *j, const struct log *l)
{
	static const char *const names[] = { "not_json", "not_a_record", "too_long", "cut",
					     "newer" };

	json_array(j, "files");
	for (size_t i = 0; i < l->file_count; i++) {
		json_object(j, NULL);
		json_text(j, "path", l->files[i].path);
		json_number(j, "lines", (int64_t)l->files[i].lines);
		json_number(j, "exchanges", l->files[i].exchanges);
		json_object_end(j);
	}
	json_array_end(j);
	json_array(j, "faults");
	for (int f = 0; f < LOG_FAULT_COUNT; f++) {
		if (l->faults[f].count == 0)
			continue;
		json_object(j, NULL);
		json_text(j, "fault", names[f]);
		json_number(j, "count", (int64_t)l->faults[f].count);
		json_text(j, "file",
			  l->faults[f].file < l->file_count ? l->files[l->faults[f].file].path
							    : NULL);
		json_number(j, "line", (int64_t)l->faults[f].line);
		json_object_end(j);
	}
	json_array_end(j);
}

void report_json(const struct report *r, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_object(&j, NULL);
	json_number(&j, "v", 1);
	json_text(&j, "record", "report");
	json_text(&j, "version", ORSHIM_VERSION);
	put_verdict(&j, r);
	json_object(&j, "counts");
	json_number(&j, "exchanges", (int64_t)r->exchanges);
	json_number(&j, "refused", (int64_t)r->refused);
	put_retries(&j, &r->retries);
	json_number(&j, "processes", (int64_t)r->processes);
	json_number(&j, "untapped", (int64_t)r->untapped);
	json_number(&j, "machines", (int64_t)machines_named(r));
	json_object_end(&j);
	json_array(&j, "causes");
	for (size_t i = 0; i < r->cause_count; i++)
		put_cause(&j, r, &r->causes[i]);
	json_array_end(&j);
	put_rows(&j, "launches", r, LOG_LAUNCH, out);
	put_split(&j, &r->split);
	put_keys(&j, r);
	put_senders(&j, r);
	put_machines(&j, r);
	json_text(&j, "public_success",
		  r->public_success ? log_name(r->log, r->public_success) : NULL);
	json_array(&j, "next");
	for (size_t i = 0; i < r->step_count; i++)
		json_text(&j, NULL, r->steps[i]);
	json_array_end(&j);
	if (!r->summary)
		put_rows(&j, "exchanges", r, LOG_EXCHANGE, out);
	put_rows(&j, "processes", r, LOG_PROCESS, out);
	put_files(&j, r->log);
	json_object_end(&j);
	if (!json_out_ok(&j))
		die("report: the report does not fit into %d bytes", REPORT_MAX);
	say(out, "\n");
}
