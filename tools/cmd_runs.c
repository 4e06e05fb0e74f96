/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "report/json_out.h"
#include "tools/commands.h"
#include "tools/log/runs.h"
#include "tools/report/run_report.h"

enum { WORDS_SHOWN = 60, COMMAND_MAX = 4096 };

/* At most MAX bytes; "..." where it is cut. */
static void say_command(const struct kept_run *run, size_t max, struct buf *out)
{
	struct buf words;
	size_t i;

	buf_init(&words, max);
	for (i = 0; run->argv[i] && words.n < max; i++) {
		if (i)
			buf_add_some(&words, " ", 1);
		mask_text(&words, slice_of(run->argv[i]), max - words.n);
	}
	say(out, "%.*s%s", SLICE_ARG(buf_slice(&words)), words.n == max ? "..." : "");
	buf_release(&words);
}

static void say_run(const struct kept_run *run, struct buf *out)
{
	struct run_result *result = malloc(sizeof(*result));
	char *log = run_log(run);
	char ts[TIMESTAMP_SIZE];

	if (!result)
		die("out of memory");
	run_result_read(result, log);
	record_timestamp(run->start_us, ts);
	say(out, "%.19sZ  ", ts);
	if (run->status < 0)
		say(out, "exit ?    ");
	else
		say(out, "exit %-3d  ", run->status);
	say_command(run, WORDS_SHOWN, out);
	say(out, "\n    ");
	report_verdict(&result->report, out);
	say(out, "\n    %s\n", log ? log : "no log");
	run_result_release(result);
	free(result);
	free(log);
}

static void put_run(const struct kept_run *run, struct json_out *j)
{
	struct run_result *result = malloc(sizeof(*result));
	char *log = run_log(run);
	char ts[TIMESTAMP_SIZE];
	struct buf words;

	if (!result)
		die("out of memory");
	buf_init(&words, LIMIT_LINE);
	run_result_read(result, log);
	record_timestamp(run->start_us, ts);
	json_object(j, NULL);
	json_text(j, "ts", ts);
	json_text(j, "log", log);
	json_text(j, "cwd", run->cwd);
	say_command(run, COMMAND_MAX, &words);
	json_slice(j, "command", buf_slice(&words));
	if (run->status < 0)
		json_null(j, "status");
	else
		json_number(j, "status", run->status);
	json_number(j, "exchanges", (int64_t)result->report.exchanges);
	json_number(j, "refused", (int64_t)result->report.refused);
	buf_reset(&words);
	report_verdict(&result->report, &words);
	json_slice(j, "verdict", buf_slice(&words));
	json_object_end(j);
	run_result_release(result);
	buf_release(&words);
	free(result);
	free(log);
}

int cmd_runs(const struct arguments *a)
{
	const struct runs_options *o = a->options;
	struct kept_run *runs;
	struct json_out j;
	struct buf out;
	size_t count;

	runs = runs_list(&count);
	buf_init(&out, REPORT_MAX);
	for (size_t i = 0; i < count; i++) {
		if (runs[i].trouble) {
			warn("runs: %s is left out: %s", runs[i].folder, runs[i].trouble);
			continue;
		}
		json_out_init(&j, &out);
		if (o->json)
			put_run(&runs[i], &j);
		else
			say_run(&runs[i], &out);
		say(&out, "%s", o->json ? "\n" : "");
	}
	if (count == 0 && !o->json)
		say(&out, "no run is kept yet; start with `orshim run -- TOOL`\n");
	print_out(&out);
	buf_release(&out);
	runs_free(runs, count);
	return EXIT_CLEAN;
}
