/* SPDX-License-Identifier: MIT */
#include "tools/redirect/base_request.h"

#include <stdlib.h>
#include <string.h>

#include "wire/http1.h"
#include "wire/message.h"

struct base_request {
	const char *authority;
	struct http1 reader; /* finds where requests begin */
	struct exchange *x;  /* the one that is read; NULL: none yet */
	bool in_body;        /* its head was passed on */
	bool asked;          /* for a WebSocket */
	bool passes;         /* what comes is passed on as it is */
};

struct base_request *base_request_new(const char *authority)
{
	struct base_request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->authority = authority;
	http1_init(&r->reader, SIDE_CLIENT, 0);
	return r;
}

void base_request_free(struct base_request *r)
{
	if (!r)
		return;
	http1_release(&r->reader);
	exchange_free(r->x);
	free(r);
}

/* Is LINE the field NAME, in any case of letters? */
static bool is_field(struct slice line, struct slice name)
{
	return slice_starts_nocase(line, name) && line.n > name.n && line.p[name.n] == ':';
}

/* "Host: 127.0.0.1:8787\r\n" with another value. */
static int add_host(struct buf *out, struct slice line, const char *authority)
{
	size_t start = sizeof("Host:") - 1, end = line.n;

	while (start < line.n && (line.p[start] == ' ' || line.p[start] == '\t'))
		start++;
	while (end > start && strchr("\r\n\t ", line.p[end - 1]))
		end--;
	return buf_add(out, line.p, start) || buf_add(out, authority, strlen(authority)) ||
	       buf_add_slice(out, slice_from(line, end));
}

/* An offer of HTTP/2 without TLS (RFC 7540 section 3.2), which a Java client makes. */
static bool is_http2_offer(struct slice line)
{
	return is_field(line, SLICE("HTTP2-Settings")) ||
	       (is_field(line, SLICE("Upgrade")) && slice_has_nocase(line, SLICE("h2c")));
}

/* A whole head. */
static int add_head(struct base_request *r, struct slice head, struct buf *out)
{
	int failed = 0;

	while (head.n && !failed) {
		long lf = slice_byte(head, '\n', 0);
		struct slice line = slice_sub(head, 0, lf < 0 ? head.n : (size_t)lf + 1);
		head = slice_from(head, line.n);
		if (is_field(line, SLICE("Host")))
			failed = add_host(out, line, r->authority);
		else if (!is_http2_offer(line))
			failed = buf_add_slice(out, line);
		r->asked |=
		    is_field(line, SLICE("Upgrade")) && slice_has_nocase(line, SLICE("websocket"));
	}
	return failed;
}

/* Read on from *IN, of which something is left. */
static int read_on(struct base_request *r, struct slice *in, struct buf *out)
{
	struct slice before = *in;
	int failed = 0;

	r->x = r->x ? r->x : exchange_new(1, 1, (struct slice){ NULL, 0 });
	if (!r->x)
		return -1;
	enum http1_result result = http1_feed(&r->reader, r->x, in, 0);
	struct slice taken = slice_sub(before, 0, before.n - in->n);
	switch (result) {
	case HTTP1_HEAD:
		failed = add_head(r, buf_slice(&r->x->request.head), out);
		r->in_body = true;
		break;
	case HTTP1_NOT_HTTP:
	case HTTP1_UNSUPPORTED:
		failed = buf_add_slice(out, r->in_body ? taken : buf_slice(&r->x->request.head));
		r->passes = true;
		break;
	default:
		failed = r->in_body ? buf_add_slice(out, taken) : 0;
	}
	if (result == HTTP1_MESSAGE) {
		exchange_free(r->x);
		r->x = NULL;
		r->in_body = false;
	}
	return failed;
}

void base_request_switched(struct base_request *r)
{
	r->passes |= r->asked;
}

int base_request_feed(struct base_request *r, const void *bytes, size_t n, struct buf *out)
{
	struct slice in = { bytes, n };
	int failed = 0;

	while (in.n && !r->passes && !failed) {
		if (!http1_skip_blanks(&r->reader, &in))
			r->passes = true;
		else if (in.n)
			failed = read_on(r, &in, out);
	}
	return failed || buf_add_slice(out, in);
}
