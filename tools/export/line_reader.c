/* SPDX-License-Identifier: MIT */
#include "tools/export/line_reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tools/log/log_read.h"

enum { PIECE = 1 << 17 };

void line_reader_init(struct line_reader *l, int fd, int64_t at)
{
	*l = (struct line_reader){ .fd = fd, .at = at, .read_to = at };
	buf_init(&l->begun, LOG_LINE_MAX);
}

void line_reader_release(struct line_reader *l)
{
	buf_release(&l->begun);
}

static void begin_line(struct line_reader *l, const char *bytes, size_t n)
{
	if (buf_add_some(&l->begun, bytes, n) < n)
		l->too_long = true;
}

/* The N bytes complete the unfinished line. */
static bool end_line(struct line_reader *l, const char *bytes, size_t n, line_taker *take, void *context)
{
	struct slice whole = { bytes, n };

	if (l->begun.n || l->too_long) {
		begin_line(l, bytes, n);
		whole = buf_slice(&l->begun);
	}
	bool too_long = l->too_long;
	while (whole.n && (whole.p[whole.n - 1] == '\r' || whole.p[whole.n - 1] == ' '))
		whole.n--;
	bool more = take(context, whole, too_long);
	buf_reset(&l->begun);
	l->too_long = false;
	return more;
}

enum line_reader_end line_reader_read(struct line_reader *l, line_taker *take, void *context)
{
	static char piece[PIECE];
	ssize_t n;

	while ((n = read(l->fd, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno == EINTR)
			return LINE_READER_STOPPED; /* a signal: the caller stops or calls again */
		if (n < 0)
			return LINE_READER_TROUBLE;
		const char *p = piece, *end = piece + n;
		while (p < end) {
			const char *feed = memchr(p, '\n', (size_t)(end - p));
			if (!feed) {
				begin_line(l, p, (size_t)(end - p));
				break;
			}
			l->at = l->read_to + (feed + 1 - piece);
			if (!end_line(l, p, (size_t)(feed - p), take, context))
				return LINE_READER_STOPPED;
			p = feed + 1;
		}
		l->read_to += n;
	}
	return LINE_READER_NO_MORE;
}

void line_reader_last(struct line_reader *l, line_taker *take, void *context)
{
	if (l->begun.n || l->too_long)
		end_line(l, "", 0, take, context);
}
