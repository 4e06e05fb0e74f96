/* SPDX-License-Identifier: MIT */
#include "wire/sse.h"

#include <stdlib.h>
#include <string.h>

#include "cJSON.h"
#include "wire/generation.h"

/* A data buffer that grew beyond this is freed after its event. */
enum { DATA_KEPT = 16 * 1024, NAME_MAX = 8, EVENT_NAME_MAX = 128 };

/* Which field the line being read is. */
enum field_kind { FIELD_NAME, FIELD_DATA, FIELD_EVENT, FIELD_OTHER, FIELD_COMMENT };

struct sse {
	struct stream_report *report;
	enum field_kind kind;
	char name[NAME_MAX]; /* of the field, while it is read */
	size_t name_n;
	bool line_begun;
	bool value_begun; /* the one space after the colon is behind */
	bool after_cr;    /* an LF now belongs to the line end before */
	bool has_data;
	bool cut;     /* the event's data went over its ceiling */
	unsigned bom; /* bytes of a leading byte order mark seen; 3: past it */
	struct buf data;
	struct buf event;
};

struct sse *sse_new(struct stream_report *report)
{
	struct sse *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->report = report;
	buf_init(&s->data, LIMIT_SSE_EVENT);
	buf_init(&s->event, EVENT_NAME_MAX);
	report->seen = true;
	generation_init(&report->generation);
	return s;
}

void sse_free(struct sse *s)
{
	if (!s)
		return;
	buf_release(&s->data);
	buf_release(&s->event);
	free(s);
}

static void copy_word(char *to, size_t size, const cJSON *from)
{
	if (!cJSON_IsString(from))
		return;
	size_t n = strlen(from->valuestring);
	if (n >= size)
		n = size - 1;
	memcpy(to, from->valuestring, n);
	to[n] = '\0';
}

static bool is_text(const cJSON *item, const char *text)
{
	return cJSON_IsString(item) && strcmp(item->valuestring, text) == 0;
}

/* An "error" member that is neither null nor empty. */
static bool is_error(const cJSON *item)
{
	return cJSON_IsObject(item) || (cJSON_IsString(item) && item->valuestring[0]);
}

/* One element of a chat chunk's `choices`; true if it failed. */
static bool read_choice(struct stream_report *r, const cJSON *choice)
{
	const cJSON *finish = cJSON_GetObjectItemCaseSensitive(choice, "finish_reason");
	const cJSON *native = cJSON_GetObjectItemCaseSensitive(choice, "native_finish_reason");

	copy_word(r->finish, sizeof(r->finish), finish);
	copy_word(r->native_finish, sizeof(r->native_finish), native);
	return is_text(finish, "error") || is_text(native, "error") ||
	       is_error(cJSON_GetObjectItemCaseSensitive(choice, "error"));
}

/* True if the event is an error. Notes finish reasons. */
static bool read_event(struct stream_report *r, const cJSON *root)
{
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(root, "type");
	const cJSON *delta = cJSON_GetObjectItemCaseSensitive(root, "delta");
	const cJSON *choice;
	/* An object of type "error": Anthropic; of kind "error": Mistral. */
	bool bad = is_error(cJSON_GetObjectItemCaseSensitive(root, "error")) ||
		   is_text(cJSON_GetObjectItemCaseSensitive(root, "object"), "error") ||
		   is_text(type, "error") || is_text(type, "response.failed");

	copy_word(r->finish, sizeof(r->finish),
		  cJSON_GetObjectItemCaseSensitive(delta, "stop_reason"));
	cJSON_ArrayForEach(choice, cJSON_GetObjectItemCaseSensitive(root, "choices")) bad |=
	    read_choice(r, choice);
	r->done |= is_text(type, "response.completed") || is_text(type, "message_stop");
	return bad;
}

/*
 * The first byte of the value after WORD (which ends in a quotation mark) at AT;
 * '\0' if it is not a member's name.
 */
static char value_after(struct slice data, size_t at)
{
	struct slice rest = slice_trim(slice_from(data, at));

	if (rest.n == 0 || rest.p[0] != ':')
		return '\0';
	rest = slice_trim(slice_from(rest, 1));
	return rest.n ? rest.p[0] : '\0';
}

/* Is WORD in DATA as a value, or as a member that is not null? */
static bool has_word(struct slice data, struct slice word)
{
	for (long at = slice_find(data, word, 0); at >= 0;
	     at = slice_find(data, word, (size_t)at + 1))
		if (value_after(data, (size_t)at + word.n) != 'n')
			return true;
	return false;
}

/* All APIs with a `type` write it at the beginning of an event. */
enum { TYPE_WITHIN = 80 };

static bool worth_parsing(struct slice data)
{
	struct slice begin = slice_sub(data, 0, TYPE_WITHIN);

	return has_word(data, SLICE("_reason\"")) || has_word(data, SLICE("\"error\"")) ||
	       slice_has(begin, SLICE("\"response.failed\"")) ||
	       slice_has(begin, SLICE("\"response.completed\"")) ||
	       slice_has(begin, SLICE("\"message_stop\""));
}

/* 1: the event is an error; 0: it is not; -1 without memory. */
static int judge_event(struct sse *s)
{
	struct stream_report *r = s->report;
	struct slice data = buf_slice(&s->data);
	struct slice event = buf_slice(&s->event);
	bool bad =
	    slice_equal(event, SLICE("error")) || slice_equal(event, SLICE("response.failed"));

	r->events++;
	if (slice_equal(data, SLICE("[DONE]")) || slice_equal(event, SLICE("response.completed")) ||
	    slice_equal(event, SLICE("message_stop")))
		r->done = true;
	bool names = r->events <= LIMIT_GENERATION_EVENTS && !generation_is_named(&r->generation);
	if (names || has_word(data, SLICE("\"usage\"")))
		generation_read(&r->generation, data);
	if (!s->cut && worth_parsing(data)) {
		cJSON *root = cJSON_ParseWithLength(data.p, data.n);
		bad |= root && read_event(r, root);
		cJSON_Delete(root);
	}
	if (!bad)
		return 0;
	bool kept =
	    buf_add_slice(&r->error, data) == 0 && buf_add_slice(&r->error_event, event) == 0;
	return kept ? 1 : -1;
}

/* An empty line. As judge_event(). */
static int end_event(struct sse *s)
{
	int result = s->has_data ? judge_event(s) : 0;

	if (s->data.cap > DATA_KEPT)
		buf_release(&s->data);
	buf_reset(&s->data);
	buf_reset(&s->event);
	s->has_data = false;
	s->cut = false;
	return result;
}

/* The field's name is whole: "data" begins a line of the event's data. -1 without memory. */
static int begin_value(struct sse *s)
{
	struct slice name = { s->name, s->name_n };

	s->kind = FIELD_OTHER;
	s->value_begun = false;
	if (slice_equal(name, SLICE("data"))) {
		s->kind = FIELD_DATA;
		if (s->has_data && s->data.n < s->data.max && buf_add(&s->data, "\n", 1) != 0)
			return -1;
		s->has_data = true;
	} else if (slice_equal(name, SLICE("event"))) {
		s->kind = FIELD_EVENT;
		buf_reset(&s->event);
	}
	return 0;
}

/* Append to a buffer up to its ceiling. -1 without memory; *CUT is set at the ceiling. */
static int append(struct buf *b, struct slice piece, bool *cut)
{
	size_t room = b->max - b->n;
	size_t want = piece.n < room ? piece.n : room;

	*cut |= want < piece.n;
	return buf_add_some(b, piece.p, want) == want ? 0 : -1;
}

/* A piece of a line, without line ends. -1 without memory. */
static int take_piece(struct sse *s, struct slice piece)
{
	bool ignored = false;

	if (piece.n == 0)
		return 0;
	if (!s->line_begun) {
		s->line_begun = true;
		s->name_n = 0;
		s->kind = piece.p[0] == ':' ? FIELD_COMMENT : FIELD_NAME;
		s->report->comments += s->kind == FIELD_COMMENT;
	}
	while (s->kind == FIELD_NAME && piece.n) {
		char c = piece.p[0];
		piece = slice_from(piece, 1);
		if (c == ':' && begin_value(s) != 0)
			return -1;
		if (c != ':' && s->name_n == NAME_MAX)
			s->kind = FIELD_OTHER;
		else if (c != ':')
			s->name[s->name_n++] = c;
	}
	if (piece.n == 0 || (s->kind != FIELD_DATA && s->kind != FIELD_EVENT))
		return 0;
	if (!s->value_begun && piece.p[0] == ' ')
		piece = slice_from(piece, 1);
	s->value_begun = true;
	return s->kind == FIELD_DATA ? append(&s->data, piece, &s->cut)
				     : append(&s->event, piece, &ignored);
}

/* As judge_event(). */
static int end_line(struct sse *s)
{
	bool empty = !s->line_begun;

	/* A line without a colon is a field with an empty value. */
	if (!empty && s->kind == FIELD_NAME && begin_value(s) != 0)
		return -1;
	s->line_begun = false;
	return empty ? end_event(s) : 0;
}

/*
 * Step over a byte order mark at the stream's beginning; what only looked like
 * one is given to the line.
 */
static int skip_mark(struct sse *s, struct slice *in)
{
	static const char mark[] = "\xef\xbb\xbf";

	while (s->bom < 3 && in->n && *in->p == mark[s->bom]) {
		*in = slice_from(*in, 1);
		s->bom++;
	}
	if (s->bom == 3 || in->n == 0)
		return 0;
	struct slice looked = { mark, s->bom };
	s->bom = 3;
	return take_piece(s, looked);
}

long sse_take(struct sse *s, const char *bytes, size_t n, bool *stream_error)
{
	struct slice in = { bytes, n };
	const char *lf = NULL;
	bool lf_known = false;

	if (s->bom < 3 && skip_mark(s, &in) != 0)
		return -1;
	while (in.n) {
		if (s->after_cr && *in.p == '\n') {
			s->after_cr = false;
			in = slice_from(in, 1);
			continue;
		}
		s->after_cr = false;
		/* The next LF is looked for once, even if lines end in CR alone. */
		if (!lf_known || (lf && lf < in.p)) {
			lf = memchr(in.p, '\n', in.n);
			lf_known = true;
		}
		size_t span = lf ? (size_t)(lf - in.p) : in.n;
		const char *cr = memchr(in.p, '\r', span);
		size_t end = cr ? (size_t)(cr - in.p) : span;
		if (take_piece(s, slice_sub(in, 0, end)) != 0)
			return -1;
		if (end == in.n)
			break;
		s->after_cr = cr != NULL;
		in = slice_from(in, end + 1);
		int result = end_line(s);
		if (result < 0)
			return -1;
		if (result > 0) {
			*stream_error = true;
			return (long)(in.p - bytes);
		}
	}
	return (long)n;
}

bool sse_end(struct sse *s)
{
	if (s->line_begun && end_line(s) != 0)
		return true;
	return end_event(s) != 0;
}
