/* SPDX-License-Identifier: MIT */
#include "wire/h2_frame.h"

#include <string.h>

/*
 * The largest payload that every receiver must take (RFC 9113 section 4.2), and
 * a kept buffer's size.
 */
enum { FRAME_DEFAULT = 16384, PAYLOAD_KEPT = 16384 };

void h2_reader_init(struct h2_reader *r)
{
	*r = (struct h2_reader){ 0 };
	buf_init(&r->payload, LIMIT_HEAD);
}

void h2_reader_release(struct h2_reader *r)
{
	buf_release(&r->payload);
}

uint32_t h2_number(const char *p, int bytes)
{
	uint32_t n = 0;

	for (int i = 0; i < bytes; i++)
		n = n << 8 | (unsigned char)p[i];
	return n;
}

static struct h2_frame parse_header(const char *p)
{
	return (struct h2_frame){
		.length = h2_number(p, 3),
		.type = (uint8_t)p[3],
		.flags = (uint8_t)p[4],
		.stream = h2_number(p + 5, 4) & 0x7fffffff,
	};
}

/* Frames whose payload is wanted in one piece. */
static bool is_collected(uint8_t type)
{
	return type == H2_HEADERS || type == H2_CONTINUATION || type == H2_PUSH_PROMISE ||
	       type == H2_SETTINGS || type == H2_RST_STREAM || type == H2_GOAWAY;
}

static enum h2_result take_header(struct h2_reader *r, struct slice *in)
{
	size_t n = H2_HEADER_LENGTH - r->have;

	if (n > in->n)
		n = in->n;
	memcpy(r->header + r->have, in->p, n);
	r->have += n;
	*in = slice_from(*in, n);
	if (r->have < H2_HEADER_LENGTH)
		return H2_MORE;
	r->frame = parse_header((const char *)r->header);
	r->have = 0;
	r->left = r->frame.length;
	r->pad = 0;
	r->pad_bad = false;
	r->pad_known = r->frame.type != H2_DATA || !(r->frame.flags & H2_PADDED);
	r->in_payload = true;
	if (r->payload.cap > PAYLOAD_KEPT)
		buf_release(&r->payload);
	buf_reset(&r->payload);
	return is_collected(r->frame.type) && r->left > LIMIT_HEAD ? H2_TOO_LONG : H2_BEGIN;
}

static enum h2_result take_collected(struct h2_reader *r, struct slice *in, struct slice *piece)
{
	size_t n = in->n < r->left ? in->n : r->left;

	*piece = slice_sub(*in, 0, n);
	*in = slice_from(*in, n);
	bool at_once = r->payload.n == 0 && n == r->left;
	r->left -= (uint32_t)n;
	if (!at_once && buf_add_slice(&r->payload, *piece) != 0)
		return H2_NO_MEMORY;
	if (r->left)
		return H2_MORE;
	if (!at_once)
		*piece = buf_slice(&r->payload);
	r->in_payload = false;
	return H2_PAYLOAD;
}

/* DATA, and frames that are skipped. */
static enum h2_result take_streamed(struct h2_reader *r, struct slice *in, struct slice *piece)
{
	if (!r->pad_known && r->left) {
		if (in->n == 0)
			return H2_MORE;
		r->pad = (unsigned char)in->p[0];
		r->pad_known = true;
		r->left--;
		*in = slice_from(*in, 1);
		r->pad_bad = r->pad > r->left;
		if (r->pad_bad)
			r->pad = r->left;
	}
	r->pad_bad |= !r->pad_known;
	bool data = r->frame.type == H2_DATA && r->left > r->pad;
	size_t most = data ? r->left - r->pad : r->left;
	size_t n = in->n < most ? in->n : most;
	*piece = slice_sub(*in, 0, n);
	*in = slice_from(*in, n);
	r->left -= (uint32_t)n;
	if (data && n)
		return H2_PIECE;
	if (r->left)
		return H2_MORE;
	r->in_payload = false;
	return H2_END;
}

enum h2_result h2_reader_next(struct h2_reader *r, struct slice *in, struct slice *piece)
{
	if (!r->in_payload)
		return in->n ? take_header(r, in) : H2_MORE;
	if (is_collected(r->frame.type))
		return take_collected(r, in, piece);
	return take_streamed(r, in, piece);
}

bool h2_block(const struct h2_frame *frame, struct slice payload, struct slice *block)
{
	size_t pad = 0;
	size_t before = 0;

	if (frame->type != H2_CONTINUATION && (frame->flags & H2_PADDED)) {
		if (payload.n == 0)
			return false;
		pad = (unsigned char)payload.p[0];
		before = 1;
	}
	if (frame->type == H2_PUSH_PROMISE)
		before += 4;
	else if (frame->type == H2_HEADERS && (frame->flags & H2_PRIORITIZED))
		before += 5;
	if (before + pad > payload.n)
		return false;
	*block = slice_sub(payload, before, payload.n - before - pad);
	return true;
}

/*
 * Flags that RFC 9113 section 6 gives each type, and the payload's length and
 * stream as it demands them.
 */
static const struct {
	uint8_t flags;
	bool on_stream;  /* else on stream 0 only */
	uint32_t least;  /* bytes of payload; flags may ask for more */
	uint32_t length; /* 0: any */
} plausible[] = {
	[H2_DATA] = { H2_END_STREAM | H2_PADDED, true, 0, 0 },
	[H2_HEADERS] = { H2_END_STREAM | H2_END_HEADERS | H2_PADDED | H2_PRIORITIZED, true, 1, 0 },
	[H2_PRIORITY] = { 0, true, 5, 5 },
	[H2_RST_STREAM] = { 0, true, 4, 4 },
	[H2_SETTINGS] = { H2_ACK, false, 0, 0 },
	[H2_PUSH_PROMISE] = { H2_END_HEADERS | H2_PADDED, true, 5, 0 },
	[H2_PING] = { H2_ACK, false, 8, 8 },
	[H2_GOAWAY] = { 0, false, 8, 0 },
	[H2_WINDOW_UPDATE] = { 0, false, 4, 4 },
	[H2_CONTINUATION] = { H2_END_HEADERS, true, 0, 0 },
};

/* No connection has so many requests. Stream ids of pushed answers are even. */
enum { STREAM_MOST = 1 << 24 };

static bool has_plausible_length(const struct h2_frame *f)
{
	uint32_t least = plausible[f->type].least;

	if (f->type == H2_SETTINGS)
		return f->flags & H2_ACK ? f->length == 0 : f->length % 6 == 0;
	least += (plausible[f->type].flags & f->flags & H2_PADDED) != 0;
	if (f->type == H2_HEADERS && (f->flags & H2_PRIORITIZED))
		least += 5;
	if (plausible[f->type].length)
		return f->length == plausible[f->type].length;
	return f->length >= least && f->length <= FRAME_DEFAULT;
}

static bool has_plausible_stream(const struct h2_frame *f, enum side side)
{
	bool opens_or_fills = f->type == H2_DATA || f->type == H2_HEADERS ||
			      f->type == H2_CONTINUATION || f->type == H2_PUSH_PROMISE;

	if (f->stream >= STREAM_MOST || (opens_or_fills && f->stream % 2 == 0))
		return false;
	if (f->type == H2_PUSH_PROMISE && side == SIDE_CLIENT)
		return false;
	return f->type == H2_WINDOW_UPDATE || (f->stream != 0) == plausible[f->type].on_stream;
}

static bool is_plausible(const char *p, enum side side)
{
	struct h2_frame f = parse_header(p);

	return f.type < sizeof(plausible) / sizeof(plausible[0]) && !(p[5] & 0x80) &&
	       !(f.flags & ~plausible[f.type].flags) && has_plausible_length(&f) &&
	       has_plausible_stream(&f, side);
}

/* The frames of a header block follow each other with nothing in between. */
static bool may_follow(const struct h2_frame *before, const struct h2_frame *f)
{
	bool has_block = before->type == H2_HEADERS || before->type == H2_PUSH_PROMISE ||
			 before->type == H2_CONTINUATION;
	bool goes_on = has_block && !(before->flags & H2_END_HEADERS);

	return goes_on ? f->type == H2_CONTINUATION && f->stream == before->stream
		       : f->type != H2_CONTINUATION;
}

/*
 * How much a frame header proves. Ordinary data has zeros and small numbers in it,
 * which look like frames without payload or like DATA; a whole header block takes
 * more than that.
 */
enum { PROOF_AT_ONCE = 2, PROOF_LATER = 3 };

static int proof(const struct h2_frame *f)
{
	if (f->length == 0)
		return f->type == H2_SETTINGS;
	return f->type == H2_HEADERS && (f->flags & H2_END_HEADERS) ? 2 : 1;
}

enum chain { CHAIN_BROKEN, CHAIN_UNDECIDED, CHAIN_HOLDS };

/* Do frames of SIDE follow each other from AT on until WANTED is proven? */
static enum chain follow_chain(struct slice in, size_t at, enum side side, int wanted,
			       size_t *decided)
{
	struct h2_frame before = { 0 };
	bool first = true;

	for (int proven = 0; proven < wanted; first = false) {
		if (at + H2_HEADER_LENGTH > in.n)
			return CHAIN_UNDECIDED;
		if (at + H2_HEADER_LENGTH > *decided)
			*decided = at + H2_HEADER_LENGTH;
		struct h2_frame f = parse_header(in.p + at);
		if (!is_plausible(in.p + at, side) || (!first && !may_follow(&before, &f)))
			return CHAIN_BROKEN;
		if (!first && !proof(&before) && !proof(&f))
			return CHAIN_BROKEN; /* else zeros would be followed for ever */
		proven += proof(&f);
		before = f;
		at += H2_HEADER_LENGTH + f.length;
	}
	return CHAIN_HOLDS;
}

/* The very beginning needs less proof: most attaches happen between two writes. */
long h2_find_frame(struct h2_search *search, struct slice in, enum side side)
{
	if (search->decided < H2_HEADER_LENGTH)
		search->decided = H2_HEADER_LENGTH;
	for (; search->at + H2_HEADER_LENGTH <= in.n; search->at++)
		switch (follow_chain(in, search->at, side, search->at ? PROOF_LATER : PROOF_AT_ONCE,
				     &search->decided)) {
		case CHAIN_HOLDS:
			return (long)search->at;
		case CHAIN_UNDECIDED:
			return -1; /* wait: else splits would decide between places */
		case CHAIN_BROKEN:
			break;
		}
	return -1;
}

long h2_find_in(struct buf *resync_buf, struct h2_search *search, enum side side, struct slice in,
		struct slice *rest)
{
	size_t room = resync_buf->max - resync_buf->n;
	struct slice fits = slice_sub(in, 0, room);

	if (buf_add_slice(resync_buf, fits) != 0)
		return H2_OUT_OF_MEMORY;
	*rest = slice_from(in, fits.n);
	long at = h2_find_frame(search, buf_slice(resync_buf), side);
	if (at < 0)
		return in.n >= room ? H2_LOST : H2_SEARCHING;
	return at;
}
