/* SPDX-License-Identifier: MIT */
/*
 * Groups the requests by sender. Several extensions share one process of an
 * editor, so the sender is the name that a request gives, or else its process.
 */
#include <string.h>

#include "tools/command.h"
#include "tools/log/log_row.h"
#include "tools/report/report_state.h"

static bool is_of(const struct sender *s, const struct log_row *row)
{
	const struct log_row *first = s->first;

	if (first->client || row->client)
		return same_text(first->client, row->client) && same_text(first->role, row->role);
	return first->pid == row->pid && same_text(first->tool, row->tool) &&
	       same_text(first->machine, row->machine);
}

static struct sender *sender_of(struct report *r, const struct log *from, const struct log_row *row)
{
	for (size_t i = 0; i < r->sender_count; i++)
		if (is_of(&r->senders[i], row))
			return &r->senders[i];
	if (r->sender_count == SENDERS_MAX)
		return NULL;
	r->senders[r->sender_count] = (struct sender){ .first = report_pin(r, from, row) };
	return &r->senders[r->sender_count++];
}

static void add_cause(struct sender *s, const char *cause)
{
	size_t at = 0;

	while (at < s->cause_count && !same_text(s->causes[at].id, cause))
		at++;
	if (at == SENDER_CAUSES_MAX)
		at--;
	else if (at == s->cause_count)
		s->causes[s->cause_count++].id = cause;
	s->causes[at].count++;
}

void senders_take(struct report *r, const struct log *from, const struct log_row *row)
{
	struct sender *s = sender_of(r, from, row);

	if (!s) {
		r->senders_more++;
		return;
	}
	s->requests++;
	retries_add(&s->retries, row->retry);
	if (row->pid != s->first->pid || !same_text(row->machine, s->first->machine))
		s->elsewhere = true;
	if (!row_failed(row))
		return;
	const char *cause = report_text_of(r, row->cause);
	s->cause = s->refused && s->cause != cause ? NULL : cause;
	s->refused++;
	add_cause(s, cause);
}

/* A single tool is not worth a mention; several senders are, and so is an extension host. */
bool senders_are_remarkable(const struct report *r)
{
	bool in_editor = false;

	for (size_t i = 0; i < r->sender_count; i++)
		in_editor |= r->senders[i].first->role != NULL;
	return r->sender_count > 1 || in_editor;
}

void sender_process_words(const struct sender *s, struct buf *out)
{
	const struct log_row *row = s->first;

	if (s->elsewhere)
		say(out, "several processes of %s%s%s", row->tool ? row->tool : "an unnamed tool",
		    row->role ? " " : "", row->role ? row->role : "");
	else
		row_process_words(row, out);
}

void sender_cause_words(const struct sender *s, struct buf *out)
{
	for (size_t i = 0; i < s->cause_count; i++)
		say(out, "%s%zu %s", i ? ", " : "", s->causes[i].count,
		    i + 1 == SENDER_CAUSES_MAX ? "others"
		    : s->causes[i].id          ? s->causes[i].id
					       : "unexplained");
}

void sender_words(const struct sender *s, struct buf *out)
{
	const struct log_row *row = s->first;

	if (row->client)
		say(out, "%s (by %s), in ", row->client, row->client_by);
	sender_process_words(s, out);
	say(out, ": %zu request%s, ", s->requests, s->requests == 1 ? "" : "s");
	if (s->refused == 0)
		say(out, "none refused");
	else
		say(out, "%zu refused", s->refused);
	if (s->cause_count == 1) {
		say(out, ": %s", s->causes[0].id ? s->causes[0].id : "unexplained");
	} else if (s->cause_count) {
		say(out, " (");
		sender_cause_words(s, out);
		say(out, ")");
	}
	if (s->retries.counted + s->retries.alike)
		say(out, "; ");
	retries_words(&s->retries, s->requests, out);
}
