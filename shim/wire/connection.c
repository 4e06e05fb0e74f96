/* SPDX-License-Identifier: MIT */
#include "wire/connection.h"

#include <stdlib.h>
#include <string.h>

#include "wire/event_queue.h"
#include "wire/h2_frame.h"
#include "wire/head.h"
#include "wire/http2.h"
#include "wire/pairing.h"

static const char no_memory[] = "out of memory";

enum state {
	STATE_NEW,         /* the client wrote nothing yet */
	STATE_FIRST_BYTES, /* the client's bytes may be the HTTP/2 preface */
	STATE_SEARCHING,   /* its first bytes were not seen: where does a message begin? */
	STATE_HTTP1,
	STATE_HTTP2,
	STATE_STOPPED, /* nothing is read any more */
};

/* Client bytes in STATE_SEARCHING, and how far they were searched. */
struct resync {
	struct buf bytes;
	struct h2_search frame;
	size_t line;    /* the first line that may be a request's begins here */
	size_t decided; /* bytes up to the end of the last line that was read */
	size_t seen;    /* no line ends and no status line begins in the bytes before */
};

struct connection {
	enum state state;
	enum connection_start start;
	struct wire_limits limits;
	uint32_t number;
	bool closed;
	bool server_first;    /* the server wrote before the client did */
	int64_t handshake_us; /* when connection_handshake() was called */
	size_t matched;       /* STATE_FIRST_BYTES: bytes that are the preface's */
	struct buf early;     /* the server's bytes before the protocol is known */
	struct resync resync;
	size_t status; /* STATE_SEARCHING: bytes of a status line seen since the client wrote */
	struct event_queue out;
	struct pairing pairing; /* STATE_HTTP1 */
	struct http2 *http2;    /* STATE_HTTP2 */
	struct slice sni;
	char name[]; /* what sni points to */
};

/* RFC 9113 section 3.4. Its first byte starts no other method: PRI is reserved. */
static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum { PREFACE_LENGTH = sizeof(preface) - 1 };

struct connection *connection_new(const struct wire_limits *limits, uint32_t number,
				  struct slice sni, enum connection_start start)
{
	struct connection *c = calloc(1, sizeof(*c) + sni.n + 1);

	if (!c)
		return NULL;
	c->limits = *limits;
	c->number = number;
	c->start = start;
	buf_init(&c->early, LIMIT_EARLY);
	buf_init(&c->resync.bytes, LIMIT_HEAD);
	if (sni.p) {
		memcpy(c->name, sni.p, sni.n);
		c->sni = (struct slice){ c->name, sni.n };
	}
	return c;
}

/* Free the parsers; events that wait stay. */
static void stop_reading(struct connection *c)
{
	if (c->state == STATE_HTTP1)
		pairing_release(&c->pairing);
	http2_free(c->http2);
	c->http2 = NULL;
	buf_release(&c->early);
	buf_release(&c->resync.bytes);
	c->state = STATE_STOPPED;
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

static void feed_parser(struct connection *c, enum side side, struct slice in, int64_t now_us)
{
	if (c->state == STATE_HTTP1)
		pairing_feed(&c->pairing, side, in, now_us);
	else if (c->state == STATE_HTTP2)
		http2_feed(c->http2, side, in, now_us);
	if (c->out.unsupported && c->state != STATE_STOPPED)
		stop_reading(c);
}

/* What the server wrote before goes first: it came first. */
static void feed_early(struct connection *c, int64_t now_us)
{
	struct buf early = c->early;

	buf_init(&c->early, LIMIT_EARLY);
	if (early.n)
		feed_parser(c, SIDE_SERVER, buf_slice(&early), now_us);
	buf_release(&early);
}

static void begin_http1(struct connection *c, int64_t now_us)
{
	c->state = STATE_HTTP1;
	pairing_init(&c->pairing, &c->out, &c->limits, c->number, c->sni);
	feed_early(c, now_us);
}

/* MIDSTREAM: the preface was not seen. */
static void begin_http2(struct connection *c, bool midstream, int64_t now_us)
{
	c->state = STATE_HTTP2;
	c->http2 = http2_new(&c->out, &c->limits, c->number, c->sni, midstream);
	if (c->http2)
		feed_early(c, now_us);
	else
		give_up(c, no_memory);
}

static void take_first_bytes(struct connection *c, struct slice in, int64_t now_us)
{
	while (in.n && c->matched < PREFACE_LENGTH && *in.p == preface[c->matched]) {
		in = slice_from(in, 1);
		c->matched++;
	}
	if (c->matched == PREFACE_LENGTH) {
		begin_http2(c, false, now_us);
		feed_parser(c, SIDE_CLIENT, in, now_us);
	} else if (in.n) {
		begin_http1(c, now_us);
		feed_parser(c, SIDE_CLIENT, (struct slice){ preface, c->matched }, now_us);
		feed_parser(c, SIDE_CLIENT, in, now_us);
	}
}

/* Offset of the first line in ALL that is a request line; -1. */
static long find_request(struct resync *r, struct slice all)
{
	long lf;

	while ((lf = slice_byte(all, '\n', r->seen)) >= 0) {
		struct slice line = slice_sub(all, r->line, (size_t)lf - r->line);
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		r->seen = r->decided = (size_t)lf + 1;
		if (head_is_start_line(SIDE_CLIENT, line))
			return (long)r->line;
		r->line = r->seen;
	}
	r->seen = all.n;
	return -1;
}

/*
 * Only a server writes status lines. How many bytes of ALL it takes to see one, if
 * the first SEEN have none; SIZE_MAX: there is none.
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
	buf_reset(&c->resync.bytes);
	c->resync = (struct resync){ .bytes = c->resync.bytes };
}

/* When an answer begins, the client's next byte is a request's first. */
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
		c->status = sizeof(status); /* it begins with something else */
}

/* Where the client's messages begin in the bytes of C->resync. */
enum found {
	FOUND_NOTHING, /* yet */
	FOUND_PREFACE,
	FOUND_REQUEST,
	FOUND_FRAME,
	FOUND_SERVER, /* they are a server's */
};

/* *AT: offset of the message. What fewer bytes decide is found first: else splits would matter. */
static enum found search(struct connection *c, size_t *at)
{
	struct resync *r = &c->resync;
	struct slice all = buf_slice(&r->bytes);
	struct slice begun = slice_sub(slice_of(preface), 0, all.n);

	if (slice_starts(all, begun)) {
		*at = PREFACE_LENGTH;
		return begun.n < PREFACE_LENGTH ? FOUND_NOTHING : FOUND_PREFACE;
	}
	size_t server = server_decided(all, r->seen);
	long request = find_request(r, all);
	long frame = h2_find_frame(&r->frame, all, SIDE_CLIENT);
	if (server != SIZE_MAX && (request < 0 || server <= r->decided) &&
	    (frame < 0 || server <= r->frame.decided))
		return FOUND_SERVER;
	if (request < 0 && frame < 0)
		return FOUND_NOTHING;
	bool http2 = request < 0 || (frame >= 0 && r->frame.decided < r->decided);
	*at = (size_t)(http2 ? frame : request);
	return http2 ? FOUND_FRAME : FOUND_REQUEST;
}

/* Is this process the server? It is if it read first and then writes a status line. */
static bool may_be_server(const struct connection *c)
{
	return c->server_first && head_may_start(SIDE_SERVER, buf_slice(&c->resync.bytes));
}

static void take_midstream(struct connection *c, struct slice in, int64_t now_us)
{
	size_t room = c->resync.bytes.max - c->resync.bytes.n;
	struct slice fits = slice_sub(in, 0, room);
	size_t at = 0;

	c->status = 0;
	if (buf_add_slice(&c->resync.bytes, fits) != 0) {
		give_up(c, no_memory);
		return;
	}
	if (may_be_server(c)) {
		if (c->resync.bytes.n >= strlen("HTTP/"))
			connection_drop(c);
		return;
	}
	enum found found = search(c, &at);
	if (found == FOUND_SERVER)
		give_up(c, "attached to a server's side");
	if (found == FOUND_NOTHING && in.n >= room)
		give_up(c, "attached in the middle of what could not be recognised");
	if (found == FOUND_SERVER || found == FOUND_NOTHING)
		return;
	struct buf bytes = c->resync.bytes;
	buf_init(&c->resync.bytes, LIMIT_HEAD);
	if (found == FOUND_REQUEST)
		begin_http1(c, now_us);
	else
		begin_http2(c, found == FOUND_FRAME, now_us);
	feed_parser(c, SIDE_CLIENT, slice_from(buf_slice(&bytes), at), now_us);
	buf_release(&bytes);
	feed_parser(c, SIDE_CLIENT, slice_from(in, fits.n), now_us);
}

/* The client's first byte: methods begin with a capital, as the preface does. */
static void begin_client(struct connection *c, char first)
{
	bool letter = first >= 'A' && first <= 'Z';
	bool begins = c->start == CONNECTION_OPENED ||
		      (c->start == CONNECTION_UNSEEN && !c->server_first && letter);

	free(c->out.handshake); /* what came of it is seen now */
	c->out.handshake = NULL;
	c->state = begins ? STATE_FIRST_BYTES : STATE_SEARCHING;
	if (c->start == CONNECTION_UNSEEN && c->server_first && !letter)
		connection_drop(
		    c); /* a server that answers with HTTP/2 frames, or another protocol */
}

/* May a server write ALL before it was asked? Its SETTINGS (RFC 9113 section 3.4), a 408 answer. */
static bool is_early(struct slice all)
{
	static const char settings[H2_HEADER_LENGTH] = { [3] = H2_SETTINGS };

	if (head_may_start(SIDE_SERVER, all))
		return true;
	for (size_t i = 0; i < all.n && i < sizeof(settings); i++)
		if (all.p[i] != settings[i] && i != 1 && i != 2) /* of the length */
			return false;
	return true;
}

/* The protocol is not known yet. */
static void take_server(struct connection *c, struct slice in)
{
	c->server_first |= c->state == STATE_NEW;
	if (c->state == STATE_SEARCHING || c->start == CONNECTION_MIDSTREAM)
		await_request(c, in);
	else if (c->start == CONNECTION_OPENED || c->state == STATE_FIRST_BYTES)
		if (buf_add_slice(&c->early, in) != 0 || !is_early(buf_slice(&c->early)))
			connection_drop(c); /* it speaks first: not HTTP */
}

void connection_feed(struct connection *c, enum side side, const void *bytes, size_t n,
		     int64_t now_us)
{
	struct slice in = { bytes, n };

	if (c->state == STATE_STOPPED || n == 0)
		return;
	if (side == SIDE_CLIENT && c->state == STATE_NEW)
		begin_client(c, *in.p);
	if (c->state == STATE_HTTP1 || c->state == STATE_HTTP2)
		feed_parser(c, side, in, now_us);
	else if (side == SIDE_SERVER)
		take_server(c, in);
	else if (c->state == STATE_FIRST_BYTES)
		take_first_bytes(c, in, now_us);
	else if (c->state == STATE_SEARCHING)
		take_midstream(c, in, now_us);
}

void connection_skip(struct connection *c, enum side side, size_t n, int64_t now_us)
{
	(void)now_us;
	if (c->state == STATE_STOPPED || n == 0)
		return;
	if (c->state == STATE_HTTP1)
		pairing_skip(&c->pairing, side, n);
	else if (c->state == STATE_NEW && c->start == CONNECTION_UNSEEN)
		connection_drop(c);
	else
		event_queue_unsupported(
		    &c->out, "bytes passed unseen (SSL_sendfile) where none were expected");
	if (c->out.unsupported && c->state != STATE_STOPPED)
		stop_reading(c);
}

void connection_end(struct connection *c, enum side side, int64_t now_us)
{
	if (c->state == STATE_HTTP1)
		pairing_end(&c->pairing, side, now_us);
	else if (c->state == STATE_HTTP2)
		http2_end(c->http2, side);
	if (c->out.unsupported && c->state != STATE_STOPPED)
		stop_reading(c);
}

/* Closed before the client wrote anything. */
static void close_idle(struct connection *c, int64_t now_us)
{
	if (!c->out.handshake) {
		c->out.idle_close = true;
		return;
	}
	c->out.handshake->us = now_us - c->handshake_us;
	c->out.handshake_ended = true;
}

void connection_close(struct connection *c, int64_t now_us)
{
	if (c->closed)
		return;
	c->closed = true;
	if (c->state == STATE_HTTP1)
		pairing_close(&c->pairing, now_us);
	else if (c->state == STATE_HTTP2)
		http2_close(c->http2);
	else if (c->state == STATE_NEW && c->start == CONNECTION_OPENED)
		close_idle(c, now_us);
	stop_reading(c);
}

void connection_handshake(struct connection *c, const struct handshake *h, int64_t now_us)
{
	if (c->out.handshake_ended || c->state != STATE_NEW)
		return;
	if (!c->out.handshake)
		c->out.handshake = malloc(sizeof(*h));
	if (!c->out.handshake)
		return;
	*c->out.handshake = *h;
	c->handshake_us = now_us;
	if (h->end == HANDSHAKE_FINISHED)
		return;
	c->out.handshake_ended = true;
	stop_reading(c);
}

void connection_is_quic(struct connection *c)
{
	if (c->state != STATE_NEW)
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
	stop_reading(c);
	event_queue_clear(&c->out);
}

bool connection_is_stopped(const struct connection *c)
{
	return c->state == STATE_STOPPED;
}

bool connection_has_request(const struct connection *c)
{
	return c->out.head_seen;
}

struct slice connection_sni(const struct connection *c)
{
	return c->sni;
}
