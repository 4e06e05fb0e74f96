/* SPDX-License-Identifier: MIT */
/* An exchange as lines of a capture, HTTP/1; and what both versions need. */
#include "base/utf8.h"
#include "report/capture_copy.h"

enum {
	HEX_LINE = 32,         /* bytes of one line of hex */
	INFORMATIONAL_MAX = 8, /* 1xx answers written */
};

static bool is_readable(struct slice line)
{
	for (size_t i = 0; i < line.n;) {
		unsigned char c = (unsigned char)line.p[i];
		int length = c >= 0x80 ? utf8_character(line, i, NULL) : 1;
		if (length <= 0 || (c < 0x20 && c != '\t') || c == 0x7f)
			return false;
		i += (size_t)length;
	}
	return true;
}

int capture_comment(struct buf *out, struct slice text)
{
	int failed = 0;

	for (size_t i = 0; i < text.n; i++) {
		bool plain = text.p[i] >= 0x20 && text.p[i] < 0x7f;
		failed |= buf_add(out, plain ? &text.p[i] : ".", 1);
	}
	return failed | buf_add(out, "\n", 1);
}

int capture_hex(struct buf *out, char sign, struct slice bytes, struct slice text)
{
	int failed = buf_addf(out, "%cx", sign);

	for (size_t i = 0; i < bytes.n; i++)
		failed |= buf_addf(out, " %02x", (unsigned char)bytes.p[i]);
	if (text.n)
		failed |= buf_add(out, "  # ", 4);
	return failed | capture_comment(out, text);
}

static int add_line(struct buf *out, char sign, struct slice line)
{
	struct slice text = line;
	bool lf = text.n && text.p[text.n - 1] == '\n';
	bool crlf = lf && text.n > 1 && text.p[text.n - 2] == '\r';
	int failed = 0;

	text.n -= (size_t)lf + crlf;
	if (is_readable(text)) {
		if (crlf && text.n == 0)
			return buf_addf(out, "%c\n", sign);
		if (text.n || crlf)
			failed = buf_addf(out, "%c%s ", sign, crlf ? "" : "-") |
				 buf_add(out, text.p, text.n) | buf_add(out, "\n", 1);
		return lf && !crlf ? failed | capture_hex(out, sign, SLICE("\n"), slice_of(NULL))
				   : failed;
	}
	for (size_t at = 0; at < line.n && !failed; at += HEX_LINE) {
		struct slice piece = slice_sub(line, at, HEX_LINE);
		failed = capture_hex(out, sign, piece, piece);
	}
	return failed;
}

int capture_lines(struct buf *out, char sign, struct slice bytes)
{
	int failed = 0;

	while (bytes.n && !failed) {
		long lf = slice_byte(bytes, '\n', 0);
		size_t n = lf < 0 ? bytes.n : (size_t)lf + 1;
		failed = add_line(out, sign, slice_sub(bytes, 0, n));
		bytes = slice_from(bytes, n);
	}
	return failed;
}

int capture_wait(struct buf *out, const struct exchange *x)
{
	int64_t us = x->response.last_us - x->request.first_us;

	if (!x->request.first_us || us <= 0)
		return 0;
	if (us < 1000000)
		return buf_addf(out, "= wait %dus\n", (int)us);
	/* Nobody waits for longer than the ceiling of nine digits of milliseconds. */
	return buf_addf(out, "= wait %dms\n", (int)(us / 1000 % 1000000000));
}

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

	if (c->head.n)
		failed = buf_add_slice(wire, buf_slice(&c->head));
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
	for (int i = 0; i < x->informational && i < INFORMATIONAL_MAX; i++)
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
