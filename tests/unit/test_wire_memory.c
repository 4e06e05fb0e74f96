/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail: the n-th alone, and all from the n-th on, for every
 * n. Linked with --wrap, so nghttp2, zlib, brotli, zstd and cJSON fail, too.
 */
#include <brotli/encode.h>

#include "failing_allocations.h"
#include "h2_write.h"

/* Arms failing for the calls into wire/ only. */
struct outcome {
	struct text text;
	bool blind;
	bool born;
};

static struct outcome run_failing(const struct step *steps, bool late, size_t piece)
{
	struct wire_limits limits = { .body_max = 1 << 20 };
	struct outcome out = { { 0 }, false, true };
	struct event event;

	memory.armed = true;
	struct connection *c = connection_new(&limits, 1, slice_of("openrouter.ai"),
						   late ? CONNECTION_MIDSTREAM : CONNECTION_OPENED);
	memory.armed = false;
	out.born = c != NULL;
	text_add(&out.text, "begin\n");
	for (const struct step *s = steps; c && s->kind != STEP_STOP; s++)
		for (size_t at = 0; at < s->n || s->kind == STEP_CLOSE; at += piece) {
			size_t n = s->n - at < piece ? s->n - at : piece;
			memory.armed = true;
			if (s->kind == STEP_CLOSE)
				connection_close(c, 1);
			else
				connection_feed(c,
						s->kind == STEP_CLIENT ? SIDE_CLIENT : SIDE_SERVER,
						s->bytes + at, n, 1);
			memory.armed = false;
			while (connection_next(c, &event)) {
				out.blind |= event.kind == EVENT_UNSUPPORTED;
				if (event.kind == EVENT_EXCHANGE) {
					text_exchange(&out.text, event.exchange);
					exchange_free(event.exchange);
				}
			}
			if (s->kind == STEP_CLOSE)
				break;
		}
	connection_free(c);
	return out;
}

/* ONLY_SURVIVE: the parse of an event's JSON may fail unnoticed; then the error is just not told. */
static void fail_each(const char *name, const struct step *steps, bool late, size_t piece,
		      bool only_survive)
{
	memory.left = 1L << 40;
	struct outcome good = run_failing(steps, late, piece);
	long n = 0;

	for (int stay = 0; stay < 2; stay++)
		for (n = 0;; n++) {
			memory.left = n;
			memory.stay = stay;
			memory.failed = false;
			struct outcome out = run_failing(steps, late, piece);
			bool same = strcmp(out.text.p, good.text.p) == 0;
			free(out.text.p);
			if (!memory.failed)
				break;
			if (out.born && !out.blind && !same && !only_survive)
				fail_msg("%s: allocation %ld failed, unlike the whole run, and not "
					 "blind",
					 name, n);
		}
	print_message("%s: %ld allocations\n", name, n);
	assert_in_range(n, 5, 100000);
	free(good.text.p);
}

#define ASK                                                                                       \
	"POST /api/v1/chat/completions HTTP/1.1\r\nHost: openrouter.ai\r\nAuthorization: Bearer " \
	"k\r\n"

static void http1_survives(void **state)
{
	static const char body[300] = "{";
	static const struct step steps[] = {
		CLIENT(ASK "Content-Length: 300\r\n\r\n"),
		{ STEP_CLIENT, body, sizeof(body) },
		SERVER("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\nTransfer-Encoding: "
		       "chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n"),
		CLIENT("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"),
		SERVER("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"a\":1}"),
		CLOSE,
		{ STEP_STOP, NULL, 0 },
	};

	(void)state;
	fail_each("http1 whole", steps, false, 1 << 20, false);
	fail_each("http1 in bytes", steps, false, 1, false);
}

static void an_early_answer_survives(void **state)
{
	static const struct step steps[] = {
		SERVER(""),
		CLIENT(ASK "Content-Length: 30\r\n\r\nabc"),
		SERVER("HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"),
		SERVER("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
		CLIENT("012345678901234567890123456"),
		CLIENT("GET /1 HTTP/1.1\r\n\r\n"),
		CLOSE,
		{ STEP_STOP, NULL, 0 },
	};

	(void)state;
	fail_each("early answer", steps, false, 5, false);
}

static void an_event_stream_survives(void **state)
{
	static const struct step steps[] = {
		CLIENT(ASK "\r\n"),
		SERVER("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: x\n\nevent: "
		       "a\ndata: {\"choices\":[]}\n\n"
		       "data: "
		       "{\"error\":{\"code\":1},\"choices\":[{\"finish_reason\":\"error\"}]}"
		       "\n\ndata: rest\n\n"),
		CLOSE,
		{ STEP_STOP, NULL, 0 },
	};

	(void)state;
	fail_each("event stream", steps, false, 3, true);
}

static void decoding_survives(void **state)
{
	/* printf '{"error":1}' through gzip -n9, zlib, zstd -3, twice each way of the wire. */
	static const unsigned char gzip[] = { 0x1f, 0x8b, 8,    0,    0,    0,    0,    0,
					      2,    3,    0xab, 0x56, 0x4a, 0x2d, 0x2a, 0xca,
					      0x2f, 0x52, 0xb2, 0x32, 0xac, 5,    0 };
	static const char *const codings[] = { "gzip", "deflate", "zstd", "br",
					       "gzip, zstd, br, deflate" };

	(void)state;
	for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++) {
		struct text a = { 0 };
		uint8_t packed[200];
		size_t n = sizeof(gzip);
		memcpy(packed, gzip, n);
		if (strcmp(codings[i], "br") == 0) {
			n = sizeof(packed);
			assert_true(BrotliEncoderCompress(5, 18, BROTLI_MODE_TEXT, 11,
							  (const uint8_t *)"{\"error\":1}", &n,
							  packed));
		}
		text_add(&a,
			 "HTTP/1.1 401 No\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
			 codings[i], n);
		memcpy(a.p + a.n, packed, n);
		struct step steps[] = { CLIENT(ASK "\r\n"),
					{ STEP_SERVER, a.p, a.n + n },
					CLOSE,
					{ STEP_STOP, NULL, 0 } };
		fail_each(codings[i], steps, false, 9, false);
		free(a.p);
	}
}

static void write_h2(struct written *w)
{
	for (uint32_t id = 1; id < 20; id += 2) {
		write_headers(w, SIDE_CLIENT, 0, id,
			      REQUEST "x-a: some value that is huffman coded\nx-b: 2\n");
		write_data(w, SIDE_CLIENT, H2_END_STREAM, id, "{\"model\":\"x\"}");
	}
	write_frame(w, SIDE_SERVER, H2_HEADERS, 0, 1, "\x8b", 1);
	write_frame(w, SIDE_SERVER, H2_CONTINUATION, H2_END_HEADERS, 1, "\x40\x01x\x01y", 5);
	for (uint32_t id = 3; id < 20; id += 2)
		write_headers(w, SIDE_SERVER, 0, id,
			      ":status: 401\ncontent-type: application/json\n");
	for (uint32_t id = 3; id < 20; id += 2)
		write_data(w, SIDE_SERVER, H2_END_STREAM, id, "{\"error\":{}}");
	write_close(w);
}

static void http2_survives(void **state)
{
	struct written w;

	(void)state;
	written_init(&w, 4096);
	write_preface(&w);
	write_h2(&w);
	fail_each("http2 whole", w.steps, false, 1 << 20, false);
	fail_each("http2 in pieces", w.steps, false, 6, false);
	written_release(&w);
}

static void joining_late_survives(void **state)
{
	static const struct step late[] = {
		CLIENT("tail\r\n" ASK "\r\n"),
		SERVER("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
		CLOSE,
		{ STEP_STOP, NULL, 0 },
	};
	struct written w;

	(void)state;
	fail_each("late http1", late, true, 4, false);
	written_init(&w, 4096);
	write_h2(&w);
	fail_each("late http2", w.steps, true, 1 << 20, false);
	written_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http1_survives),
		cmocka_unit_test(an_early_answer_survives),
		cmocka_unit_test(an_event_stream_survives),
		cmocka_unit_test(decoding_survives),
		cmocka_unit_test(http2_survives),
		cmocka_unit_test(joining_late_survives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
