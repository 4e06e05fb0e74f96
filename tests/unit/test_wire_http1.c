/* SPDX-License-Identifier: MIT */
#include "wire_run.h"

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static const struct wire_case cases[] = {
	{ .name = "a request with a length and its answer are one exchange",
	  .steps = { CLIENT(
			 "POST /api/v1/chat/completions?x=1 HTTP/1.1\r\nHost: openrouter.ai\r\n"),
		     CLIENT("Authorization: Bearer \"k\" \r\nContent-Length: 11\r\n\r\n"),
		     CLIENT("hello world"),
		     SERVER("HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\n\r\nwrong") },
	  .has = { "HEAD=POST /api", "end=answered",
		   "host=openrouter.ai\npath=/api/v1/chat/completions\nquery=x=1\n",
		   "  value=Bearer \"k\"\n  raw= Bearer \"k\" \n", " body=hello world\n",
		   "status=401",
		   "framing=length coding=none total=5 decoded=5 declared=5 complete=1",
		   "sni=openrouter.ai\n" },
	  .lacks = { "fault", "blind" },
	  .options = { .sni = "openrouter.ai" } },
	{ .name = "chunked with extensions and trailers",
	  .steps = { CLIENT("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
		     CLIENT("4;name=\"v\"\r\nabcd\r\n0a ; y\r\n0123456789\r\n0\r\nX-Sum: 1\r\nY: "
			    "2\r\n\r\n"),
		     CLIENT("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"), SERVER(ANSWER ANSWER) },
	  .has = { " body=abcd0123456789\n",
		   "framing=chunked coding=none total=14 decoded=14 declared=-1 complete=1",
		   "seq=2", "target=/2\n" },
	  .lacks = { "fault", "blind", "X-Sum\n" } },
	{ .name = "an answer until close is whole at the end",
	  .steps = { CLIENT("GET / HTTP/1.0\r\n\r\n"), SERVER("HTTP/1.0 200 OK\r\n\r\nsome"),
		     SERVER(" text"), SERVER_END },
	  .has = { "framing=until_end coding=none total=9 decoded=9 declared=-1 complete=1",
		   "end=answered", "host=absent" } },
	{ .name = "1xx are counted and left out",
	  .steps = { CLIENT("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"),
		     SERVER("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: "
			    "x\r\n\r\n"),
		     CLIENT("x"), SERVER(ANSWER) },
	  .has = { "informational=2", "status=200", " head=HTTP/1.1 200 OK" },
	  .lacks = { "Link" } },
	{ .name = "HEAD, 204 and 304 have no body",
	  .steps = { CLIENT(
			 "HEAD /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n"),
		     SERVER("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nHTTP/1.1 204 No "
			    "Content\r\n\r\n"
			    "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n") },
	  .has = { "seq=3", "status=304", "declared=500",
		   "framing=none coding=none total=0 decoded=0 declared=7 complete=1" } },
	{ .name = "a pipelined request that begins early is not an excess",
	  .steps = { CLIENT("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabGET /next "
			    "HTTP/1.1\r\n\r\n"),
		     SERVER(ANSWER ANSWER) },
	  .has = { "seq=2", "path=/next\n" },
	  .lacks = { "fault" } },
	{ .name = "an excess over Content-Length is the request's fault",
	  .steps = { CLIENT("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}}more"), SERVER(ANSWER),
		     CLIENT("GET /next HTTP/1.1\r\n\r\n"), SERVER(ANSWER) },
	  .has = { "fault body_long at=40 field=-1", " body={}\n", "bytes=45", "seq=2",
		   "path=/next\n" },
	  .lacks = { "blind" } },
	{ .name = "a body without framing is an excess",
	  .steps = { CLIENT("POST / HTTP/1.1\r\nHost: a\r\n\r\n{\"model\":1}"), SERVER(ANSWER) },
	  .has = { "fault body_long at=28", "framing=none coding=none total=0" } },
	{ .name = "a body shorter than declared at close",
	  .steps = { CLIENT("POST / HTTP/1.1\r\nContent-Length: 20\r\n\r\n{}"), CLOSE },
	  .has = { "end=closed", "fault body_short at=41 field=-1", "declared=20 complete=0" } },
	{ .name = "an answer cut at close",
	  .steps = { CLIENT("GET / HTTP/1.1\r\n\r\n"),
		     SERVER("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nab"), CLOSE },
	  .has = { "end=closed", "fault body_short", "status=200", " body=ab\n" } },
	{ .name = "chunks without an end at close",
	  .steps = { CLIENT("GET / HTTP/1.1\r\n\r\n"),
		     SERVER("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
		     CLOSE },
	  .has = { "end=closed", "fault chunks_unfinished", " body=ab\n" } },
	{ .name = "a bad chunk size",
	  .steps = { CLIENT("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc"),
		     SERVER(ANSWER), CLIENT("GET /n HTTP/1.1\r\n\r\n"), SERVER(ANSWER) },
	  .has = { "fault chunk_size_bad at=47 field=-1", "complete=0", "path=/n" } },
	{ .name = "a chunk without its CRLF",
	  .steps = { CLIENT("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabX"),
		     SERVER(ANSWER) },
	  .has = { "fault chunk_end_bad at=52" } },
	{ .name = "chunk lines ended by LF alone are followed",
	  .steps = { CLIENT("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\nab\n0\n\n"),
		     SERVER(ANSWER) },
	  .has = { "fault chunk_bare_lf", "fault chunk_end_bad", " body=ab\n", "complete=1" } },
	{ .name = "length and chunked together: chunked wins",
	  .steps = { CLIENT("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: "
			    "chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
		     SERVER(ANSWER) },
	  .has = { "fault length_with_chunked", "framing=chunked", " body=a\n" } },
	{ .name = "two lengths that differ",
	  .steps = { CLIENT("POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
		     SERVER(ANSWER) },
	  .has = { "fault lengths_differ at=52 field=1", " body=abc\n" } },
	{ .name = "two equal lengths are one",
	  .steps = { CLIENT(
			 "POST / HTTP/1.1\r\nContent-Length: 3, 3\r\nContent-Length: 3\r\n\r\nabc"),
		     SERVER(ANSWER) },
	  .has = { " body=abc\n" },
	  .lacks = { "fault" } },
	{ .name = "a length that is no number",
	  .steps = { CLIENT("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\nabc"), SERVER(ANSWER),
		     CLIENT("GET /n HTTP/1.1\r\n\r\n"), SERVER(ANSWER) },
	  .has = { "fault length_bad at=33 field=0", " body=abc\n", "path=/n\n" } },
	{ .name = "an unknown transfer coding",
	  .steps = { CLIENT("GET / HTTP/1.1\r\n\r\n"),
		     SERVER("HTTP/1.1 200 OK\r\nTransfer-Encoding: zap\r\n\r\nabc"), CLOSE },
	  .has = { "fault transfer_coding_unknown", "framing=until_end", "end=answered" } },
	{ .name = "bare LF ends a line and is a fault",
	  .steps = { CLIENT("GET / HTTP/1.1\nHost: a\nX: y\r\n\n"), SERVER(ANSWER) },
	  .has = { "fault field_bare_lf at=14 field=-1", "fault field_bare_lf at=22 field=0",
		   "host=a\n", "  name=X\n  value=y\n" } },
	{ .name = "a folded value is kept as it came",
	  .steps = { CLIENT("GET / HTTP/1.1\r\nAuthorization: Bearer\r\n  abc\r\nHost: a\r\n\r\n"),
		     SERVER(ANSWER) },
	  .has = { "  value=Bearer\\r\\n  abc\n", "fault field_folded at=39 field=0", "host=a\n" },
	  .lacks = { "bare_cr", "control" } },
	{ .name = "space before the colon",
	  .steps = { CLIENT("GET / HTTP/1.1\r\nAuthorization : x\r\n\r\n"), SERVER(ANSWER) },
	  .has = { "  name=Authorization\n", "fault field_name_space at=29 field=0" } },
	{ .name = "a line without colon names the line it follows",
	  .steps = { CLIENT("GET / HTTP/1.1\r\nAuthorization: Bearer\r\nsk-or-v1-x\r\nHost: "
			    "a\r\n\r\n"),
		     SERVER(ANSWER) },
	  .has = { "fault field_without_colon at=39 field=0", "host=a\n" } },
	{ .name = "control bytes, CR and high bytes stay in the value",
	  .steps = { CLIENT("GET / HTTP/1.1\r\nA: x\x01y\r\nB: p\rq\r\nC: \xe2\x80\x8bz\r\nD\x7f: "
			    "1\r\n: "
			    "none\r\n\r\n"),
		     SERVER(ANSWER) },
	  .has = { "  value=x\\x01y\n", "fault field_control at=20 field=0", "  value=p\\rq\n",
		   "fault field_bare_cr at=28 field=1", "  value=\\xe2\\x80\\x8bz\n",
		   "fault field_name_byte at=42 field=3",
		   "fault field_name_empty at=48 field=4" } },
	{ .name = "a target with a space",
	  .steps = { CLIENT("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"), SERVER(ANSWER) },
	  .has = { "target=/a b\n", "fault start_line_bad at=6 field=-1" } },
	{ .name = "absolute target wins over Host",
	  .steps = { CLIENT("GET http://User@[2001:DB8::1]:8080/x/y?z=/ HTTP/1.1\r\nHost: "
			    "other\r\n\r\n"),
		     SERVER(ANSWER) },
	  .has = { "host=[2001:DB8::1]\npath=/x/y\nquery=z=/\n", "port=8080" } },
	{ .name = "a port that is no number stays in the host",
	  .steps = { CLIENT("GET / HTTP/1.1\r\nHost: Example.COM:80x\r\n\r\n"), SERVER(ANSWER) },
	  .has = { "host=Example.COM:80x\n", "port=0" } },
	{ .name = "CONNECT answered with 2xx is followed by blindness, once",
	  .steps = { CLIENT(
			 "CONNECT openrouter.ai:443 HTTP/1.1\r\nHost: openrouter.ai:443\r\n\r\n"),
		     SERVER("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), CLIENT("\x16\x03\x01"),
		     SERVER("\x16"), CLOSE },
	  .has = { "end=switched", "host=openrouter.ai\npath=openrouter.ai:443\n", "port=443",
		   "blind: tunnel opened with CONNECT" } },
	{ .name = "an upgrade to WebSocket is delivered, then blind",
	  .steps = { CLIENT("GET /v1/responses HTTP/1.1\r\nUpgrade: websocket\r\nConnection: "
			    "Upgrade\r\n\r\n"),
		     SERVER("HTTP/1.1 101 Switching Protocols\r\nUpgrade: "
			    "WebSocket\r\n\r\n\x81\x05hello") },
	  .has = { "end=switched", "status=101", "blind: switched to WebSocket" } },
	{ .name = "an answer that comes early is enough",
	  .steps = { CLIENT("POST /a HTTP/1.1\r\nContent-Length: 8\r\n\r\nabc"),
		     SERVER("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"), CLIENT("defgh"),
		     CLIENT("POST /b HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), SERVER(ANSWER) },
	  .has = { "status=413", " body=abc\n", "path=/b\n", "seq=2" },
	  .lacks = { "blind", "fault" } },
	{ .name = "an answer before the request's head is whole waits for it",
	  .steps = { CLIENT("POST /a HTTP/1.1\r\n"),
		     SERVER("HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n"),
		     CLIENT("Content-Length: 1\r\n\r\nx") },
	  .has = { "status=408", "path=/a", "declared=1" } },
	{ .name = "an answer that is not HTTP",
	  .steps = { CLIENT("GET / HTTP/1.1\r\n\r\n"), SERVER("SSH-2.0-x\r\n") },
	  .has = { "end=unparsed", "blind: the answer is not HTTP" } },
	{ .name = "a connection without a byte is silent",
	  .steps = { CLOSE },
	  .has = { "silent" } },
	{ .name = "what is not HTTP is blind at once",
	  .steps = { CLIENT("\x16\x03\x01\x02"), SERVER("x"), CLIENT("GET / HTTP/1.1\r\n\r\n"),
		     CLOSE },
	  .has = { "blind: the client's first bytes are not HTTP" },
	  .lacks = { "exchange" } },
	{ .name = "a line that is no request line is blind",
	  .steps = { CLIENT("EHLO mail.example.com\r\n"), CLOSE },
	  .has = { "blind" },
	  .lacks = { "exchange" } },
	{ .name = "a server that speaks first is left alone",
	  .steps = { SERVER("220 mail\r\n"), CLIENT("GET / HTTP/1.1\r\n\r\n"), CLOSE },
	  .has = { "begin" },
	  .lacks = { "blind", "exchange", "silent" } },
	{ .name = "a request without an answer at close",
	  .steps = { CLIENT("GET /x HTTP/1.1\r\nHost: a\r\n\r\n"), CLOSE },
	  .has = { "end=closed", "status=0", "path=/x" } },
	{ .name = "half a head at close is told as it is",
	  .steps = { CLIENT("GET /x HTTP/1.1\r\nHost: a\r\nAuth"), CLOSE },
	  .has = { "end=closed", "whole_head=0", "host=a\n" },
	  .lacks = { "HEAD" } },
	{ .name = "half a request line at close tells nothing",
	  .steps = { CLIENT("GET /x HT"), CLOSE },
	  .has = { "begin" },
	  .lacks = { "exchange" } },
	{ .name = "the server's bytes may be seen before the request they answer",
	  .steps = { CLIENT("GET /1 HTTP/1.1\r\n\r\n"), SERVER(ANSWER), SERVER(ANSWER),
		     CLIENT("GET /2 HTTP/1.1\r\n\r\n") },
	  .has = { "seq=2", "path=/2\n" } },
	{ .name = "joined late, the next request line is the beginning",
	  .steps = { SERVER("rest of an answer"),
		     CLIENT("rest of a body\r\nPOST /late HTTP/1.1\r\nContent-Length: 0\r\n\r\n"),
		     SERVER(ANSWER) },
	  .has = { "path=/late\n", "end=answered" },
	  .lacks = { "blind" },
	  .options = { .start = CONNECTION_MIDSTREAM } },
	{ .name = "joined in a body, the request after its answer is the beginning",
	  .steps = { CLIENT("{\"rest\": 1}"), SERVER(ANSWER), CLIENT("GET /late HTTP/1.1\r\n\r\n"),
		     SERVER(ANSWER) },
	  .has = { "path=/late\n", "end=answered" },
	  .lacks = { "blind", "seq=2" },
	  .options = { .start = CONNECTION_MIDSTREAM } },
	{ .name = "joined late but at a request, nothing is missed",
	  .steps = { CLIENT("GET /1 HTTP/1.1\r\n\r\n"), SERVER(ANSWER),
		     CLIENT("GET /2 HTTP/1.1\r\n\r\n"), SERVER(ANSWER) },
	  .has = { "path=/1\n", "seq=2", "path=/2\n" },
	  .lacks = { "blind", "fault" },
	  .options = { .start = CONNECTION_MIDSTREAM } },
	{ .name = "joined late, who writes status lines is a server",
	  .steps = { CLIENT("rest of a page\n"), SERVER("GET / HTTP/1.1\r\n\r\n"),
		     CLIENT("HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\nGET /trap "
			    "HTTP/1.1\r\n\r\n") },
	  .has = { "blind" },
	  .lacks = { "exchange", "path=" },
	  .options = { .start = CONNECTION_MIDSTREAM } },
	{ .name = "a body above the ceiling is counted",
	  .steps = { CLIENT("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789"),
		     SERVER(ANSWER) },
	  .has = { " body=0123\n", "total=10", "truncated=1" },
	  .lacks = { 0 },
	  .options = { .body_max = 4 } },
	{ .name = "start lines that break the rules are told with their place",
	  .steps = { CLIENT("GET /a HTTP/1.12\r\n\r\n"),
		     SERVER("HTTP/1.1  404 No\r\nContent-Length: 0\r\n\r\n"),
		     CLIENT("GET  HTTP/1.1\r\n\r\n"), SERVER("HTTP/1.1 204x\r\n\r\n") },
	  .has = { "fault start_line_bad at=6 ", "target=/a\n", "fault start_line_bad at=10 ",
		   "status=404", "seq=2", "fault start_line_bad at=4 ",
		   "fault start_line_bad at=9 ", "status=204" },
	  .lacks = { "blind" } },
	{ .name = "a chunk size that no number holds",
	  .steps = { CLIENT("POST / HTTP/1.1\r\nTransfer-Encoding: "
			    "chunked\r\n\r\n10000000000000000\r\nabc"),
		     SERVER(ANSWER) },
	  .has = { "fault chunk_size_bad at=47 field=-1", "complete=0" } },
	{ .name = "an answer to half a head is told at close with what came of it",
	  .steps = { CLIENT("POST /a HTTP/1.1\r\nHost: b"),
		     SERVER("HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n"), CLOSE },
	  .has = { "status=408", "path=/a", "whole_head=0" } },
	{ .name = "an answer to half a body is told when the server ends",
	  .steps = { CLIENT("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nab"),
		     SERVER("HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"), SERVER_END, CLOSE },
	  .has = { "end=answered", "status=413", "total=2" },
	  .lacks = { "blind", "fault" } },
	{ .name = "nothing but empty lines is no request",
	  .steps = { CLIENT(
			 "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"
			 "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"),
		     CLOSE },
	  .has = { "blind" },
	  .lacks = { "exchange" } },
	{ .name = "empty lines between messages are tolerated",
	  .steps = { CLIENT("\r\nPOST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx\r\n"),
		     SERVER(ANSWER "\r\n"), CLIENT("\r\nGET /2 HTTP/1.1\r\n\r\n"), SERVER(ANSWER) },
	  .has = { "seq=2", "path=/2" },
	  .lacks = { "fault", "blind" } },
};

static void every_split_tells_the_same_and_what_is_expected(void **state)
{
	(void)state;
	check_cases(cases, sizeof(cases) / sizeof(cases[0]));
}

static void every_prefix_of_a_good_exchange_waits_for_more(void **state)
{
	static const char request[] =
	    "POST /v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
	static const char answer[] =
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n";
	size_t total = sizeof(request) - 1 + sizeof(answer) - 1;

	(void)state;
	for (size_t n = 0; n <= total; n++) {
		size_t asked = n < sizeof(request) - 1 ? n : sizeof(request) - 1;
		struct step steps[] = { { STEP_CLIENT, request, asked },
					{ STEP_SERVER, answer, n - asked },
					{ STEP_STOP, NULL, 0 } };
		struct text t = run_steps(steps, SPLIT_AS_RECORDED, NULL);
		assert_int_equal(strstr(t.p, "exchange") != NULL, n == total);
		assert_null(strstr(t.p, "blind"));
		free(t.p);
	}
}

static void a_head_above_its_ceiling_is_cut_and_ends_the_reading(void **state)
{
	size_t n = LIMIT_HEAD + 1000;
	char *request = malloc(n);

	(void)state;
	assert_non_null(request);
	memset(request, 'a', n);
	memcpy(request, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 28);
	struct step steps[] = { { STEP_CLIENT, request, n }, { STEP_STOP, NULL, 0 } };
	struct text t = run_all_splits("long head", steps, NULL);
	assert_non_null(strstr(t.p, "fault head_too_long"));
	assert_non_null(strstr(t.p, "end=unparsed"));
	assert_non_null(strstr(t.p, "blind: a head longer"));
	assert_non_null(strstr(t.p, "host=a") ? t.p : strstr(t.p, "  name=Host"));
	free(t.p);
	free(request);
}

static void long_lines_of_chunked_framing_are_the_messages_fault(void **state)
{
	static const char *const before[] = { "1;x=", "0\r\nX: " };
	static const char *const faults[] = { "fault chunk_size_bad at=47", "fault head_too_long" };
	static char filler[LIMIT_TRAILERS + 100];

	(void)state;
	memset(filler, 'a', sizeof(filler));
	for (int i = 0; i < 2; i++) {
		struct step steps[] = {
			CLIENT("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"),
			{ STEP_CLIENT, before[i], strlen(before[i]) },
			{ STEP_CLIENT, filler, sizeof(filler) },
			CLIENT("\r\n"),
			SERVER(ANSWER),
			{ STEP_STOP, NULL, 0 },
		};
		struct text t = run_all_splits(faults[i], steps, NULL);
		if (!strstr(t.p, faults[i]))
			fail_msg("expected \"%s\" in:\n%s", faults[i], t.p);
		assert_non_null(strstr(t.p, "status=200"));
		free(t.p);
	}
}

static void fields_above_their_ceiling_are_left_out_but_framing_is_read(void **state)
{
	struct text r = { 0 };

	(void)state;
	text_add(&r, "POST / HTTP/1.1\r\n");
	for (int i = 0; i < LIMIT_FIELDS + 10; i++)
		text_add(&r, "X: %d\r\n", i);
	text_add(&r, "Content-Length: 3\r\n\r\nabc");
	struct step steps[] = { { STEP_CLIENT, r.p, r.n }, SERVER(ANSWER), { STEP_STOP, NULL, 0 } };
	struct text t = run_all_splits("many fields", steps, NULL);
	assert_non_null(strstr(t.p, "fault fields_too_many"));
	assert_non_null(strstr(t.p, "fields_complete=0"));
	assert_non_null(strstr(t.p, " body=abc\n"));
	free(t.p);
	free(r.p);
}

static void bytes_passed_unseen_are_counted(void **state)
{
	struct wire_limits limits = { .body_max = 1000 };
	struct connection *c = connection_new(&limits, 1, slice_of("h"), CONNECTION_OPENED);
	struct text t = { 0 };

	(void)state;
	feed_piece(c, SIDE_CLIENT, "PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\n", 38, &t);
	connection_skip(c, SIDE_CLIENT, 10, 0);
	feed_piece(c, SIDE_SERVER, ANSWER, sizeof(ANSWER) - 1, &t);
	assert_non_null(
	    strstr(t.p, "total=10 decoded=0 declared=10 complete=1 truncated=1 unseen=1"));
	connection_free(c);
	free(t.p);
}

static void bytes_passed_unseen_where_none_belong_are_blind(void **state)
{
	struct wire_limits limits = { .body_max = 1000 };
	struct connection *c = connection_new(&limits, 1, slice_of("h"), CONNECTION_OPENED);
	struct text t = { 0 };

	(void)state;
	feed_piece(c, SIDE_CLIENT, "GET / HTTP/1.1\r\n\r\n", 18, &t);
	connection_skip(c, SIDE_SERVER, 0, 0);
	connection_skip(c, SIDE_SERVER, 10, 0);
	take_events(c, &t, true);
	assert_non_null(strstr(t.p, "blind: bytes passed unseen"));
	connection_skip(c, SIDE_SERVER, 10, 0);
	connection_close(c, 0);
	connection_free(c);
	free(t.p);
}

static void a_dropped_connection_takes_and_tells_nothing(void **state)
{
	struct wire_limits limits = { .body_max = 1000 };
	struct connection *c = connection_new(&limits, 1, slice_of(NULL), CONNECTION_OPENED);
	struct event event;

	(void)state;
	connection_feed(c, SIDE_CLIENT, "GET / HTTP/1.1\r\n\r\n", 18, 0);
	assert_int_equal(connection_next(c, &event), 1);
	assert_int_equal(event.kind, EVENT_HEAD);
	connection_drop(c);
	assert_true(connection_is_stopped(c));
	connection_feed(c, SIDE_SERVER, ANSWER, sizeof(ANSWER) - 1, 0);
	connection_close(c, 0);
	assert_int_equal(connection_next(c, &event), 0);
	connection_free(c);
}

static void more_requests_than_the_pipeline_holds_is_blind(void **state)
{
	struct text r = { 0 };

	(void)state;
	for (int i = 0; i <= LIMIT_PIPELINE; i++)
		text_add(&r, "GET / HTTP/1.1\r\n\r\n");
	struct step steps[] = { { STEP_CLIENT, r.p, r.n }, { STEP_STOP, NULL, 0 } };
	struct text t = run_all_splits("pipeline", steps, NULL);
	assert_non_null(strstr(t.p, "blind: more requests waiting"));
	free(t.p);
	free(r.p);
}

static void much_that_is_not_http_is_no_overlong_head(void **state)
{
	static char zeros[LIMIT_HEAD + 1000];
	struct step steps[] = { { STEP_CLIENT, zeros, sizeof(zeros) }, { STEP_STOP, NULL, 0 } };

	(void)state;
	struct text t = run_all_splits("zeros", steps, NULL);
	assert_non_null(strstr(t.p, "blind: the client's first bytes are not HTTP"));
	assert_null(strstr(t.p, "exchange"));
	free(t.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(much_that_is_not_http_is_no_overlong_head),
		cmocka_unit_test(every_split_tells_the_same_and_what_is_expected),
		cmocka_unit_test(every_prefix_of_a_good_exchange_waits_for_more),
		cmocka_unit_test(a_head_above_its_ceiling_is_cut_and_ends_the_reading),
		cmocka_unit_test(long_lines_of_chunked_framing_are_the_messages_fault),
		cmocka_unit_test(fields_above_their_ceiling_are_left_out_but_framing_is_read),
		cmocka_unit_test(bytes_passed_unseen_are_counted),
		cmocka_unit_test(bytes_passed_unseen_where_none_belong_are_blind),
		cmocka_unit_test(a_dropped_connection_takes_and_tells_nothing),
		cmocka_unit_test(more_requests_than_the_pipeline_holds_is_blind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
