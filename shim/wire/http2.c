/* SPDX-License-Identifier: MIT */
#include "wire/http2.h"

#include <stdlib.h>
#include <string.h>

#include "wire/body.h"
#include "wire/h2_frame.h"
#include "wire/h2_head.h"
#include "wire/message.h"

/* SETTINGS frames of a peer that the other has not acknowledged yet; more are not remembered. */
enum { SETTINGS_WAITING = 8, SETTINGS_HEADER_TABLE_SIZE = 1, NO_TABLE_SIZE = -1 };

static const char no_memory[] = "out of memory";

struct stream {
	uint32_t id;
	struct exchange *x;
	struct body_reader bodies[2]; /* by enum side */
	bool ended[2];
};

/* One direction. */
struct direction {
	enum side side;
	struct h2_reader reader;
	struct hpack *hpack;   /* of the blocks that this side sends */
	bool synced;           /* the beginning of a frame was found; false only when seen from the middle */
	bool began;            /* a frame was seen */
	struct buf resync_buf; /* not synced: bytes so far */
	struct h2_search search;
	/* a header block that goes on in CONTINUATION frames */
	bool in_block;
	struct h2_frame block_frame; /* its first frame */
	struct buf block;
	size_t block_bytes; /* on the wire */
	/* table sizes that the other side asked for and this one has not acknowledged */
	int64_t waiting[SETTINGS_WAITING];
	size_t waiting_count;
};

struct http2 {
	struct event_queue *out;
	struct wire_limits limits;
	uint32_t number;
	uint32_t seq;
	struct slice sni;
	bool midstream;
	uint32_t last_id;
	int64_t now_us;
	struct direction directions[2]; /* by enum side */
	struct stream **streams;        /* by rising id */
	size_t count;
	size_t room;
};

static void direction_release(struct direction *dir)
{
	h2_reader_release(&dir->reader);
	hpack_free(dir->hpack);
	buf_release(&dir->resync_buf);
	buf_release(&dir->block);
}

struct http2 *http2_new(struct event_queue *out, const struct wire_limits *limits, uint32_t number,
			struct slice sni, bool midstream)
{
	struct http2 *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->out = out;
	h->limits = *limits;
	h->number = number;
	h->sni = sni;
	h->midstream = midstream;
	for (int side = 0; side < 2; side++) {
		struct direction *dir = &h->directions[side];
		dir->side = (enum side)side;
		dir->synced = !midstream || side == SIDE_CLIENT;
		h2_reader_init(&dir->reader);
		buf_init(&dir->resync_buf, LIMIT_HEAD);
		buf_init(&dir->block, LIMIT_HEAD);
		dir->hpack = hpack_new(midstream);
	}
	if (!h->directions[0].hpack || !h->directions[1].hpack) {
		http2_free(h);
		return NULL;
	}
	return h;
}

static struct message *message_of(struct stream *s, enum side side)
{
	return side == SIDE_CLIENT ? &s->x->request : &s->x->response;
}

static void stream_free(struct stream *s)
{
	body_release(&s->bodies[0]);
	body_release(&s->bodies[1]);
	free(s);
}

void http2_free(struct http2 *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->count; i++) {
		event_queue_discard(h->out, h->streams[i]->x);
		stream_free(h->streams[i]);
	}
	free(h->streams);
	direction_release(&h->directions[0]);
	direction_release(&h->directions[1]);
	free(h);
}

/* Index of the first stream whose id is not below ID. */
static size_t place_of(const struct http2 *h, uint32_t id)
{
	size_t low = 0;
	size_t high = h->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (h->streams[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct stream *find_stream(const struct http2 *h, uint32_t id)
{
	size_t at = place_of(h, id);

	return at < h->count && h->streams[at]->id == id ? h->streams[at] : NULL;
}

/* Remove the stream; the caller owns its exchange. */
static struct exchange *take_out(struct http2 *h, struct stream *s)
{
	struct exchange *x = s->x;
	size_t at = place_of(h, s->id);

	h->count--;
	memmove(h->streams + at, h->streams + at + 1, (h->count - at) * sizeof(struct stream *));
	stream_free(s);
	return x;
}

/* Put out the stream's exchange; later frames of the stream are skipped. */
static void emit(struct http2 *h, struct stream *s, enum exchange_end end)
{
	event_queue_put(h->out, take_out(h, s), end);
}

static void give_up(struct http2 *h, const char *why)
{
	while (h->count)
		emit(h, h->streams[0], END_UNPARSED);
	event_queue_unsupported(h->out, why);
}

/* NULL: nothing more is read. */
static struct stream *open_stream(struct http2 *h, uint32_t id)
{
	if (h->count >= LIMIT_STREAMS) {
		give_up(h, "more streams alive than LIMIT_STREAMS");
		return NULL;
	}
	if (h->count == h->room) {
		size_t room = h->room ? h->room * 2 : 8;
		struct stream **all = realloc(h->streams, room * sizeof(struct stream *));
		if (!all) {
			give_up(h, no_memory);
			return NULL;
		}
		h->streams = all;
		h->room = room;
	}
	struct stream *s = calloc(1, sizeof(*s));
	if (s)
		s->x = exchange_new(h->number, h->seq + 1, h->sni);
	if (!s || !s->x) {
		free(s);
		give_up(h, no_memory);
		return NULL;
	}
	s->x->plain = h->limits.plain;
	h->seq++;
	h->last_id = id;
	s->id = id;
	s->x->stream = id;
	s->x->version = HTTP_2;
	h->streams[h->count++] = s;
	return s;
}

static void end_message(struct http2 *h, struct stream *s, enum side side)
{
	if (s->ended[side])
		return;
	s->ended[side] = true;
	h2_head_check_length(s->x, side);
	body_finish(&s->bodies[side], true);
	message_of(s, side)->body.complete = true;
	if (side == SIDE_SERVER)
		emit(h, s, END_ANSWERED);
}

static bool begin_body(struct http2 *h, struct stream *s, enum side side, bool ended)
{
	struct message *m = message_of(s, side);

	h2_head_length(m, ended);
	if (body_begin(&s->bodies[side], m, side == SIDE_SERVER ? &s->x->events : NULL,
		       h->limits.body_max) == 0)
		return true;
	give_up(h, no_memory);
	return false;
}

static const char lost_table[] = "an HTTP/2 header block that does not decode: its table is lost";

/* Read the block as the head of S's message. False: nothing more is read. */
static bool read_head(struct http2 *h, struct direction *dir, struct stream *s, struct slice block,
		      struct slice *authority)
{
	struct message *m = message_of(s, dir->side);
	enum hpack_result result = h2_head_read(dir->hpack, block, dir->side, m, authority);

	message_count(m, dir->block_bytes, h->now_us);
	if (result == HPACK_END)
		return true;
	give_up(h, result == HPACK_BAD ? lost_table : no_memory);
	return false;
}

/* The stream has nothing to report. */
static void forget(struct http2 *h, struct stream *s)
{
	event_queue_discard(h->out, take_out(h, s));
}

static void begin_request(struct http2 *h, struct direction *dir, uint32_t id, struct slice block,
			  bool ended)
{
	struct stream *s = open_stream(h, id);
	struct slice authority;

	if (!s || !read_head(h, dir, s, block, &authority))
		return;
	/* Seen from the middle: a server may have written this; without a method we do not know. */
	if (h->midstream && s->x->request.method.n == 0) {
		bool answers = s->x->request.status != 0;

		forget(h, s);
		if (answers)
			give_up(h, "attached to a server's side");
		return;
	}
	exchange_set_address(s->x, authority);
	if (!begin_body(h, s, SIDE_CLIENT, ended))
		return;
	event_queue_head(h->out, s->x);
	if (ended)
		end_message(h, s, SIDE_CLIENT);
}

static void begin_answer(struct http2 *h, struct direction *dir, struct stream *s,
			 struct slice block, bool ended)
{
	struct message *m = &s->x->response;
	struct slice authority;

	if (!read_head(h, dir, s, block, &authority))
		return;
	if (m->status / 100 == 1 && !ended) {
		s->x->informational++;
		message_reset(m);
		return;
	}
	if (m->status / 100 == 2 && slice_equal(s->x->request.method, SLICE("CONNECT"))) {
		emit(h, s, END_SWITCHED);
		return;
	}
	if (begin_body(h, s, SIDE_SERVER, ended) && ended)
		end_message(h, s, SIDE_SERVER);
}

/* A block that is not the head of a message: trailers, a promise, a stream that is out. */
static bool skip_block(struct http2 *h, struct direction *dir, struct slice block)
{
	enum hpack_result result = h2_head_skip(dir->hpack, block);

	if (result != HPACK_END)
		give_up(h, result == HPACK_BAD ? lost_table : no_memory);
	return result == HPACK_END;
}

static void end_block(struct http2 *h, struct direction *dir, struct slice block)
{
	const struct h2_frame *f = &dir->block_frame;
	struct stream *s = f->type == H2_HEADERS ? find_stream(h, f->stream) : NULL;
	bool ended = f->flags & H2_END_STREAM;
	bool is_new = f->type == H2_HEADERS && f->stream % 2 == 1 && f->stream > h->last_id;

	dir->in_block = false;
	if (!s && is_new && dir->side == SIDE_CLIENT)
		begin_request(h, dir, f->stream, block, ended);
	else if (s && !message_of(s, dir->side)->head_complete)
		begin_answer(h, dir, s, block, ended);
	else if (skip_block(h, dir, block) && s) {
		message_count(message_of(s, dir->side), dir->block_bytes, h->now_us);
		if (ended)
			end_message(h, s, dir->side);
	}
	if (dir->block.cap > LIMIT_HEAD / 16)
		buf_release(&dir->block);
	buf_reset(&dir->block);
}

/* A frame against the protocol that we can step over. */
static void blame_frame(struct http2 *h, struct direction *dir, uint32_t id)
{
	struct stream *s = find_stream(h, id);

	for (size_t i = 0; i < h->count; i++)
		if (!s || s == h->streams[i]) {
			struct message *m = message_of(h->streams[i], dir->side);
			message_blame(m, FAULT_h2_frame_bad, m->bytes, -1);
		}
}

/* The same, but its content is needed to go on. */
static void break_off(struct http2 *h, struct direction *dir, const char *why)
{
	blame_frame(h, dir, dir->reader.frame.stream);
	give_up(h, why);
}

static void take_block(struct http2 *h, struct direction *dir, struct slice payload)
{
	const struct h2_frame *f = &dir->reader.frame;
	struct slice block;

	if (f->type == H2_CONTINUATION && !dir->in_block) {
		if (!h->midstream)
			break_off(h, dir, "an HTTP/2 CONTINUATION that continues nothing");
		return;
	}
	if (f->stream == 0 || !h2_block(f, payload, &block)) {
		break_off(h, dir, "an HTTP/2 header frame without a header block");
		return;
	}
	if (f->type != H2_CONTINUATION) {
		dir->in_block = true;
		dir->block_frame = *f;
		dir->block_bytes = 0;
	}
	dir->block_bytes += H2_HEADER_LENGTH + payload.n;
	bool last = f->flags & H2_END_HEADERS;
	if (last && dir->block.n == 0) {
		end_block(h, dir, block);
		return;
	}
	if (buf_add_slice(&dir->block, block) != 0)
		give_up(h, "an HTTP/2 header block longer than LIMIT_HEAD");
	else if (last)
		end_block(h, dir, buf_slice(&dir->block));
}

/*
 * SETTINGS of one side say how large the other side's encoder may make its
 * table; in force from the other side's acknowledgement on (RFC 9113 6.5.3).
 */
static void take_settings(struct http2 *h, struct direction *dir, struct slice payload)
{
	struct direction *other =
	    &h->directions[dir->side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT];
	int64_t size = NO_TABLE_SIZE;

	if (dir->reader.frame.flags & H2_ACK) {
		if (dir->waiting_count == 0)
			return;
		size = dir->waiting[0];
		dir->waiting_count--;
		memmove(dir->waiting, dir->waiting + 1,
			dir->waiting_count * sizeof(dir->waiting[0]));
		if (size != NO_TABLE_SIZE && hpack_limit(dir->hpack, (size_t)size) != 0)
			give_up(h, no_memory);
		return;
	}
	if (payload.n % 6 || dir->reader.frame.stream)
		blame_frame(h, dir, 0);
	for (; payload.n >= 6; payload = slice_from(payload, 6))
		if (h2_number(payload.p, 2) == SETTINGS_HEADER_TABLE_SIZE)
			size = h2_number(payload.p + 2, 4);
	if (other->waiting_count < SETTINGS_WAITING)
		other->waiting[other->waiting_count++] = size;
}

static void take_reset(struct http2 *h, struct direction *dir, struct slice payload)
{
	struct stream *s = find_stream(h, dir->reader.frame.stream);

	if (!s)
		return;
	struct message *m = message_of(s, dir->side);
	message_count(m, H2_HEADER_LENGTH + payload.n, h->now_us);
	message_blame(m, FAULT_h2_stream_reset, m->bytes, -1);
	body_finish(&s->bodies[SIDE_SERVER], false);
	body_finish(&s->bodies[SIDE_CLIENT], s->ended[SIDE_CLIENT]);
	emit(h, s, END_RESET);
}

static void take_goaway(struct http2 *h, struct direction *dir, struct slice payload)
{
	if (payload.n < 8) {
		blame_frame(h, dir, 0);
		return;
	}
	if (h2_number(payload.p + 4, 4) == 0)
		return;
	for (size_t i = 0; i < h->count; i++) {
		struct message *m = message_of(h->streams[i], dir->side);
		message_blame(m, FAULT_h2_going_away, m->bytes, -1);
	}
}

static void take_payload(struct http2 *h, struct direction *dir, struct slice payload)
{
	switch (dir->reader.frame.type) {
	case H2_SETTINGS:
		take_settings(h, dir, payload);
		break;
	case H2_RST_STREAM:
		take_reset(h, dir, payload);
		break;
	case H2_GOAWAY:
		take_goaway(h, dir, payload);
		break;
	default:
		take_block(h, dir, payload);
		break;
	}
}

/* The stream that a DATA frame belongs to, if its data is wanted. */
static struct stream *data_stream(struct http2 *h, struct direction *dir)
{
	struct stream *s = find_stream(h, dir->reader.frame.stream);

	if (!s || dir->reader.frame.type != H2_DATA)
		return NULL;
	if (!s->ended[dir->side] && message_of(s, dir->side)->head_complete)
		return s;
	blame_frame(h, dir, s->id);
	return NULL;
}

static void begin_frame(struct http2 *h, struct direction *dir)
{
	const struct h2_frame *f = &dir->reader.frame;
	bool first = !dir->began;

	dir->began = true;
	if (first && !h->midstream && f->type != H2_SETTINGS) {
		give_up(h, dir->side == SIDE_SERVER ? "the answer is not HTTP/2"
						    : "no SETTINGS after the HTTP/2 preface");
		return;
	}
	bool continues = f->type == H2_CONTINUATION && f->stream == dir->block_frame.stream;
	if (dir->in_block && !continues) {
		break_off(h, dir, "an HTTP/2 frame in the middle of a header block");
		return;
	}
	struct stream *s = data_stream(h, dir);
	if (s)
		message_count(message_of(s, dir->side), H2_HEADER_LENGTH, h->now_us);
}

static void take_data(struct http2 *h, struct direction *dir, struct slice piece)
{
	struct stream *s = data_stream(h, dir);

	if (!s)
		return;
	struct body_reader *body = &s->bodies[dir->side];
	long taken = body_take(body, piece.p, piece.n);
	if (taken < 0) {
		give_up(h, no_memory);
		return;
	}
	message_count(message_of(s, dir->side), (size_t)taken, h->now_us);
	if (body->stream_error && body->exact)
		emit(h, s, END_ANSWERED);
}

static void end_frame(struct http2 *h, struct direction *dir)
{
	const struct h2_reader *r = &dir->reader;
	struct stream *s = data_stream(h, dir);

	if (!s)
		return;
	struct message *m = message_of(s, dir->side);
	if (r->frame.flags & H2_PADDED)
		message_count(m, r->pad + (r->frame.length > 0), h->now_us);
	if (r->pad_bad)
		message_blame(m, FAULT_h2_frame_bad, m->bytes, -1);
	if (r->frame.flags & H2_END_STREAM)
		end_message(h, s, dir->side);
	else if (s->bodies[dir->side].stream_error)
		emit(h, s, END_ANSWERED);
}

static void read_frames(struct http2 *h, struct direction *dir, struct slice in)
{
	struct slice piece;

	while (!h->out->unsupported) {
		switch (h2_reader_next(&dir->reader, &in, &piece)) {
		case H2_BEGIN:
			begin_frame(h, dir);
			break;
		case H2_PIECE:
			take_data(h, dir, piece);
			break;
		case H2_PAYLOAD:
			take_payload(h, dir, piece);
			break;
		case H2_END:
			end_frame(h, dir);
			break;
		case H2_TOO_LONG:
			break_off(h, dir, "an HTTP/2 frame longer than LIMIT_HEAD");
			break;
		case H2_NO_MEMORY:
			give_up(h, no_memory);
			break;
		case H2_MORE:
			return;
		}
	}
}

void http2_feed(struct http2 *h, enum side side, struct slice in, int64_t now_us)
{
	struct direction *dir = &h->directions[side];

	h->now_us = now_us;
	if (dir->synced) {
		read_frames(h, dir, in);
		return;
	}
	struct slice rest;
	long at = h2_find_in(&dir->resync_buf, &dir->search, side, in, &rest);
	if (at == H2_SEARCHING)
		return;
	if (at < 0) {
		give_up(h, at == H2_LOST ? "attached in the middle of what could not be recognised"
					 : no_memory);
		return;
	}
	dir->synced = true;
	read_frames(h, dir, slice_from(buf_slice(&dir->resync_buf), (size_t)at));
	read_frames(h, dir, rest);
	buf_release(&dir->resync_buf);
}

/* Nothing more can come for any stream. */
static void close_streams(struct http2 *h)
{
	while (h->count) {
		struct stream *s = h->streams[0];
		for (int side = 0; side < 2; side++)
			if (!s->ended[side] && message_of(s, (enum side)side)->head_complete) {
				h2_head_check_length(s->x, (enum side)side);
				body_finish(&s->bodies[side], false);
			}
		emit(h, s, END_CLOSED);
	}
}

void http2_end(struct http2 *h, enum side side)
{
	if (side == SIDE_SERVER && !h->out->unsupported)
		close_streams(h);
}

void http2_close(struct http2 *h)
{
	if (!h->out->unsupported)
		close_streams(h);
}
