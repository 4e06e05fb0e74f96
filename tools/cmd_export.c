/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/export/block.h"
#include "tools/export/flat.h"
#include "tools/export/follow_logs.h"
#include "tools/export/line_reader.h"
#include "tools/export/otlp.h"
#include "tools/export/process_row.h"
#include "tools/log/log_read.h"
#include "tools/log/log_unpack.h"
#include "tools/report/run_report.h"
#include "tools/log/runs.h"

/* The files to read, in their order. */
struct inputs {
	char **names;
	size_t count;
};

static void add_input(struct inputs *in, const char *name)
{
	char **more = reallocarray(in->names, in->count + 1, sizeof(*more));
	char *copy = strdup(name);

	if (!more || !copy)
		die("out of memory");
	in->names = more;
	in->names[in->count++] = copy;
}

static bool is_input(const struct inputs *in, const char *name)
{
	for (size_t i = 0; i < in->count; i++)
		if (strcmp(in->names[i], name) == 0)
			return true;
	return false;
}

static void inputs_release(struct inputs *in)
{
	for (size_t i = 0; i < in->count; i++)
		free(in->names[i]);
	free(in->names);
	*in = (struct inputs){ 0 };
}

/* The same regular file by another name: its requests would be exported twice. */
static bool is_input_again(const struct inputs *in, const char *name)
{
	struct stat st, other;

	if (stat(name, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	for (size_t i = 0; i < in->count; i++)
		if (stat(in->names[i], &other) == 0 && other.st_dev == st.st_dev &&
		    other.st_ino == st.st_ino)
			return true;
	return false;
}

static void add_named(void *in, const char *name)
{
	if (!is_input_again(in, name))
		add_input(in, name);
}

/*
 * FILE.1 is the older part of FILE and is skipped if FILE is listed;
 * WITH_EARLIER: it is read first.
 */
static void put_in_order(struct inputs *in, bool with_earlier)
{
	struct inputs ordered = { 0 };

	for (size_t i = 0; i < in->count; i++) {
		const char *name = in->names[i];
		size_t n = strlen(name);
		char *newer =
		    n > 2 && strcmp(name + n - 2, ".1") == 0 ? strndup(name, n - 2) : NULL;
		bool comes = newer && is_input(in, newer);
		free(newer);
		if (comes)
			continue;
		bool asked = with_earlier && strcmp(name, "-") != 0;
		char *earlier = asked ? log_earlier(name) : NULL;
		if (earlier)
			add_input(&ordered, earlier);
		free(earlier);
		add_input(&ordered, name);
	}
	inputs_release(in);
	*in = ordered;
}

/* NULL: no exchanges but processes. */
static exchange_writer *form_of(const struct export_options *o)
{
	if (o->flat + o->processes + (o->otlp != 0) != 1)
		die("export: give one form: --flat, --processes, --otlp traces or --otlp logs");
	return o->processes ? NULL : o->flat ? put_flat : o->otlp == EXPORT_TRACES ? put_otlp_span : put_otlp_log;
}

/* Without an argument: the newest run that left a log. */
static void add_newest(struct inputs *in)
{
	unsigned without;
	char *path = runs_newest_log(false, &without);

	if (!path)
		die("export: no run is kept yet; name a log, or - for standard input");
	add_input(in, path);
	free(path);
}

static int open_input(const char *name)
{
	struct stat st;
	int fd = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0)
		die("export: cannot read %s: %s", name, strerror(errno));
	if (S_ISREG(st.st_mode))
		fd = log_unpacked(fd, name, INT64_MAX);
	if (S_ISDIR(st.st_mode))
		die("export: %s is a folder; name the log in it", name);
	return fd;
}

static bool export_file(struct block *b, const char *name)
{
	struct line_reader lines;
	enum line_reader_end end;

	line_reader_init(&lines, open_input(name), 0);
	do
		end = line_reader_read(&lines, block_line, b);
	while (end == LINE_READER_STOPPED && !b->gone);
	if (end == LINE_READER_TROUBLE)
		die("export: cannot read %s: %s", name, strerror(errno));
	line_reader_last(&lines, block_line, b);
	line_reader_release(&lines);
	if (lines.fd != STDIN_FILENO)
		close(lines.fd);
	return block_flush(b);
}

static int end_of(const struct block *b)
{
	if (b->gone)
		die("export: cannot write to stdout: %s", strerror(b->error));
	if (b->bad)
		warn("export: %zu lines were not records of orshim", b->bad);
	return b->exchanges ? EXIT_CLEAN : EXIT_NOTHING;
}

int cmd_export(const struct arguments *a)
{
	const struct export_options *o = a->options;
	struct inputs in = { 0 };
	struct block b;

	if (o->columns) {
		struct buf out;
		buf_init(&out, DOCUMENT_MAX);
		(o->processes ? put_process_columns : put_columns)(&out);
		print_out(&out);
		buf_release(&out);
		return EXIT_CLEAN;
	}
	exchange_writer *form = form_of(o);
	if (o->state && !o->follow)
		die("export: --state goes with --follow");
	for (int i = 0; i < a->count; i++)
		log_each_file(a->words[i], add_named, &in);
	if (in.count == 0)
		add_newest(&in);
	put_in_order(&in, !o->follow);
	struct log_filter *filter = log_filter_read(&o->filter, "export", run_clock());
	if (filter->given && o->processes)
		die("export: the filter is one of requests; --processes has none");
	block_init(&b, form);
	b.filter = filter->given ? filter : NULL;
	if (o->follow)
		follow_logs(&b, in.names, in.count, o->state);
	for (size_t i = 0; !o->follow && i < in.count && export_file(&b, in.names[i]); i++)
		;
	int status = end_of(&b);
	if (o->follow)
		status = EXIT_CLEAN;
	block_release(&b);
	free(filter);
	inputs_release(&in);
	return status;
}
