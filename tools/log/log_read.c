/* SPDX-License-Identifier: MIT */
#include "tools/log/log_read.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/log/log_row.h"
#include "tools/log/log_stream.h"
#include "tools/log/log_strings.h"
#include "tools/log/log_unpack.h"
#include "tools/log/processes.h"

enum { PIECE = 1 << 18, FOLDERS_MAX = 8, LOG_TEXT_MAX = 24 << 20 };

const char *log_fault_words(enum log_fault f)
{
	static const char *const words[] = {
		[LOG_NOT_JSON] = "is not JSON",
		[LOG_NOT_RECORD] = "is not a record of orshim",
		[LOG_TOO_LONG] = "is longer than 1 MiB",
		[LOG_CUT] = "is cut off at the end of the file",
		[LOG_NEWER] = "was written by a newer orshim (upgrade this one)",
	};
	return words[f];
}

void log_init(struct log *l)
{
	*l = (struct log){ 0 };
	l->strings = log_strings_new();
	l->processes = processes_new();
}

void log_release(struct log *l)
{
	for (size_t i = 0; i < l->file_count; i++) {
		if (l->files[i].fd >= 0)
			close(l->files[i].fd);
		free(l->files[i].path);
	}
	free(l->files);
	free(l->rows);
	free(l->findings);
	free(l->libraries);
	free(l->origins);
	processes_free(l->processes);
	log_strings_free(l->strings);
	*l = (struct log){ 0 };
}

static void count_fault(struct log *l, enum log_fault f, unsigned file, size_t line)
{
	struct log_fault_count *c = &l->faults[f];

	if (c->count++)
		return;
	c->file = file;
	c->line = line;
}

void log_take_too_long(struct log *l, unsigned file)
{
	count_fault(l, LOG_TOO_LONG, file, ++l->files[file].lines);
}

/* An exchange has the keys in reach that the last launch before it names. */
static void follow_launch(struct log_file *file, struct log_row *row)
{
	if (row->kind == LOG_LAUNCH) {
		file->launched = true;
		file->launch_at = row->at;
		file->launch_n = row->n;
		file->command = row->command;
		file->system = row->system;
		file->origins = row->origins;
		file->origin_count = row->origin_count;
	} else if (row->kind == LOG_EXCHANGE) {
		row->launched = file->launched;
		row->command = file->command;
		row->system = file->system;
		row->origins = file->origins;
		row->origin_count = file->origin_count;
	}
}

bool log_take_line(struct log *l, unsigned at_file, const char *line, size_t n, int64_t at,
		   bool last)
{
	bool named = at_file < l->file_count;
	struct log_file *file = named ? &l->files[at_file] : &l->unnamed;
	size_t number = named ? ++file->lines : 1;
	enum log_fault fault;

	while (n && (line[n - 1] == '\r' || line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;
	if (n == 0)
		return false;
	struct log_row *row = log_row_parse(l, line, n, &fault);
	if (!row) {
		if (fault == LOG_NOT_JSON && last)
			fault = LOG_CUT;
		count_fault(l, fault, at_file, number);
		return false;
	}
	row->file = at_file;
	row->line = number;
	row->at = at;
	row->n = n;
	if (row->kind == LOG_EXCHANGE && named)
		row->number = ++file->exchanges;
	follow_launch(file, row);
	return true;
}

bool log_is_full(const struct log *l)
{
	return l->rows_max &&
	       (l->count >= l->rows_max || log_strings_bytes(l->strings) > LOG_TEXT_MAX);
}

bool log_add_line(struct log *l, const char *line, size_t n)
{
	return log_take_line(l, 0, line, n, -1, false);
}

/* A line assembled from chunks of the file. */
struct line {
	char *bytes;
	size_t n;
	int64_t at;
	bool too_long;
};

static void line_add(struct line *line, const char *bytes, size_t n)
{
	if (n > LOG_LINE_MAX - line->n) {
		line->too_long = true;
		n = LOG_LINE_MAX - line->n;
	}
	memcpy(line->bytes + line->n, bytes, n);
	line->n += n;
}

static void line_end(struct log *l, struct line *line, bool last)
{
	unsigned file = (unsigned)l->file_count - 1;

	if (line->too_long)
		log_take_too_long(l, file);
	else if (log_is_full(l))
		l->overfull = true;
	else
		log_take_line(l, file, line->bytes, line->n, line->at, last);
	line->n = 0;
	line->too_long = false;
}

/* Are there more than MOST lines from AT on? PIECE has room for so many bytes. */
static bool has_more_lines(const struct log_file *file, int64_t at, size_t most, char *piece)
{
	size_t lines = 0;
	ssize_t n;

	while (lines <= most && (n = pread(file->fd, piece, PIECE, at)) > 0) {
		const char *end = piece + n;
		for (const char *p = piece; (p = memchr(p, '\n', (size_t)(end - p))); p++)
			lines++;
		at += n;
	}
	return lines > most;
}

static void read_lines(struct log *l, struct log_file *file, int64_t at)
{
	struct line line = { .bytes = malloc(LOG_LINE_MAX), .at = at };
	char *piece = malloc(PIECE);
	bool begun = false;
	ssize_t n;

	if (!line.bytes || !piece)
		die("out of memory");
	while (!l->overfull && (n = pread(file->fd, piece, PIECE, at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die("cannot read %s: %s", file->path, strerror(errno));
		for (ssize_t from = 0; from < n;) {
			char *end = memchr(piece + from, '\n', (size_t)(n - from));
			ssize_t upto = end ? end - piece : n;
			line_add(&line, piece + from, (size_t)(upto - from));
			from = upto;
			if (!end)
				break;
			line_end(l, &line, false);
			line.at = at + ++from;
		}
		at += n;
		/* Rows that will not be kept need not be read. That they are rows, the first tell. */
		if (!begun && l->rows_max && l->count && !l->overfull)
			l->overfull = has_more_lines(file, at, l->rows_max - l->count, piece);
		begun = true;
	}
	if (!l->overfull && (line.n || line.too_long))
		line_end(l, &line, true);
	free(line.bytes);
	free(piece);
}

/* Was this file named before? Its requests would count twice. */
static bool is_read(const struct log *l, const struct stat *st)
{
	for (size_t i = 0; i < l->file_count; i++)
		if (S_ISREG(st->st_mode) && l->files[i].device == st->st_dev &&
		    l->files[i].inode == st->st_ino)
			return true;
	return false;
}

/* /dev/zero has no end. A terminal has one, and /dev/null is an empty log. */
static bool is_other_device(int fd, const struct stat *st)
{
	return S_ISBLK(st->st_mode) ||
	       (S_ISCHR(st->st_mode) && !isatty(fd) && st->st_rdev != makedev(1, 3));
}

void log_add_from(struct log *l, const char *path, int64_t start)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		die("cannot read %s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		die("cannot read %s: it is a folder; name the log in it", path);
	if (is_other_device(fd, &st))
		die("cannot read %s: it is a device, not a log", path);
	if (is_read(l, &st)) {
		close(fd);
		return;
	}
	if (!S_ISREG(st.st_mode) || fd == STDIN_FILENO)
		fd = log_spooled(fd, path, INT64_MAX);
	fd = log_unpacked(fd, path, INT64_MAX);
	l->files = log_grow(l->files, l->file_count, sizeof(*l->files));
	char *name = strdup(path);
	if (!name)
		die("out of memory");
	l->files[l->file_count++] =
	    (struct log_file){ .path = name, .fd = fd, .device = st.st_dev, .inode = st.st_ino };
	read_lines(l, &l->files[l->file_count - 1], start);
}

char *log_earlier(const char *path)
{
	static const char begin[] = "{\"v\":1,\"record\":\"";
	char got[sizeof(begin) - 1];
	char *earlier;

	if (asprintf(&earlier, "%s.1", path) < 0)
		die("out of memory");
	int fd = open(earlier, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is_log = fd >= 0 && read(fd, got, sizeof(got)) == (ssize_t)sizeof(got) &&
		      memcmp(got, begin, sizeof(got)) == 0;
	if (fd >= 0)
		close(fd);
	if (is_log)
		return earlier;
	free(earlier);
	return NULL;
}

/* PATH as a glob pattern: each %p, the process id in ORSHIM_LOG, matches anything. */
static char *pattern_of(const char *path)
{
	char *pattern = strdup(path);
	char *at;

	if (!pattern)
		die("out of memory");
	while ((at = strstr(pattern, "%p"))) {
		*at = '*';
		memmove(at + 1, at + 2, strlen(at + 2) + 1);
	}
	return pattern;
}

/* Is NAME a log: "log" as in a kept run, or by its extension; rotated or compressed, too? */
static bool is_log_name(const char *name)
{
	static const char *const ends[] = { ".log", ".jsonl", ".ndjson" };
	struct slice s = slice_of(name);

	if (slice_ends(s, SLICE(".gz")))
		s.n -= 3;
	else if (slice_ends(s, SLICE(".zst")))
		s.n -= 4;
	while (s.n && s.p[s.n - 1] >= '0' && s.p[s.n - 1] <= '9')
		s.n--;
	s.n -= s.n && s.p[s.n - 1] == '.';
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (slice_ends(s, slice_of(ends[i])))
			return true;
	return slice_equal(s, SLICE("log"));
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Add all logs in the folder PATH and below; false: PATH is not a folder. Dies if it has none. */
static bool each_in_folder(const char *path, void (*take)(void *context, const char *path),
			   void *context)
{
	char *paths[] = { (char *)path, NULL };
	struct stat st;
	size_t count = 0;
	FTSENT *entry;

	if (strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return false;
	FTS *tree = fts_open(paths, FTS_COMFOLLOW | FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	if (!tree)
		die("cannot read %s: %s", path, strerror(errno));
	while ((entry = fts_read(tree))) {
		if (entry->fts_info == FTS_D && entry->fts_level > FOLDERS_MAX)
			fts_set(tree, entry, FTS_SKIP);
		if (entry->fts_info != FTS_F || !is_log_name(entry->fts_name))
			continue;
		take(context, entry->fts_path);
		count++;
	}
	fts_close(tree);
	if (!count)
		die("cannot read %s: no log is in this folder (*.log, *.jsonl, *.ndjson, packed or not)",
		    path);
	return true;
}

void log_each_file(const char *path, void (*take)(void *context, const char *path), void *context)
{
	glob_t found = { 0 };

	if (each_in_folder(path, take, context))
		return;
	if (strcmp(path, "-") == 0 || access(path, F_OK) == 0 ||
	    (!strpbrk(path, "*?[") && !strstr(path, "%p"))) {
		take(context, path);
		return;
	}
	char *pattern = pattern_of(path);
	if (glob(pattern, 0, NULL, &found) != 0)
		die("cannot read %s: no file fits", path);
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (!each_in_folder(found.gl_pathv[i], take, context))
			take(context, found.gl_pathv[i]);
	globfree(&found);
	free(pattern);
}

static void add_whole(void *log, const char *path)
{
	log_add_from(log, path, 0);
}

void log_add(struct log *l, const char *path)
{
	log_each_file(path, add_whole, l);
}

static int by_time(const void *a, const void *b)
{
	const struct log_row *x = a, *y = b;

	if (x->time_us != y->time_us)
		return x->time_us < y->time_us ? -1 : 1;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

void log_sort(struct log *l)
{
	if (l->count)
		qsort(l->rows, l->count, sizeof(*l->rows), by_time);
}

cJSON *log_record(const struct log *l, const struct log_row *row)
{
	char *bytes;

	if (row->at < 0 || row->file >= l->file_count)
		return NULL;
	bytes = malloc(row->n);
	if (!bytes)
		return NULL;
	ssize_t n = pread(l->files[row->file].fd, bytes, row->n, row->at);
	cJSON *record = n == (ssize_t)row->n ? cJSON_ParseWithLength(bytes, row->n) : NULL;
	free(bytes);
	return record;
}

const struct log_row *log_exchange(const struct log *l, unsigned file, unsigned n)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->rows[i].kind == LOG_EXCHANGE && l->rows[i].file == file &&
		    l->rows[i].number == n)
			return &l->rows[i];
	return NULL;
}

const char *log_name(struct log *l, const struct log_row *row)
{
	char name[256];

	if (l->file_count > 1)
		snprintf(name, sizeof(name), "%.200s:%u", l->files[row->file].path, row->number);
	else
		snprintf(name, sizeof(name), "%u", row->number);
	return log_keep(l, name, sizeof(name));
}

bool row_is_public(const struct log_row *row)
{
	struct slice path = slice_of(row->path);

	return same_text(row->method, "GET") && same_text(row->vendor, "openrouter") &&
	       (slice_ends(path, SLICE("/models")) || slice_ends(path, SLICE("/providers")) ||
		slice_ends(path, SLICE("/endpoints")));
}
