/* SPDX-License-Identifier: MIT */
/*
 * Groups the requests by sender. Several extensions share one process of an
 * editor, so the sender is the name that a request gives, or else its process.
 */
#include <string.h>

#include "tools/command.h"
#include "tools/log/log_row.h"
#include "tools/report/report.h"

/* Strings of a log are kept once each: the same text is the same pointer. */
static bool is_of(const struct sender *s, const struct log_row *row)
{
	if (s->first->client || row->client)
		return s->first->client == row->client && s->first->role == row->role;
	return s->first->pid == row->pid && s->first->tool == row->tool;
}

static struct sender *sender_of(struct report *r, const struct log_row *row)
{
	for (size_t i = 0; i < r->sender_count; i++)
		if (is_of(&r->senders[i], row))
			return &r->senders[i];
	if (r->sender_count == SENDERS_MAX)
		return NULL;
	r->senders[r->sender_count] = (struct sender){ .first = row };
	return &r->senders[r->sender_count++];
}

static void add_cause(struct sender *s, const char *cause)
{
	size_t at = 0;

	while (at < s->cause_count && s->causes[at].id != cause)
		at++;
	if (at == SENDER_CAUSES_MAX)
		at--;
	else if (at == s->cause_count)
		s->causes[s->cause_count++].id = cause;
	s->causes[at].count++;
}

void find_senders(struct report *r)
{
	for (size_t i = 0; i < r->log->count; i++) {
		const struct log_row *row = &r->log->rows[i];
		struct sender *s = row_is_request(row) ? sender_of(r, row) : NULL;

		if (!s)
			continue;
		s->requests++;
		retries_add(&s->retries, row->retry);
		if (row->pid != s->first->pid)
			s->elsewhere = true;
		if (!row_failed(row))
			continue;
		s->refused++;
		s->cause = s->last_refused && s->cause != row->cause ? NULL : row->cause;
		s->last_refused = row;
		add_cause(s, row->cause);
	}
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
