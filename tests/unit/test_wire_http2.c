/* SPDX-License-Identifier: MIT */
#include "h2_write.h"

static void expect(const char *name, struct written *w, const struct run_options *o,
		   const char *const has[], const char *const lacks[])
{
	struct text t = run_all_splits(name, w->steps, o);

	for (size_t i = 0; has[i]; i++)
		if (!strstr(t.p, has[i]))
			fail_msg("%s: expected \"%s\" in:\n%s", name, has[i], t.p);
	for (size_t i = 0; lacks && lacks[i]; i++)
		if (strstr(t.p, lacks[i]))
			fail_msg("%s: did not expect \"%s\" in:\n%s", name, lacks[i], t.p);
	free(t.p);
	written_release(w);
}

#define LIST(...)                 \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static void a_request_and_its_answer_are_one_exchange(void **state)
{
	struct written w;

	(void)state;
	written_init(&w, 4096);
	write_preface(&w);
	write_headers(&w, SIDE_CLIENT, 0, 1,
		      REQUEST "!authorization: Bearer k\ncontent-length: 11\n");
	write_data(&w, SIDE_CLIENT, 0, 1, "hello ");
	write_data(&w, SIDE_CLIENT, H2_END_STREAM, 1, "world");
	write_headers(&w, SIDE_SERVER, 0, 1, ":status: 103\nlink: x\n");
	write_headers(&w, SIDE_SERVER, 0, 1, ":status: 401\ncontent-type: application/json\n");
	write_data(&w, SIDE_SERVER, 0, 1, "{\"error\":1}");
	write_headers(&w, SIDE_SERVER, H2_END_STREAM, 1, "x-trailer: 1\n");
	expect("one exchange", &w, NULL,
	       LIST("HEAD=:method: POST\\r\\n:scheme: https",
		    "stream=1 version=3 end=answered port=0 informational=1",
		    "host=openrouter.ai\npath=/api/v1/chat/completions\nquery=x=1\n",
		    "  name=authorization\n  value=Bearer k\n", " body=hello world\n", "status=401",
		    " body={\"error\":1}\n",
		    "framing=length coding=none total=11 decoded=11 declared=11 complete=1"),
	       LIST("fault", "blind", "x-trailer", "link"));
}

static void streams_are_told_apart(void **state)
{
	struct written w;
	struct text t = { 0 };
	enum { STREAMS = 100 };

	(void)state;
	written_init(&w, 4096);
	write_preface(&w);
	for (uint32_t i = 0; i < STREAMS; i++) {
		char fields[200];
		snprintf(fields, sizeof(fields),
			 ":method: POST\n:scheme: https\nhost: h%u\n:path: /%u\n", i, i);
		write_headers(&w, SIDE_CLIENT, 0, i * 2 + 1, fields);
		if (i >= 50)
			write_data(&w, SIDE_CLIENT, H2_END_STREAM, (i - 50) * 2 + 1,
				   i % 2 ? "odd" : "even");
	}
	for (uint32_t i = STREAMS; i-- > 0;)
		write_headers(&w, SIDE_SERVER, 0, i * 2 + 1, ":status: 200\n");
	for (uint32_t i = 0; i < STREAMS; i++)
		write_frame(&w, SIDE_SERVER, H2_DATA, H2_END_STREAM, i * 2 + 1, &i, sizeof(i));
	t = run_all_splits("streams", w.steps, NULL);
	size_t seen = 0;
	for (const char *p = t.p; (p = strstr(p, "end=answered")); p++)
		seen++;
	assert_int_equal(seen, STREAMS);
	assert_non_null(strstr(t.p, "seq=78 stream=155"));
	assert_null(strstr(t.p, "blind"));
	free(t.p);
	written_release(&w);
}

static void padding_priority_continuation_and_promises_are_read(void **state)
{
	static uint8_t block[4096];
	struct written w;
	char payload[5000];

	(void)state;
	written_init(&w, 4096);
	write_preface(&w);
	size_t n = deflate_fields(w.deflaters[0], REQUEST "x-one: first\nx-two: second\n", block,
				  sizeof(block));
	payload[0] = 3;
	memcpy(payload + 1, "\x80\x00\x00\x00\x0f", 5);
	memcpy(payload + 6, block, 10);
	memcpy(payload + 16, "pad", 3);
	write_frame(&w, SIDE_CLIENT, H2_HEADERS, H2_PADDED | H2_PRIORITIZED, 1, payload, 19);
	write_frame(&w, SIDE_CLIENT, H2_CONTINUATION, 0, 1, block + 10, 7);
	write_frame(&w, SIDE_CLIENT, H2_CONTINUATION, 0, 1, NULL, 0);
	write_frame(&w, SIDE_CLIENT, H2_CONTINUATION, H2_END_HEADERS, 1, block + 17, n - 17);
	write_frame(&w, SIDE_CLIENT, H2_DATA, H2_PADDED, 1,
		    "\x04"
		    "data"
		    "\0\0\0\0",
		    9);
	write_frame(&w, SIDE_CLIENT, 0xfa, 0xff, 1, "unknown frame", 13);
	write_frame(&w, SIDE_CLIENT, H2_PRIORITY, 0, 9, "\0\0\0\0\1", 5);
	write_frame(&w, SIDE_CLIENT, H2_DATA, H2_END_STREAM | H2_PADDED, 1, "\0", 1);
	memcpy(payload, "\0\0\0\2", 4);
	n = deflate_fields(w.deflaters[1],
			   ":method: GET\n:scheme: https\n:authority: a\n:path: /pushed\n", block,
			   sizeof(block));
	memcpy(payload + 4, block, n);
	write_frame(&w, SIDE_SERVER, H2_PUSH_PROMISE, H2_END_HEADERS, 1, payload, n + 4);
	write_headers(&w, SIDE_SERVER, H2_END_STREAM, 2, ":status: 200\nx-pushed: 1\n");
	write_headers(&w, SIDE_SERVER, H2_END_STREAM, 1, ":status: 204\nx-pushed: 1\n");
	expect("padding", &w, NULL,
	       LIST("  name=x-one\n  value=first\n", "  name=x-two\n", " body=data\n", "total=4",
		    "status=204", "x-pushed"),
	       LIST("fault", "blind", "stream=2"));
}

static void resets_and_going_away_are_facts(void **state)
{
	struct written w;

	(void)state;
	written_init(&w, 4096);
	write_preface(&w);
	write_headers(&w, SIDE_CLIENT, 0, 1, REQUEST);
	write_frame(&w, SIDE_SERVER, H2_RST_STREAM, 0, 1, "\0\0\0\7", 4);
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 3, REQUEST);
	write_frame(&w, SIDE_SERVER, H2_GOAWAY, 0, 0, "\0\0\0\1\0\0\0\2debug", 13);
	write_data(&w, SIDE_CLIENT, H2_END_STREAM, 1, "late data of a stream that is gone");
	write_close(&w);
	expect("resets", &w, NULL,
	       LIST("stream=1 version=3 end=reset", "fault h2_stream_reset at=13",
		    "stream=3 version=3 end=closed", "fault h2_going_away"),
	       LIST("blind"));
}

static void a_length_that_is_not_the_datas_is_a_fault(void **state)
{
	struct written w;

	(void)state;
	written_init(&w, 4096);
	write_preface(&w);
	write_headers(&w, SIDE_CLIENT, 0, 1, REQUEST "content-length: 5\n");
	write_data(&w, SIDE_CLIENT, H2_END_STREAM, 1, "123");
	write_headers(&w, SIDE_SERVER, 0, 1, ":status: 200\ncontent-length: 1\n");
	write_data(&w, SIDE_SERVER, H2_END_STREAM, 1, "123");
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 3,
		      ":method: HEAD\n:scheme: https\n:path: /\n");
	write_headers(&w, SIDE_SERVER, H2_END_STREAM, 3, ":status: 200\ncontent-length: 77\n");
	expect("lengths", &w, NULL, LIST("fault body_short", "fault body_long", "declared=77"),
	       NULL);
}

static void bad_pseudo_headers_and_fields_are_facts(void **state)
{
	struct written w;

	(void)state;
	written_init(&w, 4096);
	write_preface(&w);
	write_headers(
	    &w, SIDE_CLIENT, H2_END_STREAM, 1,
	    ":method: GET\nX-Upper: 1\n:path: /\n:status: 200\n:made-up: 1\nbad: a\rb\nspaced:  x "
	    "\nauthorization: \n");
	write_headers(&w, SIDE_SERVER, H2_END_STREAM, 1, ":method: GET\n");
	expect("pseudo", &w, NULL,
	       LIST("fault h2_pseudo_bad", "fault field_name_byte", "fault field_bare_cr",
		    "  value=x\n  raw= x \n", "  name=authorization\n  value=\n", "status=0"),
	       LIST("blind"));
}

static void frames_against_the_protocol(void **state)
{
	static const struct {
		const char *name;
		enum side side;
		int type;
		int flags;
		uint32_t stream;
		const char *payload;
		size_t n;
		const char *has;
	} frames[] = {
		{ "data with more padding than payload", SIDE_CLIENT, H2_DATA, H2_PADDED, 1,
		  "\xff"
		  "ab",
		  3, "fault h2_frame_bad" },
		{ "data before the answer's head", SIDE_SERVER, H2_DATA, 0, 1, "ab", 2,
		  "fault h2_frame_bad" },
		{ "headers on stream 0", SIDE_SERVER, H2_HEADERS, H2_END_HEADERS, 0, "\x88", 1,
		  "blind: an HTTP/2 header frame without a header block" },
		{ "a continuation of nothing", SIDE_SERVER, H2_CONTINUATION, H2_END_HEADERS, 1,
		  "\x88", 1, "blind: an HTTP/2 CONTINUATION that continues nothing" },
		{ "a block that does not decode", SIDE_SERVER, H2_HEADERS, H2_END_HEADERS, 1,
		  "\xff\xff\xff\xff\xff\xff", 6, "fault h2_header_block_bad" },
		{ "settings of a wrong length", SIDE_SERVER, H2_SETTINGS, 0, 0, "abcde", 5,
		  "fault h2_frame_bad" },
		{ "going away too shortly", SIDE_SERVER, H2_GOAWAY, 0, 0, "abc", 3,
		  "fault h2_frame_bad" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		struct written w;
		written_init(&w, 4096);
		write_preface(&w);
		write_headers(&w, SIDE_CLIENT, 0, 1, REQUEST);
		write_frame(&w, frames[i].side, frames[i].type, frames[i].flags, frames[i].stream,
			    frames[i].payload, frames[i].n);
		write_close(&w);
		expect(frames[i].name, &w, NULL, LIST(frames[i].has, "exchange seq=1"), NULL);
	}
}

static void a_frame_inside_a_block_and_another_protocol_are_blind(void **state)
{
	struct written w;

	(void)state;
	written_init(&w, 4096);
	write_preface(&w);
	write_frame(&w, SIDE_CLIENT, H2_HEADERS, 0, 1, "\x82", 1);
	write_frame(&w, SIDE_CLIENT, H2_PING, 0, 0, "12345678", 8);
	expect("inside", &w, NULL, LIST("blind: an HTTP/2 frame in the middle of a header block"),
	       NULL);
	written_init(&w, 4096);
	write_bytes(&w, SIDE_CLIENT, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
	write_headers(&w, SIDE_CLIENT, 0, 1, REQUEST);
	expect("no settings", &w, NULL, LIST("blind: no SETTINGS"), NULL);
	written_init(&w, 4096);
	write_bytes(&w, SIDE_CLIENT, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
	write_frame(&w, SIDE_CLIENT, H2_SETTINGS, 0, 0, NULL, 0);
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 1, REQUEST);
	write_bytes(&w, SIDE_SERVER, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
	expect("http/1 answer", &w, NULL, LIST("end=unparsed", "blind: the answer is not HTTP/2"),
	       NULL);
}

static void an_event_stream_tells_its_error_early(void **state)
{
	struct written w;

	(void)state;
	written_init(&w, 4096);
	write_preface(&w);
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 1, REQUEST);
	write_headers(&w, SIDE_SERVER, 0, 1, ":status: 200\ncontent-type: text/event-stream\n");
	write_data(&w, SIDE_SERVER, 0, 1, "data: {\"error\":{\"code\":401}}\n\ndata: rest");
	write_data(&w, SIDE_SERVER, 0, 1, "of it");
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 3, REQUEST);
	write_headers(&w, SIDE_SERVER, H2_END_STREAM, 3, ":status: 204\n");
	expect("sse", &w, NULL,
	       LIST("end=answered", "error={\"error\":{\"code\":401}}\n", "stream=3", "status=204"),
	       LIST("rest", "blind"));
}

static void a_tunnel_of_one_stream_is_switched(void **state)
{
	struct written w;

	(void)state;
	written_init(&w, 4096);
	write_preface(&w);
	write_headers(&w, SIDE_CLIENT, 0, 1, ":method: CONNECT\n:authority: openrouter.ai:443\n");
	write_headers(&w, SIDE_SERVER, 0, 1, ":status: 200\n");
	write_data(&w, SIDE_CLIENT, 0, 1, "tunnelled");
	expect("tunnel", &w, NULL, LIST("end=switched", "port=443", "host=openrouter.ai\n"),
	       LIST("blind", "fault"));
}

static void the_table_size_follows_settings(void **state)
{
	struct written w;

	(void)state;
	written_init(&w, 65536);
	write_preface(&w);
	/* The server grants the client a table of 32 KiB, then takes most of it back. */
	write_frame(&w, SIDE_SERVER, H2_SETTINGS, 0, 0, "\0\1\0\0\x80\0", 6);
	write_frame(&w, SIDE_CLIENT, H2_SETTINGS, H2_ACK, 0, NULL, 0);
	assert_int_equal(nghttp2_hd_deflate_change_table_size(w.deflaters[0], 32768), 0);
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 1, REQUEST "x-a: one\n");
	write_frame(&w, SIDE_SERVER, H2_SETTINGS, 0, 0, "\0\3\0\0\0\1\0\1\0\0\0\0", 12);
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 3, REQUEST "x-a: one\n");
	write_frame(&w, SIDE_CLIENT, H2_SETTINGS, H2_ACK, 0, NULL, 0);
	assert_int_equal(nghttp2_hd_deflate_change_table_size(w.deflaters[0], 0), 0);
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 5, REQUEST "x-a: two\n");
	for (uint32_t id = 1; id <= 5; id += 2)
		write_headers(&w, SIDE_SERVER, H2_END_STREAM, id, ":status: 200\n");
	expect("settings", &w, NULL, LIST("stream=5", "  value=two\n", "stream=3"),
	       LIST("fault", "blind"));
}

static void joined_late_what_is_not_known_is_said_so(void **state)
{
	struct run_options late = { .start = CONNECTION_MIDSTREAM };
	struct written w;
	uint8_t block[4096];

	(void)state;
	written_init(&w, 4096);
	/* What went by: the tables of both sides have entries that we never see. */
	deflate_fields(w.deflaters[0], REQUEST "x-api-key: secret\nuser-agent: x\n", block,
		       sizeof(block));
	deflate_fields(w.deflaters[1], ":status: 200\nserver: y\n", block, sizeof(block));
	write_bytes(&w, SIDE_SERVER, "middle of a frame", 17);
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 7,
		      REQUEST "x-api-key: secret\nx-new: Value With Spaces\n");
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 9, REQUEST "x-new: Value With Spaces\n");
	write_frame(&w, SIDE_SERVER, H2_PING, H2_ACK, 0, "12345678", 8);
	write_headers(&w, SIDE_SERVER, 0, 7, ":status: 401\nserver: y\n");
	write_data(&w, SIDE_SERVER, H2_END_STREAM, 7, "refused");
	write_headers(&w, SIDE_SERVER, H2_END_STREAM, 9, ":status: 204\n");
	expect("late", &w, &late,
	       LIST("stream=7 version=3 end=answered", "fields_complete=0",
		    "known=0\n  name=\n  value=\n",
		    "known=1\n  name=x-new\n  value=Value With Spaces\n", "status=401",
		    " body=refused\n", "stream=9", "method=POST"),
	       LIST("blind", "fault", "secret"));
}

static void joined_late_before_the_preface_all_is_known(void **state)
{
	struct run_options late = { .start = CONNECTION_MIDSTREAM };
	struct written w;

	(void)state;
	written_init(&w, 4096);
	write_preface(&w);
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 1, REQUEST "x-api-key: secret\n");
	write_headers(&w, SIDE_SERVER, H2_END_STREAM, 1, ":status: 204\n");
	expect("late preface", &w, &late, LIST("fields_complete=1", "name=x-api-key", "status=204"),
	       LIST("blind", "fault", "known=0"));
}

static void every_prefix_of_a_good_exchange_waits_for_more(void **state)
{
	struct written w;
	struct text whole[2] = { { 0 } };

	(void)state;
	written_init(&w, 4096);
	write_preface(&w);
	write_headers(&w, SIDE_CLIENT, 0, 1, REQUEST);
	write_data(&w, SIDE_CLIENT, H2_END_STREAM, 1, "body");
	write_headers(&w, SIDE_SERVER, 0, 1, ":status: 200\n");
	write_data(&w, SIDE_SERVER, H2_END_STREAM, 1, "answer");
	for (size_t i = 0; i < w.count; i++) {
		struct text *t = &whole[w.steps[i].kind == STEP_SERVER];
		if (!t->p)
			text_add(t, "%s", "");
		memcpy(t->p + t->n, w.steps[i].bytes, w.steps[i].n);
		t->n += w.steps[i].n;
	}
	size_t total = whole[0].n + whole[1].n;
	for (size_t n = 0; n <= total; n++) {
		size_t asked = n < whole[0].n ? n : whole[0].n;
		struct step steps[] = { { STEP_CLIENT, whole[0].p, asked },
					{ STEP_SERVER, whole[1].p, n - asked },
					{ STEP_STOP, NULL, 0 } };
		struct text t = run_steps(steps, SPLIT_AS_RECORDED, NULL);
		assert_int_equal(strstr(t.p, "exchange") != NULL, n == total);
		assert_null(strstr(t.p, "blind"));
		free(t.p);
	}
	free(whole[0].p);
	free(whole[1].p);
	written_release(&w);
}

static void joined_in_the_middle_of_an_answer_the_next_frame_is_found(void **state)
{
	struct run_options late = { .start = CONNECTION_MIDSTREAM };
	struct written w;

	(void)state;
	written_init(&w, 4096);
	write_frame(&w, SIDE_CLIENT, H2_PING, H2_ACK, 0, "12345678", 8);
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 7, REQUEST);
	/* in it what is almost a frame: a flag that HEADERS have not, SETTINGS of 5 bytes */
	write_bytes(&w, SIDE_SERVER, "rest \0\0\1\1\377\1\1\1\1 of \0\0\5\4\1\2\1\1\1 a frame", 35);
	write_frame(&w, SIDE_SERVER, H2_PING, 0, 0, "12345678", 8);
	write_headers(&w, SIDE_SERVER, 0, 7, ":status: 401\n");
	write_data(&w, SIDE_SERVER, H2_END_STREAM, 7, "refused");
	expect("late in a frame", &w, &late, LIST("stream=7", "status=401", " body=refused\n"),
	       LIST("blind", "fault"));
}

/* What a body may hold that reads as a frame, before the frames that follow it. */
static void what_looks_like_a_frame_in_a_body_is_none(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t n;
	} bodies[] = {
#define BODY(name, bytes) { name, bytes, sizeof(bytes) - 1 }
		BODY("zeros before a little number", "\0\0\0\0\0\0\0\0\1"),
		BODY("numbers of 8 bytes", "\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3"),
		BODY("zeros and a one, again and again",
		     "\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\1"),
		BODY("empty data that ends its stream, twice",
		     "\0\0\0\0\1\0\0\0\1\0\0\0\0\1\0\0\0\1xxxxxxxx"),
		BODY("data of one byte, then text",
		     "\0\0\1\0\0\0\0\0\1{\"a\": 1, \"b\": [2, 3, 4]}"),
		BODY("a header block that begins nowhere",
		     "\0\0\1\11\4\0\0\0\1\x88{\"a\": 1, \"b\": [2]}"),
		BODY("a whole header block", "x\0\0\1\1\5\0\0\0\1\x88{\"a\": 1, \"b\": [2, 3]}"),
		BODY("a header block on an even stream",
		     "x\0\0\1\1\4\0\0\0\2\x88\0\0\1\0\0\0\0\0\2."),
		BODY("settings of 6, and zeros",
		     "\0\0\6\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		BODY("an acknowledgement with a payload",
		     "\0\0\6\4\1\0\0\0\0abcdef\0\0\1\1\4\0\0\0\1\x88"),
		BODY("a short farewell", "\0\0\4\7\0\0\0\0\0abcd\0\0\1\1\4\0\0\0\1\x88"),
		BODY("a stream of a billion", "\0\0\1\1\4\x3f\0\0\1\x88"),
		BODY("an icon", "\0\0\1\0\1\0\1\1\0\0\1\0\x20\0\0\0\0\0\0\0\1\0\x20\0\0\0\0\0"),
#undef BODY
	};
	static char later[16000];
	struct run_options late = { .start = CONNECTION_MIDSTREAM };

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		for (int whole = 0; whole < 2; whole++) { /* at once, and after more of it */
			struct written w;
			written_init(&w, 4096);
			write_frame(&w, SIDE_CLIENT, H2_PING, H2_ACK, 0, "12345678", 8);
			write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 7, REQUEST);
			if (!whole)
				write_bytes(&w, SIDE_SERVER, "the middle of it ", 17);
			write_bytes(&w, SIDE_SERVER, bodies[i].bytes, bodies[i].n);
			write_frame(&w, SIDE_SERVER, H2_PING, 0, 0, "12345678", 8);
			write_headers(&w, SIDE_SERVER, 0, 7, ":status: 401\n");
			write_data(&w, SIDE_SERVER, H2_END_STREAM, 7, "refused");
			/* Until what it would go on to is there, nobody knows. */
			write_frame(&w, SIDE_SERVER, H2_DATA, 0, 5, later, sizeof(later));
			write_frame(&w, SIDE_SERVER, H2_DATA, 0, 5, later, sizeof(later));
			expect(bodies[i].name, &w, &late,
			       LIST("stream=7", "status=401", " body=refused\n"),
			       LIST("blind", "fault"));
		}
	}
}

static void joined_between_two_writes_the_first_frame_is_taken(void **state)
{
	struct run_options late = { .start = CONNECTION_MIDSTREAM };
	struct written w;

	(void)state;
	written_init(&w, 4096);
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 7, REQUEST);
	write_headers(&w, SIDE_SERVER, 0, 7, ":status: 401\n");
	write_data(&w, SIDE_SERVER, H2_END_STREAM, 7, "refused");
	expect("at once", &w, &late, LIST("stream=7", "status=401", " body=refused\n"),
	       LIST("blind", "fault"));
	written_init(&w, 4096);
	write_frame(&w, SIDE_CLIENT, H2_WINDOW_UPDATE, 0, 0, "\0\0\1\0", 4);
	write_data(&w, SIDE_SERVER, 0, 5, "the rest of an answer whose request nobody saw");
	write_data(&w, SIDE_SERVER, H2_END_STREAM, 5, "");
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 7, REQUEST);
	write_headers(&w, SIDE_SERVER, 0, 7, ":status: 401\n");
	write_data(&w, SIDE_SERVER, H2_END_STREAM, 7, "refused");
	expect("in a stream", &w, &late, LIST("stream=7", "status=401", " body=refused\n"),
	       LIST("blind", "fault", "stream=5"));
}

static void joined_late_on_a_servers_side_nothing_is_said(void **state)
{
	struct run_options late = { .start = CONNECTION_MIDSTREAM };
	struct written w;

	(void)state;
	written_init(&w, 4096);
	write_headers(&w, SIDE_CLIENT, 0, 7, ":status: 401\nserver: x\n");
	write_data(&w, SIDE_CLIENT, H2_END_STREAM, 7, "refused");
	write_headers(&w, SIDE_SERVER, H2_END_STREAM, 9, REQUEST);
	write_close(&w);
	expect("server", &w, &late, LIST("blind: attached to a server's side"), LIST("exchange"));
}

static void joined_late_a_request_without_a_known_method_is_not_told(void **state)
{
	struct run_options late = { .start = CONNECTION_MIDSTREAM };
	static const char patch[] = ":method: PATCH\n:scheme: https\n:path: /x\n";
	struct written w;
	uint8_t block[4096];

	(void)state;
	written_init(&w, 4096);
	deflate_fields(w.deflaters[0], patch, block, sizeof(block));
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 7, patch);
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 9, REQUEST);
	write_headers(&w, SIDE_SERVER, H2_END_STREAM, 7, ":status: 204\n");
	write_headers(&w, SIDE_SERVER, H2_END_STREAM, 9, ":status: 401\n");
	write_close(&w);
	expect("no method", &w, &late, LIST("stream=9", "status=401"),
	       LIST("stream=7", "fault", "blind", "status=204"));
}

static void heads_above_their_ceilings_are_cut_and_the_rest_is_read(void **state)
{
	static const char start[] = ":method: GET\n:path: /\nx: ";
	static uint8_t block[1 << 16];
	static char text[4096];
	struct written w;

	(void)state;
	written_init(&w, 4096);
	write_preface(&w);
	/* One entry of the table, named again and again: small on the wire, large when read. */
	snprintf(text, sizeof(text), "%s%03000d\n", start, 0);
	size_t made = deflate_fields(w.deflaters[0], text, block, sizeof(block));
	memset(block + made, 0xbe, 700); /* the newest entry */
	write_frame(&w, SIDE_CLIENT, H2_HEADERS, H2_END_HEADERS | H2_END_STREAM, 1, block,
		    made + 700);
	write_headers(&w, SIDE_SERVER, H2_END_STREAM, 1, ":status: 431\n");
	made =
	    deflate_fields(w.deflaters[0], ":method: GET\n:path: /\nx: y\n", block, sizeof(block));
	memset(block + made, 0xbe, LIMIT_FIELDS + 100);
	write_frame(&w, SIDE_CLIENT, H2_HEADERS, H2_END_HEADERS | H2_END_STREAM, 3, block,
		    made + LIMIT_FIELDS + 100);
	write_headers(&w, SIDE_SERVER, H2_END_STREAM, 3, ":status: 400\n");
	expect("heads", &w, NULL,
	       LIST("fault head_too_long", "status=431", "fault fields_too_many", "status=400",
		    "fields_complete=0"),
	       LIST("blind"));
}

static void more_streams_than_the_ceiling_is_blind(void **state)
{
	struct written w;

	(void)state;
	written_init(&w, 4096);
	write_preface(&w);
	for (uint32_t i = 0; i <= LIMIT_STREAMS; i++)
		write_headers(&w, SIDE_CLIENT, H2_END_STREAM, i * 2 + 1, REQUEST);
	expect("streams", &w, NULL, LIST("blind: more streams alive", "seq=512", "end=unparsed"),
	       LIST("seq=513"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_and_its_answer_are_one_exchange),
		cmocka_unit_test(streams_are_told_apart),
		cmocka_unit_test(padding_priority_continuation_and_promises_are_read),
		cmocka_unit_test(resets_and_going_away_are_facts),
		cmocka_unit_test(a_length_that_is_not_the_datas_is_a_fault),
		cmocka_unit_test(bad_pseudo_headers_and_fields_are_facts),
		cmocka_unit_test(frames_against_the_protocol),
		cmocka_unit_test(a_frame_inside_a_block_and_another_protocol_are_blind),
		cmocka_unit_test(an_event_stream_tells_its_error_early),
		cmocka_unit_test(a_tunnel_of_one_stream_is_switched),
		cmocka_unit_test(the_table_size_follows_settings),
		cmocka_unit_test(joined_late_what_is_not_known_is_said_so),
		cmocka_unit_test(joined_late_before_the_preface_all_is_known),
		cmocka_unit_test(every_prefix_of_a_good_exchange_waits_for_more),
		cmocka_unit_test(joined_in_the_middle_of_an_answer_the_next_frame_is_found),
		cmocka_unit_test(what_looks_like_a_frame_in_a_body_is_none),
		cmocka_unit_test(joined_between_two_writes_the_first_frame_is_taken),
		cmocka_unit_test(joined_late_on_a_servers_side_nothing_is_said),
		cmocka_unit_test(joined_late_a_request_without_a_known_method_is_not_told),
		cmocka_unit_test(heads_above_their_ceilings_are_cut_and_the_rest_is_read),
		cmocka_unit_test(more_streams_than_the_ceiling_is_blind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
