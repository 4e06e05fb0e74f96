/* SPDX-License-Identifier: MIT */
#include "tools/redirect/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/command.h"
#include "tools/redirect/end.h"
#include "tools/redirect/pump.h"
#include "tools/redirect/upstream.h"

enum {
	SERVER_US = 30000000, /* until the server has accepted and shaken hands */
	DRAIN_US = 5000000,   /* until who was refused must have read why */
	PIECE = 16384,
};

/* The CONNECT for the user's own proxy. */
static int make_prologue(struct link *l, const struct user_proxy *proxy)
{
	const struct upstream *up = l->relay->upstream;

	return buf_addf(&l->prologue, "CONNECT %s:%u HTTP/1.1\r\nHost: %s:%u\r\n", up->host,
			up->port, up->host, up->port) != 0 ||
	       user_proxy_authorize(&l->prologue, proxy->login) != 0 ||
	       buf_add(&l->prologue, "\r\n", 2) != 0;
}

enum dial_next base_read(struct link *l)
{
	const struct upstream *up = l->relay->upstream;
	const struct user_proxy *proxy = user_proxy_for(l->relay->proxies, up->host);
	struct in_addr address;
	char byte;
	ssize_t n = recv(l->near.source.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return DIAL_GO_ON;
	if (n <= 0)
		return DIAL_END;
	snprintf(l->name, sizeof(l->name), "%s", up->host);
	if (inet_pton(AF_INET, up->host, &address) != 1)
		snprintf(l->hello.name, sizeof(l->hello.name), "%s", up->host);
	l->port = up->port;
	l->deadline = loop_clock() + SERVER_US;
	if (!proxy)
		return dial_begin(l, up->host, up->port);
	if (proxy->kind != PROXY_HTTP) {
		base_refuse(l, "the proxy that the environment names speaks SOCKS or TLS, which "
			       "orshim does not: unset it for orshim");
		return DIAL_GO_ON;
	}
	return make_prologue(l, proxy) == 0 ? dial_begin(l, proxy->host, proxy->port) : DIAL_BREAK;
}

void base_connected(struct link *l)
{
	static const unsigned char protocols[] = "\10http/1.1"; /* RFC 7301 section 3.1 */
	int64_t deadline = l->deadline;

	memcpy(l->hello.protocols, protocols, sizeof(protocols) - 1);
	l->hello.protocols_size = sizeof(protocols) - 1;
	const char *why = pump_begin(l);
	if (why)
		base_refuse(l, why);
	else
		l->deadline = deadline;
}

void base_read_tunnel(struct link *l)
{
	char piece[PIECE], why[256];
	ssize_t n = end_receive(&l->far, piece, sizeof(piece));
	size_t end;

	if (n > 0 && buf_add(&l->answer, piece, (size_t)n) != 0)
		n = END_BROKEN;
	end = dial_head_end(&l->answer);
	if (end && slice_has(slice_sub(buf_slice(&l->answer), 0, 12), SLICE(" 2"))) {
		base_connected(l);
	} else if (end || n < 0) {
		struct slice line = { NULL, 0 }, head = buf_slice(&l->answer);
		slice_cut(&head, '\r', &line);
		snprintf(why, sizeof(why),
			 "the proxy that the environment names does not connect "
			 "to it: %.*s",
			 (int)(line.n < 80 ? line.n : 80), line.n ? line.p : "");
		base_refuse(l, why);
	}
}

/* WHY for a string of JSON. */
static void quote(const char *why, char *out, size_t size)
{
	size_t n = 0;

	for (; *why && n + 1 < size; why++)
		out[n++] = *why == '"' || *why == '\\' || (unsigned char)*why < ' ' ? '\'' : *why;
	out[n] = '\0';
}

void base_refuse(struct link *l, const char *why)
{
	char quoted[256], body[512];

	warn("relay: https://%s: %s", l->relay->upstream->authority, why);
	quote(why, quoted, sizeof(quoted));
	int n = snprintf(
	    body, sizeof(body),
	    "{\"error\":{\"code\":502,\"message\":\"orshim relay: https://%.100s: %s\"}}\n",
	    l->relay->upstream->authority, quoted);
	loop_close(l->relay->loop, &l->far.source);
	l->state = LINK_REFUSED;
	l->deadline = loop_clock() + DRAIN_US;
	l->near.last = true;
	if (buf_addf(&l->near.out.bytes,
		     "HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/json\r\n"
		     "Content-Length: %d\r\nConnection: close\r\n\r\n%s",
		     n, body) != 0)
		link_break(l);
}

void base_drain(struct link *l)
{
	char piece[PIECE];
	ssize_t n;

	while ((n = end_receive(&l->near, piece, sizeof(piece))) > 0)
		;
	if (n < 0) /* it has read the answer, or nobody is there */
		link_end(l);
}
