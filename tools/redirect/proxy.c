/* SPDX-License-Identifier: MIT */
#include "tools/redirect/proxy.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/redirect/links.h"
#include "tools/redirect/own_port.h"
#include "tools/redirect/owner.h"

static void on_guest(struct source *s, uint32_t events)
{
	struct listener *proxy = (struct listener *)s;
	struct relay *r = proxy->relay;
	int pid, fd = own_port_accept(proxy, r->proxy_port, &pid);

	(void)events;
	if (fd < 0)
		return;
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
	if (r->proxy.source.fd >= 0)
		return true;
	r->proxy_port = 0;
	if (own_port_open(r, &r->proxy, &r->proxy_port, on_guest) != 0)
		return false;
	if (make_login(r))
		return true;
	loop_close(r->loop, &r->proxy.source);
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
