/* SPDX-License-Identifier: MIT */
#include "tools/report/run_compare.h"

#include "tools/command.h"

static bool same_signature(const struct cause *a, const struct cause *b)
{
	return a->status == b->status && same_text(a->id, b->id) &&
	       same_text(a->refused_by, b->refused_by);
}

static const struct cause *cause_again(const struct report *r, const struct cause *c)
{
	for (size_t i = 0; i < r->refusal_causes; i++)
		if (same_signature(&r->causes[i], c))
			return &r->causes[i];
	return NULL;
}

static void say_signature(const char *before, const struct cause *c, struct buf *out)
{
	say(out, "%s", before);
	cause_signature(c, out);
}

/* Compare both runs and return the exit status; OUT says what became of the failure in BEFORE. */
static int compare(const struct report *before, const struct report *now, struct buf *out)
{
	const struct cause *was = before->refusal_causes ? &before->causes[0] : NULL;

	if (now->exchanges == 0) {
		say(out, "cannot compare: no API request was seen this time");
		return EXIT_TROUBLE;
	}
	if (!was && now->refusal_causes == 0) {
		say(out, "nothing was refused before, and nothing is now");
		return EXIT_CLEAN;
	}
	if (!was) {
		say_signature("a new failure: ", &now->causes[0], out);
		return EXIT_FINDINGS;
	}
	const struct cause *again = cause_again(now, was);
	if (again) {
		say_signature("the failure is still there: ", again, out);
		say(out, " (%zu of %zu requests; before %zu of %zu)", again->count, now->exchanges,
		    was->count, before->exchanges);
		return EXIT_FINDINGS;
	}
	if (now->refusal_causes) {
		say_signature("another failure: ", &now->causes[0], out);
		say_signature("; before: ", was, out);
		return EXIT_FINDINGS;
	}
	say_signature("the failure is gone: ", was, out);
	say(out, " (%zu request%s now, none refused)", now->exchanges,
	    now->exchanges == 1 ? "" : "s");
	return EXIT_CLEAN;
}

static void say_change(const char *name, const char *was, const char *is, bool *any,
		       struct buf *out)
{
	if (same_text(was, is))
		return;
	say(out, "%s%s %s, before %s", *any ? "; " : "", name, is && *is ? is : "none",
	    was && *was ? was : "none");
	*any = true;
}

static const struct log_row *row_like(const struct log *l, const struct log_row *like)
{
	const struct log_row *other = NULL;

	for (size_t i = 0; i < l->count; i++) {
		const struct log_row *row = &l->rows[i];
		if (!row_is_request(row))
			continue;
		if (same_text(row->method, like->method) && same_text(row->path, like->path) &&
		    same_text(row->host, like->host))
			return row;
		if (!other)
			other = row;
	}
	return other;
}

/* How the failed request was recorded, before and now. */
static void say_changes(const struct run_result *before, const struct run_result *now,
			struct buf *out)
{
	bool any = false;

	if (before->report.refusal_causes == 0)
		return;
	const struct log_row *was = before->report.causes[0].first;
	const struct log_row *is = row_like(&now->log, was);
	if (!is)
		return;
	size_t start = out->n;
	say(out, "orshim: rerun: changed: ");
	say_change("key", was->key ? was->key : was->token, is->key ? is->key : is->token, &any,
		   out);
	say_change("key from", was->source, is->source, &any, out);
	say_change("header", was->carrier, is->carrier, &any, out);
	say_change("scheme", was->scheme, is->scheme, &any, out);
	say_change("host", was->host, is->host, &any, out);
	say_change("path", was->path, is->path, &any, out);
	say_change("model", was->model, is->model, &any, out);
	say_change("HTTP version", was->http, is->http, &any, out);
	if (!any) {
		out->n = start;
		say(out, "orshim: rerun: no recorded part of the request changed");
	}
	say(out, "\n");
}

int run_compare(const struct run_result *before, const struct run_result *now, struct buf *out)
{
	say(out, "orshim: rerun: ");
	int status = compare(&before->report, &now->report, out);
	say(out, "\n");
	say_changes(before, now, out);
	return status;
}
