/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/log/runs.h"
#include "tools/report/run_compare.h"
#include "tools/run/child.h"

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
	if (runs[0].inexact)
		die("rerun: the newest run, %s, cannot be repeated: an argument or its folder is "
		    "not UTF-8, which run.json cannot keep; start the tool again with "
		    "`orshim run -- TOOL`",
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
	int status = run_compare(before, now, &out);
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
