/* SPDX-License-Identifier: MIT */
/* Requests that came to a base URL, in any pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tools/redirect/base_request.h"

#define HERE "Host: 127.0.0.1:8787\r\n"
#define THERE "Host: openrouter.ai\r\n"

static const struct {
	const char *name, *in, *out;
} cases[] = {
	{ "a request, and one after it on the same connection",
	  "GET /a HTTP/1.1\r\n" HERE "\r\nPOST /b HTTP/1.1\r\n" HERE
	  "Content-Length: 22\r\n\r\n" HERE,
	  "GET /a HTTP/1.1\r\n" THERE "\r\nPOST /b HTTP/1.1\r\n" THERE
	  "Content-Length: 22\r\n\r\n" HERE },
	{ "chunks with an extension and a trailer, and one after it",
	  "POST /b HTTP/1.1\r\n" HERE "Transfer-Encoding: chunked\r\n\r\n16;x=y\r\n" HERE
	  "\r\n0\r\nHost: trailer\r\n\r\nGET /c HTTP/1.1\r\n" HERE "\r\n",
	  "POST /b HTTP/1.1\r\n" THERE "Transfer-Encoding: chunked\r\n\r\n16;x=y\r\n" HERE
	  "\r\n0\r\nHost: trailer\r\n\r\nGET /c HTTP/1.1\r\n" THERE "\r\n" },
	{ "case, blanks, bare line feeds, doubled and malformed fields stay",
	  "GET /a HTTP/1.1\nhOsT:\t 127.0.0.1:1 \nHost: x\nAUTHORIZATION :  Bearer \"k\"\n "
	  "folded\nno colon\n\n",
	  "GET /a HTTP/1.1\nhOsT:\t openrouter.ai \nHost: openrouter.ai\n"
	  "AUTHORIZATION :  Bearer \"k\"\n folded\nno colon\n\n" },
	{ "without a Host field", "GET /a HTTP/1.0\r\nHosts: x\r\n\r\n",
	  "GET /a HTTP/1.0\r\nHosts: x\r\n\r\n" },
	{ "an offer of HTTP/2 is left out",
	  "GET /a HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\n" HERE
	  "HTTP2-Settings: AAEA\r\nUpgrade: h2c\r\n\r\n",
	  "GET /a HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\n" THERE "\r\n" },
	{ "a WebSocket that the server does not switch to, and a request after it",
	  "GET /a HTTP/1.1\r\n" HERE "Upgrade: websocket\r\n\r\nGET /b HTTP/1.1\r\n" HERE "\r\n",
	  "GET /a HTTP/1.1\r\n" THERE "Upgrade: websocket\r\n\r\nGET /b HTTP/1.1\r\n" THERE
	  "\r\n" },
	{ "what is not HTTP", "\x16\x03\x01 Host: 127.0.0.1\r\n\r\n",
	  "\x16\x03\x01 Host: 127.0.0.1\r\n\r\n" },
	{ "a length that is none: the rest is its body",
	  "POST /b HTTP/1.1\r\n" HERE "Content-Length: 2x\r\n\r\nGET /c HTTP/1.1\r\n" HERE "\r\n",
	  "POST /b HTTP/1.1\r\n" THERE "Content-Length: 2x\r\n\r\nGET /c HTTP/1.1\r\n" HERE
	  "\r\n" },
};

static void the_host_alone_is_another(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = strlen(cases[i].in);
		print_message("%s\n", cases[i].name);
		for (size_t step = 1; step <= n; step++) {
			struct base_request *r = base_request_new("openrouter.ai");
			struct buf out;

			buf_init(&out, 4096);
			for (size_t at = 0; at < n; at += step)
				assert_int_equal(base_request_feed(r, cases[i].in + at,
								   n - at < step ? n - at : step,
								   &out),
						 0);
			assert_int_equal(out.n, strlen(cases[i].out));
			assert_memory_equal(out.p, cases[i].out, out.n);
			buf_release(&out);
			base_request_free(r);
		}
	}
}

static void check_next(const char *head, const char *next, const char *expected)
{
	struct base_request *r = base_request_new("openrouter.ai");
	struct buf out;

	buf_init(&out, 4096);
	assert_int_equal(base_request_feed(r, head, strlen(head), &out), 0);
	base_request_switched(r);
	buf_reset(&out);
	assert_int_equal(base_request_feed(r, next, strlen(next), &out), 0);
	assert_int_equal(out.n, strlen(expected));
	assert_memory_equal(out.p, expected, out.n);
	buf_release(&out);
	base_request_free(r);
}

/* "AB" begins a fragment that is compressed (RFC 7692), and could begin a method. */
static void a_websocket_is_passed_on_as_it_is(void **state)
{
	(void)state;
	check_next("GET /a HTTP/1.1\r\n" HERE "Upgrade: websocket\r\n\r\n", "AB\r\n" HERE "\r\n",
		   "AB\r\n" HERE "\r\n");
	check_next("GET /a HTTP/1.1\r\n" HERE "\r\n", "GET /b HTTP/1.1\r\n" HERE "\r\n",
		   "GET /b HTTP/1.1\r\n" THERE "\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_host_alone_is_another),
		cmocka_unit_test(a_websocket_is_passed_on_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
