/* SPDX-License-Identifier: MIT */
#include "wire/connection.h"

#include <stdlib.h>
#include <string.h>

#include "wire/h2_frame.h"
#include "wire/head.h"
#include "wire/http2.h"
#include "wire/pairing.h"

static const char no_memory[] = "out of memory";

enum protocol {
	PROTOCOL_UNKNOWN,
	PROTOCOL_HTTP1,
	PROTOCOL_HTTP2,
	PROTOCOL_NONE, /* nothing is read any more */
};

struct connection {
	enum protocol protocol;
	struct wire_limits limits;
	uint32_t number;
	bool midstream;
	bool client_wrote;
	bool dropped;
	bool closed;
	int64_t handshake_us;  /* when its handshake was told */
	size_t matched;        /* bytes of the HTTP/2 preface seen so far */
	struct buf resync_buf; /* joined late: client bytes until they tell what they are */
	struct {
		struct h2_search frame;
		size_t line;    /* the first that may be a request's */
		size_t decided; /* bytes up to the end of the last line looked at */
		size_t seen;    /* bytes in which no more line ends, and no status line is */
	} search;               /* in `late` */
	size_t status; /* joined late: bytes of a status line seen since the client wrote */
	struct event_queue out;
	struct pairing pairing; /* PROTOCOL_HTTP1 */
	struct http2 *http2;    /* PROTOCOL_HTTP2 */
	struct slice sni;
	char name[]; /* what sni points to */
};

/* RFC 9113 section 3.4. Its first byte is no other method's: PRI is reserved. */
static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum { PREFACE_LENGTH = sizeof(preface) - 1 };

struct connection *connection_new(const struct wire_limits *limits, uint32_t number,
				  struct slice sni, bool midstream)
{
	struct connection *c = calloc(1, sizeof(*c) + sni.n + 1);

	if (!c)
		return NULL;
	c->limits = *limits;
	c->number = number;
	c->midstream = midstream;
	buf_init(&c->resync_buf, LIMIT_HEAD);
	if (sni.p) {
		memcpy(c->name, sni.p, sni.n);
		c->sni = (struct slice){ c->name, sni.n };
	}
	return c;
}

/* Free the parsers; what is in the outbox stays. */
static void stop_reading(struct connection *c)
{
	if (c->protocol == PROTOCOL_HTTP1)
		pairing_release(&c->pairing);
	http2_free(c->http2);
	c->http2 = NULL;
	buf_release(&c->resync_buf);
	c->protocol = PROTOCOL_NONE;
}

void connection_free(struct connection *c)
{
	if (!c)
		return;
	stop_reading(c);
	event_queue_clear(&c->out);
	free(c);
}

static void give_up(struct connection *c, const char *why)
{
	event_queue_unsupported(&c->out, why);
	stop_reading(c);
}

static void begin_http1(struct connection *c)
{
	c->protocol = PROTOCOL_HTTP1;
	pairing_init(&c->pairing, &c->out, &c->limits, c->number, c->sni);
}

static void begin_http2(struct connection *c)
{
	c->protocol = PROTOCOL_HTTP2;
	c->http2 = http2_new(&c->out, &c->limits, c->number, c->sni, c->midstream);
	if (!c->http2)
		give_up(c, no_memory);
}

static void feed_known(struct connection *c, enum side side, struct slice in, int64_t now_us)
{
	if (c->protocol == PROTOCOL_HTTP1)
		pairing_feed(&c->pairing, side, in, now_us);
	else if (c->protocol == PROTOCOL_HTTP2)
		http2_feed(c->http2, side, in, now_us);
	if (c->out.unsupported && c->protocol != PROTOCOL_NONE)
		stop_reading(c);
}

/* The client's first bytes: the HTTP/2 preface or anything else. */
static void recognise(struct connection *c, struct slice in, int64_t now_us)
{
	while (in.n && c->matched < PREFACE_LENGTH && *in.p == preface[c->matched]) {
		in = slice_from(in, 1);
		c->matched++;
	}
	if (c->matched == PREFACE_LENGTH) {
		begin_http2(c);
		feed_known(c, SIDE_CLIENT, in, now_us);
	} else if (in.n) {
		begin_http1(c);
		feed_known(c, SIDE_CLIENT, (struct slice){ preface, c->matched }, now_us);
		feed_known(c, SIDE_CLIENT, in, now_us);
	}
}

/* Offset of the first line that is a request line in bytes whose beginning we did not see; -1. */
static long find_request(struct connection *c, struct slice in)
{
	long lf;

	while ((lf = slice_byte(in, '\n', c->search.seen)) >= 0) {
		struct slice line = slice_sub(in, c->search.line, (size_t)lf - c->search.line);
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		c->search.seen = c->search.decided = (size_t)lf + 1;
		if (head_is_start_line(SIDE_CLIENT, line))
			return (long)c->search.line;
		c->search.line = c->search.seen;
	}
	c->search.seen = in.n;
	return -1;
}

/*
 * A server writes status lines; a client that we joined in a body does not. How many of the
 * bytes it takes to know that, SEEN of them in vain; SIZE_MAX: they do not say.
 */
static size_t server_decided(struct slice all, size_t seen)
{
	struct slice line = SLICE("\nHTTP/1.");

	if (slice_starts(all, slice_from(line, 1)))
		return line.n - 1;
	long at = slice_find(all, line, seen > line.n ? seen - line.n : 0);
	return at < 0 ? SIZE_MAX : (size_t)at + line.n;
}

static void forget_resync(struct connection *c)
{
	buf_reset(&c->resync_buf);
	memset(&c->search, 0, sizeof(c->search));
}

/* An answer begins: what the client writes next is a request, not more of what we came into. */
static void await_request(struct connection *c, struct slice in)
{
	static const char status[] = "HTTP/1.";

	while (in.n && c->status < sizeof(status) - 1 && *in.p == status[c->status]) {
		in = slice_from(in, 1);
		c->status++;
	}
	if (c->status == sizeof(status) - 1)
		forget_resync(c);
	else if (in.n)
		c->status = sizeof(status); /* it begins otherwise */
}

/* Joined late: the client's bytes may begin in the middle of anything. */
static void recognise_midstream(struct connection *c, struct slice in, int64_t now_us)
{
	size_t room = c->resync_buf.max - c->resync_buf.n;
	struct slice fits = slice_sub(in, 0, room);

	c->status = 0;
	if (buf_add_slice(&c->resync_buf, fits) != 0) {
		give_up(c, no_memory);
		return;
	}
	struct slice all = buf_slice(&c->resync_buf);
	struct slice begun = slice_sub(slice_of(preface), 0, all.n);
	bool begins = slice_starts(all, begun);
	if (begins && begun.n < PREFACE_LENGTH)
		return;
	size_t server = server_decided(all, c->search.seen);
	long request = find_request(c, all);
	long frame = h2_find_frame(&c->search.frame, all, SIDE_CLIENT);
	/* Whatever is known first: else a split would decide. */
	if (!begins && server != SIZE_MAX && (request < 0 || server <= c->search.decided) &&
	    (frame < 0 || server <= c->search.frame.decided)) {
		give_up(c, "attached to a server's side");
		return;
	}
	if (!begins && request < 0 && frame < 0) {
		if (in.n >= room)
			give_up(c, "attached in the middle of what could not be recognised");
		return;
	}
	struct buf resync_buf = c->resync_buf;
	buf_init(&c->resync_buf, LIMIT_HEAD);
	bool http2 =
	    begins || request < 0 || (frame >= 0 && c->search.frame.decided < c->search.decided);
	size_t at = begins ? (size_t)PREFACE_LENGTH : (size_t)(http2 ? frame : request);
	c->midstream = !begins;
	if (http2)
		begin_http2(c);
	else
		begin_http1(c);
	feed_known(c, SIDE_CLIENT, slice_from(all, at), now_us);
	buf_release(&resync_buf);
	feed_known(c, SIDE_CLIENT, slice_from(in, fits.n), now_us);
}

/* How the handshake went says nothing more. */
static void begin_to_write(struct connection *c)
{
	c->client_wrote = true;
	free(c->out.handshake);
	c->out.handshake = NULL;
}

void connection_feed(struct connection *c, enum side side, const void *bytes, size_t n,
		     int64_t now_us)
{
	struct slice in = { bytes, n };

	if (c->protocol == PROTOCOL_NONE || n == 0)
		return;
	if (side == SIDE_CLIENT && !c->client_wrote)
		begin_to_write(c);
	if (c->protocol != PROTOCOL_UNKNOWN)
		feed_known(c, side, in, now_us);
	else if (side == SIDE_CLIENT && c->midstream)
		recognise_midstream(c, in, now_us);
	else if (side == SIDE_CLIENT)
		recognise(c, in, now_us);
	else if (c->midstream)
		await_request(c, in);
	else if (!c->client_wrote)
		connection_drop(
		    c); /* the server speaks first: not HTTP, and none of our business */
}

void connection_skip(struct connection *c, enum side side, size_t n, int64_t now_us)
{
	(void)now_us;
	if (c->protocol == PROTOCOL_NONE || n == 0)
		return;
	c->client_wrote |= side == SIDE_CLIENT;
	if (c->protocol == PROTOCOL_HTTP1)
		pairing_skip(&c->pairing, side, n);
	else
		event_queue_unsupported(
		    &c->out, "bytes passed unseen (SSL_sendfile) where none were expected");
	if (c->out.unsupported)
		stop_reading(c);
}

void connection_end(struct connection *c, enum side side, int64_t now_us)
{
	if (c->protocol == PROTOCOL_HTTP1)
		pairing_end(&c->pairing, side, now_us);
	else if (c->protocol == PROTOCOL_HTTP2)
		http2_end(c->http2, side);
	if (c->out.unsupported && c->protocol != PROTOCOL_NONE)
		stop_reading(c);
}

/* Over before the client wrote anything. */
static void unused(struct connection *c, int64_t now_us)
{
	if (c->out.handshake)
		c->out.handshake->us = now_us - c->handshake_us;
	*(c->out.handshake ? &c->out.shaken : &c->out.silent) = true;
}

void connection_close(struct connection *c, int64_t now_us)
{
	if (c->closed)
		return;
	c->closed = true;
	if (c->protocol == PROTOCOL_HTTP1)
		pairing_close(&c->pairing, now_us);
	else if (c->protocol == PROTOCOL_HTTP2)
		http2_close(c->http2);
	else if (c->protocol == PROTOCOL_UNKNOWN && !c->client_wrote && !c->midstream)
		unused(c, now_us);
	stop_reading(c);
}

void connection_handshake(struct connection *c, const struct handshake *h, int64_t now_us)
{
	if (c->out.handshake || c->protocol != PROTOCOL_UNKNOWN || c->client_wrote)
		return;
	c->out.handshake = malloc(sizeof(*h));
	if (!c->out.handshake)
		return;
	*c->out.handshake = *h;
	c->handshake_us = now_us;
	if (h->end == HANDSHAKE_FINISHED)
		return;
	c->out.shaken = true;
	stop_reading(c);
}

void connection_is_quic(struct connection *c)
{
	if (c->protocol != PROTOCOL_UNKNOWN)
		return;
	c->out.quic = true;
	stop_reading(c);
}

bool connection_has_events(const struct connection *c)
{
	return event_queue_has_events(&c->out);
}

int connection_next(struct connection *c, struct event *event)
{
	return event_queue_take(&c->out, event);
}

void connection_drop(struct connection *c)
{
	c->dropped = true;
	stop_reading(c);
	event_queue_clear(&c->out);
}

bool connection_is_stopped(const struct connection *c)
{
	return c->protocol == PROTOCOL_NONE;
}

bool connection_has_request(const struct connection *c)
{
	return c->out.head_seen;
}

struct slice connection_sni(const struct connection *c)
{
	return c->sni;
}
