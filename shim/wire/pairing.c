/* SPDX-License-Identifier: MIT */
#include "wire/pairing.h"

#include "wire/message.h"

static const char no_memory[] = "out of memory";

void pairing_init(struct pairing *p, struct event_queue *out, const struct wire_limits *limits,
		  uint32_t number, struct slice sni)
{
	*p = (struct pairing){ .out = out, .number = number, .sni = sni, .port = limits->port, .plain = limits->plain };
	http1_init(&p->client, SIDE_CLIENT, limits->body_max);
	http1_init(&p->server, SIDE_SERVER, limits->body_max);
	buf_init(&p->early_response, LIMIT_HEAD);
}

void pairing_release(struct pairing *p)
{
	while (p->first) {
		struct exchange *x = p->first;
		p->first = x->next;
		event_queue_discard(p->out, x);
	}
	p->last = NULL;
	exchange_free(p->discard_request);
	exchange_free(p->discard_response);
	p->discard_request = NULL;
	p->discard_response = NULL;
	http1_release(&p->client);
	http1_release(&p->server);
	buf_release(&p->early_response);
}

/* Take the oldest exchange off the list. */
static struct exchange *shift(struct pairing *p)
{
	struct exchange *x = p->first;

	p->first = x->next;
	if (!p->first)
		p->last = NULL;
	p->waiting--;
	return x;
}

/* The connection cannot be followed: what was begun goes out as it is. */
static void give_up(struct pairing *p, const char *why)
{
	while (p->first) {
		struct exchange *x = shift(p);
		if (x->request.head_complete || message_fault(&x->request, FAULT_head_too_long))
			event_queue_put(p->out, x, END_UNPARSED);
		else
			event_queue_discard(p->out, x);
	}
	p->request = REQUEST_AWAITED;
	event_queue_unsupported(p->out, why);
}

static void end_request(struct pairing *p)
{
	exchange_free(p->discard_request);
	p->discard_request = NULL;
	p->request = REQUEST_AWAITED;
}

/* The exchange of the open request goes out before its request has ended. */
static void discard_rest(struct pairing *p)
{
	p->request = REQUEST_DISCARD;
	p->discard_request = exchange_new(p->number, 0, (struct slice){ NULL, 0 });
	if (!p->discard_request) {
		http1_release(&p->client);
		event_queue_unsupported(p->out, no_memory);
		return;
	}
	http1_discard(&p->client, p->discard_request);
	if (p->client.state == HTTP1_AT_START)
		end_request(p);
}

/* The oldest exchange is over. */
static void emit(struct pairing *p, enum exchange_end end)
{
	bool open = p->request == REQUEST_OPEN && p->first == p->last;

	if (open && end == END_ANSWERED && !p->first->request.head_complete) {
		p->answered = true;
		return;
	}
	struct exchange *x = shift(p);
	if (open)
		discard_rest(p);
	if (!p->first && p->request == REQUEST_TRAILING) {
		p->request = REQUEST_AWAITED;
		http1_restart(&p->client);
	}
	event_queue_put(p->out, x, end);
}

/* Free the newest exchange; the one before it, or NULL. */
static struct exchange *drop_last(struct pairing *p)
{
	struct exchange *stray = p->last;
	struct exchange *before = p->first == stray ? NULL : p->first;

	while (before && before->next != stray)
		before = before->next;
	if (before)
		before->next = NULL;
	else
		p->first = NULL;
	p->last = before;
	p->waiting--;
	p->seq--;
	p->request = REQUEST_AWAITED;
	p->answered = false;
	event_queue_discard(p->out, stray);
	return before;
}

/* The newest exchange is not a request: its bytes are too many for the one before. */
static void return_trailing_bytes(struct pairing *p, struct slice rest, int64_t now_us)
{
	if (p->waiting < 2) {
		give_up(p, p->seq == 1 ? "the client's first bytes are not HTTP"
				       : "after its last request the client sent what is not HTTP");
		return;
	}
	size_t stray = p->last->request.head.n + rest.n;
	struct exchange *before = drop_last(p);
	p->request = REQUEST_TRAILING;
	message_blame(&before->request, FAULT_body_long, before->request.bytes, -1);
	message_count(&before->request, stray, now_us);
	http1_restart(&p->client);
}

/* The exchange that the client's next byte belongs to; NULL: none yet, or nothing more is read. */
static struct exchange *request_exchange(struct pairing *p, struct slice *in)
{
	if (p->request == REQUEST_DISCARD)
		return p->discard_request;
	if (p->request == REQUEST_OPEN)
		return p->last;
	if (!http1_skip_blanks(&p->client, in)) {
		give_up(p, "empty lines where a request should begin");
		return NULL;
	}
	if (in->n == 0)
		return NULL;
	if (p->waiting >= LIMIT_PIPELINE) {
		give_up(p, "more requests waiting than LIMIT_PIPELINE");
		return NULL;
	}
	struct exchange *x = exchange_new(p->number, p->seq + 1, p->sni);
	if (!x) {
		give_up(p, no_memory);
		return NULL;
	}
	x->plain = p->plain;
	p->seq++;
	if (p->last)
		p->last->next = x;
	else
		p->first = x;
	p->last = x;
	p->waiting++;
	p->request = REQUEST_OPEN;
	return x;
}

static void set_address(const struct pairing *p, struct exchange *x)
{
	exchange_set_address(x, field_value(&x->request, "host"));
	if (!x->host.n)
		x->port = p->port;
	x->version = x->request.version;
}

static void begin_request(struct pairing *p, struct exchange *x)
{
	set_address(p, x);
	event_queue_head(p->out, x);
	if (p->answered) {
		p->answered = false;
		emit(p, END_ANSWERED);
	}
}

static void feed_server(struct pairing *p, struct slice in, int64_t now_us);

static void feed_client(struct pairing *p, struct slice in, int64_t now_us)
{
	while (!p->out->unsupported) {
		if (p->request == REQUEST_TRAILING) {
			message_count(&p->last->request, in.n, now_us);
			return;
		}
		struct exchange *x = request_exchange(p, &in);
		if (!x)
			return;
		switch (http1_feed(&p->client, x, &in, now_us)) {
		case HTTP1_HEAD:
			begin_request(p, x);
			break;
		case HTTP1_MESSAGE:
			end_request(p);
			if (p->early_response.n) {
				struct buf early_response = p->early_response;
				buf_init(&p->early_response, LIMIT_HEAD);
				feed_server(p, buf_slice(&early_response), now_us);
				buf_release(&early_response);
			}
			break;
		case HTTP1_NOT_HTTP:
			return_trailing_bytes(p, in, now_us);
			return;
		case HTTP1_UNSUPPORTED:
			give_up(p, p->client.why);
			return;
		default:
			return;
		}
	}
}

/* An answer's head is whole. */
static void begin_answer(struct pairing *p, struct exchange *x)
{
	int status = x->response.status;
	bool connected = status / 100 == 2 && slice_equal(x->request.method, SLICE("CONNECT"));

	if (status == 101 || connected) {
		bool websocket =
		    slice_has_nocase(field_value(&x->response, "upgrade"), SLICE("websocket"));
		emit(p, END_SWITCHED);
		give_up(p, connected   ? "tunnel opened with CONNECT"
			   : websocket ? "switched to WebSocket"
				       : "switched to another protocol (Upgrade)");
	} else if (status / 100 == 1) {
		x->informational++;
		message_reset(&x->response);
		http1_restart(&p->server);
	}
}

/* An event of the answer was an error: the exchange goes out, the rest is discarded. */
static void emit_early(struct pairing *p)
{
	struct exchange *rest = exchange_new(p->number, 0, (struct slice){ NULL, 0 });

	if (!rest) {
		give_up(p, no_memory);
		return;
	}
	http1_discard(&p->server, rest);
	p->discard_response = rest;
	emit(p, END_ANSWERED);
}

static void end_answer(struct pairing *p)
{
	if (!p->discard_response) {
		emit(p, END_ANSWERED);
		return;
	}
	exchange_free(p->discard_response);
	p->discard_response = NULL;
}

static void feed_server(struct pairing *p, struct slice in, int64_t now_us)
{
	while (!p->out->unsupported) {
		struct exchange *x = p->discard_response ? p->discard_response
				     : p->answered       ? NULL
							 : p->first;
		if (!x) {
			/* Perhaps another thread is still writing the request. */
			if (in.n && buf_add_slice(&p->early_response, in) != 0)
				give_up(p, "the server sent what answers no request");
			return;
		}
		switch (http1_feed(&p->server, x, &in, now_us)) {
		case HTTP1_HEAD:
			begin_answer(p, x);
			break;
		case HTTP1_MESSAGE:
			end_answer(p);
			break;
		case HTTP1_STREAM_ERROR:
			emit_early(p);
			break;
		case HTTP1_NOT_HTTP:
			give_up(p, "the answer is not HTTP");
			return;
		case HTTP1_UNSUPPORTED:
			give_up(p, p->server.why);
			return;
		default:
			return;
		}
	}
}

void pairing_feed(struct pairing *p, enum side side, struct slice in, int64_t now_us)
{
	if (side == SIDE_CLIENT)
		feed_client(p, in, now_us);
	else
		feed_server(p, in, now_us);
}

void pairing_skip(struct pairing *p, enum side side, size_t n)
{
	bool client = side == SIDE_CLIENT;
	struct exchange *x = client ? (p->discard_request ? p->discard_request : p->last)
				    : (p->discard_response ? p->discard_response : p->first);

	if (p->out->unsupported)
		return;
	if (!x || !http1_skip(client ? &p->client : &p->server, x, n))
		give_up(p, "bytes passed unseen (SSL_sendfile) where none were expected");
	else
		pairing_feed(p, side, SLICE(""), 0);
}

static void end_client(struct pairing *p)
{
	bool headless = p->request == REQUEST_OPEN && !p->last->request.head_complete;

	if (p->request == REQUEST_OPEN)
		http1_end(&p->client, p->last);
	if (headless && p->last->request.method.p)
		set_address(p, p->last);
	if (p->request != REQUEST_TRAILING)
		end_request(p);
	p->client.state = HTTP1_STOPPED;
	p->client.why = "bytes after the client's end";
}

static void end_server(struct pairing *p)
{
	if (p->discard_response) {
		http1_restart(&p->server); /* its message goes with the exchange */
		exchange_free(p->discard_response);
		p->discard_response = NULL;
	}
	if (p->answered && p->request != REQUEST_OPEN) {
		p->answered = false;
		emit(p, END_ANSWERED);
	}
	bool headless =
	    p->request == REQUEST_OPEN && p->first == p->last && !p->last->request.head_complete;
	if (p->first && !headless && p->server.state != HTTP1_AT_START)
		emit(p, http1_end(&p->server, p->first) ? END_ANSWERED : END_CLOSED);
	while (p->first && !(p->request == REQUEST_OPEN && p->first == p->last))
		emit(p, END_CLOSED);
	p->server.state = HTTP1_STOPPED;
	p->server.why = "bytes after the server's end";
}

void pairing_end(struct pairing *p, enum side side, int64_t now_us)
{
	(void)now_us;
	if (p->out->unsupported)
		return;
	if (side == SIDE_CLIENT)
		end_client(p);
	else
		end_server(p);
}

void pairing_close(struct pairing *p, int64_t now_us)
{
	if (p->out->unsupported)
		return;
	if (p->early_response.n && p->first && !p->answered) {
		struct buf early_response = p->early_response;
		buf_init(&p->early_response, LIMIT_HEAD);
		feed_server(p, buf_slice(&early_response), now_us);
		buf_release(&early_response);
	}
	bool headless = p->request == REQUEST_OPEN && !p->last->request.head_complete;
	end_client(p);
	if (headless && !p->last->request.method.p)
		drop_last(p); /* not even a whole request line */
	end_server(p);
}
