/* SPDX-License-Identifier: MIT */
#include "tools/watch/screen.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/utf8.h"
#include "tools/command.h"

enum { LINE_MAX_BYTES = 64 * 1024, FRAME_MAX = 8 << 20 };

static const char *const paints[PAINT_COUNT] = {
	[PAINT_PLAIN] = "",        [PAINT_BOLD] = "\033[1m", [PAINT_BAD] = "\033[1;31m",
	[PAINT_GOOD] = "\033[32m", [PAINT_SOFT] = "\033[2m", [PAINT_CHOSEN] = "\033[7m",
};

struct range {
	unsigned from, to;
};

static bool is_in(const struct range *ranges, size_t count, unsigned c)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}

int columns_of_character(unsigned c)
{
	static const struct range none[] = {
		{ 0x300, 0x36f },   { 0x483, 0x489 },   { 0x591, 0x5bd },     { 0x610, 0x61a },
		{ 0x64b, 0x65f },   { 0x93c, 0x93c },   { 0x941, 0x94d },     { 0xe31, 0xe31 },
		{ 0xe34, 0xe3a },   { 0xe47, 0xe4e },   { 0x1160, 0x11ff },   { 0x1ab0, 0x1aff },
		{ 0x1dc0, 0x1dff }, { 0x200b, 0x200f }, { 0x20d0, 0x20ff },   { 0xfe00, 0xfe0f },
		{ 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff }, { 0xe0100, 0xe01ef },
	};
	static const struct range two[] = {
		{ 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x23e9, 0x23ec },
		{ 0x2614, 0x2615 },   { 0x26a1, 0x26a1 },   { 0x2705, 0x2705 },
		{ 0x274c, 0x274c },   { 0x2753, 0x2755 },   { 0x2e80, 0x303e },
		{ 0x3041, 0x33ff },   { 0x3400, 0x4dbf },   { 0x4e00, 0xa4cf },
		{ 0xa960, 0xa97f },   { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },
		{ 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },
		{ 0x1f004, 0x1f004 }, { 0x1f18e, 0x1f19a }, { 0x1f200, 0x1f320 },
		{ 0x1f32d, 0x1f5ff }, { 0x1f600, 0x1f64f }, { 0x1f680, 0x1f6ff },
		{ 0x1f900, 0x1faff }, { 0x20000, 0x3fffd },
	};

	if (c < 0x300)
		return 1;
	if (is_in(none, sizeof(none) / sizeof(none[0]), c))
		return 0;
	return is_in(two, sizeof(two) / sizeof(two[0]), c) ? 2 : 1;
}

/* One line for each row, and nothing of what was shown is known. */
static void forget(struct screen *s)
{
	screen_release(s);
	s->lines = calloc((size_t)s->terminal.rows, sizeof(*s->lines));
	if (!s->lines)
		die("out of memory");
	s->line_count = s->terminal.rows;
	for (int i = 0; i < s->line_count; i++) {
		buf_init(&s->lines[i].now, LINE_MAX_BYTES);
		buf_init(&s->lines[i].shown, LINE_MAX_BYTES);
		say(&s->lines[i].shown, "?"); /* no line is this */
	}
}

void screen_begin(struct screen *s)
{
	if (terminal_is_stale(&s->terminal) || !s->lines)
		forget(s);
	for (int i = 0; i < s->line_count; i++) {
		buf_reset(&s->lines[i].now);
		s->lines[i].column = 0;
	}
}

/* What steers a terminal, or turns the direction of writing. */
static bool is_steering(unsigned c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* The character at I of S and its bytes, *USED; "?" for what must not reach the terminal. */
static unsigned character_at(struct slice s, size_t i, bool utf8, size_t *used)
{
	unsigned c = (unsigned char)s.p[i];
	int length = c < 0x80 ? 1 : utf8_character(s, i, &c);

	*used = length > 0 ? (size_t)length : 1;
	return length <= 0 || (length > 1 && !utf8) || is_steering(c) ? '?' : c;
}

void screen_put(struct screen *s, int row, enum paint paint, struct slice text, int width)
{
	if (row < 0 || row >= s->line_count)
		return;
	struct screen_line *line = &s->lines[row];
	int left = s->terminal.columns - line->column;
	int room = width < 0 || width > left ? left : width, column = 0;
	bool painted = paints[paint][0] && (s->terminal.colour || paint == PAINT_CHOSEN);

	say(&line->now, "%s", painted ? paints[paint] : "");
	for (size_t i = 0, used; i < text.n; i += used) {
		unsigned c = character_at(text, i, s->terminal.utf8, &used);
		int wide = columns_of_character(c);
		if (column + wide > room)
			break;
		if (c == '?')
			say(&line->now, "?");
		else
			say(&line->now, "%.*s", (int)used, text.p + i);
		column += wide;
	}
	for (; column < room && (width >= 0 || paint == PAINT_CHOSEN); column++)
		say(&line->now, " ");
	say(&line->now, "%s", painted ? "\033[0m" : "");
	line->column += column;
}

void screen_show(struct screen *s)
{
	struct buf out;

	buf_init(&out, FRAME_MAX);
	for (int i = 0; i < s->line_count; i++) {
		struct screen_line *line = &s->lines[i];
		if (slice_equal(buf_slice(&line->now), buf_slice(&line->shown)))
			continue;
		say(&out, "\033[%d;1H\033[0m\033[K%.*s", i + 1, SLICE_ARG(buf_slice(&line->now)));
		struct buf before = line->shown;
		line->shown = line->now;
		line->now = before;
	}
	write_all(STDOUT_FILENO, buf_slice(&out));
	buf_release(&out);
}

void screen_release(struct screen *s)
{
	for (int i = 0; i < s->line_count; i++) {
		buf_release(&s->lines[i].now);
		buf_release(&s->lines[i].shown);
	}
	free(s->lines);
	s->lines = NULL;
	s->line_count = 0;
}
