/* SPDX-License-Identifier: MIT */
#include "tools/redirect/proxy.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/redirect/links.h"
#include "tools/redirect/owner.h"

enum { PROXY_WAITING = 128 };

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
	const struct user_proxy *own = user_proxy_first(r->proxies);

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
