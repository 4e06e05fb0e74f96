/* SPDX-License-Identifier: MIT */
#include "tools/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { NAME_MAX_COMPARED = 64, WRONG = 3 };

static void (*leave_screen)(void);
static const char *command_name; /* that is running; NULL: none yet */

void complain_as(const char *name)
{
	command_name = name;
}

static bool is_named(const char *text)
{
	size_t n = command_name ? strlen(command_name) : 0;

	return n == 0 || (strncmp(text, command_name, n) == 0 && text[n] == ':');
}

static void complain(const char *format, va_list args)
{
	char text[1024];
	struct buf line;

	vsnprintf(text, sizeof(text), format, args);
	/* Names and arguments come from the user, but may contain a key. */
	buf_init(&line, LIMIT_BLOCK);
	say(&line, is_named(text) ? "orshim: " : "orshim: %s: ", command_name);
	mask_text(&line, slice_of(text), LIMIT_BLOCK / 2);
	say(&line, "\n");
	write_all(STDERR_FILENO, buf_slice(&line));
	buf_release(&line);
}

void leave_before_dying(void (*leave)(void))
{
	leave_screen = leave;
}

void die(const char *format, ...)
{
	va_list args;

	if (leave_screen)
		leave_screen();
	va_start(args, format);
	complain(format, args);
	va_end(args);
	exit(EXIT_TROUBLE);
}

void warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
}

void read_file(const char *path, struct buf *out)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	char piece[16384];
	ssize_t n;

	if (fd < 0)
		die("cannot read %s: %s", path, strerror(errno));
	while ((n = read(fd, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die("cannot read %s: %s", path,
			    errno == EISDIR ? "it is a folder; name a file" : strerror(errno));
		if (buf_add(out, piece, (size_t)n) != 0)
			die("%s is longer than %zu bytes", path, out->max);
	}
	if (fd != STDIN_FILENO)
		close(fd);
}

void say(struct buf *out, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	int n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0 || buf_add(out, text, (size_t)n) != 0)
		die("out of memory");
	free(text);
}

bool write_all(int fd, struct slice s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		s = slice_from(s, (size_t)n);
	}
	return true;
}

void print_out(struct buf *out)
{
	if (!write_all(STDOUT_FILENO, buf_slice(out)))
		die("cannot write to stdout: %s", strerror(errno));
	buf_reset(out);
}

void style_of(int fd, struct text_style *style)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");
	struct winsize size;

	const char *columns = getenv("COLUMNS");
	int wide = columns ? atoi(columns) : 0;

	*style = (struct text_style){ .width = wide >= 20 && wide <= 1000 ? wide : 100 };
	if (!isatty(fd))
		return;
	style->colour = !(no_colour && *no_colour) && !(terminal && strcmp(terminal, "dumb") == 0);
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		style->width = size.ws_col;
}

/*
 * Edit distance (Levenshtein). A missing letter costs one, a wrong or
 * superfluous one WRONG, because people shorten names. Words longer than
 * NAME_MAX_COMPARED never match.
 */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_COMPARED + 1];
	size_t n = strlen(b);

	if (n > NAME_MAX_COMPARED)
		return n * WRONG;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];
		row[0] = (i + 1) * WRONG;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i] != b[j - 1] ? WRONG : 0);
			diagonal = row[j];
			if (row[j] + WRONG < best)
				best = row[j] + WRONG;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

const char *nearest_name(const char *word, const char *(*name_at)(const void *table, size_t i),
			 const void *table, size_t count)
{
	size_t best = (strlen(word) / 2 + 1) * WRONG;
	const char *nearest = NULL;

	for (size_t i = 0; i < count; i++) {
		const char *name = name_at(table, i);
		size_t d = distance(word, name);
		if (strlen(word) >= 3 && strstr(name, word))
			d = 1;
		if (d < best) {
			best = d;
			nearest = name;
		}
	}
	return nearest;
}
