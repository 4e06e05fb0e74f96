/* SPDX-License-Identifier: MIT */
#include "tools/log/log_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/log/log_row.h"
#include "tools/log/log_strings.h"
#include "tools/log/processes.h"

enum {
	WINDOW_ROWS = 4096,
	WINDOW_TEXT = 8 << 20,
	WINDOW_ORIGINS = 1 << 16,
	READ_MIN = 4096, /* bytes read at once of each file: less if there are many */
	READ_MAX = 1 << 18,
	READ_ALL = 16 << 20,
	HEAD = 256, /* of a line, in which its time is */
};

/* A file, and the part of it that was read. */
struct reader {
	int fd;
	char *bytes;
	size_t at, n;    /* of BYTES; AT: where the next line begins */
	int64_t offset;  /* of BYTES in the file */
	int64_t time_us; /* of the next line; as the line before if it has none */
	bool ended;
};

struct stream {
	struct log window;
	unsigned kinds;
	struct reader *readers;
	size_t room; /* of each reader */
	char *line;  /* one that does not fit into that */
	log_taker *take;
	void *context;
};

/* Read on, behind what is left of the last part; false: at the end of the file. */
static bool read_on(struct stream *s, struct reader *r, const char *path)
{
	ssize_t n;

	memmove(r->bytes, r->bytes + r->at, r->n - r->at);
	r->offset += (int64_t)r->at;
	r->n -= r->at;
	r->at = 0;
	do
		n = pread(r->fd, r->bytes + r->n, s->room - r->n, r->offset + (int64_t)r->n);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		die("cannot read %s: %s", path, strerror(errno));
	r->n += (size_t)n;
	return n > 0;
}

/* Look at the time of the next line. */
static void look_ahead(struct stream *s, unsigned file)
{
	static const char name[] = "\"ts\":";
	struct reader *r = &s->readers[file];

	if (r->n - r->at < HEAD && !r->ended)
		read_on(s, r, s->window.files[file].path);
	r->ended = r->at == r->n;
	if (s->window.file_count == 1)
		return;
	size_t n = r->n - r->at < HEAD ? r->n - r->at : HEAD;
	const char *head = r->bytes + r->at;
	const char *end = memchr(head, '\n', n);
	char ts[32] = "";
	n = end ? (size_t)(end - head) : n;
	const char *at = memmem(head, n, name, sizeof(name) - 1);
	if (!at)
		return;
	for (at += sizeof(name) - 1; at < head + n && (*at == ' ' || *at == '"'); at++)
		;
	size_t left = (size_t)(head + n - at);
	memcpy(ts, at, left < sizeof(ts) - 1 ? left : sizeof(ts) - 1);
	int64_t time_us = log_time(ts);
	if (time_us >= 0)
		r->time_us = time_us;
}

/* Could the line be a record that is wanted? All of our own say so in these words. */
static bool is_wanted(const struct stream *s, const char *line, size_t n)
{
	static const char *const names[] = { [LOG_PROCESS] = "\"process\"",
					     [LOG_EXCHANGE] = "\"exchange\"",
					     [LOG_CONNECTION] = "\"connection\"",
					     [LOG_LAUNCH] = "\"launch\"" };

	/* Exchanges are counted, and have the names that process and launch records give. */
	if (s->kinds & LOG_KIND(LOG_EXCHANGE))
		return true;
	for (int kind = 0; kind <= LOG_LAUNCH; kind++)
		if (s->kinds & LOG_KIND(kind) && memmem(line, n, names[kind], strlen(names[kind])))
			return true;
	return false;
}

static void take_line(struct stream *s, unsigned file, const char *line, size_t n, int64_t at,
		      bool last)
{
	if (n > LOG_LINE_MAX)
		log_take_too_long(&s->window, file);
	else if (is_wanted(s, line, n))
		log_take_line(&s->window, file, line, n, at, last);
}

/* The next line of FILE is longer than what is read at once; nothing is in front of it. */
static void take_long_line(struct stream *s, unsigned file)
{
	struct reader *r = &s->readers[file];
	int64_t at = r->offset;
	size_t n = 0;
	char *end;

	do {
		end = memchr(r->bytes, '\n', r->n);
		size_t part = end ? (size_t)(end - r->bytes) : r->n;
		if (n <= LOG_LINE_MAX)
			memcpy(s->line + n, r->bytes,
			       part < LOG_LINE_MAX + 1 - n ? part : LOG_LINE_MAX + 1 - n);
		n += part;
		r->at = part + (end != NULL);
	} while (!end && read_on(s, r, s->window.files[file].path));
	take_line(s, file, s->line, n, at, !end);
}

static void next_line(struct stream *s, unsigned file)
{
	struct reader *r = &s->readers[file];
	char *end = memchr(r->bytes + r->at, '\n', r->n - r->at);

	while (!end && (r->at || r->n < s->room) && read_on(s, r, s->window.files[file].path))
		end = memchr(r->bytes, '\n', r->n);
	if (!end && r->n - r->at == s->room) {
		take_long_line(s, file);
	} else if (r->n > r->at) {
		const char *line = r->bytes + r->at;
		size_t n = end ? (size_t)(end - line) : r->n - r->at;
		int64_t at = r->offset + (int64_t)r->at;
		r->at += n + (end != NULL);
		take_line(s, file, line, n, at, !end);
	}
	look_ahead(s, file);
}

/* The origins of the launches that still count, once more. */
static void keep_launches(struct log *window)
{
	window->origin_count = 0;
	for (size_t i = 0; i < window->file_count; i++) {
		struct log_file *file = &window->files[i];
		if (!file->launched)
			continue;
		struct log_row row = { .file = (unsigned)i,
				       .at = file->launch_at,
				       .n = file->launch_n };
		cJSON *record = log_record(window, &row);
		log_take_launch(window, &row, record);
		file->command = row.command;
		file->system = row.system;
		file->origins = row.origins;
		file->origin_count = row.origin_count;
		cJSON_Delete(record);
	}
}

static void end_window(struct stream *s)
{
	struct log *w = &s->window;

	log_sort(w);
	for (size_t i = 0; i < w->count; i++)
		if (s->kinds & LOG_KIND(w->rows[i].kind))
			s->take(s->context, w, &w->rows[i]);
	w->count = w->finding_count = w->library_count = 0;
	if (log_strings_bytes(w->strings) < WINDOW_TEXT && w->origin_count < WINDOW_ORIGINS)
		return;
	log_strings_free(w->strings);
	w->strings = log_strings_new();
	keep_launches(w);
}

static void begin(struct stream *s, const struct log *l)
{
	struct log *w = &s->window;

	log_init(w);
	w->file_count = l->file_count;
	w->files = calloc(l->file_count + 1, sizeof(*w->files));
	s->readers = calloc(l->file_count + 1, sizeof(*s->readers));
	s->line = malloc(LOG_LINE_MAX + 1);
	s->room = READ_ALL / (l->file_count + 1);
	s->room = s->room < READ_MIN ? READ_MIN : s->room > READ_MAX ? READ_MAX : s->room;
	if (!w->files || !s->readers || !s->line)
		die("out of memory");
	for (size_t i = 0; i < l->file_count; i++) {
		w->files[i] = (struct log_file){ .path = l->files[i].path, .fd = l->files[i].fd };
		s->readers[i] = (struct reader){ .fd = l->files[i].fd, .bytes = malloc(s->room) };
		if (!s->readers[i].bytes)
			die("out of memory");
		look_ahead(s, (unsigned)i);
	}
}

/* L has the counts; the files stay its own. */
static void end(struct stream *s, struct log *l)
{
	struct log *w = &s->window;

	for (size_t i = 0; i < w->file_count; i++) {
		free(s->readers[i].bytes);
		if (s->kinds == LOG_KINDS) {
			l->files[i].lines = w->files[i].lines;
			l->files[i].exchanges = w->files[i].exchanges;
		}
	}
	if (s->kinds == LOG_KINDS)
		memcpy(l->faults, w->faults, sizeof(l->faults));
	w->file_count = 0;
	log_release(w);
	free(s->readers);
	free(s->line);
}

void log_stream(struct log *l, unsigned kinds, log_taker *take, void *context)
{
	struct stream s = { .kinds = kinds, .take = take, .context = context };

	begin(&s, l);
	for (;;) {
		size_t first = l->file_count;
		for (size_t i = 0; i < l->file_count; i++)
			if (!s.readers[i].ended &&
			    (first == l->file_count ||
			     s.readers[i].time_us < s.readers[first].time_us))
				first = i;
		if (first == l->file_count)
			break;
		next_line(&s, (unsigned)first);
		if (s.window.count >= WINDOW_ROWS ||
		    log_strings_bytes(s.window.strings) > 2 * WINDOW_TEXT)
			end_window(&s);
	}
	end_window(&s);
	end(&s, l);
}
