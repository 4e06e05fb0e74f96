/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CLEAN_WIRE_H
#define ORSHIM_CLEAN_WIRE_H

/* A request and an answer of the corpus as the bytes of a connection, HTTP/1.1 or HTTP/2. */
#include <nghttp2/nghttp2.h>

#include "clean_corpus.h"
#include "tools/capture/capture.h"
#include "wire/h2_frame.h"

enum { CLEAN_FIELDS = 48, CLEAN_FRAME = 16384 /* RFC 9113 section 4.2 */ };

struct clean_message {
	struct buf head; /* lines ended by LF, keys filled in */
	struct buf body;
};

static inline bool clean_is_form(const struct clean_file *file)
{
	return slice_starts(clean_field(file, "content-type"), SLICE("multipart/"));
}

static inline void clean_message_init(struct clean_message *m, const struct clean_corpus *corpus,
				      const struct clean_file *file)
{
	buf_init(&m->head, CLEAN_FILE_MAX);
	buf_init(&m->body, CLEAN_FILE_MAX);
	clean_fill(&m->head, corpus, file->folder, file->head, "\n");
	clean_fill(&m->body, corpus, file->folder, file->body, clean_is_form(file) ? "\r\n" : "\n");
	if (clean_is_form(file))
		clean_put(&m->body, "\r\n", 2);
}

static inline void clean_message_release(struct clean_message *m)
{
	buf_release(&m->head);
	buf_release(&m->body);
}

static inline void clean_say(struct capture *c, enum side side, const struct buf *bytes)
{
	assert_int_equal(capture_add_bytes(c, side, buf_slice(bytes)), 0);
}

static inline void clean_write_http1(struct capture *c, enum side side,
				     const struct clean_message *m, bool has_length)
{
	struct slice rest = buf_slice(&m->head);
	struct slice line;
	struct buf bytes;
	char length[64];

	buf_init(&bytes, CLEAN_FILE_MAX);
	while (slice_cut(&rest, '\n', &line))
		if (line.n) {
			clean_put(&bytes, line.p, line.n);
			clean_put(&bytes, "\r\n", 2);
		}
	if (has_length) {
		int n = snprintf(length, sizeof(length), "Content-Length: %zu\r\n", m->body.n);
		clean_put(&bytes, length, (size_t)n);
	}
	clean_put(&bytes, "\r\n", 2);
	clean_say(c, side, &bytes);
	if (m->body.n)
		clean_say(c, side, &m->body);
	buf_release(&bytes);
}

static inline void clean_write_frame(struct capture *c, enum side side, int type, int flags,
				     uint32_t stream, const void *payload, size_t n)
{
	unsigned char head[H2_HEADER_LENGTH] = { (unsigned char)(n >> 16), (unsigned char)(n >> 8),
						 (unsigned char)n, (unsigned char)type,
						 (unsigned char)flags };
	struct buf bytes;

	for (int i = 0; i < 4; i++)
		head[5 + i] = (unsigned char)(stream >> (24 - 8 * i));
	buf_init(&bytes, CLEAN_FILE_MAX);
	clean_put(&bytes, head, sizeof(head));
	clean_put(&bytes, payload, n);
	clean_say(c, side, &bytes);
	buf_release(&bytes);
}

static inline nghttp2_nv clean_nv(struct slice name, struct slice value)
{
	return (nghttp2_nv){ (uint8_t *)name.p, (uint8_t *)value.p, name.n, value.n,
			     NGHTTP2_NV_FLAG_NONE };
}

/* The pseudo-header fields of HEAD's start line, RFC 9113 section 8.3; how many. */
static inline size_t clean_pseudo(struct slice *head, enum side side, nghttp2_nv *nv)
{
	struct slice line = slice_of(NULL);
	struct slice first = slice_of(NULL), second = slice_of(NULL);

	slice_cut(head, '\n', &line);
	slice_cut(&line, ' ', &first);
	slice_cut(&line, ' ', &second);
	if (side == SIDE_SERVER) {
		nv[0] = clean_nv(SLICE(":status"), second);
		return 1;
	}
	nv[0] = clean_nv(SLICE(":method"), first);
	nv[1] = clean_nv(SLICE(":scheme"), SLICE("https"));
	nv[2] = clean_nv(SLICE(":path"), second);
	return 3;
}

/* M on stream 1: its names become lower case (RFC 9113 section 8.2.1). */
static inline void clean_write_http2(struct capture *c, enum side side, struct clean_message *m)
{
	static uint8_t block[CLEAN_FRAME];
	nghttp2_nv nv[CLEAN_FIELDS];
	nghttp2_hd_deflater *deflater;
	struct slice head = buf_slice(&m->head);
	size_t n = clean_pseudo(&head, side, nv);
	struct slice line, name;

	while (slice_cut(&head, '\n', &line)) {
		if (!slice_cut(&line, ':', &name) || !name.n)
			continue;
		assert_true(n < CLEAN_FIELDS);
		for (size_t i = 0; i < name.n; i++)
			m->head.p[name.p - m->head.p + (long)i] |=
			    name.p[i] >= 'A' && name.p[i] <= 'Z' ? 0x20 : 0;
		bool host = slice_equal(name, SLICE("host"));
		nv[n++] = clean_nv(host ? SLICE(":authority") : name, slice_trim(line));
	}
	assert_int_equal(nghttp2_hd_deflate_new(&deflater, 4096), 0);
	ssize_t made = nghttp2_hd_deflate_hd(deflater, block, sizeof(block), nv, n);
	nghttp2_hd_deflate_del(deflater);
	assert_true(made > 0);
	clean_write_frame(c, side, H2_HEADERS, H2_END_HEADERS | (m->body.n ? 0 : H2_END_STREAM), 1,
			  block, (size_t)made);
	if (m->body.n)
		clean_write_frame(c, side, H2_DATA, H2_END_STREAM, 1, m->body.p, m->body.n);
}

/* Both sides' preface, RFC 9113 section 3.4. */
static inline void clean_write_preface(struct capture *c)
{
	struct slice preface = SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

	assert_int_equal(capture_add_bytes(c, SIDE_CLIENT, preface), 0);
	clean_write_frame(c, SIDE_CLIENT, H2_SETTINGS, 0, 0, "", 0);
	clean_write_frame(c, SIDE_SERVER, H2_SETTINGS, 0, 0, "", 0);
	clean_write_frame(c, SIDE_CLIENT, H2_SETTINGS, H2_ACK, 0, "", 0);
}

static inline bool clean_is_http2(const struct clean_file *request)
{
	return slice_equal(clean_remark(request, "over"), SLICE("HTTP/2"));
}

static inline bool clean_has_body(const struct clean_file *file)
{
	struct slice method = clean_start(file, 0);

	return file->body.n || slice_equal(method, SLICE("POST")) ||
	       slice_equal(method, SLICE("PUT")) || slice_equal(method, SLICE("PATCH"));
}

/* The connection on which REQUEST is sent and ANSWER comes; NULL: none comes. To be released. */
static inline void clean_capture(struct capture *c, const struct clean_corpus *corpus,
				 const struct clean_file *request, const struct clean_file *answer)
{
	const struct clean_file *files[] = { request, answer };
	struct slice host = clean_field(request, "host");
	long colon = slice_byte(host, ':', 0);

	capture_init(c);
	clean_put(&c->host, host.p, colon < 0 ? host.n : (size_t)colon);
	if (clean_is_http2(request))
		clean_write_preface(c);
	for (int side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
		struct clean_message m;
		if (!files[side])
			continue;
		clean_message_init(&m, corpus, files[side]);
		if (clean_is_http2(request))
			clean_write_http2(c, (enum side)side, &m);
		else
			clean_write_http1(c, (enum side)side, &m,
					  side == SIDE_SERVER || clean_has_body(files[side]));
		clean_message_release(&m);
	}
	assert_int_equal(capture_add_step(c, (struct step){ .kind = STEP_CLOSE }), 0);
}

#endif
