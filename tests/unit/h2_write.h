/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_H2_WRITE_H
#define ORSHIM_H2_WRITE_H

/* Writes HTTP/2 connections for tests: steps of frames, header blocks by nghttp2's deflater. */
#include <nghttp2/nghttp2.h>

#include "wire_run.h"
#include "wire/h2_frame.h"

enum { WRITTEN_STEPS = 700 };

struct written {
	struct step steps[WRITTEN_STEPS + 1];
	size_t count;
	nghttp2_hd_deflater *deflaters[2]; /* by enum side */
};

static inline void written_init(struct written *w, size_t table_size)
{
	memset(w, 0, sizeof(*w));
	for (int side = 0; side < 2; side++)
		assert_int_equal(nghttp2_hd_deflate_new(&w->deflaters[side], table_size), 0);
}

static inline void written_release(struct written *w)
{
	for (size_t i = 0; i < w->count; i++)
		free((char *)w->steps[i].bytes);
	nghttp2_hd_deflate_del(w->deflaters[0]);
	nghttp2_hd_deflate_del(w->deflaters[1]);
}

/* Bytes of a side; joined to the step before if that is the same side's. */
static inline void write_bytes(struct written *w, enum side side, const void *bytes, size_t n)
{
	struct step *s = &w->steps[w->count];

	assert_in_range(w->count, 0, WRITTEN_STEPS - 1);
	s->kind = side == SIDE_CLIENT ? STEP_CLIENT : STEP_SERVER;
	char *copy = malloc(n + 1);
	assert_non_null(copy);
	memcpy(copy, bytes, n);
	s->bytes = copy;
	s->n = n;
	w->count++;
}

static inline void write_frame(struct written *w, enum side side, int type, int flags,
			       uint32_t stream, const void *payload, size_t n)
{
	unsigned char *p = malloc(n + H2_HEADER_LENGTH);

	assert_non_null(p);
	p[0] = (unsigned char)(n >> 16);
	p[1] = (unsigned char)(n >> 8);
	p[2] = (unsigned char)n;
	p[3] = (unsigned char)type;
	p[4] = (unsigned char)flags;
	for (int i = 0; i < 4; i++)
		p[5 + i] = (unsigned char)(stream >> (24 - 8 * i));
	if (n)
		memcpy(p + H2_HEADER_LENGTH, payload, n);
	write_bytes(w, side, p, n + H2_HEADER_LENGTH);
	free(p);
}

static inline void write_preface(struct written *w)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

	write_bytes(w, SIDE_CLIENT, preface, sizeof(preface) - 1);
	write_frame(w, SIDE_CLIENT, H2_SETTINGS, 0, 0, NULL, 0);
	write_frame(w, SIDE_SERVER, H2_SETTINGS, 0, 0, NULL, 0);
	write_frame(w, SIDE_CLIENT, H2_SETTINGS, H2_ACK, 0, NULL, 0);
	write_frame(w, SIDE_SERVER, H2_SETTINGS, H2_ACK, 0, NULL, 0);
	write_frame(w, SIDE_CLIENT, H2_WINDOW_UPDATE, 0, 0, "\x00\x01\x00\x00", 4);
}

/* FIELDS: "name: value" lines ended by LF; a line that begins with '!' is never indexed. */
static inline size_t deflate_fields(nghttp2_hd_deflater *d, const char *fields, uint8_t *out,
				    size_t room)
{
	nghttp2_nv nv[64];
	size_t n = 0;

	for (const char *line = fields; *line; n++) {
		const char *end = strchr(line, '\n');
		bool secret = *line == '!';
		line += secret;
		const char *colon = strstr(line + 1, ": ");
		assert_true(end && colon && colon < end && n < 64);
		nv[n] = (nghttp2_nv){ (uint8_t *)line, (uint8_t *)colon + 2, (size_t)(colon - line),
				      (size_t)(end - colon - 2),
				      secret ? NGHTTP2_NV_FLAG_NO_INDEX : 0 };
		line = end + 1;
	}
	ssize_t made = nghttp2_hd_deflate_hd(d, out, room, nv, n);
	assert_true(made >= 0);
	return (size_t)made;
}

static inline void write_headers(struct written *w, enum side side, int flags, uint32_t stream,
				 const char *fields)
{
	static uint8_t block[1 << 17];
	size_t n = deflate_fields(w->deflaters[side], fields, block, sizeof(block));

	write_frame(w, side, H2_HEADERS, H2_END_HEADERS | flags, stream, block, n);
}

static inline void write_data(struct written *w, enum side side, int flags, uint32_t stream,
			      const char *text)
{
	write_frame(w, side, H2_DATA, flags, stream, text, strlen(text));
}

static inline void write_close(struct written *w)
{
	w->steps[w->count++] = (struct step)CLOSE;
}

#define REQUEST                                                             \
	":method: POST\n:scheme: https\n:authority: openrouter.ai\n:path: " \
	"/api/v1/chat/completions?x=1\n"

#endif
