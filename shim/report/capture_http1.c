/* SPDX-License-Identifier: MIT */
#include "report/capture_http1.h"

#include "report/capture_lines.h"

static bool has_fault(const struct message_copy *c, enum fault_id id)
{
	return message_fault(c->m, id);
}

/* One chunk with all of the body, as sound or broken as the original's; *ENDLESS: its end is still to come. */
static int add_chunks(struct buf *wire, const struct message_copy *c, bool *endless)
{
	const struct body *b = &c->m->body;
	const char *eol = has_fault(c, FAULT_chunk_bare_lf) ? "\n" : "\r\n";
	bool bad_end = has_fault(c, FAULT_chunk_end_bad);
	int failed = 0;

	*endless = false;
	if (c->body.n) {
		failed |= buf_addf(wire, "%zx%s", c->body.n, eol) |
			  buf_add_slice(wire, buf_slice(&c->body));
		eol = "\r\n";
		if (bad_end && !b->complete)
			return failed | buf_add(wire, "X", 1);
		failed |= buf_addf(wire, "%s", bad_end ? "\n" : "\r\n");
	}
	if (has_fault(c, FAULT_chunk_size_bad))
		return failed | buf_add(wire, "zz\r\n", 4);
	if (has_fault(c, FAULT_chunks_unfinished))
		return failed;
	if (b->complete || c->stream_error)
		return failed | buf_addf(wire, "0%s\r\n", eol);
	*endless = true;
	return failed;
}

/* All bytes of the message; *REST: those that came only when the exchange was over. */
static int add_message(struct buf *wire, struct buf *rest, const struct message_copy *c)
{
	const struct body *b = &c->m->body;
	bool endless = false;
	int failed = 0;

	failed = message_copy_head(wire, c);
	if (!c->m->head_complete || b->framing == BODY_NONE)
		return failed;
	if (b->framing == BODY_CHUNKED) {
		failed |= add_chunks(wire, c, &endless);
		return endless ? failed | buf_add(rest, "0\r\n\r\n", 5) : failed;
	}
	if (c->body.n)
		failed |= buf_add_slice(wire, buf_slice(&c->body));
	for (size_t i = 0; i < c->rest && !has_fault(c, FAULT_body_short); i++)
		failed |= buf_add(rest, "x", 1);
	return failed;
}

/* Bytes after the declared length, none of which starts a request. */
static int add_excess(struct buf *wire, const struct message_copy *c)
{
	const struct body *b = &c->m->body;
	uint64_t known = c->m->head.n + b->total;
	uint64_t over = c->m->bytes > known ? c->m->bytes - known : 1;
	int failed = 0;

	if (!has_fault(c, FAULT_body_long))
		return 0;
	for (uint64_t i = 0; i < over && i < LIMIT_CAPTURE_FILL; i++)
		failed |= buf_add(wire, "\"", 1);
	return failed;
}

/* What the server sent that is not HTTP. */
static int add_unparsed(struct buf *out, const struct exchange *x)
{
	if (x->end != END_UNPARSED || x->response.status)
		return 0;
	return x->response.head.n ? 0 : capture_hex(out, '>', SLICE("\x01"), SLICE("not HTTP"));
}

int capture_http1(struct buf *out, const struct exchange_copy *copy, const struct exchange *x)
{
	const struct message_copy *request = &copy->request;
	struct buf wire, rest;
	int failed;

	buf_init(&wire, LIMIT_CAPTURE_FILE);
	buf_init(&rest, LIMIT_CAPTURE_FILL);
	failed = add_message(&wire, &rest, request) | add_excess(&wire, request) |
		 capture_lines(out, '>', buf_slice(&wire));
	if (has_fault(request, FAULT_body_short) || has_fault(request, FAULT_chunks_unfinished))
		failed |= buf_addf(out, "= close client\n");
	for (int i = 0; i < x->informational && i < CAPTURE_INFORMATIONAL; i++)
		failed |= capture_lines(out, '<', SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
	failed |= capture_wait(out, x);
	buf_reset(&wire);
	struct buf end;
	buf_init(&end, LIMIT_CAPTURE_FILL);
	failed |= add_message(&wire, &end, &copy->response) |
		  capture_lines(out, '<', buf_slice(&wire)) |
		  capture_lines(out, '>', buf_slice(&rest)) | add_unparsed(out, x);
	buf_release(&wire);
	buf_release(&rest);
	buf_release(&end);
	return failed;
}
