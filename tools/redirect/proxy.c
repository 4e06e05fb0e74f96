/* SPDX-License-Identifier: MIT */
#include "tools/redirect/proxy.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/redirect/lookup.h"
#include "tools/redirect/owner.h"

enum { PROXY_WAITING = 128, PIECE = 16384 };

/* A small answer on a connection that has had none or few: there is room for it. */
static void reply(struct link *l, const char *text)
{
	if (send(l->near.source.fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		link_break(l);
}

static void reply_and_end(struct link *l, const char *text)
{
	reply(l, text);
	link_end(l);
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

static const struct user_proxy *own_proxy(const struct relay *r)
{
	for (size_t i = 0; i < USER_PROXIES; i++)
		if (r->proxies[i].kind != PROXY_NONE)
			return &r->proxies[i];
	return NULL;
}

static void dial(struct link *l)
{
	struct lookup_answer *a = l->addresses;

	while (l->tried < a->count) {
		l->to = a->address[l->tried];
		l->to_size = a->size[l->tried++];
		int error = link_reopen(l);
		if (error == 0 || error == EINPROGRESS) {
			l->state = LINK_DIALLING;
			link_interest(l);
			return;
		}
	}
	reply_and_end(l, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
}

static void on_names(struct source *s, uint32_t events)
{
	struct link *l = ((struct end *)s)->link;

	(void)events;
	l->addresses = calloc(1, sizeof(*l->addresses));
	if (l->addresses && !lookup_end(s->fd, l->addresses))
		l->addresses->count = 0;
	loop_close(l->relay->loop, s);
	if (l->addresses)
		dial(l);
	else
		link_break(l);
}

static void look_up(struct link *l, const char *host, uint16_t port)
{
	l->names.link = l;
	l->names.source.ready = on_names;
	l->names.source.fd = lookup_begin(host, port);
	l->state = LINK_LOOKUP;
	if (l->names.source.fd < 0 || !loop_watch(l->relay->loop, &l->names.source, EPOLLIN))
		link_break(l);
}

/* A whole head, the first HEAD bytes of what the tool sent. */
static void take_head(struct link *l, size_t head)
{
	const struct user_proxy *proxy = own_proxy(l->relay);
	struct slice text = slice_sub(buf_slice(&l->first), 0, head);

	if (!slice_starts(text, SLICE("CONNECT "))) {
		reply_and_end(l, "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n");
		return;
	}
	if (!is_authorized(l->relay, text)) { /* some ask without first, and once more */
		buf_drop(&l->first, head);
		reply(l, "HTTP/1.1 407 Proxy Authentication Required\r\n"
			 "Proxy-Authenticate: Basic realm=\"orshim\"\r\nContent-Length: 0\r\n\r\n");
		return;
	}
	link_take_target(l, text);
	if (proxy && !make_prologue(l, text, proxy)) {
		link_break(l);
		return;
	}
	buf_drop(&l->first, head);
	look_up(l, proxy ? proxy->host : l->name, proxy ? proxy->port : l->port);
}

void proxy_step(struct link *l)
{
	char piece[PIECE];
	ssize_t n = l->state == LINK_PROXY ? end_receive(&l->near, piece, sizeof(piece)) : 0;

	if (l->state != LINK_PROXY || n == 0)
		return;
	if (n < 0 || buf_add(&l->first, piece, (size_t)n) != 0) {
		link_break(l);
		return;
	}
	size_t head = link_head_end(&l->first);
	if (head)
		take_head(l, head);
}

void proxy_dialled(struct link *l)
{
	static const char done[] = "HTTP/1.1 200 Connection established\r\n\r\n";
	int error = 0;
	socklen_t size = sizeof(error);

	getsockopt(l->far.source.fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error) {
		dial(l);
	} else if (l->prologue.n) { /* the user's own proxy answers */
		l->state = LINK_TUNNEL;
		if (buf_add_slice(&l->far.out.bytes, buf_slice(&l->prologue)) != 0)
			link_break(l);
	} else {
		l->state = LINK_HELLO;
		link_wait_for_hello(l);
		reply(l, done);
	}
	if (l->state != LINK_OVER && l->state != LINK_DIALLING)
		link_turn(l, &l->far, 0);
}

void proxy_release(struct link *l)
{
	if (l->names.link)
		loop_close(l->relay->loop, &l->names.source);
	free(l->addresses);
	l->addresses = NULL;
}

static void on_guest(struct source *s, uint32_t events)
{
	struct relay *r = ((struct listener *)s)->relay;
	union address from;
	socklen_t size = sizeof(from);
	int fd = accept4(s->fd, &from.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	int pid = owner_of(&from, r->proxy_port);
	struct peer *p = pid ? peer_of(r, pid) : NULL;
	p = p ? p : peer_of(r, r->proxy_pid);
	if (!p || !link_take_in(r, p, fd))
		close(fd);
}

static bool make_login(struct relay *r)
{
	unsigned char random[16];
	char login[64];
	struct buf field;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return false;
	int n = snprintf(login, sizeof(login), "orshim:");
	for (size_t i = 0; i < sizeof(random); i++)
		n += snprintf(login + n, sizeof(login) - (size_t)n, "%02x", random[i]);
	buf_init(&field, sizeof(r->proxy_login));
	bool made = user_proxy_authorize(&field, slice_of(login)) == 0;
	struct slice text = buf_slice(&field);
	text.n -= text.n >= 2 ? 2 : 0; /* the line's end */
	snprintf(r->proxy_login, sizeof(r->proxy_login), "%.*s", SLICE_ARG(text));
	snprintf(r->proxy_url, sizeof(r->proxy_url), "http://%s@127.0.0.1:%u", login,
		 r->proxy_port);
	buf_release(&field);
	return made;
}

static bool open_proxy(struct relay *r)
{
	union address a = { .v4 = { .sin_family = AF_INET } };
	socklen_t size = sizeof(a.v4);
	struct source *s = &r->proxy.source;

	if (s->fd >= 0)
		return true;
	a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r->proxy = (struct listener){ .source = { .ready = on_guest }, .relay = r };
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return false;
	if (bind(s->fd, &a.any, size) == 0 && listen(s->fd, PROXY_WAITING) == 0 &&
	    getsockname(s->fd, &a.any, &size) == 0 && loop_watch(r->loop, s, EPOLLIN)) {
		r->proxy_port = ntohs(a.v4.sin_port);
		if (make_login(r))
			return true;
	}
	loop_close(r->loop, s);
	return false;
}

const char *proxy_variables(struct relay *r, enum runtime runtime, int pid, struct buf *out)
{
	static const char *const names[] = { "HTTPS_PROXY", "https_proxy" };
	const struct user_proxy *own = own_proxy(r);

	if (runtime == RUNTIME_JAVA)
		return "Java takes no proxy from the environment";
	if (own && own->kind != PROXY_HTTP)
		return "its own proxy speaks SOCKS or TLS";
	if (!open_proxy(r))
		return "no port was free";
	r->proxy_pid = pid;
	r->proxied++;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (buf_addf(out, "%s=%s", names[i], r->proxy_url) != 0 || buf_add(out, "", 1) != 0)
			return "there is not enough memory";
	return NULL;
}

bool proxy_is_known(struct relay *r)
{
	if (r->proxy.source.fd < 0)
		return false;
	int64_t now = loop_clock();
	if (now >= r->proxy_asked + PROXY_ASK_US) {
		r->proxy_asked = now;
		r->proxy_known = owner_has_text(r->proxy_url);
	}
	return r->proxy_known;
}
