/* SPDX-License-Identifier: MIT */
#include "report/capture_http2.h"

#include "report/capture_lines.h"
#include "wire/h2_frame.h"

enum { FRAME_MAX = 16384 };

static int frame_head(struct buf *out, char sign, size_t n, unsigned type, unsigned flags,
		      uint32_t stream, const char *name)
{
	return buf_addf(out,
			"%cx %02zx %02zx %02zx %02x %02x %02x %02x %02x %02x  # %s, stream %u\n",
			sign, n >> 16 & 255, n >> 8 & 255, n & 255, type, flags, stream >> 24,
			stream >> 16 & 255, stream >> 8 & 255, stream & 255, name, stream);
}

/* A string literal's length (RFC 7541 section 5.1, prefix of 7 bits), then the string. */
static int add_string(struct buf *block, struct slice s)
{
	size_t n = s.n;
	int failed = 0;

	if (n < 127) {
		failed = buf_add(block, (char[]){ (char)n }, 1);
	} else {
		failed = buf_add(block, "\x7f", 1);
		for (n -= 127; n >= 128; n /= 128)
			failed |= buf_add(block, (char[]){ (char)(n % 128 + 128) }, 1);
		failed |= buf_add(block, (char[]){ (char)n }, 1);
	}
	return s.n ? failed | buf_add_slice(block, s) : failed;
}

/*
 * The line of the head that begins at *AT, as h2_head.c laid it out. *FIELD: how
 * many fields came before. False at the end.
 */
static bool next_line(const struct message_copy *c, size_t *at, size_t *field, struct slice *name,
		      struct slice *value)
{
	struct slice head = buf_slice(&c->head);
	const struct message *m = c->m;

	if (*at >= head.n)
		return false;
	/* The name of a pseudo-header field has a colon at its beginning alone. */
	long colon = slice_find(head, SLICE(": "), *at + 1);
	if (*field < m->field_count && m->fields[*field].name.p == m->head.p + *at) {
		const struct field *f = &m->fields[(*field)++];
		*name = slice_sub(head, *at, f->name.n);
		*value = slice_sub(head, *at + f->name.n + 2, f->raw.n);
		*at += name->n + value->n + 4;
		struct slice changed = message_copy_changed(c, f);
		if (changed.p)
			*value = changed;
		return true;
	}
	if (colon >= 0) {
		long end = slice_find(head, SLICE("\r\n"), (size_t)colon);
		size_t from = (size_t)colon + 2;
		*name = slice_sub(head, *at, (size_t)colon - *at);
		*value = slice_sub(head, from, (end < 0 ? head.n : (size_t)end) - from);
	} else {
		return false;
	}
	*at += name->n + value->n + 4;
	return true;
}

static int add_field(struct buf *block, struct slice name, struct slice value)
{
	return buf_add(block, "\x10", 1) | add_string(block, name) | add_string(block, value);
}

static int add_headers(struct buf *out, char sign, struct slice block, bool ended, uint32_t stream)
{
	const char *name = "HEADERS";
	unsigned type = H2_HEADERS;
	unsigned flags = ended ? H2_END_STREAM : 0;
	int failed = 0;

	do {
		size_t n = block.n < FRAME_MAX ? block.n : FRAME_MAX;
		flags |= n == block.n ? H2_END_HEADERS : 0;
		failed |= frame_head(out, sign, n, type, flags, stream, name) |
			  capture_hex_lines(out, sign, slice_sub(block, 0, n));
		block = slice_from(block, n);
		type = H2_CONTINUATION;
		name = "CONTINUATION";
		flags = 0;
	} while (block.n && !failed);
	return failed;
}

static int add_head(struct buf *out, char sign, const struct message_copy *c, bool ended,
		    uint32_t stream)
{
	struct buf block;
	struct slice name, value;
	size_t at = 0, field = 0;
	int failed = 0;

	buf_init(&block, 2 * LIMIT_HEAD);
	while (next_line(c, &at, &field, &name, &value) && !failed)
		failed = buf_addf(out, "# %.*s: ", SLICE_ARG(name)) | capture_comment(out, value) |
			 add_field(&block, name, value);
	failed |= add_headers(out, sign, buf_slice(&block), ended, stream);
	buf_release(&block);
	return failed;
}

static int add_data(struct buf *out, char sign, struct slice body, bool ended, uint32_t stream)
{
	int failed = 0;

	while (body.n && !failed) {
		size_t n = body.n < FRAME_MAX ? body.n : FRAME_MAX;
		bool last = ended && n == body.n;
		failed =
		    frame_head(out, sign, n, H2_DATA, last ? H2_END_STREAM : 0, stream, "DATA") |
		    capture_hex_lines(out, sign, slice_sub(body, 0, n));
		body = slice_from(body, n);
	}
	return failed;
}

static int add_message(struct buf *out, char sign, const struct message_copy *c, uint32_t stream)
{
	bool complete = c->m->body.complete || c->stream_error;
	bool ended = complete && c->body.n == 0;

	if (!c->m->head_complete)
		return 0;
	return add_head(out, sign, c, ended, stream) |
	       add_data(out, sign, buf_slice(&c->body), complete, stream);
}

/* RST_STREAM, from the side that sent it. */
static int add_reset(struct buf *out, const struct exchange *x, uint32_t stream)
{
	char sign = message_fault(&x->request, FAULT_h2_stream_reset) ? '>' : '<';

	if (x->end != END_RESET)
		return 0;
	return frame_head(out, sign, 4, H2_RST_STREAM, 0, stream, "RST_STREAM") |
	       capture_hex(out, sign, (struct slice){ "\0\0\0\2", 4 }, SLICE("INTERNAL_ERROR"));
}

int capture_http2(struct buf *out, const struct exchange_copy *copy, const struct exchange *x,
		  uint32_t stream)
{
	int failed = 0;

	if (stream == 1)
		failed = capture_lines(out, '>', SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) |
			 frame_head(out, '>', 0, H2_SETTINGS, 0, 0, "SETTINGS") |
			 frame_head(out, '<', 0, H2_SETTINGS, 0, 0, "SETTINGS");
	failed |= add_message(out, '>', &copy->request, stream);
	for (int i = 0; i < x->informational && i < CAPTURE_INFORMATIONAL; i++) {
		static const char block[] = "\x10\x07:status\x03"
					    "100";
		failed |= add_headers(out, '<', (struct slice){ block, sizeof(block) - 1 }, false,
				      stream);
	}
	return failed | capture_wait(out, x) | add_message(out, '<', &copy->response, stream) |
	       add_reset(out, x, stream);
}
