/* SPDX-License-Identifier: MIT */
/* What an answer says of its model, id and tokens, in every split. */
#include "wire_run.h"

#define ASK "POST /api/v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
#define OK "HTTP/1.1 200 OK\r\n"
#define JSON OK "Content-Type: application/json\r\n\r\n"
#define STREAM OK "Content-Type: text/event-stream\r\n\r\n"
#define NOTHING "generation model= id= input=-1 output=-1"
#define LONG_32 "abcdefghijklmnopabcdefghijklmnop"

static const struct wire_case bodies[] = {
	{ .name = "a chat completion",
	  .steps = { CLIENT(ASK),
		     SERVER(JSON
			    "{\"id\":\"gen-1\",\"provider\":\"x\",\"model\":\"a/b\",\"choices\":[{"
			    "\"message\":{\"content\":\"\\\"id\\\":\\\"no\\\"\"}}],\"usage\":{"
			    "\"prompt_tokens\":12,\"completion_tokens\":3,\"total_tokens\":15,"
			    "\"completion_tokens_details\":{\"output_tokens\":9}}}"),
		     SERVER_END },
	  .has = { "generation model=a/b id=gen-1 input=12 output=3" } },
	{ .name = "a message of Anthropic's",
	  .steps = { CLIENT(ASK),
		     SERVER(
			 JSON
			 "{\"model\":\"claude-x\",\"id\":\"msg_1\",\"content\":[{\"id\":\"no\"}],"
			 "\"usage\":{\"input_tokens\":8,\"cache_read_input_tokens\":4,"
			 "\"output_tokens\":2}}"),
		     SERVER_END },
	  .has = { "generation model=claude-x id=msg_1 input=8 output=2" } },
	{ .name = "a response of the Responses API, gzip",
	  .steps = { CLIENT(ASK),
		     SERVER(OK "Content-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n"),
		     SERVER("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01\x48\x00\xb7\xff"
			    "{\"id\":\"resp_1\",\"model\":\"m\",\"usage\":{\"input_tokens\":8,"
			    "\"output_tokens\":2}}\x5f\x4f\x01\x62\x48\x00\x00\x00"),
		     SERVER_END },
	  .has = { "generation model=m id=resp_1 input=8 output=2" } },
	{ .name = "embeddings count no output",
	  .steps = { CLIENT(ASK),
		     SERVER(JSON
			    "{\"object\":\"list\",\"data\":[{\"embedding\":[0.1]}],\"model\":\"e\","
			    "\"usage\":{\"prompt_tokens\":2,\"total_tokens\":2}}"),
		     SERVER_END },
	  .has = { "generation model=e id= input=2 output=-1" } },
	{ .name = "what is not a name or a count is left out",
	  .steps = { CLIENT(ASK),
		     SERVER(JSON
			    "{\"id\":7,\"model\":\"a\\u0062\",\"usage\":{\"prompt_tokens\":\"9\","
			    "\"completion_tokens\":-1,\"input_tokens\":1e3,"
			    "\"output_tokens\":1234567890123456}}"),
		     SERVER_END },
	  .has = { NOTHING } },
	{ .name = "a name above the limit is left out",
	  .steps = { CLIENT(ASK),
		     SERVER(JSON "{\"id\":\"" LONG_32 LONG_32 LONG_32 LONG_32
				 "\",\"model\":\"" LONG_32 LONG_32 LONG_32 LONG_32 "x\"}"),
		     SERVER_END },
	  .has = { "generation model= id=" LONG_32 } },
	{ .name = "an answer that was cut says what came",
	  .steps = { CLIENT(ASK),
		     SERVER(JSON "{\"id\":\"gen-1\",\"model\":\"m\",\"usage\":{\"prompt_"),
		     SERVER_END },
	  .has = { "generation model=m id=gen-1 input=-1 output=-1" } },
	{ .name = "a refusal, a list and what is not JSON say nothing",
	  .steps = { CLIENT(ASK),
		     SERVER("HTTP/1.1 401 No\r\nContent-Length: "
			    "23\r\n\r\n{\"id\":\"a\",\"model\":\"m\"}"),
		     CLIENT(ASK),
		     SERVER(OK "Content-Length: 24\r\n\r\n[{\"id\":\"a\",\"model\":\"m\"}]"),
		     CLIENT("GET /models HTTP/1.1\r\n\r\n"),
		     SERVER(OK "Content-Length: 22\r\n\r\n{\"id\":\"a\",\"model\":\"m\"}"),
		     CLIENT(ASK), SERVER(OK "Content-Length: 5\r\n\r\nhello") },
	  .has = { NOTHING },
	  .lacks = { "id=a" } },
};

static const struct wire_case streams[] = {
	{ .name = "chunks of a chat completion, tokens at the end",
	  .steps = { CLIENT(ASK),
		     SERVER(
			 STREAM
			 ": OPENROUTER PROCESSING\n\n"
			 "data: "
			 "{\"id\":\"gen-1\",\"model\":\"a/b\",\"usage\":null,\"choices\":[]}\n\n"
			 "data: "
			 "{\"id\":\"gen-2\",\"model\":\"c\",\"choices\":[{\"delta\":{\"content\":"
			 "\"\\\"usage\\\":{\\\"prompt_tokens\\\":99}\"}}]}\n\n"
			 "data: {\"id\":\"gen-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":12,"
			 "\"completion_tokens\":3}}\n\ndata: [DONE]\n\n"),
		     SERVER_END },
	  .has = { "generation model=a/b id=gen-1 input=12 output=3", "events=4" } },
	{ .name = "a first chunk without names, as Azure sends it",
	  .steps = { CLIENT(ASK),
		     SERVER(STREAM
			    "data: {\"id\":\"\",\"model\":\"\",\"choices\":[]}\n\n"
			    "data: {\"id\":\"chatcmpl-1\",\"model\":\"gpt\",\"choices\":[]}\n\n"),
		     SERVER_END },
	  .has = { "generation model=gpt id=chatcmpl-1 input=-1 output=-1" } },
	{ .name = "events of Anthropic's messages: the last count of the output counts",
	  .steps = { CLIENT(ASK),
		     SERVER(STREAM
			    "event: message_start\ndata: "
			    "{\"type\":\"message_start\",\"message\":{\"id\":"
			    "\"msg_1\",\"model\":\"claude-x\",\"content\":[],\"usage\":{\"input_"
			    "tokens\":8,"
			    "\"output_tokens\":1}}}\n\n"
			    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{"
			    "\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":20}}\n\n"
			    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
		     SERVER_END },
	  .has = { "generation model=claude-x id=msg_1 input=8 output=20", "done=1" } },
	{ .name = "events of the Responses API",
	  .steps = { CLIENT(ASK),
		     SERVER(
			 STREAM
			 "event: response.created\ndata: "
			 "{\"type\":\"response.created\",\"response\":{"
			 "\"id\":\"resp_1\",\"model\":\"m\",\"usage\":null}}\n\n"
			 "event: response.completed\ndata: {\"type\":\"response.completed\","
			 "\"response\":{\"id\":\"resp_1\",\"model\":\"m\",\"tools\":[{\"usage\":{"
			 "\"input_tokens\":77}}],\"usage\":{\"input_tokens\":8,\"output_tokens\":2}"
			 "}}\n\n"),
		     SERVER_END },
	  .has = { "generation model=m id=resp_1 input=8 output=2", "done=1" } },
	{ .name = "an event stream that breaks in its coding says nothing",
	  .steps = { CLIENT(ASK),
		     SERVER(OK "Content-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\n"
			       "data: {\"id\":\"a\",\"model\":\"m\"}\n\n"),
		     SERVER_END },
	  .has = { NOTHING } },
};

static void a_body_names_its_model_id_and_tokens(void **state)
{
	(void)state;
	check_cases(bodies, sizeof(bodies) / sizeof(bodies[0]));
}

static void an_event_stream_names_them(void **state)
{
	(void)state;
	check_cases(streams, sizeof(streams) / sizeof(streams[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_names_its_model_id_and_tokens),
		cmocka_unit_test(an_event_stream_names_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
