/* SPDX-License-Identifier: MIT */
#include "wire/head.h"

#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "wire/message.h"

/* Longer than any method of the IANA registry (UPDATEREDIRECTREF has 17). */
enum { METHOD_MAX = 24 };

static const bool token_bytes[256] = {
	['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1,         ['&'] = 1,         ['\''] = 1,
	['*'] = 1, ['+'] = 1, ['-'] = 1, ['.'] = 1,         ['^'] = 1,         ['_'] = 1,
	['`'] = 1, ['|'] = 1, ['~'] = 1, ['0' ... '9'] = 1, ['a' ... 'z'] = 1, ['A' ... 'Z'] = 1,
};

bool head_is_token(unsigned char c)
{
	return token_bytes[c];
}

/* Whether one of eight bytes is below 0x20 or is 0x7f; TAB counts too: the caller looks closer. */
static bool word_has_control(uint64_t w)
{
	const uint64_t ones = 0x0101010101010101ULL;
	const uint64_t highs = ones * 0x80;
	uint64_t low = (w - ones * 0x20) & ~w & highs;
	uint64_t del = w ^ (ones * 0x7f);

	return (low | ((del - ones) & ~del & highs)) != 0;
}

/* Offset of the first control byte of S, byte by byte; -1. */
static long first_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_control(s.p[i]))
			return (long)i;
	return -1;
}

long head_control(struct slice value)
{
	const size_t step = sizeof(uint64_t);

	if (value.n < step)
		return first_control(value);
	for (size_t i = 0; i < value.n; i += step) {
		/* The last eight may overlap those before. */
		size_t at = i + step <= value.n ? i : value.n - step;
		uint64_t w;
		memcpy(&w, value.p + at, step);
		long hit = word_has_control(w) ? first_control(slice_sub(value, at, step)) : -1;
		if (hit >= 0)
			return (long)at + hit;
	}
	return -1;
}

bool head_may_start(enum side side, struct slice bytes)
{
	if (side == SIDE_SERVER) {
		struct slice known = SLICE("HTTP/");
		return bytes.n >= known.n ? slice_starts(bytes, known) : slice_starts(known, bytes);
	}
	for (size_t i = 0; i < bytes.n; i++) {
		if (bytes.p[i] == ' ')
			return i > 0;
		if (i >= METHOD_MAX || !token_bytes[(unsigned char)bytes.p[i]])
			return false;
	}
	return true;
}

/* Offset of the SP before the version, the last " HTTP/" of a request line; -1. */
static long version_gap(struct slice line)
{
	long last = (long)line.n - (long)strlen(" HTTP/1.1");

	if (last >= 0 && slice_starts(slice_from(line, (size_t)last), SLICE(" HTTP/")))
		return last;
	last = -1;
	for (long at = slice_find(line, SLICE(" HTTP/"), 0); at >= 0;
	     at = slice_find(line, SLICE(" HTTP/"), (size_t)at + 1))
		last = at;
	return last;
}

/* Offset of the three digits of a status line; 0 if there are none. */
static size_t status_at(struct slice line)
{
	long gap = slice_byte(line, ' ', 0);

	if (gap < 0)
		return 0;
	size_t i = (size_t)gap;
	while (i < line.n && line.p[i] == ' ')
		i++;
	bool three = i + 3 <= line.n && is_digit(line.p[i]) && is_digit(line.p[i + 1]) &&
		     is_digit(line.p[i + 2]) && (i + 3 == line.n || !is_digit(line.p[i + 3]));
	return three ? i : 0;
}

bool head_is_start_line(enum side side, struct slice line)
{
	if (!head_may_start(side, line))
		return false;
	if (side == SIDE_SERVER)
		return slice_starts(line, SLICE("HTTP/")) && status_at(line) > 0;
	long method_end = slice_byte(line, ' ', 0);
	return method_end > 0 && version_gap(line) >= method_end;
}

static enum http_version version_of(struct slice text)
{
	if (slice_equal(text, SLICE("HTTP/1.1")))
		return HTTP_1_1;
	return slice_equal(text, SLICE("HTTP/1.0")) ? HTTP_1_0 : HTTP_UNKNOWN;
}

static void read_request_line(struct message *m, struct slice line)
{
	long method_end = slice_byte(line, ' ', 0);
	long gap = version_gap(line);

	if (method_end < 0 || gap < method_end) {
		message_blame(m, FAULT_start_line_bad, 0, -1);
		return;
	}
	size_t target_at = (size_t)method_end + 1;
	m->method = slice_sub(line, 0, (size_t)method_end);
	if ((size_t)gap > target_at)
		m->target = slice_sub(line, target_at, (size_t)gap - target_at);
	else
		m->target = slice_sub(line, (size_t)gap, 0);
	m->version = version_of(slice_from(line, (size_t)gap + 1));
	long space = slice_byte(m->target, ' ', 0);
	long control = head_control(m->target);
	if (m->target.n == 0 || m->version == HTTP_UNKNOWN)
		message_blame(m, FAULT_start_line_bad, (uint64_t)gap, -1);
	else if (space >= 0 || control >= 0)
		message_blame(m, FAULT_start_line_bad,
			      target_at + (uint64_t)(space >= 0 ? space : control), -1);
}

static void read_status_line(struct message *m, struct slice line)
{
	size_t at = status_at(line);
	long gap = slice_byte(line, ' ', 0);

	if (at == 0) {
		message_blame(m, FAULT_start_line_bad, 0, -1);
		return;
	}
	m->status = (line.p[at] - '0') * 100 + (line.p[at + 1] - '0') * 10 + (line.p[at + 2] - '0');
	m->version = version_of(slice_sub(line, 0, (size_t)gap));
	bool reason_apart = at + 3 == line.n || line.p[at + 3] == ' ';
	if (m->version == HTTP_UNKNOWN || at != (size_t)gap + 1 || !reason_apart)
		message_blame(m, FAULT_start_line_bad, at, -1);
}

/* One value of a Content-Length list, "5, 5" (RFC 9110 section 8.6). */
static void note_length(struct framing *framing, struct message *m, struct slice text, uint64_t at,
			int index)
{
	unsigned long long n = 0;

	if (!slice_number(slice_trim(text), &n) || n > INT64_MAX) {
		framing->length_bad = true;
		message_blame(m, FAULT_length_bad, at, index);
	} else if (framing->has_length && framing->length != n) {
		message_blame(m, FAULT_lengths_differ, at, index);
	} else {
		framing->has_length = true;
		framing->length = n;
	}
}

void framing_note(struct framing *framing, struct message *m, const struct field *f, uint64_t at,
		  int index)
{
	struct slice rest = f->value;
	struct slice piece;

	if (f->name.n != strlen("content-length") && f->name.n != strlen("transfer-encoding"))
		return;
	if (slice_equal_nocase(f->name, SLICE("content-length"))) {
		while (slice_cut(&rest, ',', &piece))
			note_length(framing, m, piece, at, index);
	} else if (slice_equal_nocase(f->name, SLICE("transfer-encoding"))) {
		framing->has_transfer = true;
		while (slice_cut(&rest, ',', &piece)) {
			piece = slice_trim(piece);
			framing->chunked = slice_equal_nocase(piece, SLICE("chunked"));
			if (!framing->chunked && piece.n)
				message_blame(m, FAULT_transfer_coding_unknown, at, index);
		}
	}
}

static void blame_value(struct message *m, const struct field *f, int index)
{
	uint64_t base = (uint64_t)(f->raw.p - m->head.p);

	for (size_t from = 0; from < f->raw.n;) {
		long at = head_control(slice_from(f->raw, from));
		if (at < 0)
			return;
		size_t where = from + (size_t)at;
		from = where + 1;
		/* A fold's line end is the fold's fault, blamed already. */
		bool line_end =
		    f->raw.p[where] == '\n' ||
		    (f->raw.p[where] == '\r' && from < f->raw.n && f->raw.p[from] == '\n');
		if (!line_end)
			message_blame(
			    m, f->raw.p[where] == '\r' ? FAULT_field_bare_cr : FAULT_field_control,
			    base + where, index);
	}
}

static void blame_name(struct message *m, struct slice written, struct slice name, int index)
{
	uint64_t base = (uint64_t)(written.p - m->head.p);

	if (name.n == 0)
		message_blame(m, FAULT_field_name_empty, base, index);
	if (name.n != written.n)
		message_blame(m, FAULT_field_name_space, base + name.n, index);
	for (size_t i = 0; i < name.n; i++)
		if (!token_bytes[(unsigned char)name.p[i]]) {
			message_blame(
			    m, name.p[i] == '\r' ? FAULT_field_bare_cr : FAULT_field_name_byte,
			    base + i, index);
			return;
		}
}

/*
 * A line and the folds that follow it; END_LF: offset of the first line's LF,
 * whose kind is judged.
 */
struct header_line {
	struct slice text; /* without the last line end */
	size_t at;         /* offset in the head */
	bool bare_lf;      /* some line end of it was LF alone */
	uint64_t lf_at;    /* offset of the first such */
	bool folded;
	uint64_t fold_at;
};

/* The line at *AT, folds included unless it is the START line; false at the head's end. */
static bool next_line(struct slice head, size_t *at, bool start, struct header_line *line)
{
	*line = (struct header_line){ .at = *at };
	size_t end = *at;
	for (;;) {
		long lf = slice_byte(head, '\n', *at);
		if (lf < 0)
			return line->folded;
		end = (size_t)lf;
		bool crlf = end > *at && head.p[end - 1] == '\r';
		if (!crlf && !line->bare_lf) {
			line->bare_lf = true;
			line->lf_at = end;
		}
		end -= crlf;
		line->text = slice_sub(head, line->at, end - line->at);
		*at = (size_t)lf + 1;
		bool empty = end == line->at && !line->folded;
		if (start || empty || *at >= head.n || (head.p[*at] != ' ' && head.p[*at] != '\t'))
			return true;
		if (!line->folded)
			line->fold_at = *at;
		line->folded = true;
	}
}

/* How many bytes at the start of S are allowed in a name. */
static size_t token_length(struct slice s)
{
	size_t n = 0;

	while (n < s.n && token_bytes[(unsigned char)s.p[n]])
		n++;
	return n;
}

/* 0, or -1 without memory. */
static int read_field(struct message *m, const struct header_line *line, struct framing *framing)
{
	int index = (int)m->field_count;
	size_t token = token_length(line->text);
	long colon = slice_byte(line->text, ':', token);
	bool usual = token > 0 && colon == (long)token;

	if (colon < 0) {
		message_blame(m, FAULT_field_without_colon, line->at, index - 1);
		return 0;
	}
	struct slice written = slice_sub(line->text, 0, (size_t)colon);
	struct field f = { .name = written,
			   .raw = slice_from(line->text, (size_t)colon + 1),
			   .known = true };
	while (f.name.n && (f.name.p[f.name.n - 1] == ' ' || f.name.p[f.name.n - 1] == '\t'))
		f.name.n--;
	f.value = slice_trim(f.raw);
	framing_note(framing, m, &f, (uint64_t)(f.value.p - m->head.p), index);
	if (m->field_count >= LIMIT_FIELDS) {
		m->fields_complete = false;
		message_blame(m, FAULT_fields_too_many, line->at, -1);
		return 0;
	}
	if (message_add_field(m, &f) != 0)
		return -1;
	if (line->bare_lf)
		message_blame(m, FAULT_field_bare_lf, line->lf_at, index);
	if (line->folded)
		message_blame(m, FAULT_field_folded, line->fold_at, index);
	if (!usual)
		blame_name(m, written, f.name, index);
	blame_value(m, &f, index);
	return 0;
}

int head_read(struct message *m, enum side side, struct framing *framing)
{
	struct slice head = buf_slice(&m->head);
	struct header_line line;
	size_t at = 0;

	*framing = (struct framing){ 0 };
	if (!next_line(head, &at, true, &line))
		return 0;
	if (line.bare_lf)
		message_blame(m, FAULT_field_bare_lf, line.lf_at, -1);
	if (side == SIDE_CLIENT)
		read_request_line(m, line.text);
	else
		read_status_line(m, line.text);
	while (next_line(head, &at, false, &line) && line.text.n)
		if (read_field(m, &line, framing) != 0)
			return -1;
	return 0;
}
