/* SPDX-License-Identifier: MIT */
/*
 * Polls the logs some forty times a second while they are quiet, and without a
 * pause while they grow. inotify misses changes on network and container file
 * systems, and a log with a low limit may be rotated twice within moments.
 */
#include "tools/export/follow_logs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/export/line_reader.h"
#include "tools/export/state.h"
#include "tools/log/log_read.h"

enum {
	LOOK_MS = 25,
	PARTS = 4,        /* open files of one log: the current one and the rotated ones */
	QUIET_LOOKS = 400, /* after so many without a line, a deleted part is closed: a process
			     that still had it open looks at the name five times a second */
};

/* A file that has or had the log's name. */
struct part {
	struct line_reader lines;
	dev_t device;
	ino_t inode;
	unsigned quiet; /* polls since it grew */
};

struct followed {
	const char *path;
	struct part parts[PARTS]; /* oldest first */
	size_t count;
};

struct follower {
	struct block *block;
	struct followed *logs;
	size_t count;
	const char *state; /* NULL: no state is saved */
	struct state before;
};

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static void save_state(void *follower)
{
	const struct follower *f = follower;
	struct state now = { .parts = calloc(f->count * PARTS, sizeof(*now.parts)) };

	if (!now.parts)
		die("out of memory");
	for (size_t i = 0; i < f->count; i++)
		for (size_t p = 0; p < f->logs[i].count; p++) {
			const struct part *part = &f->logs[i].parts[p];
			struct state_part *to = &now.parts[now.count];
			*to = (struct state_part){ .path = f->logs[i].path,
						   .inode = part->inode,
						   .offset = part->lines.at };
			now.count += state_head(part->lines.fd, to->offset, to->head);
		}
	state_write(&now, f->state);
	free(now.parts);
}

/* Reads the lines, up to the byte END, that were exported before. */
struct learning {
	struct block *block;
	struct line_reader lines;
	int64_t end;
};

static bool learn_line(void *learning, struct slice line, bool too_long)
{
	struct learning *l = learning;

	if (l->lines.at > l->end)
		return false;
	if (!too_long)
		block_learn(l->block, line);
	return l->lines.at < l->end;
}

/* The offset at which the last run ended in the file FD of the log PATH: 0 if it is a new file. */
static int64_t begin_at(const struct follower *f, const char *path, int fd, const struct stat *st)
{
	char head[STATE_HASH];

	for (size_t i = 0; i < f->before.count; i++) {
		const struct state_part *s = &f->before.parts[i];
		if (s->inode != st->st_ino || strcmp(s->path, path) != 0 ||
		    s->offset > st->st_size || !state_head(fd, s->offset, head) ||
		    strcmp(head, s->head) != 0)
			continue;
		struct learning l = { .block = f->block, .end = s->offset };
		line_reader_init(&l.lines, fd, 0);
		if (s->offset)
			line_reader_read(&l.lines, learn_line, &l);
		line_reader_release(&l.lines);
		return lseek(fd, s->offset, SEEK_SET);
	}
	return 0;
}

static bool is_part(const struct followed *log, const struct stat *st)
{
	for (size_t p = 0; p < log->count; p++)
		if (log->parts[p].inode == st->st_ino && log->parts[p].device == st->st_dev)
			return true;
	return false;
}

static void drop_part(struct followed *log, size_t p)
{
	close(log->parts[p].lines.fd);
	line_reader_release(&log->parts[p].lines);
	log->count--;
	memmove(&log->parts[p], &log->parts[p + 1], (log->count - p) * sizeof(log->parts[0]));
}

/* Add FD to the parts of LOG, unless it is one already. */
static void add_part(const struct follower *f, struct followed *log, int fd)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || is_part(log, &st)) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (log->count == PARTS)
		drop_part(log, 0);
	struct part *part = &log->parts[log->count++];
	*part = (struct part){ .device = st.st_dev, .inode = st.st_ino };
	line_reader_init(&part->lines, fd, begin_at(f, log->path, fd, &st));
}

static int open_log(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

/*
 * The log's name now belongs to another file: find what became of the old one,
 * and which files were rotated in between. The new file is opened first, so
 * that none is missed if it is rotated at this moment.
 */
static void look(const struct follower *f, struct followed *log)
{
	struct stat st;

	if (stat(log->path, &st) != 0 || is_part(log, &st))
		return;
	int fd = open_log(log->path);
	char *earlier = log_earlier(log->path);
	if (earlier)
		add_part(f, log, open_log(earlier));
	free(earlier);
	add_part(f, log, fd);
}

/* The file was truncated (logrotate's copytruncate). */
static void check_shorter(struct part *part, const struct stat *st)
{
	if (st->st_size >= part->lines.read_to || lseek(part->lines.fd, 0, SEEK_SET) != 0)
		return;
	int fd = part->lines.fd;
	line_reader_release(&part->lines);
	line_reader_init(&part->lines, fd, 0);
}

/* Did it grow? */
static bool read_part(const struct follower *f, const struct followed *log, struct part *part,
		      struct stat *st)
{
	int64_t before = part->lines.read_to;

	if (fstat(part->lines.fd, st) == 0)
		check_shorter(part, st);
	if (line_reader_read(&part->lines, block_line, f->block) == LINE_READER_TROUBLE)
		die("export: cannot read %s: %s", log->path, strerror(errno));
	bool grew = part->lines.read_to != before;
	part->quiet = grew ? 0 : part->quiet + 1;
	return grew;
}

static bool read_parts(const struct follower *f, struct followed *log)
{
	bool grew = false;

	for (size_t p = 0; p < log->count && !stopped && !f->block->gone;) {
		struct stat st = { .st_nlink = 1 };
		if (read_part(f, log, &log->parts[p], &st))
			grew = true;
		if (st.st_nlink == 0 && log->parts[p].quiet > QUIET_LOOKS && p + 1 < log->count)
			drop_part(log, p);
		else
			p++;
	}
	return grew;
}

/* Wait for a log that does not exist yet; die if it can never be read. */
static void check_readable(struct followed *log)
{
	struct stat st;

	if (strcmp(log->path, "-") == 0)
		die("export: --follow is for files; standard input is read to its end without it");
	if (stat(log->path, &st) != 0)
		warn("export: waiting for %s", log->path);
	else if (!S_ISREG(st.st_mode))
		die("export: %s is not a file that can be followed", log->path);
	else if (access(log->path, R_OK) != 0)
		die("export: cannot read %s: %s", log->path, strerror(errno));
}

/* Did we find the newest file of the last run again? */
static void check_resumed(const struct follower *f, const struct followed *log)
{
	const struct state_part *newest = NULL;

	for (size_t i = 0; i < f->before.count; i++)
		if (strcmp(f->before.parts[i].path, log->path) == 0)
			newest = &f->before.parts[i];
	for (size_t p = 0; newest && p < log->count; p++)
		if (log->parts[p].inode == newest->inode &&
		    log->parts[p].lines.at >= newest->offset)
			return;
	if (newest)
		warn("export: %s was rotated more than once since the last run; lines between "
		     "are lost",
		     log->path);
}

/* Sleep until the next poll; return at once if the reader of stdout is gone. */
static void pause_for(struct block *b, bool grew)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	if (poll(&out, 1, grew ? 0 : LOOK_MS) > 0 && out.revents & POLLERR) {
		b->gone = true;
		b->error = EPIPE;
	}
}

static void follow(struct follower *f)
{
	for (size_t i = 0; i < f->count; i++) {
		look(f, &f->logs[i]);
		check_resumed(f, &f->logs[i]);
	}
	if (f->state)
		save_state(f); /* report now if it cannot be written */
	while (!stopped && !f->block->gone) {
		bool grew = false;
		for (size_t i = 0; i < f->count; i++) {
			if (read_parts(f, &f->logs[i]))
				grew = true;
			look(f, &f->logs[i]);
		}
		if (block_flush(f->block) && !stopped)
			pause_for(f->block, grew);
	}
	if (block_flush(f->block) && f->state)
		save_state(f);
}

void follow_logs(struct block *b, char *const *names, size_t count, const char *state)
{
	struct follower f = { .block = b, .count = count, .state = state };
	struct sigaction action = { .sa_handler = stop };

	f.logs = calloc(count, sizeof(*f.logs));
	if (!f.logs)
		die("out of memory");
	for (size_t i = 0; i < count; i++) {
		f.logs[i].path = names[i];
		check_readable(&f.logs[i]);
	}
	if (state) {
		state_read(&f.before, state);
		b->flushed = save_state;
		b->context = &f;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	follow(&f);
	for (size_t i = 0; i < count; i++)
		while (f.logs[i].count)
			drop_part(&f.logs[i], 0);
	free(f.logs);
	state_release(&f.before);
	b->flushed = NULL;
}
