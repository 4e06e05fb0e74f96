/* SPDX-License-Identifier: MIT */
#include "wire_run.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

enum { ROOM = 1 << 20 };

struct bytes {
	char *p;
	size_t n;
};

typedef struct bytes pack(struct bytes in);

static struct bytes pack_zlib(struct bytes in, int window_bits)
{
	struct bytes out = { malloc(ROOM), 0 };
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)in.p;
	z.avail_in = (unsigned)in.n;
	z.next_out = (unsigned char *)out.p;
	z.avail_out = ROOM;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out.n = z.total_out;
	deflateEnd(&z);
	return out;
}

static struct bytes gzip(struct bytes in)
{
	return pack_zlib(in, MAX_WBITS + 16);
}

static struct bytes zlib(struct bytes in)
{
	return pack_zlib(in, MAX_WBITS);
}

static struct bytes raw_deflate(struct bytes in)
{
	return pack_zlib(in, -MAX_WBITS);
}

static struct bytes brotli(struct bytes in)
{
	struct bytes out = { malloc(ROOM), ROOM };

	assert_true(BrotliEncoderCompress(5, 18, BROTLI_MODE_TEXT, in.n, (uint8_t *)in.p, &out.n,
					  (uint8_t *)out.p));
	return out;
}

static struct bytes zstd(struct bytes in)
{
	struct bytes out = { malloc(ROOM), 0 };

	out.n = ZSTD_compress(out.p, ROOM, in.p, in.n, 3);
	assert_false(ZSTD_isError(out.n));
	return out;
}

static struct bytes gzip_twice(struct bytes in)
{
	struct bytes one = gzip(in);
	struct bytes out = { malloc(ROOM), one.n * 2 };

	memcpy(out.p, one.p, one.n);
	memcpy(out.p + one.n, one.p, one.n);
	free(one.p);
	return out;
}

static struct bytes identity(struct bytes in)
{
	struct bytes out = { malloc(in.n + 1), in.n };

	memcpy(out.p, in.p, in.n);
	return out;
}

/* A 401 whose body is TEXT packed by FIRST, then SECOND; chunked in pieces of 1000. */
static struct bytes answer_of(const char *header, const char *status, struct bytes text,
			      pack *first, pack *second)
{
	struct bytes one = first(text);
	struct bytes two = second ? second(one) : identity(one);
	struct bytes out = { malloc(two.n * 2 + 1000), 0 };

	out.n = (size_t)sprintf(out.p, "HTTP/1.1 %s\r\n%s\r\nTransfer-Encoding: chunked\r\n\r\n",
				status, header);
	for (size_t at = 0; at < two.n; at += 1000) {
		size_t n = two.n - at < 1000 ? two.n - at : 1000;
		out.n += (size_t)sprintf(out.p + out.n, "%zx\r\n", n);
		memcpy(out.p + out.n, two.p + at, n);
		out.n += n;
		out.n += (size_t)sprintf(out.p + out.n, "\r\n");
	}
	out.n += (size_t)sprintf(out.p + out.n, "0\r\n\r\n");
	free(one.p);
	free(two.p);
	return out;
}

static struct text run_answer(const char *name, struct bytes answer, const struct run_options *o)
{
	struct step steps[] = { CLIENT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
				{ STEP_SERVER, answer.p, answer.n },
				{ STEP_STOP, NULL, 0 } };

	return run_all_splits(name, steps, o);
}

static struct bytes some_text(size_t n)
{
	struct bytes t = { malloc(n + 1), n };
	uint32_t random = 1;

	for (size_t i = 0; i < n; i++) {
		random = random * 1664525 + 1013904223;
		t.p[i] = (char)('a' + (random >> 28));
	}
	memcpy(t.p, "{\"error\"", n < 8 ? n : 8);
	return t;
}

static const struct {
	const char *header;
	pack *first;
	pack *second;
} codings[] = {
	{ "Content-Encoding: gzip", gzip, NULL },
	{ "content-encoding: X-GZip", gzip, NULL },
	{ "Content-Encoding: deflate", zlib, NULL },
	{ "Content-Encoding: deflate", raw_deflate, NULL },
	{ "Content-Encoding: br", brotli, NULL },
	{ "Content-Encoding: zstd", zstd, NULL },
	{ "Content-Encoding: gzip, br", gzip, brotli },
	{ "Content-Encoding: zstd\r\nContent-Encoding: identity, gzip", zstd, gzip },
	{ "Content-Encoding: deflate ,zstd", raw_deflate, zstd },
};

static void every_coding_is_undone_in_every_split(void **state)
{
	static const size_t sizes[] = { 1, 2, 300, 20000 };

	(void)state;
	for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++)
		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			struct bytes text = some_text(sizes[k]);
			struct bytes answer = answer_of(codings[i].header, "401 No", text,
							codings[i].first, codings[i].second);
			struct text got = run_answer(codings[i].header, answer, NULL);
			struct text want = { 0 };
			text_bytes(&want, " body", (struct slice){ text.p, text.n });
			if (!strstr(got.p, want.p) || !strstr(got.p, "coding=decoded") ||
			    strstr(got.p, "fault"))
				fail_msg("%s %zu: wanted %s in %s", codings[i].header, sizes[k],
					 want.p, got.p);
			free(got.p);
			free(want.p);
			free(answer.p);
			free(text.p);
		}
}

static void gzip_members_follow_each_other(void **state)
{
	struct bytes text = some_text(50);
	struct bytes answer = answer_of("Content-Encoding: gzip", "401 No", text, gzip_twice, NULL);
	struct text got = run_answer("members", answer, NULL);

	(void)state;
	assert_non_null(strstr(got.p, "decoded=100"));
	free(got.p);
	free(answer.p);
	free(text.p);
}

/* In an error answer and in a whole one: the fault, and that the coded bytes are there. */
static void check_opaque(const char *header, struct bytes body, const char *fault)
{
	struct bytes answer = answer_of(header, "401 No", body, identity, NULL);
	struct text got = run_answer(header, answer, NULL);
	struct text want = { 0 };

	text_bytes(&want, " body", (struct slice){ body.p, body.n });
	if (!strstr(got.p, want.p) || !strstr(got.p, "coding=opaque") || !strstr(got.p, fault))
		fail_msg("%s: wanted %s %s in %s", header, fault, want.p, got.p);
	free(got.p);
	free(want.p);
	free(answer.p);
}

static void an_unknown_or_broken_coding_keeps_the_coded_bytes(void **state)
{
	static char words[] = "{\"error\":{\"message\":\"plain, not packed at all\"}}";
	struct bytes plain = { words, sizeof(words) - 1 };
	struct bytes text = some_text(20000);
	struct bytes bad = gzip(text);

	(void)state;
	check_opaque("Content-Encoding: compress", plain, "fault coding_unknown at=75 field=0");
	check_opaque("Content-Encoding: gzip, gzip, gzip, gzip, gzip", plain,
		     "fault coding_unknown");
	check_opaque("Content-Encoding: gzip", plain, "fault coding_broken");
	check_opaque("Content-Encoding: deflate", plain, "fault coding_broken");
	check_opaque("Content-Encoding: zstd", plain, "fault coding_broken");
	check_opaque("Content-Encoding: gzip, br", bad, "fault coding_broken");
	bad.p[bad.n / 2] ^= 0x55;
	bad.p[bad.n / 2 + 1] ^= 0x55;
	bad.p[bad.n - 8] ^= 0x55;
	check_opaque("Content-Encoding: gzip", bad, "fault coding_broken");
	free(text.p);
	free(bad.p);
}

static void a_coded_body_that_ends_early_is_told(void **state)
{
	struct bytes text = some_text(3000);
	struct bytes half = gzip(text);

	(void)state;
	half.n /= 2;
	struct bytes answer = answer_of("Content-Encoding: gzip", "401 No", half, identity, NULL);
	struct text got = run_answer("half", answer, NULL);
	assert_non_null(strstr(got.p, "fault coding_broken"));
	assert_non_null(strstr(got.p, " body={\"error\""));
	free(got.p);
	free(answer.p);
	free(text.p);
	free(half.p);
}

/* brotli asks for more input while it holds back output that found no room. */
static void the_splits_agree_where_brotli_holds_back(void **state)
{
	static const char begins[] = "\x04\0\xff HTTU/\xb1%\0\xffzzz\x12\x12\x12\x12";
	static const char ends[] = "\x12\x12\x12\x12\x12\x12\x12\x12zz";
	char coded[sizeof(begins) - 1 + 109 + sizeof(ends) - 1] = { 0 };

	(void)state;
	memcpy(coded, begins, sizeof(begins) - 1);
	memcpy(coded + sizeof(coded) - (sizeof(ends) - 1), ends, sizeof(ends) - 1);
	struct bytes answer = answer_of("Content-Encoding: br", "401 No",
					(struct bytes){ coded, sizeof(coded) }, identity, NULL);
	struct text got = run_answer("br holds back", answer, NULL);
	assert_non_null(strstr(got.p, "decoded=8204"));
	free(got.p);
	free(answer.p);
}

static void decoding_stops_at_the_ceiling(void **state)
{
	struct bytes text = some_text(30000);
	struct run_options o = { .body_max = 500 };

	(void)state;
	for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++) {
		struct bytes answer = answer_of(codings[i].header, "401 No", text, codings[i].first,
						codings[i].second);
		struct text got = run_answer(codings[i].header, answer, &o);
		assert_non_null(strstr(got.p, "decoded=500"));
		assert_non_null(strstr(got.p, "truncated=1"));
		free(got.p);
		free(answer.p);
	}
	free(text.p);
}

static void a_bomb_is_not_gone_into(void **state)
{
	struct bytes zeros = { calloc(1, 60 << 20), 60 << 20 };
	struct run_options o = { .body_max = 100 << 20 };
	struct bytes text = zstd(zeros);

	(void)state;
	free(zeros.p);
	/* 60 MB in a few kB, and once more packed. */
	struct bytes answer = answer_of("Content-Encoding: zstd, gzip", "401 No", text, gzip, NULL);
	struct text got = run_answer("bomb", answer, &o);
	assert_non_null(strstr(got.p, "fault coding_bomb"));
	assert_non_null(strstr(got.p, "truncated=1"));
	free(got.p);
	free(answer.p);
	free(text.p);
}

static void a_packed_event_stream_is_read(void **state)
{
	static char stream[] =
	    "data: {\"choices\":[]}\n\ndata: {\"error\":{\"code\":502}}\n\n: tail\n\n";
	struct bytes text = { stream, sizeof(stream) - 1 };
	struct bytes answer = answer_of("Content-Type: text/event-stream\r\nContent-Encoding: br",
					"200 OK", text, brotli, NULL);
	struct text got = run_answer("sse br", answer, NULL);

	(void)state;
	assert_non_null(strstr(got.p, "error={\"error\":{\"code\":502}}\n"));
	assert_non_null(strstr(got.p, "events=2"));
	free(got.p);
	free(answer.p);
}

static void an_image_is_only_counted(void **state)
{
	struct bytes text = some_text(5000);
	struct bytes answer = answer_of("Content-Type: image/png", "200 OK", text, identity, NULL);
	struct text got = run_answer("image", answer, NULL);

	(void)state;
	assert_non_null(strstr(got.p, "total=5000 decoded=5000"));
	assert_non_null(strstr(got.p, "truncated=1 unseen=0\n body=\n"));
	free(got.p);
	free(answer.p);
	free(text.p);
}

static void a_packed_request_is_undone(void **state)
{
	struct bytes text = some_text(400);
	struct bytes packed = zstd(text);
	struct text r = { 0 };

	(void)state;
	text_add(&r, "POST / HTTP/1.1\r\nContent-Encoding: zstd\r\nContent-Length: %zu\r\n\r\n",
		 packed.n);
	memcpy(r.p + r.n, packed.p, packed.n);
	struct step steps[] = { { STEP_CLIENT, r.p, r.n + packed.n },
				SERVER("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"),
				{ STEP_STOP, NULL, 0 } };
	struct text got = run_all_splits("request", steps, NULL);
	assert_non_null(strstr(got.p, "coding=decoded"));
	assert_non_null(strstr(got.p, "decoded=400"));
	free(got.p);
	free(r.p);
	free(packed.p);
	free(text.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_coding_is_undone_in_every_split),
		cmocka_unit_test(gzip_members_follow_each_other),
		cmocka_unit_test(an_unknown_or_broken_coding_keeps_the_coded_bytes),
		cmocka_unit_test(a_coded_body_that_ends_early_is_told),
		cmocka_unit_test(the_splits_agree_where_brotli_holds_back),
		cmocka_unit_test(decoding_stops_at_the_ceiling),
		cmocka_unit_test(a_bomb_is_not_gone_into),
		cmocka_unit_test(a_packed_event_stream_is_read),
		cmocka_unit_test(an_image_is_only_counted),
		cmocka_unit_test(a_packed_request_is_undone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
