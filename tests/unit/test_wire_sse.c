/* SPDX-License-Identifier: MIT */
#include "wire_run.h"

#define ASK "POST /api/v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
#define STREAM "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
#define UNTIL_END STREAM "\r\n"
#define CHAT_ERROR                                                                        \
	"{\"id\":\"x\",\"error\":{\"code\":502,\"message\":\"Provider returned error\"}," \
	"\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}"

static const struct wire_case cases[] = {
	{ .name = "a whole chat stream without an error",
	  .steps = { CLIENT(ASK),
		     SERVER(
			 UNTIL_END
			 ": OPENROUTER PROCESSING\n\ndata: "
			 "{\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":null}]}"
			 "\n\n"
			 "data: "
			 "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\",\"native_finish_"
			 "reason\":\"end_turn\"}]}\r\n\r\n"
			 "data: [DONE]\n\n"),
		     SERVER_END },
	  .has = { "events=3 comments=1 done=1 finish=stop native=end_turn", "error=\n",
		   "end=answered" } },
	{ .name = "an error event ends the exchange before the stream ends",
	  .steps = { CLIENT(ASK), SERVER(UNTIL_END "data: {\"choices\":[]}\n\ndata: " CHAT_ERROR
						   "\n\ndata: [DONE]\n\nmore") },
	  .has = { "end=answered", "events=2 comments=0 done=0 finish=error",
		   "error={\"id\":\"x\",\"error\":{\"code\":502" },
	  .lacks = { "more", "[DONE]" } },
	{ .name = "the rest of a stream that told its error is swallowed",
	  .steps = { CLIENT(ASK),
		     SERVER(
			 STREAM
			 "Transfer-Encoding: chunked\r\n\r\n8\r\ndata: "
			 "{\"\r\n19\r\nerror\":{\"code\":401}}\n\n: x\r\n5\r\nzzzzz\r\n0\r\n\r\n"),
		     CLIENT("GET /2 HTTP/1.1\r\n\r\n"), SERVER("HTTP/1.1 204 No\r\n\r\n") },
	  .has = { "error={\"error\":{\"code\":401}}\n", "seq=2", "status=204", "complete=0",
		   "comments=0" } },
	{ .name = "the end in the middle of the rest, with another request waiting",
	  .steps = { CLIENT(ASK ASK), SERVER(UNTIL_END "data: {\"error\":{\"code\":1}}\n\n: rest"),
		     SERVER_END, CLOSE },
	  .has = { "end=answered", "seq=2", "end=closed" } },
	{ .name = "a model's text that quotes an error is no error",
	  .steps = { CLIENT(ASK),
		     SERVER(UNTIL_END
			    "data: "
			    "{\"choices\":[{\"delta\":{\"content\":\"{\\\"error\\\":{\\\"code\\\":"
			    "401}}\"}}]"
			    "}\n\n"
			    "data: "
			    "{\"choices\":[{\"delta\":{\"content\":\"error\",\"error\":\"\"}}]}\n\n"
			    "data: \"error\"\n\ndata: {\"error\":null}\n\ndata: "
			    "{\"type\":\"x\",\"item\":{\"error\":{\"a\":1}}}\n\n"),
		     SERVER_END },
	  .has = { "events=5", "error=\n" } },
	{ .name = "Anthropic's error event",
	  .steps = { CLIENT(ASK),
		     SERVER(UNTIL_END
			    "event: message_start\ndata: {\"type\":\"message_start\"}\n\n"
			    "event: error\ndata: "
			    "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n") },
	  .has = { "error={\"type\":\"error\"", "error_event=error\n", "events=2" } },
	{ .name = "Anthropic's end",
	  .steps = { CLIENT(ASK),
		     SERVER(UNTIL_END "event: message_delta\ndata: "
				      "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
				      "\"max_tokens\"}}\n\n"
				      "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
		     SERVER_END },
	  .has = { "done=1 finish=max_tokens" } },
	{ .name = "the Responses API fails",
	  .steps = { CLIENT(ASK),
		     SERVER(UNTIL_END
			    "event: response.created\ndata: "
			    "{\"type\":\"response.created\",\"response\":{\"error\":null}}\n\n"
			    "event: response.failed\ndata: "
			    "{\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"x\"}"
			    "}}\n\n") },
	  .has = { "error_event=response.failed\n", "events=2" } },
	{ .name = "response.failed without an event name",
	  .steps = { CLIENT(ASK),
		     SERVER(UNTIL_END "data: {\"type\":\"response.failed\",\"response\":{}}\n\n") },
	  .has = { "error={\"type\":\"response.failed\"", "error_event=\n" } },
	{ .name = "response.incomplete is no error",
	  .steps = { CLIENT(ASK),
		     SERVER(
			 UNTIL_END
			 "event: response.incomplete\ndata: {\"type\":\"response.incomplete\"}\n\n"
			 "data: {\"type\":\"response.completed\"}\n\n"),
		     SERVER_END },
	  .has = { "events=2 comments=0 done=1", "error=\n" } },
	{ .name =
	      "data on several lines, CR, LF and CRLF, a byte order mark, fields without a colon",
	  .steps = { CLIENT(ASK),
		     SERVER(UNTIL_END "\xef\xbb\xbf"
				      "data: {\"error\":\rdata:{\r\ndata: \"code\": "
				      "1}\ndata:}\nid: 7\nretry\nunknownfield: x\r\r") },
	  .has = { "error={\"error\":\\n{\\n\"code\": 1}\\n}\n", "events=1" } },
	{ .name = "finish_reason error alone, and native alone",
	  .steps = { CLIENT(ASK ASK),
		     SERVER(STREAM
			    "Content-Length: 48\r\n\r\ndata: {\"choices\":[{\"finish_reason\": "
			    "\"error\"}]}\n\n"),
		     SERVER(STREAM "Content-Length: 55\r\n\r\ndata: "
				   "{\"choices\":[{\"native_finish_reason\":\"error\"}]}  \n\n") },
	  .has = { "finish=error native=\n", "finish= native=error\n", "seq=2" } },
	{ .name = "an error as the last event without its empty line still counts",
	  .steps = { CLIENT(ASK), SERVER(UNTIL_END "data: {\"error\":{\"code\":1}}"), SERVER_END },
	  .has = { "error={\"error\":{\"code\":1}}\n" } },
	{ .name = "an error answer with the type of an event stream is a body",
	  .steps = { CLIENT(ASK),
		     SERVER("HTTP/1.1 401 No\r\nContent-Type: text/event-stream\r\nContent-Length: "
			    "20\r\n\r\ndata: {\"error\":{}}\n\n") },
	  .has = { " body=data: {\"error\":{}}" },
	  .lacks = { "events=" } },
	{ .name = "what only begins like a byte order mark is data",
	  .steps = { CLIENT(ASK),
		     SERVER(UNTIL_END "\xef\xbb"
				      "data: {\"error\":{\"a\":1}}\n\ndata: x\n\n"),
		     SERVER_END },
	  .has = { "events=1", "error=\n" } },
};

static void every_split_tells_the_same_and_what_is_expected(void **state)
{
	(void)state;
	check_cases(cases, sizeof(cases) / sizeof(cases[0]));
}

static void an_event_above_its_ceiling_is_counted_and_not_judged(void **state)
{
	static const char begin[] = UNTIL_END "data: {\"error\":{\"a\":\"";
	static const char end[] = "\"}}\n\ndata: {\"error\":{\"b\":1}}\n\n";
	size_t big = LIMIT_SSE_EVENT + 100;
	char *answer = malloc(sizeof(begin) + big + sizeof(end));
	size_t n = 0;

	(void)state;
	assert_non_null(answer);
	memcpy(answer, begin, sizeof(begin) - 1);
	n += sizeof(begin) - 1;
	memset(answer + n, 'x', big);
	n += big;
	memcpy(answer + n, end, sizeof(end) - 1);
	n += sizeof(end) - 1;
	struct step steps[] = { CLIENT(ASK), { STEP_SERVER, answer, n }, { STEP_STOP, NULL, 0 } };
	struct text t = run_all_splits("big event", steps, NULL);
	assert_non_null(strstr(t.p, "events=2"));
	assert_non_null(strstr(t.p, "error={\"error\":{\"b\":1}}\n"));
	free(t.p);
	free(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_split_tells_the_same_and_what_is_expected),
		cmocka_unit_test(an_event_above_its_ceiling_is_counted_and_not_judged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
