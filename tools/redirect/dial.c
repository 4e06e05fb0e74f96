/* SPDX-License-Identifier: MIT */
#include "tools/redirect/dial.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/redirect/end.h"
#include "tools/redirect/lookup.h"

enum { PIECE = 16384 };

size_t dial_head_end(const struct buf *b)
{
	long at = slice_find(buf_slice(b), SLICE("\r\n\r\n"), 0);

	return at < 0 ? 0 : (size_t)at + 4;
}

void dial_take_target(struct link *l, struct slice head)
{
	struct slice line = slice_from(head, sizeof("CONNECT ") - 1);
	struct slice target;

	if (!slice_cut(&line, ' ', &target))
		return;
	size_t n = target.n;
	while (n && target.p[n - 1] != ':')
		n--;
	l->port = n ? (uint16_t)atoi(target.p + n) : l->port;
	snprintf(l->name, sizeof(l->name), "%.*s", n ? (int)n - 1 : (int)target.n, target.p);
}

/* A small answer on a connection that has had none or few: there is room for it. */
static enum dial_next reply(const struct link *l, const char *text, enum dial_next next)
{
	ssize_t n = send(l->near.source.fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);

	return n < 0 ? DIAL_BREAK : next;
}

/* The next line of *HEAD, without its end. */
static bool next_line(struct slice *head, struct slice *line)
{
	if (!slice_cut(head, '\n', line))
		return false;
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

static bool is_authorization(struct slice line)
{
	return slice_starts_nocase(line, SLICE("Proxy-Authorization:"));
}

/* Does one of the fields of HEAD have the run's secret? */
static bool is_authorized(const struct relay *r, struct slice head)
{
	struct slice wanted = slice_of(r->proxy_login), line;

	while (next_line(&head, &line))
		if (is_authorization(line) && line.n == wanted.n &&
		    CRYPTO_memcmp(line.p, wanted.p, wanted.n) == 0)
			return true;
	return false;
}

/* The same CONNECT for the user's own proxy: its login in place of ours. */
static bool make_prologue(struct link *l, struct slice head, const struct user_proxy *proxy)
{
	struct slice line;
	int failed = 0;

	while (!failed && next_line(&head, &line) && line.n)
		if (!is_authorization(line))
			failed =
			    buf_add_slice(&l->prologue, line) || buf_add(&l->prologue, "\r\n", 2);
	return !failed && user_proxy_authorize(&l->prologue, proxy->login) == 0 &&
	       buf_add(&l->prologue, "\r\n", 2) == 0;
}

/* The next of the addresses that can be tried. */
static enum dial_next dial(struct link *l)
{
	struct lookup_answer *a = l->addresses;

	while (l->tried < a->count) {
		l->to = a->address[l->tried];
		l->to_size = a->size[l->tried++];
		int error = end_reopen_far(l);
		if (error == 0 || error == EINPROGRESS) {
			l->state = LINK_DIALLING;
			return DIAL_GO_ON;
		}
		l->error = error;
	}
	if (l->request)
		return DIAL_REFUSE;
	return reply(l, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", DIAL_END);
}

enum dial_next dial_looked_up(struct link *l)
{
	l->addresses = calloc(1, sizeof(*l->addresses));
	if (l->addresses && !lookup_end(l->names.source.fd, l->addresses))
		l->addresses->count = 0;
	loop_close(l->relay->loop, &l->names.source);
	return l->addresses ? dial(l) : DIAL_BREAK;
}

enum dial_next dial_begin(struct link *l, const char *host, uint16_t port)
{
	l->names.source.fd = lookup_begin(host, port);
	l->state = LINK_LOOKUP;
	if (l->names.source.fd < 0 || !loop_watch(l->relay->loop, &l->names.source, EPOLLIN))
		return DIAL_BREAK;
	return DIAL_GO_ON;
}

/* A whole head, the first HEAD bytes of what the tool sent. */
static enum dial_next take_head(struct link *l, size_t head)
{
	static const char ask_login[] =
	    "HTTP/1.1 407 Proxy Authentication Required\r\n"
	    "Proxy-Authenticate: Basic realm=\"orshim\"\r\nContent-Length: 0\r\n\r\n";
	const struct user_proxy *proxy = user_proxy_first(l->relay->proxies);
	struct slice text = slice_sub(buf_slice(&l->first), 0, head);

	if (!slice_starts(text, SLICE("CONNECT ")))
		return reply(l, "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n",
			     DIAL_END);
	if (!is_authorized(l->relay, text)) { /* some ask without first, and once more */
		buf_drop(&l->first, head);
		return reply(l, ask_login, DIAL_GO_ON);
	}
	dial_take_target(l, text);
	if (proxy && !make_prologue(l, text, proxy))
		return DIAL_BREAK;
	buf_drop(&l->first, head);
	return dial_begin(l, proxy ? proxy->host : l->name, proxy ? proxy->port : l->port);
}

enum dial_next dial_read(struct link *l)
{
	char piece[PIECE];
	ssize_t n = end_receive(&l->near, piece, sizeof(piece));

	if (n == 0)
		return DIAL_GO_ON;
	if (n < 0 || buf_add(&l->first, piece, (size_t)n) != 0)
		return DIAL_BREAK;
	size_t head = dial_head_end(&l->first);
	return head ? take_head(l, head) : DIAL_GO_ON;
}

enum dial_next dial_answered(struct link *l)
{
	static const char done[] = "HTTP/1.1 200 Connection established\r\n\r\n";
	int error = 0;
	socklen_t size = sizeof(error);

	getsockopt(l->far.source.fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error) {
		l->error = error;
		return dial(l);
	}
	if (l->prologue.n) { /* the user's own proxy answers */
		l->state = LINK_TUNNEL;
		return buf_add_slice(&l->far.out.bytes, buf_slice(&l->prologue)) == 0 ? DIAL_GO_ON
										      : DIAL_BREAK;
	}
	l->state = LINK_HELLO;
	return l->request ? DIAL_GO_ON : reply(l, done, DIAL_GO_ON);
}

void dial_release(struct link *l)
{
	loop_close(l->relay->loop, &l->names.source);
	free(l->addresses);
	l->addresses = NULL;
}
