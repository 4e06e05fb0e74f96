/* SPDX-License-Identifier: MIT */
#include "wire/http1.h"

#include <string.h>

#include "base/ascii.h"
#include "wire/head.h"
#include "wire/message.h"

/* Bytes of empty lines tolerated between messages: two CRLF pairs are seen in the wild. */
enum { BLANKS_MAX = 8 };

static const char no_memory[] = "out of memory";

void http1_init(struct http1 *p, enum side side, size_t body_max)
{
	*p = (struct http1){ .side = side, .body_max = body_max };
	buf_init(&p->scratch, LIMIT_CHUNK_LINE);
}

void http1_release(struct http1 *p)
{
	buf_release(&p->scratch);
	body_release(&p->body);
}

static struct message *message_of(const struct http1 *p, struct exchange *x)
{
	return p->side == SIDE_CLIENT ? &x->request : &x->response;
}

static enum http1_result give_up(struct http1 *p, const char *why)
{
	p->state = HTTP1_STOPPED;
	p->why = why;
	return HTTP1_UNSUPPORTED;
}

void http1_restart(struct http1 *p)
{
	body_release(&p->body);
	buf_reset(&p->scratch);
	p->state = HTTP1_AT_START;
	p->blanks = 0;
}

static enum http1_result finish(struct http1 *p)
{
	body_finish(&p->body, true);
	http1_restart(p);
	return HTTP1_MESSAGE;
}

bool http1_skip_blanks(struct http1 *p, struct slice *in)
{
	while (p->state == HTTP1_AT_START && in->n && (*in->p == '\r' || *in->p == '\n')) {
		if (++p->blanks > BLANKS_MAX)
			return false;
		*in = slice_from(*in, 1);
	}
	return true;
}

/* Move N bytes of *IN to the head. */
static bool move_to_head(struct message *m, struct slice *in, size_t n, int64_t now_us)
{
	if (buf_add(&m->head, in->p, n) != 0)
		return false;
	message_count(m, n, now_us);
	*in = slice_from(*in, n);
	return true;
}

/* RFC 9112 section 6.3, in its order. */
static enum body_framing answer_framing(const struct exchange *x, const struct framing *f)
{
	int status = x->response.status;
	bool connected = status / 100 == 2 && slice_equal(x->request.method, SLICE("CONNECT"));

	if (slice_equal(x->request.method, SLICE("HEAD")) || status / 100 == 1 || status == 204 ||
	    status == 304 || connected)
		return BODY_NONE;
	if (f->has_transfer)
		return f->chunked ? BODY_CHUNKED : BODY_UNTIL_END;
	return f->has_length ? BODY_LENGTH : BODY_UNTIL_END;
}

/* A request whose length is not known goes on until it is answered. */
static enum body_framing request_framing(const struct framing *f)
{
	if (f->has_transfer)
		return f->chunked ? BODY_CHUNKED : BODY_UNTIL_END;
	if (f->has_length)
		return BODY_LENGTH;
	return f->length_bad ? BODY_UNTIL_END : BODY_NONE;
}

static enum http1_result begin_body(struct http1 *p, struct exchange *x, const struct framing *f)
{
	struct message *m = message_of(p, x);
	struct body *body = &m->body;

	m->head_complete = true;
	if (f->has_transfer && f->has_length)
		message_blame(m, FAULT_length_with_chunked, 0, -1);
	body->has_declared = f->has_length;
	body->declared = f->length;
	body->framing = p->side == SIDE_CLIENT ? request_framing(f) : answer_framing(x, f);
	p->left = body->framing == BODY_LENGTH ? f->length : 0;
	p->state = body->framing == BODY_CHUNKED     ? HTTP1_CHUNK_SIZE
		   : body->framing == BODY_UNTIL_END ? HTTP1_UNTIL_END
						     : HTTP1_IN_LENGTH;
	p->line = m->bytes;
	if (body_begin(&p->body, m, p->side == SIDE_SERVER ? &x->events : NULL, p->body_max) != 0)
		return give_up(p, no_memory);
	return HTTP1_HEAD;
}

static enum http1_result end_head(struct http1 *p, struct exchange *x)
{
	struct framing framing;

	if (head_read(message_of(p, x), p->side, &framing) != 0)
		return give_up(p, no_memory);
	return begin_body(p, x, &framing);
}

/* The head is too long: read what was kept of it, and nothing more of the connection. */
static enum http1_result overflow_head(struct http1 *p, struct message *m, struct slice *in,
				       int64_t now_us)
{
	struct framing framing;
	size_t fits = m->head.max - m->head.n;

	if (fits > in->n || !move_to_head(m, in, fits, now_us))
		return give_up(p, no_memory);
	message_blame(m, FAULT_head_too_long, m->bytes, -1);
	m->fields_complete = false;
	if (p->started && head_read(m, p->side, &framing) != 0)
		return give_up(p, no_memory);
	return give_up(p, "a head longer than LIMIT_HEAD");
}

/* Give back what came after the first wrong byte, so that splits make no difference. */
static enum http1_result refuse_start(struct http1 *p, struct message *m, struct slice *in)
{
	struct slice line = buf_slice(&m->head);
	size_t n = 1;

	while (n < line.n && head_may_start(p->side, slice_sub(line, 0, n)))
		n++;
	size_t back = line.n - n;
	*in = (struct slice){ in->p - back, in->n + back };
	m->head.n = n;
	m->bytes = n;
	return HTTP1_NOT_HTTP;
}

static enum http1_result take_start_line(struct http1 *p, struct message *m, struct slice *in,
					 int64_t now_us)
{
	size_t room = m->head.max - m->head.n;
	struct slice fits = slice_sub(*in, 0, room);
	long lf = slice_byte(fits, '\n', 0);
	bool overflows = lf < 0 && in->n > room;

	if (!move_to_head(m, in, lf < 0 ? fits.n : (size_t)lf + 1, now_us))
		return give_up(p, no_memory);
	struct slice line = buf_slice(&m->head);
	if (!head_may_start(p->side, slice_sub(line, 0, line.n - (lf >= 0))))
		return refuse_start(p, m, in);
	if (overflows)
		return overflow_head(p, m, in, now_us);
	if (lf < 0)
		return HTTP1_MORE;
	line.n--;
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (!head_is_start_line(p->side, line))
		return HTTP1_NOT_HTTP;
	p->started = true;
	p->line = m->head.n;
	return HTTP1_HEAD;
}

/* Length of what is in IN through the LF of the empty line; 0: it is not there. */
static size_t find_head_end(struct http1 *p, const struct message *m, struct slice in)
{
	size_t at = 0;

	for (;;) {
		long lf = slice_byte(in, '\n', at);
		if (lf < 0)
			return 0;
		uint64_t length = m->head.n + (uint64_t)lf - p->line;
		char before = lf > 0 ? in.p[lf - 1] : m->head.p[m->head.n - 1];
		at = (size_t)lf + 1;
		if (length == 0 || (length == 1 && before == '\r'))
			return at;
		p->line = m->head.n + at;
	}
}

static enum http1_result take_head(struct http1 *p, struct exchange *x, struct slice *in,
				   int64_t now_us)
{
	struct message *m = message_of(p, x);

	if (!p->started) {
		enum http1_result result = take_start_line(p, m, in, now_us);
		if (result != HTTP1_HEAD)
			return result;
	}
	size_t end = find_head_end(p, m, *in);
	size_t n = end ? end : in->n;
	if (n > m->head.max - m->head.n)
		return overflow_head(p, m, in, now_us);
	if (!move_to_head(m, in, n, now_us))
		return give_up(p, no_memory);
	return end ? end_head(p, x) : HTTP1_MORE;
}

/* Hand up to LIMIT bytes of *IN to the body. STREAM_ERROR: an event in it was an error. */
static enum http1_result take_body(struct http1 *p, struct message *m, struct slice *in,
				   uint64_t limit, int64_t now_us)
{
	size_t n = in->n < limit ? in->n : (size_t)limit;
	bool stream_error = p->body.stream_error;
	long taken = body_take(&p->body, in->p, n);

	if (taken < 0)
		return give_up(p, no_memory);
	message_count(m, (size_t)taken, now_us);
	*in = slice_from(*in, (size_t)taken);
	if (p->state != HTTP1_UNTIL_END)
		p->left -= (uint64_t)taken;
	return p->body.stream_error && !stream_error && p->body.exact ? HTTP1_STREAM_ERROR
								      : HTTP1_MORE;
}

/*
 * Collect a line of chunked framing. True: LINE is it, with its LF. False:
 * more, or p->state is BROKEN or STUCK.
 */
static bool take_line(struct http1 *p, struct message *m, struct slice *in, struct slice *line,
		      int64_t now_us)
{
	long lf = slice_byte(*in, '\n', 0);
	size_t n = lf < 0 ? in->n : (size_t)lf + 1;
	struct slice piece = slice_sub(*in, 0, n);

	if (p->scratch.n == 0)
		p->line = m->bytes;
	message_count(m, n, now_us);
	*in = slice_from(*in, n);
	if (lf >= 0 && p->scratch.n == 0 && n <= p->scratch.max) {
		*line = piece;
		return true;
	}
	if (piece.n > p->scratch.max - p->scratch.n) {
		p->state = HTTP1_BROKEN;
		return false;
	}
	if (buf_add(&p->scratch, piece.p, piece.n) != 0) {
		give_up(p, no_memory);
		return false;
	}
	*line = buf_slice(&p->scratch);
	return lf >= 0;
}

/* chunk-size [ chunk-ext ] (RFC 9112 section 7.1). */
static bool read_chunk_size(struct slice line, uint64_t *size)
{
	size_t i = 0;

	*size = 0;
	for (; i < line.n && hex_value(line.p[i]) >= 0; i++) {
		if (*size >> 58)
			return false;
		*size = *size << 4 | (unsigned)hex_value(line.p[i]);
	}
	if (i == 0)
		return false;
	line = slice_trim(slice_from(line, i));
	return line.n == 0 || line.p[0] == ';';
}

static void take_chunk_size(struct http1 *p, struct message *m, struct slice *in, int64_t now_us)
{
	struct slice line;

	if (!take_line(p, m, in, &line, now_us)) {
		if (p->state == HTTP1_BROKEN)
			message_blame(m, FAULT_chunk_size_bad, p->line, -1);
		return;
	}
	line.n--;
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	else
		message_blame(m, FAULT_chunk_bare_lf, m->bytes - 1, -1);
	bool good = read_chunk_size(line, &p->left);
	buf_reset(&p->scratch);
	if (good) {
		p->state = p->left ? HTTP1_CHUNK_DATA : HTTP1_IN_TRAILERS;
	} else {
		message_blame(m, FAULT_chunk_size_bad, p->line, -1);
		p->state = HTTP1_BROKEN;
	}
}

/* The CRLF after a chunk, a byte a call; p->left is 1 between the two. */
static void take_chunk_end(struct http1 *p, struct message *m, struct slice *in, int64_t now_us)
{
	char c = *in->p;
	bool had_cr = p->left == 1;

	if (c == '\r' && !had_cr) {
		p->left = 1;
	} else if (c == '\n') {
		if (!had_cr)
			message_blame(m, FAULT_chunk_end_bad, m->bytes, -1);
		p->left = 0;
		p->state = HTTP1_CHUNK_SIZE;
	} else {
		message_blame(m, FAULT_chunk_end_bad, m->bytes, -1);
		p->state = HTTP1_BROKEN;
		return;
	}
	message_count(m, 1, now_us);
	*in = slice_from(*in, 1);
}

/* True: the message ends here. */
static bool take_trailer(struct http1 *p, struct message *m, struct slice *in, int64_t now_us)
{
	struct slice line;
	size_t before = in->n;
	bool whole = take_line(p, m, in, &line, now_us);

	p->blanks += before - in->n;
	if (p->blanks > LIMIT_TRAILERS || p->state == HTTP1_BROKEN) {
		message_blame(m, FAULT_head_too_long, p->line, -1);
		p->state = HTTP1_BROKEN;
		return false;
	}
	if (!whole)
		return false;
	bool empty = line.n == 1 || (line.n == 2 && line.p[0] == '\r');
	buf_reset(&p->scratch);
	return empty;
}

static enum http1_result take_chunked(struct http1 *p, struct message *m, struct slice *in,
				      int64_t now_us)
{
	while (in->n || p->state == HTTP1_STOPPED) {
		enum http1_result result;
		switch (p->state) {
		case HTTP1_CHUNK_SIZE:
			take_chunk_size(p, m, in, now_us);
			break;
		case HTTP1_CHUNK_DATA:
			result = take_body(p, m, in, p->left, now_us);
			if (p->left == 0 && result != HTTP1_UNSUPPORTED)
				p->state = HTTP1_CHUNK_END;
			if (result != HTTP1_MORE)
				return result;
			if (p->left == 0 && p->body.stream_error)
				return HTTP1_STREAM_ERROR;
			break;
		case HTTP1_CHUNK_END:
			take_chunk_end(p, m, in, now_us);
			break;
		case HTTP1_IN_TRAILERS:
			if (take_trailer(p, m, in, now_us))
				return finish(p);
			break;
		case HTTP1_STOPPED:
			return HTTP1_UNSUPPORTED;
		default: /* HTTP1_BROKEN */
			message_count(m, in->n, now_us);
			*in = slice_from(*in, in->n);
			break;
		}
	}
	return HTTP1_MORE;
}

enum http1_result http1_feed(struct http1 *p, struct exchange *x, struct slice *in, int64_t now_us)
{
	struct message *m = message_of(p, x);
	enum http1_result result;

	switch (p->state) {
	case HTTP1_AT_START:
		if (!http1_skip_blanks(p, in))
			return HTTP1_NOT_HTTP;
		if (in->n == 0)
			return HTTP1_MORE;
		p->state = HTTP1_IN_HEAD;
		p->blanks = 0;
		p->started = false;
		/* fallthrough */
	case HTTP1_IN_HEAD:
		return in->n ? take_head(p, x, in, now_us) : HTTP1_MORE;
	case HTTP1_IN_LENGTH:
		result = p->left ? take_body(p, m, in, p->left, now_us) : HTTP1_MORE;
		return result == HTTP1_MORE && p->left == 0 ? finish(p) : result;
	case HTTP1_UNTIL_END:
		return take_body(p, m, in, UINT64_MAX, now_us);
	case HTTP1_STOPPED:
		return HTTP1_UNSUPPORTED;
	default:
		return take_chunked(p, m, in, now_us);
	}
}

bool http1_skip(struct http1 *p, struct exchange *x, size_t n)
{
	bool fits = p->state == HTTP1_UNTIL_END || (p->state == HTTP1_IN_LENGTH && n <= p->left);

	if (!fits)
		return false;
	if (p->state == HTTP1_IN_LENGTH)
		p->left -= n;
	body_skip(&p->body, n);
	message_of(p, x)->bytes += n;
	return true;
}

bool http1_end(struct http1 *p, struct exchange *x)
{
	struct message *m = message_of(p, x);
	bool whole = p->state == HTTP1_UNTIL_END;
	struct framing framing;

	switch (p->state) {
	case HTTP1_IN_HEAD:
		/* Without memory for the fields, the start line is still there. */
		if (p->started && head_read(m, p->side, &framing) != 0)
			m->fields_complete = false;
		break;
	case HTTP1_IN_LENGTH:
		whole = p->left == 0;
		if (!whole)
			message_blame(m, FAULT_body_short, m->bytes, -1);
		break;
	case HTTP1_CHUNK_SIZE:
	case HTTP1_CHUNK_DATA:
	case HTTP1_CHUNK_END:
	case HTTP1_IN_TRAILERS:
	case HTTP1_BROKEN:
		message_blame(m, FAULT_chunks_unfinished, m->bytes, -1);
		break;
	default:
		break;
	}
	body_finish(&p->body, whole);
	p->state = HTTP1_STOPPED;
	p->why = "bytes after the end";
	return whole;
}

void http1_discard(struct http1 *p, struct exchange *x)
{
	bool endless = p->state == HTTP1_UNTIL_END || p->state == HTTP1_BROKEN;

	if (endless && p->side == SIDE_CLIENT)
		http1_restart(p); /* nothing else could end it */
	else
		body_count_into(&p->body, message_of(p, x));
}
