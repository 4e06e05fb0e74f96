/* SPDX-License-Identifier: MIT */
/* Who is the client, and which protocol it speaks, in every split. */
#include "h2_write.h"

#define ASK "POST /v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define SETTINGS "\0\0\0\4\0\0\0\0\0"
/* HEADERS: ":status: 200" */
#define SERVER_HEADERS "\0\0\1\1\4\0\0\0\1\x88"
#define NOTHING          \
	{                \
		"exchange", "head ", "blind", "silent" \
	}
#define UNSEEN                             \
	{                                  \
		.start = CONNECTION_UNSEEN \
	}
#define MIDSTREAM                             \
	{                                     \
		.start = CONNECTION_MIDSTREAM \
	}

static const struct wire_case opened[] = {
	{ .name = "an answer that came before the request, as a 408 of an idle server",
	  .steps = { SERVER("HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n"), CLIENT(ASK), CLOSE },
	  .has = { "status=408", "end=answered" } },
	{ .name = "it may come while the request line does",
	  .steps = { CLIENT("P"), SERVER("HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n"),
		     CLIENT("OST /v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"),
		     CLOSE },
	  .has = { "status=408", "end=answered" } },
	{ .name = "a server that greets does not speak HTTP",
	  .steps = { SERVER("220 mail ready\r\n"), CLIENT("EHLO a\r\n"), CLOSE },
	  .lacks = NOTHING },
	{ .name = "frames before the preface are SETTINGS alone",
	  .steps = { SERVER(SERVER_HEADERS), CLIENT(ASK), CLOSE },
	  .lacks = NOTHING },
	{ .name = "an early SETTINGS frame and no request",
	  .steps = { SERVER(SETTINGS), CLOSE },
	  .has = { "silent" } },
};

static const struct wire_case unseen[] = {
	{ .name = "who writes a request first is a client",
	  .steps = { CLIENT(ASK), SERVER(ANSWER) },
	  .has = { "end=answered", "status=200" },
	  .options = UNSEEN },
	{ .name = "who reads a request and writes a status line is a server",
	  .steps = { SERVER(ASK), CLIENT(ANSWER), SERVER(ASK), CLIENT(ANSWER), CLOSE },
	  .lacks = NOTHING,
	  .options = UNSEEN },
	{ .name = "and so is one whose handshake could not be seen when orshim was attached",
	  .steps = { SERVER(ASK), CLIENT(ANSWER), SERVER(ASK), CLIENT(ANSWER), CLOSE },
	  .lacks = NOTHING,
	  .options = MIDSTREAM },
	{ .name = "who reads a preface and writes SETTINGS is a server",
	  .steps = { SERVER("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" SETTINGS),
		     CLIENT(SETTINGS SERVER_HEADERS), CLOSE },
	  .lacks = NOTHING,
	  .options = UNSEEN },
	{ .name = "who reads and then writes a request is a client in the middle of an answer",
	  .steps = { SERVER("rest of an answer"), CLIENT("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
		     SERVER("HTTP/1.1 204 No\r\n\r\n") },
	  .has = { "status=204", "end=answered" },
	  .options = UNSEEN },
	{ .name = "the same after an attach",
	  .steps = { SERVER("rest of an answer"), CLIENT("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
		     SERVER("HTTP/1.1 204 No\r\n\r\n") },
	  .has = { "status=204", "end=answered" },
	  .options = MIDSTREAM },
	{ .name = "a server that never answers",
	  .steps = { SERVER(ASK), CLOSE },
	  .lacks = NOTHING,
	  .options = UNSEEN },
	{ .name = "a connection without a byte is not known to be a client's",
	  .steps = { CLOSE },
	  .lacks = NOTHING,
	  .options = UNSEEN },
	{ .name = "a request after bytes that are not text",
	  .steps = { CLIENT("\x17\x03 \r\n" ASK), SERVER(ANSWER) },
	  .has = { "end=answered", "status=200" },
	  .options = UNSEEN },
};

static void a_server_may_write_first(void **state)
{
	(void)state;
	check_cases(opened, sizeof(opened) / sizeof(opened[0]));
}

static void bytes_tell_a_client_from_a_server(void **state)
{
	(void)state;
	check_cases(unseen, sizeof(unseen) / sizeof(unseen[0]));
}

/* SETTINGS_HEADER_TABLE_SIZE 0, which the client acknowledges in its first write. */
static void settings_before_the_preface_are_in_force(void **state)
{
	struct written w;

	(void)state;
	written_init(&w, 4096);
	write_frame(&w, SIDE_SERVER, H2_SETTINGS, 0, 0, "\0\1\0\0\0\0", 6);
	write_preface(&w);
	assert_int_equal(nghttp2_hd_deflate_change_table_size(w.deflaters[0], 0), 0);
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 1, REQUEST "x-one: first\n");
	write_headers(&w, SIDE_CLIENT, H2_END_STREAM, 3, REQUEST "x-one: first\n");
	write_headers(&w, SIDE_SERVER, H2_END_STREAM, 1, ":status: 204\n");
	write_headers(&w, SIDE_SERVER, H2_END_STREAM, 3, ":status: 401\n");
	write_close(&w);
	struct text t = run_all_splits("early SETTINGS", w.steps, NULL);
	assert_non_null(strstr(t.p, "status=204"));
	assert_non_null(strstr(t.p, "status=401"));
	assert_null(strstr(t.p, "blind"));
	free(t.p);
	written_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_may_write_first),
		cmocka_unit_test(bytes_tell_a_client_from_a_server),
		cmocka_unit_test(settings_before_the_preface_are_in_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
