/* SPDX-License-Identifier: MIT */
/* Groups what was found by its rule. */
#include <string.h>

#include "tools/report/report_state.h"

/* Exchanges without a cause are grouped if the same server answers the same status. */
static bool is_of(const struct cause *c, const struct cause *of)
{
	if (c->refusal != of->refusal || !same_text(c->id, of->id))
		return false;
	return c->id || (c->status == of->status && same_text(c->refused_by, of->refused_by));
}

/* What a cause says is of its first row. */
static void set_first(struct report *r, const struct log *from, struct cause *c,
		      const struct log_row *row, const struct log_finding *f)
{
	c->first = report_pin(r, from, row);
	c->detail = report_text_of(r, f->detail);
	c->why = report_text_of(r, f->why);
	c->fix = report_text_of(r, f->fix);
	c->refused_by = report_text_of(r, row->refused_by);
	c->message = report_text_of(r, row->message);
	c->status = row->status;
}

static struct cause *cause_of(struct report *r, const struct cause *wanted)
{
	for (size_t i = 0; i < r->cause_count; i++)
		if (is_of(&r->causes[i], wanted))
			return &r->causes[i];
	if (r->cause_count == CAUSES_MAX)
		return NULL;
	struct cause *c = &r->causes[r->cause_count++];
	*c = *wanted;
	c->id = report_text_of(r, wanted->id);
	c->category = report_text_of(r, wanted->category);
	return c;
}

void add_finding(struct report *r, const struct log *from, const struct log_row *row,
		 const struct log_finding *f)
{
	struct cause wanted = { .rule = f->rule ? rule_find(slice_of(f->rule)) : RULE_NONE,
				.id = f->rule,
				.severity = f->severity,
				.status = row->status,
				.refused_by = row->refused_by };

	if (f->severity > r->worst)
		r->worst = f->severity;
	if (wanted.rule != RULE_NONE)
		wanted.category = category_name(rules[wanted.rule].category);
	wanted.refusal =
	    row->kind == LOG_EXCHANGE && row_failed(row) && same_text(f->rule, row->cause);
	if (wanted.refusal && row->category)
		wanted.category = row->category;
	struct cause *c = cause_of(r, &wanted);
	if (!c)
		return;
	c->count++;
	retries_add(&c->retries, row->retry);
	machines_add_to(r, c, row);
	if (!c->first)
		c->last = NULL;
	if (!c->first || row_is_before(row, c->first))
		set_first(r, from, c, row, f);
	if (!c->last)
		c->last = c->first;
	else if (!row_is_before(row, c->last))
		c->last = report_mark(r, from, row, &c->mark);
}

/* A finding that explains only the answer's text adds nothing to the cause. */
static bool is_consequence(const struct log_row *row, const struct log_finding *f)
{
	enum rule_id rule = rule_find(slice_of(f->rule));

	return row_failed(row) && row->cause && rule != RULE_NONE &&
	       rules[rule].section == SECTION_ANSWER;
}

void add_findings(struct report *r, const struct log *from, const struct log_row *row,
		  bool tolerated)
{
	for (size_t i = 0; i < row->finding_count; i++) {
		struct log_finding f = from->findings[row->findings + i];
		if (tolerated && f.severity == SEVERITY_ERROR)
			f.severity = SEVERITY_WARNING;
		if (row->cause && strcmp(f.rule, row->cause) == 0)
			add_finding(r, from, row, &f);
		else if (f.severity >= SEVERITY_WARNING && !is_consequence(row, &f))
			add_finding(r, from, row, &f);
	}
}
