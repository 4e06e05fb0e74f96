/* SPDX-License-Identifier: MIT */
#include "tools/report/report.h"

#include <stdlib.h>
#include <string.h>

#include "tools/command.h"
#include "tools/report/next_steps.h"
#include "tools/report/outcome_tally.h"

enum { KEPT_VALUE = 512 };

bool rows_are_alike(const struct log_row *a, const struct log_row *b)
{
	const char *x = a->path ? strrchr(a->path, '/') : NULL;
	const char *y = b->path ? strrchr(b->path, '/') : NULL;

	return same_text(a->method, b->method) && same_text(x, y);
}

static bool was_answered_well(const struct log_row *row)
{
	return !row_failed(row) && row->status >= 200 && row->status < 400;
}

/* Exchanges without a cause are grouped if the same server answers the same status. */
static bool is_of(const struct cause *c, const struct cause *of)
{
	if (c->refusal != of->refusal || !same_text(c->id, of->id))
		return false;
	return c->id || (c->status == of->status && same_text(c->refused_by, of->refused_by));
}

static void add_cause(struct report *r, const struct cause *c)
{
	for (size_t i = 0; i < r->cause_count; i++)
		if (is_of(&r->causes[i], c)) {
			r->causes[i].count++;
			retries_add(&r->causes[i].retries, c->last->retry);
			r->causes[i].last = c->last;
			return;
		}
	if (r->cause_count == CAUSES_MAX)
		return;
	r->causes[r->cause_count] = *c;
	retries_add(&r->causes[r->cause_count++].retries, c->first->retry);
}

static void add_finding(struct report *r, const struct log_row *row, const struct log_finding *f)
{
	const char *id = f->rule;
	struct cause c = { .rule = id ? rule_find(slice_of(id)) : RULE_NONE,
			   .id = id,
			   .severity = f->severity,
			   .count = 1,
			   .first = row,
			   .last = row,
			   .detail = f->detail,
			   .why = f->why,
			   .fix = f->fix,
			   .status = row->status,
			   .refused_by = row->refused_by,
			   .message = row->message };

	if (f->severity > r->worst)
		r->worst = f->severity;
	if (c.rule != RULE_NONE)
		c.category = category_name(rules[c.rule].category);
	c.refusal = row->kind == LOG_EXCHANGE && row_failed(row) && same_text(id, row->cause);
	if (c.refusal && row->category)
		c.category = row->category;
	add_cause(r, &c);
}

/* A finding that explains only the answer's text adds nothing to the cause. */
static bool is_consequence(const struct log_row *row, const struct log_finding *f)
{
	enum rule_id rule = rule_find(slice_of(f->rule));

	return row_failed(row) && row->cause && rule != RULE_NONE && rules[rule].section == SECTION_ANSWER;
}

/* TOLERATED: the tool succeeded nevertheless, so every severity is one step lower. */
static void add_findings(struct report *r, const struct log_row *row, bool tolerated)
{
	for (size_t i = 0; i < row->finding_count; i++) {
		struct log_finding f = r->log->findings[row->findings + i];
		if (tolerated && f.severity == SEVERITY_ERROR)
			f.severity = SEVERITY_WARNING;
		if (row->cause && strcmp(f.rule, row->cause) == 0)
			add_finding(r, row, &f);
		else if (f.severity >= SEVERITY_WARNING && !is_consequence(row, &f))
			add_finding(r, row, &f);
	}
}

static bool has_finding(const struct report *r, const struct log_row *row, const char *id)
{
	for (size_t i = 0; i < row->finding_count; i++)
		if (strcmp(r->log->findings[row->findings + i].rule, id) == 0)
			return true;
	return false;
}

/* Was something asked of that host on another connection? Then ROW's was one kept ready. */
static bool is_spare(const struct report *r, const struct log_row *row)
{
	for (size_t i = 0; i < r->log->count; i++) {
		const struct log_row *other = &r->log->rows[i];
		if (other->kind == LOG_EXCHANGE && other->pid == row->pid &&
		    same_text(other->host, row->host) && !row_is_public(other))
			return true;
	}
	return false;
}

static void add_row(struct report *r, const struct log_row *row)
{
	bool tolerated = false;

	switch (row->kind) {
	case LOG_PROCESS:
		if (row->unfollowed) {
			r->unfollowed++;
			return;
		}
		r->processes++;
		if (row->library_count == 0 || row_is_tapped(r->log, row))
			return;
		r->untapped++;
		add_finding(
		    r, row,
		    &(struct log_finding){ .rule = rules[RULE_process_not_observed].id,
					   .severity = rules[RULE_process_not_observed].severity,
					   .detail = r->log->libraries[row->libraries].reason });
		return;
	case LOG_CONNECTION:
		r->connections++;
		if (!r->quic && row_is_quic(row))
			r->quic = row;
		tolerated = !row->blind && is_spare(r, row);
		if (tolerated && !row->shake_failed)
			return;
		break;
	case LOG_LAUNCH:
		add_launch(r, row);
		return;
	case LOG_EXCHANGE:
		if (row->probe)
			return;
		r->exchanges++;
		r->refused += row_failed(row);
		retries_add(&r->retries, row->retry);
		if (row_failed(row) && (!row->cause || !has_finding(r, row, row->cause)))
			add_finding(r, row,
				    &(struct log_finding){ .rule = row->cause,
							   .severity = SEVERITY_ERROR });
		break;
	}
	add_findings(r, row, tolerated);
}

static int by_weight(const void *a, const void *b)
{
	const struct cause *x = a, *y = b;

	if (x->refusal != y->refusal)
		return x->refusal ? -1 : 1;
	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

/* Values that are put together, as long as they are used. */
struct value_texts {
	char process[KEPT_VALUE], tool[KEPT_VALUE];
};

static void outcome_of(struct outcome *o, const struct log_row *row, struct value_texts *texts)
{
	const char *tool = row->tool ? row->tool : "";

	snprintf(texts->process, KEPT_VALUE, row->machine ? "%d on %s" : "%d", row->pid,
		 row->machine);
	snprintf(texts->tool, KEPT_VALUE, row->tool_version ? "%s %s" : "%s", tool,
		 row->tool_version);
	*o = (struct outcome){ .failed = row_failed(row) };
	o->values[ATTRIBUTE_KEY] = row->key ? row->key : row->token ? row->token : "none";
	o->values[ATTRIBUTE_CARRIER] = row->carrier ? row->carrier : "absent";
	o->values[ATTRIBUTE_HOST] = row->host;
	o->values[ATTRIBUTE_PATH] = row->path;
	o->values[ATTRIBUTE_MODEL] = row->model;
	o->values[ATTRIBUTE_STREAM] = row->stream < 0 ? NULL : row->stream ? "true" : "false";
	o->values[ATTRIBUTE_HTTP] = row->http;
	o->values[ATTRIBUTE_PROCESS] = texts->process;
	o->values[ATTRIBUTE_TOOL] = row->tool;
	o->values[ATTRIBUTE_TOOL_VERSION] = texts->tool;
	o->values[ATTRIBUTE_MACHINE] = row->machine;
	o->values[ATTRIBUTE_CONTAINER] = row->container;
	o->values[ATTRIBUTE_BOOT] = row->boot;
	o->values[ATTRIBUTE_CI] = row->ci;
	o->values[ATTRIBUTE_ORSHIM] = row->orshim;
}

/*
 * A request that was refused before OpenRouter chose a provider names none:
 * then the lack of the name is the refusal itself, and explains nothing.
 */
static bool every_failure_names_its_provider(const struct log *l)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct log_row *row = &l->rows[i];
		if (row->kind == LOG_EXCHANGE && row_failed(row) && !row->provider)
			return false;
	}
	return true;
}

/* An endpoint that answers without a key is no evidence about keys, so it is skipped. */
static bool is_compared(const struct log_row *row, bool by_provider)
{
	return row_is_request(row) && !row_is_public(row) && (row->provider || !by_provider);
}

/* A process is named with its machine only if there are several. */
static const char *keep_value(struct log *l, enum attribute a, const char *value, bool one_machine)
{
	const char *end =
	    value && one_machine && a == ATTRIBUTE_PROCESS ? strchr(value, ' ') : NULL;

	return log_keep(l, value, end ? (size_t)(end - value) : KEPT_VALUE);
}

static void split_rows(struct report *r, bool by_provider)
{
	struct outcome_tally *t = outcome_tally_new();
	struct value_texts texts;
	struct outcome o;

	for (size_t i = 0; i < r->log->count; i++) {
		const struct log_row *row = &r->log->rows[i];
		if (!is_compared(row, by_provider))
			continue;
		outcome_of(&o, row, &texts);
		if (by_provider)
			o.values[ATTRIBUTE_PROVIDER] = row->provider;
		outcome_tally_add(t, &o);
	}
	outcome_split(t, &r->split);
	bool one = outcome_tally_values(t, ATTRIBUTE_MACHINE) < 2;
	for (size_t i = 0; i < r->split.value_count; i++) {
		struct split_value *v = &r->split.values[i];
		v->first = keep_value(r->log, r->split.first, v->first, one);
		v->second = keep_value(r->log, r->split.second, v->second, one);
	}
	outcome_tally_free(t);
}

static void find_split(struct report *r)
{
	if (every_failure_names_its_provider(r->log))
		split_rows(r, true);
	if (r->split.strength == SPLIT_NONE)
		split_rows(r, false);
}

static void find_public_success(struct report *r)
{
	const struct log_row *found = NULL;

	for (size_t i = 0; i < r->log->count; i++) {
		const struct log_row *row = &r->log->rows[i];
		if (!row_is_request(row) || !was_answered_well(row))
			continue;
		if (!row_is_public(row))
			return;
		found = row;
	}
	if (r->refused)
		r->public_success = found;
}

void report_make(struct report *r, struct log *l)
{
	*r = (struct report){ .log = l };
	for (size_t i = 0; i < l->count; i++)
		add_row(r, &l->rows[i]);
	qsort(r->causes, r->cause_count, sizeof(r->causes[0]), by_weight);
	while (r->refusal_causes < r->cause_count && r->causes[r->refusal_causes].refusal)
		r->refusal_causes++;
	find_concerned(r);
	find_split(r);
	find_public_success(r);
	find_keys(r);
	find_senders(r);
	report_steps(r);
}

void report_release(struct report *r)
{
	*r = (struct report){ 0 };
}

int report_status(const struct report *r)
{
	if (r->refused || r->worst >= SEVERITY_ERROR)
		return EXIT_FINDINGS;
	return r->exchanges || r->connections ? EXIT_CLEAN : EXIT_NOTHING;
}
