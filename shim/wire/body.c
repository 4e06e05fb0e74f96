/* SPDX-License-Identifier: MIT */
#include "wire/body.h"

#include <stddef.h>

#include "wire/generation.h"
#include "wire/decode.h"
#include "wire/message.h"
#include "wire/sse.h"

/* Longer lists of codings are not joined: they have more than LIMIT_CODINGS. */
enum { CODINGS_TEXT = 256 };

static bool is_event_stream(const struct message *m)
{
	return m->status / 100 == 2 &&
	       slice_starts_nocase(field_value(m, "content-type"), SLICE("text/event-stream"));
}

/*
 * Bytes of M's body to keep: all of a request and of a refusal, less of another
 * answer, in which an error may hide, and nothing of an image.
 */
static size_t worth_keeping(const struct message *m, bool request, size_t body_max)
{
	struct slice type = field_value(m, "content-type");
	size_t most = body_max < LIMIT_ANSWER_BODY ? body_max : LIMIT_ANSWER_BODY;

	if (request || m->status >= 400)
		return body_max;
	bool text = !type.p || slice_has_nocase(type, SLICE("json")) ||
		    slice_starts_nocase(type, SLICE("text/"));
	return text ? most : 0;
}

/* Index of the first Content-Encoding field; -1. */
static int coding_field(const struct message *m)
{
	const struct field *f = message_field(m, "content-encoding", 0);

	return f ? (int)(f - m->fields) : -1;
}

static int begin_decoding(struct body_reader *r)
{
	struct message *m = r->m;
	struct slice unknown;
	struct slice codings = field_value(m, "content-encoding");
	struct buf joined;
	const struct field *f;
	bool no_memory = false;

	if (!codings.p)
		return 0;
	buf_init(&joined, CODINGS_TEXT);
	for (size_t i = 0; (f = message_field(m, "content-encoding", i)); i++)
		if (buf_add_slice(&joined, f->value) != 0 || buf_add(&joined, ",", 1) != 0)
			break;
	codings = f ? codings : buf_slice(&joined);
	r->decoder = decoder_new(codings, &unknown, &no_memory);
	if (unknown.p) {
		message_blame(m, FAULT_coding_unknown, m->head.n, coding_field(m));
		m->body.coding = CODING_OPAQUE;
	}
	buf_release(&joined);
	if (r->decoder) {
		m->body.coding = CODING_DECODED;
		r->exact = false;
	}
	return no_memory ? -1 : 0;
}

int body_begin(struct body_reader *r, struct message *m, struct stream_report *report,
	       size_t body_max)
{
	size_t keep = worth_keeping(m, !report, body_max);

	*r = (struct body_reader){ .m = m, .report = report, .exact = true };
	buf_init(&m->body.bytes, keep);
	buf_init(&r->coded, keep);
	if (m->body.framing == BODY_NONE)
		return 0;
	r->counting = keep == 0;
	if (r->counting)
		return 0;
	if (begin_decoding(r) != 0)
		return -1;
	if (report && m->body.coding != CODING_OPAQUE && is_event_stream(m)) {
		r->sse = sse_new(report);
		return r->sse ? 0 : -1;
	}
	return 0;
}

static void stop_decoding(struct body_reader *r)
{
	decoder_free(r->decoder);
	r->decoder = NULL;
	buf_release(&r->coded);
}

static void stop_listening(struct body_reader *r)
{
	sse_free(r->sse);
	r->sse = NULL;
}

/* Append to B up to its ceiling. What was left out, or -1 without memory. */
static long keep_some(struct buf *b, const char *bytes, size_t n)
{
	size_t room = b->max - b->n;
	size_t want = n < room ? n : room;

	return buf_add_some(b, bytes, want) == want ? (long)(n - want) : -1;
}

/* Bytes that are not coded, or whose coding is unknown. As body_take(). */
static long take_plain(struct body_reader *r, const char *bytes, size_t n)
{
	struct body *body = &r->m->body;

	if (r->sse) {
		long taken = sse_take(r->sse, bytes, n, &r->stream_error);
		if (taken < 0)
			return -1;
		n = (size_t)taken;
		if (r->stream_error)
			stop_listening(r);
	}
	body->total += n;
	if (body->coding == CODING_NONE)
		body->decoded += n;
	long over = keep_some(&body->bytes, bytes, n);
	if (over < 0)
		return -1;
	body->truncated |= over > 0;
	r->counting = body->truncated && !r->sse;
	return (long)n;
}

struct decoded_taker {
	struct decode_taker taker;
	struct body_reader *r;
};

static enum decode_result take_decoded(struct decode_taker *taker, const char *bytes, size_t n)
{
	struct body_reader *r = ((struct decoded_taker *)taker)->r;
	struct body *body = &r->m->body;

	if (r->sse && sse_take(r->sse, bytes, n, &r->stream_error) < 0)
		return DECODE_NO_MEMORY;
	if (r->stream_error)
		stop_listening(r);
	long over = keep_some(&body->bytes, bytes, n);
	if (over < 0)
		return DECODE_NO_MEMORY;
	body->truncated |= over > 0;
	if (!over || r->sse) {
		body->decoded += n;
		return DECODE_GOOD;
	}
	body->decoded += n - (size_t)over;
	return DECODE_ENOUGH;
}

/* How many events were read before the coding broke depends on the splits: forget all. */
static void forget_events(struct body_reader *r)
{
	struct stream_report *e = r->report;

	stop_listening(r);
	r->stream_error = false;
	if (!e || !e->seen)
		return;
	buf_release(&e->error);
	buf_release(&e->error_event);
	*e = (struct stream_report){ .seen = true,
				     .error = e->error,
				     .error_event = e->error_event };
	generation_init(&e->generation);
}

/* The bytes do not decode: keep them as they came. */
static void return_to_coded(struct body_reader *r)
{
	struct body *body = &r->m->body;

	message_blame(r->m, FAULT_coding_broken, r->m->head.n, coding_field(r->m));
	buf_release(&body->bytes);
	body->bytes = r->coded;
	buf_init(&r->coded, body->bytes.max);
	body->coding = CODING_OPAQUE;
	body->decoded = 0;
	body->truncated = body->total > body->bytes.n;
	r->counting = body->truncated;
	forget_events(r);
	stop_decoding(r);
}

static long take_coded(struct body_reader *r, const char *bytes, size_t n)
{
	struct decoded_taker taker = { { take_decoded }, r };

	if (keep_some(&r->coded, bytes, n) < 0)
		return -1;
	r->m->body.total += n;
	switch (decoder_take(r->decoder, bytes, n, &taker.taker)) {
	case DECODE_GOOD:
		break;
	case DECODE_BROKEN:
		return_to_coded(r);
		break;
	case DECODE_BOMB:
		message_blame(r->m, FAULT_coding_bomb, r->m->head.n, coding_field(r->m));
		r->m->body.truncated = true;
		stop_listening(r);
		/* fallthrough */
	case DECODE_ENOUGH:
		stop_decoding(r);
		r->counting = true;
		break;
	case DECODE_NO_MEMORY:
		return -1;
	}
	return (long)n;
}

long body_take(struct body_reader *r, const char *bytes, size_t n)
{
	if (!r->counting)
		return r->decoder ? take_coded(r, bytes, n) : take_plain(r, bytes, n);
	struct body *body = &r->m->body;
	body->total += n;
	if (body->coding == CODING_NONE)
		body->decoded += n;
	body->truncated |= n > 0;
	return (long)n;
}

void body_finish(struct body_reader *r, bool whole)
{
	if (!r->m)
		return;
	struct body *body = &r->m->body;
	bool unfinished = r->decoder && body->total > 0 && !decoder_is_whole(r->decoder);
	if (whole && unfinished)
		message_blame(r->m, FAULT_coding_broken, r->m->bytes, coding_field(r->m));
	if (r->sse)
		r->stream_error |= sse_end(r->sse);
	body->complete = whole;
	body_release(r);
}

void body_skip(struct body_reader *r, size_t n)
{
	struct body *body = &r->m->body;

	body->total += n;
	body->counted_only = true;
	body->truncated = true;
	stop_listening(r);
	stop_decoding(r);
	r->counting = true;
}

void body_count_into(struct body_reader *r, struct message *m)
{
	body_release(r);
	r->m = m;
	r->counting = true;
	r->exact = true;
}

void body_release(struct body_reader *r)
{
	stop_listening(r);
	stop_decoding(r);
	*r = (struct body_reader){ 0 };
}
