/* SPDX-License-Identifier: MIT */
#include "tools/report/report.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/command.h"
#include "tools/report/next_steps.h"
#include "tools/report/report_state.h"
#include "tools/report/report_stream.h"

enum { DRAIN_AT = 1 << 20 };

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

static bool has_finding(const struct log *from, const struct log_row *row, const char *id)
{
	for (size_t i = 0; i < row->finding_count; i++)
		if (strcmp(from->findings[row->findings + i].rule, id) == 0)
			return true;
	return false;
}

/* Its TLS cannot be seen into: the fix names it. */
static void add_untapped(struct report *r, const struct log *from, const struct log_row *row)
{
	const struct rule *rule = &rules[RULE_process_not_observed];
	const char *program = row_program(row);
	char fix[PATH_MAX + 128];

	if (program)
		snprintf(fix, sizeof(fix),
			 "Run orshim doctor %s for the reason and what to do instead.", program);
	add_finding(r, from, row,
		    &(struct log_finding){ .rule = rule->id,
					   .severity = rule->severity,
					   .detail = from->libraries[row->libraries].reason,
					   .fix = program ? fix : NULL });
}

static void take_process(struct report *r, const struct log *from, const struct log_row *row)
{
	coverage_take(r, from, row);
	if (row->unfollowed) {
		r->unfollowed++;
		return;
	}
	r->processes++;
	if (row->library_count && !row_is_tapped(from, row)) {
		r->untapped++;
		add_untapped(r, from, row);
	}
}

/* The only successes need no key. */
static void take_success(struct report *r, const struct log *from, const struct log_row *row)
{
	if (!was_answered_well(row))
		return;
	if (row_is_public(row))
		r->public_success = report_mark(r, from, row, &r->state->public_mark);
	else
		r->state->worked = true;
}

static void take_exchange(struct report *r, const struct log *from, const struct log_row *row)
{
	r->all_exchanges++;
	if (row->time_us >= 0) {
		r->first_us =
		    r->first_us < 0 || row->time_us < r->first_us ? row->time_us : r->first_us;
		r->last_us = row->time_us > r->last_us ? row->time_us : r->last_us;
	}
	connections_take(r, from, row);
	keys_take(r, row);
	if (row_failed(row)) {
		r->state->lacks_provider |= !row->provider;
		launches_take_refused(r, from, row);
	}
	if (row->probe)
		return;
	r->exchanges++;
	r->refused += row_failed(row);
	retries_add(&r->retries, row->retry);
	machines_take(r, row);
	senders_take(r, from, row);
	timeline_take(r, from, row);
	splits_take(r, row);
	take_success(r, from, row);
	if (row_failed(row) && (!row->cause || !has_finding(from, row, row->cause)))
		add_finding(
		    r, from, row,
		    &(struct log_finding){ .rule = row->cause, .severity = SEVERITY_ERROR });
	add_findings(r, from, row, false);
}

void report_take(struct report *r, const struct log *from, const struct log_row *row)
{
	if (!r->begun)
		r->start_us = row->time_us;
	r->begun = true;
	switch (row->kind) {
	case LOG_PROCESS:
		take_process(r, from, row);
		break;
	case LOG_CONNECTION:
		connections_take(r, from, row);
		break;
	case LOG_LAUNCH:
		launches_take(r, from, row);
		break;
	case LOG_EXCHANGE:
		take_exchange(r, from, row);
		break;
	}
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
	return row_is_before(x->first, y->first) ? -1 : row_is_before(y->first, x->first);
}

void report_begin(struct report *r, struct log *l)
{
	*r = (struct report){ .log = l, .first_us = -1, .last_us = -1, .stream_fd = -1 };
	r->state = calloc(1, sizeof(*r->state));
	if (!r->state)
		die("out of memory");
	name_set_init(&r->state->asked, ASKED_MAX);
	name_set_init(&r->state->answered, ANSWERED_MAX);
	r->state->by_provider = outcome_tally_new();
	r->state->by_all = outcome_tally_new();
}

void report_end(struct report *r)
{
	connections_end(r);
	launches_end(r);
	splits_end(r);
	machines_end(r);
	if (r->state->worked || !r->refused)
		r->public_success = NULL;
	qsort(r->causes, r->cause_count, sizeof(r->causes[0]), by_weight);
	while (r->refusal_causes < r->cause_count && r->causes[r->refusal_causes].refusal)
		r->refusal_causes++;
	report_steps(r);
}

void report_make(struct report *r, struct log *l)
{
	report_begin(r, l);
	for (size_t i = 0; i < l->count; i++)
		report_take(r, l, &l->rows[i]);
	report_end(r);
}

void report_release(struct report *r)
{
	struct report_state *s = r->state;

	for (size_t i = 0; s && i < s->pin_count; i++)
		free(s->pins[i]);
	if (s) {
		free(s->pins);
		name_set_release(&s->asked);
		name_set_release(&s->answered);
		outcome_tally_free(s->by_provider);
		outcome_tally_free(s->by_all);
		free(s->timeline);
	}
	if (r->source)
		name_set_release(&r->source->alive);
	free(r->source);
	free(r->machines);
	free(s);
	*r = (struct report){ 0 };
}

void report_drain(const struct report *r, struct buf *out)
{
	if (r->stream_fd < 0 || out->n < DRAIN_AT)
		return;
	if (!write_all(r->stream_fd, buf_slice(out)))
		die("report: cannot write: %s", strerror(errno));
	buf_reset(out);
}

void kept_words(const struct report *r, struct buf *out)
{
	size_t kept = 0, failed = 0;

	if (!r->source)
		return;
	for (size_t i = 0; i < r->log->count; i++) {
		const struct log_row *row = &r->log->rows[i];
		kept += row->kind == LOG_EXCHANGE;
		failed += row->kind == LOG_EXCHANGE && row_failed(row);
	}
	if (kept < r->all_exchanges)
		say(out,
		    "all %zu requests are counted; one by one the newest are kept, and the newest "
		    "that were refused: %zu, %zu of them refused; --json has all",
		    r->all_exchanges, kept, failed);
}

int report_status(const struct report *r)
{
	if (r->refused || r->worst >= SEVERITY_ERROR)
		return EXIT_FINDINGS;
	return r->exchanges || r->connections ? EXIT_CLEAN : EXIT_NOTHING;
}
