/* SPDX-License-Identifier: MIT */
#include "tools/watch/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/log/log_read.h"

enum { PIECE = 1 << 16 };

static volatile sig_atomic_t stopped;

void follow_stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

bool follow_is_stopped(void)
{
	return stopped;
}

static void end_line(struct follow *f)
{
	f->take(f->context, buf_slice(&f->line), f->too_long);
	buf_reset(&f->line);
	f->too_long = false;
}

static void read_more(struct follow *f)
{
	static char piece[PIECE];
	ssize_t n;

	while (!stopped && (n = pread(f->fd, piece, sizeof(piece), f->at)) > 0) {
		f->at += n;
		for (char *p = piece; p < piece + n;) {
			char *end = memchr(p, '\n', (size_t)(piece + n - p));
			size_t part = (size_t)((end ? end : piece + n) - p);
			if (buf_add_some(&f->line, p, part) < part)
				f->too_long = true;
			p += part + 1;
			if (end)
				end_line(f);
		}
	}
}

/* The older part of the log, if F's file replaced it at the limit (ORSHIM_LOG_MAX). */
static void read_rotated(struct follow *f)
{
	const int current = f->fd;
	struct stat st;
	char *old;

	if (asprintf(&old, "%s.1", f->path) < 0)
		return;
	f->fd = open(old, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	free(old);
	/* F's own file, if it was renamed at this moment */
	if (f->fd >= 0 && fstat(f->fd, &st) == 0 && st.st_ino != f->inode)
		read_more(f);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = current;
}

static void begin_anew(struct follow *f, off_t at)
{
	f->at = at;
	f->anew = at == 0;
	buf_reset(&f->line);
	f->too_long = false;
}

/* Open the file; reopen it after a rotation; start again after a truncation. */
static void look(struct follow *f)
{
	struct stat st;

	if (stat(f->path, &st) != 0)
		return;
	if (f->fd >= 0 && st.st_ino == f->inode && st.st_size >= f->at)
		return;
	bool first = f->fd < 0 && f->inode == 0;
	if (f->fd >= 0) {
		read_more(f); /* what was written before the rotation */
		close(f->fd);
	}
	f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0 || fstat(f->fd, &st) != 0)
		return;
	f->inode = st.st_ino;
	if (first && f->all) {
		begin_anew(f, 0);
		read_rotated(f);
	}
	begin_anew(f, first && !f->from_start ? st.st_size : 0);
}

void follow_read(struct follow *f)
{
	if (f->fd >= 0)
		read_more(f);
	look(f);
	if (f->fd >= 0)
		read_more(f);
}

void follow_open(struct follow *f)
{
	struct stat st;

	f->fd = -1;
	f->from_start = f->all;
	buf_init(&f->line, LOG_LINE_MAX);
	if (stat(f->path, &st) != 0) {
		warn("watch: waiting for %s", f->path);
		f->from_start = true; /* a new file: everything in it is new */
	} else if (S_ISDIR(st.st_mode)) {
		die("watch: %s is a folder; name the log in it", f->path);
	} else if (!S_ISREG(st.st_mode)) {
		die("watch: %s is not a regular file; name the log that ORSHIM_LOG names", f->path);
	} else if (access(f->path, R_OK) != 0) {
		die("watch: cannot read %s: %s", f->path, strerror(errno));
	}
	look(f);
}

void follow_close(struct follow *f)
{
	if (f->fd >= 0)
		close(f->fd);
	buf_release(&f->line);
}
