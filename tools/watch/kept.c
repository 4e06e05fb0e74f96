/* SPDX-License-Identifier: MIT */
#include "tools/watch/kept.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/report/report.h"
#include "tools/watch/lines.h"

static char *copy_of(struct slice s)
{
	char *copy = malloc(s.n + 1);

	if (!copy)
		die("out of memory");
	memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return copy;
}

static void release(struct kept_rows *k, struct kept *row)
{
	k->bytes -= row->n;
	free(row->line);
	for (int i = 0; i < KEPT_TEXTS; i++)
		free(row->texts[i]);
}

static void drop_oldest(struct kept_rows *k)
{
	release(k, &k->all[k->first]);
	k->first = (k->first + 1) % KEPT_MAX;
	k->count--;
}

static void take_texts(struct kept *kept, const struct log_row *row)
{
	const char *const texts[KEPT_TEXTS] = {
		[KEPT_HOST] = row->host,     [KEPT_MODEL] = row->model,
		[KEPT_TOKEN] = row->token,   [KEPT_CAUSE] = row->cause,
		[KEPT_CLIENT] = row->client, [KEPT_MESSAGE] = row->message,
	};
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	for (int i = 0; i < KEPT_TEXTS; i++) {
		buf_reset(&words);
		if (i == KEPT_WHAT)
			say(&words, "%s %s%s", row->method ? row->method : "?",
			    row->host ? row->host : "?", row->path ? row->path : "");
		else if (i == KEPT_TOOL)
			row_process_words(row, &words);
		else
			say(&words, "%s", texts[i] ? texts[i] : "");
		kept->texts[i] = copy_of(buf_slice(&words));
	}
	buf_reset(&words);
	say_clock(row, &words);
	snprintf(kept->clock, sizeof(kept->clock), "%.*s", SLICE_ARG(buf_slice(&words)));
	buf_release(&words);
}

static void add_exchange(struct kept_rows *k, const struct log_row *row, struct slice line)
{
	if (!k->all && !(k->all = calloc(KEPT_MAX, sizeof(*k->all))))
		die("out of memory");
	while (k->count == KEPT_MAX || (k->count && k->bytes + line.n > KEPT_BYTES_MAX))
		drop_oldest(k);
	struct kept *kept = &k->all[(k->first + k->count++) % KEPT_MAX];
	*kept = (struct kept){
		.id = ++k->last_id,
		.number = k->number,
		.line = copy_of(line),
		.n = line.n,
		.status = row->status,
		.ms = row->ms,
		.retry = row->retry.n,
		.failed = row_failed(row),
		.probe = row->probe,
	};
	k->bytes += line.n;
	take_texts(kept, row);
}

void kept_add(struct kept_rows *k, const struct log_row *row, struct slice line)
{
	if (row->kind == LOG_EXCHANGE) {
		add_exchange(k, row, line);
	} else if (row->kind == LOG_LAUNCH) {
		free(k->launch);
		k->launch = copy_of(line);
		k->launch_size = line.n;
	} else if (row->kind == LOG_PROCESS) {
		struct kept_process *p = &k->processes[k->process_count++ % KEPT_PROCESSES];
		free(p->line);
		*p = (struct kept_process){ row->pid, copy_of(line), line.n };
	}
}

void kept_release(struct kept_rows *k)
{
	while (k->count)
		drop_oldest(k);
	for (size_t i = 0; i < KEPT_PROCESSES; i++)
		free(k->processes[i].line);
	free(k->launch);
	free(k->all);
}

const struct kept *kept_at(const struct kept_rows *k, size_t i)
{
	return &k->all[(k->first + i) % KEPT_MAX];
}

/* Ids follow each other without a gap. */
const struct kept *kept_find(const struct kept_rows *k, uint64_t id)
{
	uint64_t oldest = k->last_id - k->count + 1;

	return id >= oldest && id <= k->last_id ? kept_at(k, (size_t)(id - oldest)) : NULL;
}

/* Append a line to the file FD, and its record to L. */
static void add_line(struct log *l, int fd, const char *line, size_t n)
{
	off_t at = lseek(fd, 0, SEEK_CUR);

	if (!write_all(fd, (struct slice){ line, n }) || !log_add_line(l, line, n))
		return;
	l->rows[l->count - 1].at = at;
	l->rows[l->count - 1].n = n;
}

/* The log that the report reads: the record, and those of its start and of the processes. */
static void make_log(const struct kept_rows *k, const struct kept *row, int fd, struct log *l)
{
	log_init(l);
	if (k->launch)
		add_line(l, fd, k->launch, k->launch_size);
	for (size_t i = 0; i < KEPT_PROCESSES; i++)
		if (k->processes[i].line)
			add_line(l, fd, k->processes[i].line, k->processes[i].n);
	add_line(l, fd, row->line, row->n);
	l->files = calloc(1, sizeof(*l->files));
	if (!l->files)
		die("out of memory");
	l->files[0].fd = fd; /* log_release() closes it */
	l->file_count = 1;
}

void kept_detail(const struct kept_rows *k, const struct kept *row, int width, struct buf *out)
{
	const struct text_style style = { .width = width };
	struct report *r = calloc(1, sizeof(*r));
	int fd = memfd_create("watched", MFD_CLOEXEC);
	struct log log;

	if (!r || fd < 0)
		die("out of memory");
	make_log(k, row, fd, &log);
	r->log = &log;
	struct log_row *last = &log.rows[log.count - 1];
	if (log.count && last->kind == LOG_EXCHANGE) {
		last->number = row->number;
		report_exchange(r, last, &style, out);
	}
	log_release(&log);
	free(r);
}
