/* SPDX-License-Identifier: MIT */
#include "wire/decode.h"

#include <stdlib.h>
#include <string.h>

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

enum coding { CODING_IDENTITY, CODING_GZIP, CODING_DEFLATE, CODING_BR, CODING_ZSTD };

/*
 * Largest zstd window, log2: RFC 9659 lets a sender of Content-Encoding: zstd
 * use 8 MiB. BOMB_STEP: coded bytes after which the bomb guard grants more.
 */
enum { ZSTD_WINDOW_LOG = 23, OUTPUT_SIZE = 8192, BOMB_STEP = 4096 };

static const struct {
	const char *name;
	enum coding coding;
} coding_names[] = {
	{ "gzip", CODING_GZIP }, { "x-gzip", CODING_GZIP }, { "deflate", CODING_DEFLATE },
	{ "br", CODING_BR },     { "zstd", CODING_ZSTD },   { "identity", CODING_IDENTITY },
};

/* One coding of the stack. Output goes to NEXT, or to the taker. */
struct stage {
	enum coding coding;
	struct stage *next;
	bool begun;          /* deflate: zlib or raw is decided */
	bool at_end;         /* a member, frame or stream is whole; another may follow */
	bool finished;       /* nothing may follow: the rest is ignored */
	unsigned char first; /* deflate: the first byte, until the second is there */
	bool has_first;
	bool zlib_live;
	z_stream zlib;
	BrotliDecoderState *brotli;
	ZSTD_DStream *zstd;
	uint64_t made; /* bytes put out */
	unsigned char out[OUTPUT_SIZE];
};

struct decoder {
	struct stage *first;
	struct decode_taker *taker; /* during decoder_take() */
	uint64_t coded;             /* bytes taken */
	enum decode_result result;
};

static void stage_free(struct stage *s)
{
	if (s->zlib_live)
		inflateEnd(&s->zlib);
	if (s->brotli)
		BrotliDecoderDestroyInstance(s->brotli);
	ZSTD_freeDStream(s->zstd);
	free(s);
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	while (d->first) {
		struct stage *next = d->first->next;
		stage_free(d->first);
		d->first = next;
	}
	free(d);
}

static bool begin_zlib(struct stage *s, int window_bits)
{
	s->zlib_live = inflateInit2(&s->zlib, window_bits) == Z_OK;
	return s->zlib_live;
}

/* False without memory. */
static bool stage_begin(struct stage *s)
{
	switch (s->coding) {
	case CODING_GZIP:
		return begin_zlib(s, MAX_WBITS + 16);
	case CODING_BR:
		s->brotli = BrotliDecoderCreateInstance(NULL, NULL, NULL);
		return s->brotli != NULL;
	case CODING_ZSTD:
		s->zstd = ZSTD_createDStream();
		return s->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax,
								       ZSTD_WINDOW_LOG));
	default:
		return true; /* deflate begins with its first bytes */
	}
}

/* The coding of that name; -1 if it is not known. */
static int coding_of(struct slice name)
{
	for (size_t i = 0; i < sizeof(coding_names) / sizeof(coding_names[0]); i++)
		if (slice_equal_nocase(name, slice_of(coding_names[i].name)))
			return (int)coding_names[i].coding;
	return -1;
}

/*
 * Put a stage before the others: codings are listed in the order they were
 * applied. False without memory.
 */
static bool add_stage(struct decoder *d, enum coding coding)
{
	struct stage *s = calloc(1, sizeof(*s));

	if (!s)
		return false;
	s->coding = coding;
	s->next = d->first;
	d->first = s;
	return stage_begin(s);
}

struct decoder *decoder_new(struct slice codings, struct slice *unknown, bool *no_memory)
{
	struct decoder *d = calloc(1, sizeof(*d));
	struct slice name;
	int count = 0;

	*unknown = (struct slice){ NULL, 0 };
	*no_memory = !d;
	while (d && !*no_memory && !unknown->p && slice_cut(&codings, ',', &name)) {
		name = slice_trim(name);
		int coding = coding_of(name);
		if (name.n == 0 || coding == CODING_IDENTITY)
			continue;
		if (coding < 0 || ++count > LIMIT_CODINGS)
			*unknown = name;
		else
			*no_memory = !add_stage(d, (enum coding)coding);
	}
	if (!d || *no_memory || unknown->p || !d->first) {
		decoder_free(d);
		return NULL;
	}
	return d;
}

/* How many bytes a stage may have produced by now; in steps, so that splits do not matter. */
static uint64_t allowance(const struct decoder *d)
{
	return (d->coded / BOMB_STEP + 1) * BOMB_STEP * LIMIT_BOMB_RATIO;
}

static enum decode_result stage_take(struct decoder *d, struct stage *s, const unsigned char *bytes,
				     size_t n);

/* N bytes of S's output are in s->out. */
static enum decode_result pass_on(struct decoder *d, struct stage *s, size_t n)
{
	bool bomb = n > allowance(d) - s->made;
	enum decode_result result = DECODE_GOOD;

	if (bomb)
		n = (size_t)(allowance(d) - s->made);
	s->made += n;
	if (n && s->next)
		result = stage_take(d, s->next, s->out, n);
	else if (n)
		result = d->taker->take(d->taker, (const char *)s->out, n);
	return result == DECODE_GOOD && bomb ? DECODE_BOMB : result;
}

/*
 * gzip members may follow each other (RFC 1952 section 2.2); after a deflate
 * stream nothing counts.
 */
static enum decode_result take_zlib(struct decoder *d, struct stage *s, const unsigned char *bytes,
				    size_t n)
{
	s->zlib.next_in = (unsigned char *)bytes;
	s->zlib.avail_in = (unsigned)n;
	for (;;) {
		if (s->at_end && s->zlib.avail_in) {
			/* Another member may follow, or padding, which is ignored. */
			s->finished = s->coding != CODING_GZIP || *s->zlib.next_in != 0x1f;
			if (s->finished)
				return DECODE_GOOD;
			inflateReset(&s->zlib);
			s->at_end = false;
		}
		s->zlib.next_out = s->out;
		s->zlib.avail_out = OUTPUT_SIZE;
		int code = inflate(&s->zlib, Z_SYNC_FLUSH);
		if (code == Z_MEM_ERROR)
			return DECODE_NO_MEMORY;
		s->at_end = code == Z_STREAM_END;
		size_t made = OUTPUT_SIZE - s->zlib.avail_out;
		enum decode_result result = pass_on(d, s, made);
		if (result != DECODE_GOOD)
			return result;
		if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
			return DECODE_BROKEN;
		if (s->zlib.avail_in == 0 && s->zlib.avail_out)
			return DECODE_GOOD;
		if (code == Z_BUF_ERROR && !made)
			return DECODE_GOOD;
	}
}

/*
 * zlib or raw, by the first two bytes (RFC 1950 section 2.2): servers
 * send either as "deflate".
 */
static enum decode_result take_deflate(struct decoder *d, struct stage *s,
				       const unsigned char *bytes, size_t n)
{
	if (!s->begun && !s->has_first) {
		s->first = *bytes++;
		s->has_first = true;
		n--;
	}
	if (n == 0)
		return DECODE_GOOD;
	if (!s->begun) {
		bool zlib = (s->first & 0x0f) == Z_DEFLATED && ((s->first << 8) + *bytes) % 31 == 0;
		s->begun = true;
		if (!begin_zlib(s, zlib ? MAX_WBITS : -MAX_WBITS))
			return DECODE_NO_MEMORY;
		enum decode_result result = take_zlib(d, s, &s->first, 1);
		if (result != DECODE_GOOD)
			return result;
	}
	return take_zlib(d, s, bytes, n);
}

static enum decode_result take_brotli(struct decoder *d, struct stage *s,
				      const unsigned char *bytes, size_t n)
{
	const uint8_t *in = bytes;
	size_t left = n;

	for (;;) {
		uint8_t *out = s->out;
		size_t room = OUTPUT_SIZE;
		BrotliDecoderResult state =
		    BrotliDecoderDecompressStream(s->brotli, &left, &in, &room, &out, NULL);
		enum decode_result result = pass_on(d, s, OUTPUT_SIZE - room);
		if (result != DECODE_GOOD)
			return result;
		if (state == BROTLI_DECODER_RESULT_SUCCESS) {
			s->at_end = true;
			s->finished = true;
			return DECODE_GOOD;
		}
		if (state == BROTLI_DECODER_RESULT_ERROR) {
			BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(s->brotli);
			bool memory = code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
				      code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
			return memory ? DECODE_NO_MEMORY : DECODE_BROKEN;
		}
		/* It asks for input even when it has output left that found no room. */
		if (state == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT &&
		    !BrotliDecoderHasMoreOutput(s->brotli))
			return DECODE_GOOD;
	}
}

static enum decode_result take_zstd(struct decoder *d, struct stage *s, const unsigned char *bytes,
				    size_t n)
{
	ZSTD_inBuffer in = { bytes, n, 0 };

	for (;;) {
		ZSTD_outBuffer out = { s->out, OUTPUT_SIZE, 0 };
		size_t before = in.pos;
		size_t code = ZSTD_decompressStream(s->zstd, &out, &in);
		if (ZSTD_isError(code)) {
			bool memory = strstr(ZSTD_getErrorName(code), "Allocation") != NULL;
			return memory ? DECODE_NO_MEMORY : DECODE_BROKEN;
		}
		if (out.pos || in.pos != before)
			s->at_end = code == 0;
		enum decode_result result = pass_on(d, s, out.pos);
		if (result != DECODE_GOOD)
			return result;
		if (in.pos == in.size && out.pos < out.size)
			return DECODE_GOOD;
	}
}

static enum decode_result stage_take(struct decoder *d, struct stage *s, const unsigned char *bytes,
				     size_t n)
{
	if (s->finished || n == 0)
		return DECODE_GOOD;
	switch (s->coding) {
	case CODING_BR:
		return take_brotli(d, s, bytes, n);
	case CODING_ZSTD:
		return take_zstd(d, s, bytes, n);
	case CODING_DEFLATE:
		return take_deflate(d, s, bytes, n);
	default:
		return take_zlib(d, s, bytes, n);
	}
}

enum decode_result decoder_take(struct decoder *d, const char *bytes, size_t n,
				struct decode_taker *taker)
{
	d->taker = taker;
	while (n && d->result == DECODE_GOOD) {
		size_t step = BOMB_STEP - d->coded % BOMB_STEP;
		if (step > n)
			step = n;
		d->result = stage_take(d, d->first, (const unsigned char *)bytes, step);
		d->coded += step;
		bytes += step;
		n -= step;
	}
	return d->result;
}

bool decoder_is_whole(const struct decoder *d)
{
	for (const struct stage *s = d->first; s; s = s->next)
		if (!s->at_end)
			return false;
	return true;
}
