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

static enum h2_said take_header(struct h2_reader *r, struct slice *in)
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

static enum h2_said take_collected(struct h2_reader *r, struct slice *in, struct slice *piece)
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

/* DATA, and what nobody looks into. */
static enum h2_said take_streamed(struct h2_reader *r, struct slice *in, struct slice *piece)
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

enum h2_said h2_reader_next(struct h2_reader *r, struct slice *in, struct slice *piece)
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
	uint32_t length; /* 0: any */
} plausible[] = {
	[H2_DATA] = { H2_END_STREAM | H2_PADDED, true, 0 },
	[H2_HEADERS] = { H2_END_STREAM | H2_END_HEADERS | H2_PADDED | H2_PRIORITIZED, true, 0 },
	[H2_PRIORITY] = { 0, true, 5 },
	[H2_RST_STREAM] = { 0, true, 4 },
	[H2_SETTINGS] = { H2_ACK, false, 0 },
	[H2_PUSH_PROMISE] = { H2_END_HEADERS | H2_PADDED, true, 0 },
	[H2_PING] = { H2_ACK, false, 8 },
	[H2_GOAWAY] = { 0, false, 0 },
	[H2_WINDOW_UPDATE] = { 0, false, 4 },
	[H2_CONTINUATION] = { H2_END_HEADERS, true, 0 },
};

static bool is_plausible(const char *p)
{
	struct h2_frame f = parse_header(p);

	if (f.type >= sizeof(plausible) / sizeof(plausible[0]) || f.length > FRAME_DEFAULT ||
	    (p[5] & 0x80))
		return false;
	if (f.flags & ~plausible[f.type].flags)
		return false;
	if (plausible[f.type].length && f.length != plausible[f.type].length)
		return false;
	if (f.type == H2_SETTINGS && f.length % 6)
		return false;
	return f.type == H2_WINDOW_UPDATE || (f.stream != 0) == plausible[f.type].on_stream;
}

/* At the very beginning one header is proof enough: most joins fall between two writes. */
long h2_find_frame(struct slice in, size_t *decided)
{
	*decided = H2_HEADER_LENGTH;
	for (size_t at = 0; at + H2_HEADER_LENGTH <= in.n; at++) {
		if (!is_plausible(in.p + at))
			continue;
		if (at == 0)
			return 0;
		size_t next = at + H2_HEADER_LENGTH + parse_header(in.p + at).length;
		if (next + H2_HEADER_LENGTH > in.n)
			return -1; /* wait: else a split would decide for a later place */
		if (next + H2_HEADER_LENGTH > *decided)
			*decided = next + H2_HEADER_LENGTH;
		if (is_plausible(in.p + next))
			return (long)at;
	}
	return -1;
}

long h2_search(struct buf *search, struct slice in, struct slice *rest)
{
	size_t room = search->max - search->n;
	struct slice fits = slice_sub(in, 0, room);
	size_t decided;

	if (buf_add_slice(search, fits) != 0)
		return H2_OUT_OF_MEMORY;
	*rest = slice_from(in, fits.n);
	long at = h2_find_frame(buf_slice(search), &decided);
	if (at < 0)
		return in.n >= room ? H2_LOST : H2_SEARCHING;
	return at;
}
