/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/fleet/rollup_report.h"
#include "tools/log/log_source.h"
#include "tools/log/runs.h"
#include "tools/report/report.h"

enum form { FORM_TEXT, FORM_JSON, FORM_MARKDOWN };

struct report_options {
	enum form form;
	const char *html;
	const char *har;
	const char *rollup;
	unsigned exchange; /* of the only log; 0: all */
};

/* Reads the options; the logs end up from argv[1] on. Returns how many there are. */
static int read_options(struct report_options *o, int argc, char **argv)
{
	const char *value;
	int logs = 0;

	for (int i = 1; i < argc; i++) {
		if ((value = option_value(argc, argv, &i, "--html")))
			o->html = value;
		else if ((value = option_value(argc, argv, &i, "--har")))
			o->har = value;
		else if ((value = option_value(argc, argv, &i, "--rollup")))
			o->rollup = value;
		else if (strcmp(argv[i], "--json") == 0)
			o->form = FORM_JSON;
		else if (strcmp(argv[i], "--markdown") == 0)
			o->form = FORM_MARKDOWN;
		else if (argv[i][0] == '-' && argv[i][1])
			die_of_option("report", argv[i]);
		else
			argv[1 + logs++] = argv[i];
	}
	return logs;
}

/* A file that is there already and no symlink is replaced, whatever its mode was. */
static void write_file(const char *path, const struct buf *text)
{
	if (strcmp(path, "-") == 0) {
		if (!write_all(STDOUT_FILENO, buf_slice(text)))
			die("report: cannot write to stdout: %s", strerror(errno));
		return;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || !write_all(fd, buf_slice(text)) || close(fd) != 0)
		die("report: cannot write to %s: %s", path, strerror(errno));
}

static void write_files(const struct report *r, const struct report_options *o)
{
	struct buf out;

	buf_init(&out, REPORT_MAX);
	if (o->html) {
		report_html(r, &out);
		write_file(o->html, &out);
		buf_reset(&out);
	}
	if (o->har) {
		report_har(r, &out);
		write_file(o->har, &out);
	}
	buf_release(&out);
}

static void print_report(const struct report *r, const struct report_options *o)
{
	struct text_style style;
	struct buf out;

	buf_init(&out, REPORT_MAX);
	style_of(STDOUT_FILENO, &style);
	if (o->exchange) {
		const struct log_row *row = log_exchange(r->log, 0, o->exchange);
		if (!row)
			die("report: %s has no exchange %u; it has %u", r->log->files[0].path,
			    o->exchange, r->log->files[0].exchanges);
		report_exchange(r, row, &style, &out);
	} else if (o->form == FORM_JSON) {
		report_json(r, &out);
	} else if (o->form == FORM_MARKDOWN) {
		report_markdown(r, &out);
	} else if (!o->html && !o->har) {
		report_text(r, &style, &out);
	} else if ((!o->html || strcmp(o->html, "-") != 0) &&
		   (!o->har || strcmp(o->har, "-") != 0)) {
		say(&out, "orshim: ");
		report_verdict(r, &out);
		say(&out, "\n");
	}
	print_out(&out);
	buf_release(&out);
}

/* Some lines may be damaged; when none is a record, it was another file that was meant. */
static void check_records(const struct log *l)
{
	for (int f = 0; f < LOG_FAULT_COUNT && l->count == 0; f++)
		if (l->faults[f].count)
			die("report: no line of %s is a record of orshim: line %zu %s",
			    l->files[l->faults[f].file].path, l->faults[f].line,
			    log_fault_words((enum log_fault)f));
}

/* What was set aside of the log NAME belongs to it, unless it is among the NAMES as well. */
static void add_earlier(struct log *l, const char *name, char *const *names, int count)
{
	char *earlier = log_earlier(name);

	for (int i = 0; i < count && earlier; i++)
		if (strcmp(names[i], earlier) == 0) {
			free(earlier);
			earlier = NULL;
		}
	if (earlier)
		log_add(l, earlier);
	free(earlier);
}

static void add_newest(struct log *l)
{
	unsigned without;
	char *path = runs_newest_log(&without);

	if (path)
		add_earlier(l, path, NULL, 0);
	free(path);
	source_add(l, "", "report");
}

int cmd_report(int argc, char **argv)
{
	struct report_options o = { 0 };
	struct report *r = malloc(sizeof(*r));
	struct log log;

	if (!r)
		die("out of memory");
	int logs = read_options(&o, argc, argv);
	if (o.rollup) {
		free(r);
		if (logs || o.html || o.har || o.form == FORM_MARKDOWN)
			die("report: --rollup reads counts, no logs; with it goes --json only");
		return rollup_report(o.rollup, o.form == FORM_JSON);
	}
	log_init(&log);
	for (int i = 1; i <= logs; i++) {
		add_earlier(&log, argv[i], argv + 1, logs);
		unsigned n = source_add(&log, argv[i], "report");
		if (n && logs > 1)
			die("report: %s is one exchange; name it alone", argv[i]);
		o.exchange = n;
	}
	if (logs == 0)
		add_newest(&log);
	check_records(&log);
	log_sort(&log);
	report_make(r, &log);
	write_files(r, &o);
	print_report(r, &o);
	int status = report_status(r);
	report_release(r);
	log_release(&log);
	free(r);
	return status;
}
