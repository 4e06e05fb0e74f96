/* SPDX-License-Identifier: MIT */
/*
 * A kept run as others may have left it, and a command that is kept: what
 * `orshim runs` and `orshim rerun` read of it is what was written or is
 * refused, and neither the files nor what both commands print hold a key.
 *
 * The input: a byte (even: what follows is run.json; odd: it is a command whose
 * words end in NUL), then FE, the log before, FE, the log now.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "demands.h"
#include "tools/commands.h"
#include "tools/log/runs.h"
#include "tools/report/run_compare.h"

enum { WORDS_MAX = 32, OUT_MAX = 1 << 24 };

static char state[PATH_MAX / 2], run_folder[PATH_MAX], now_log[PATH_MAX];

static void remove_state(void)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "rm -rf '%s'", state);
	demand(system(command) == 0);
}

static void make_state(void)
{
	struct buf nothing;

	if (state[0])
		return;
	make_folder(state);
	atexit(remove_state);
	setenv("XDG_STATE_HOME", state, 1);
	char *runs = state_path("runs", true);
	demand(runs && mkdir(runs, 0700) == 0);
	snprintf(run_folder, sizeof(run_folder), "%s/20260101-000000-000-1", runs);
	snprintf(now_log, sizeof(now_log), "%s/now", state);
	demand(mkdir(run_folder, 0700) == 0);
	free(runs);
	buf_init(&nothing, OUT_MAX);
	take_stdout(&nothing);
}

static void write_to(const char *path, struct slice text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	demand(fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n);
	close(fd);
}

static void write_in_run(const char *name, struct slice text)
{
	char *path = path_join(run_folder, name);

	write_to(path, text);
	free(path);
}

/* No key is in the run.json that was written from ARGV. */
static void demand_kept_without_key(void)
{
	char *path = path_join(run_folder, "run.json");
	struct buf text;

	buf_init(&text, OUT_MAX);
	read_file(path, &text);
	demand_json(buf_slice(&text));
	demand_no_key("run.json", buf_slice(&text));
	buf_release(&text);
	free(path);
}

/* What was kept of ARGV is repeated word for word, or not at all. */
static void keep_and_read(char **argv)
{
	size_t count;

	run_ended(run_folder, argv, 1767225600000000, 1);
	demand_kept_without_key();
	struct kept_run *runs = runs_list(&count);
	demand(count == 1 && !runs[0].trouble && !runs[0].unsafe && runs[0].status == 1);
	for (size_t i = 0; argv[i] || runs[0].argv[i]; i++)
		demand(runs[0].withheld || runs[0].inexact || same_text(argv[i], runs[0].argv[i]));
	runs_free(runs, count);
}

static void keep_words(struct slice words)
{
	char *argv[WORDS_MAX + 2] = { strdup("tool") }; /* the first word is never withheld */
	struct slice word;
	size_t count = 1;

	while (count <= WORDS_MAX && slice_cut(&words, '\0', &word)) {
		argv[count] = strndup(word.p, word.n);
		demand(argv[count++] != NULL);
	}
	keep_and_read(argv);
	while (count)
		free(argv[--count]);
}

static void print_runs(bool json)
{
	const struct runs_options options = { .json = json };
	const struct arguments a = { .options = &options };
	struct buf out;

	buf_init(&out, OUT_MAX);
	demand(cmd_runs(&a) == EXIT_CLEAN);
	take_stdout(&out);
	demand_no_key("list of runs", buf_slice(&out));
	if (json)
		demand_json_lines(buf_slice(&out));
	else
		demand_printable(buf_slice(&out));
	buf_release(&out);
}

/* As the newest run: what can be read of it can be kept again. */
static void read_run(struct slice meta)
{
	size_t count;

	write_in_run("run.json", meta);
	struct kept_run *runs = runs_list(&count);
	demand(count == 1 && !runs[0].unsafe);
	demand(!runs[0].trouble == (runs[0].argv[0] != NULL));
	if (!runs[0].trouble)
		print_runs(true);
	if (!runs[0].trouble)
		print_runs(false);
	runs_free(runs, count);
}

static void compare(void)
{
	struct run_result *before = malloc(sizeof(*before)), *now = malloc(sizeof(*now));
	char *log = path_join(run_folder, "log");
	struct buf out;

	demand(before && now);
	buf_init(&out, LIMIT_LINE);
	run_result_read(before, log);
	run_result_read(now, now_log);
	int status = run_compare(before, now, &out);
	demand((status == EXIT_TROUBLE) == (now->report.exchanges == 0));
	demand_printable(buf_slice(&out));
	demand_no_key("comparison", buf_slice(&out));
	run_result_release(before);
	run_result_release(now);
	buf_release(&out);
	free(before);
	free(now);
	free(log);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct slice rest, meta = { "", 0 }, before = { "", 0 };
	struct buf text;

	if (n < 1)
		return 0;
	make_state();
	if (!planted(&text, bytes + 1, n - 1))
		return 0;
	rest = buf_slice(&text);
	slice_cut(&rest, '\xfe', &meta);
	slice_cut(&rest, '\xfe', &before);
	write_in_run("log", before);
	write_to(now_log, rest);
	if (bytes[0] % 2)
		keep_words(meta);
	else
		read_run(meta);
	compare();
	buf_release(&text);
	return 0;
}
