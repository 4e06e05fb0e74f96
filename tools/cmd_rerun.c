/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/log/runs.h"
#include "tools/report/run_report.h"
#include "tools/run/child.h"

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
	say(out, "%s%s %s, before %s", *any ? "; " : "", name, is ? is : "none",
	    was ? was : "none");
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

/* Run `orshim run -- ARGV` in a child process; that run keeps its own log. */
static void run_again(const struct kept_run *run)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t words = 0;

	if (n < 0)
		die("rerun: cannot find this program: %s", strerror(errno));
	self[n] = 0;
	while (run->argv[words])
		words++;
	char **argv = calloc(words + 4, sizeof(*argv));
	if (!argv)
		die("out of memory");
	argv[0] = self;
	argv[1] = (char[]){ "run" };
	argv[2] = (char[]){ "--" };
	memcpy(argv + 3, run->argv, words * sizeof(*argv));
	if (run->cwd && chdir(run->cwd) != 0)
		die("rerun: cannot go to its folder %s: %s", run->cwd, strerror(errno));
	child_run(self, argv, NULL, NULL);
	free(argv);
}

static struct run_result *read_result(const struct kept_run *run)
{
	struct run_result *r = malloc(sizeof(*r));
	char *log = run_log(run);

	if (!r)
		die("out of memory");
	run_result_read(r, log);
	free(log);
	return r;
}

/* Print how many arguments were not kept, and where the first of them was. */
static __attribute__((noreturn)) void die_of_withheld(const struct kept_run *run)
{
	size_t count = 0, first = 0;

	for (size_t i = 1; run->argv[i]; i++)
		if (strcmp(run->argv[i], "<withheld>") == 0 && count++ == 0)
			first = i;
	const char *before =
	    first > 1 && run->argv[first - 1][0] == '-' ? run->argv[first - 1] : "";
	die("rerun: %zu argument%s of the newest run looked like a secret and %s not kept%s%s; "
	    "give the "
	    "key by a variable, or repeat it yourself: orshim run -- %s ...",
	    count, count == 1 ? "" : "s", count == 1 ? "was" : "were",
	    *before ? ", the first behind " : "", before, run->argv[0]);
}

static struct kept_run *newest_or_die(size_t *count)
{
	struct kept_run *runs = runs_list(count);

	if (*count == 0)
		die("rerun: no run is kept yet; start with `orshim run -- TOOL`");
	if (runs[0].trouble)
		die("rerun: the newest run, %s, cannot be repeated: %s; start the tool again with "
		    "`orshim run -- TOOL`",
		    runs[0].folder, runs[0].trouble);
	if (runs[0].unsafe)
		die("rerun: the newest run, %s, is not repeated: another user may have written it; "
		    "start the tool again with `orshim run -- TOOL`",
		    runs[0].folder);
	if (runs[0].withheld)
		die_of_withheld(&runs[0]);
	return runs;
}

int cmd_rerun(const struct arguments *a)
{
	size_t count, now_count;
	struct buf out;

	(void)a;
	struct kept_run *runs = newest_or_die(&count);
	struct run_result *before = read_result(&runs[0]);
	run_again(&runs[0]);
	struct kept_run *now_runs = runs_list(&now_count);
	if (now_count == 0 || strcmp(now_runs[0].folder, runs[0].folder) == 0)
		die("rerun: the new run was not kept, so there is nothing to compare");
	struct run_result *now = read_result(&now_runs[0]);
	buf_init(&out, LIMIT_LINE);
	say(&out, "orshim: rerun: ");
	int status = compare(&before->report, &now->report, &out);
	say(&out, "\n");
	say_changes(before, now, &out);
	write_all(STDERR_FILENO, buf_slice(&out));
	buf_release(&out);
	run_result_release(before);
	run_result_release(now);
	free(before);
	free(now);
	runs_free(runs, count);
	runs_free(now_runs, now_count);
	return status;
}
