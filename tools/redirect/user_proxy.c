/* SPDX-License-Identifier: MIT */
#include "tools/redirect/user_proxy.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

enum { LOGIN_MAX = 512, PORT_HTTP = 80, PORT_HTTPS = 443, PORT_SOCKS = 1080 };

static enum proxy_kind kind_of(struct slice scheme, uint16_t *port)
{
	if (slice_starts(scheme, SLICE("socks"))) {
		*port = PORT_SOCKS;
		return PROXY_SOCKS;
	}
	*port = slice_equal(scheme, SLICE("https")) ? PORT_HTTPS : PORT_HTTP;
	return *port == PORT_HTTPS ? PROXY_TLS : PROXY_HTTP;
}

/* "http://user:secret@proxy.example:3128/", of which the host alone must be there. */
bool user_proxy_read(struct user_proxy *p, const char *url)
{
	struct slice rest = slice_of(url ? url : "");
	const char *at = url ? strstr(url, "://") : NULL;
	long sign = -1;

	memset(p, 0, sizeof(*p));
	p->kind = kind_of(slice_sub(rest, 0, at ? (size_t)(at - url) : 0), &p->port);
	rest = slice_from(rest, at ? (size_t)(at - url) + 3 : 0);
	rest.n = rest.n ? strcspn(rest.p, "/?#") : 0;
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] == '@')
			sign = (long)i;
	if (sign >= 0) {
		p->login = slice_sub(rest, 0, (size_t)sign);
		rest = slice_from(rest, (size_t)sign + 1);
	}
	size_t end = rest.n;
	while (end && rest.p[end - 1] != ':' && rest.p[end - 1] != ']')
		end--;
	if (end && rest.p[end - 1] == ':') {
		int port = atoi(rest.p + end);
		if (port > 0 && port < 65536)
			p->port = (uint16_t)port;
		rest.n = end - 1;
	}
	if (!rest.n ||
	    snprintf(p->host, sizeof(p->host), "%.*s", SLICE_ARG(rest)) >= (int)sizeof(p->host))
		p->kind = PROXY_NONE;
	return p->kind != PROXY_NONE;
}

void user_proxies_read(struct user_proxy all[USER_PROXIES])
{
	static const char *const names[USER_PROXIES] = { "HTTPS_PROXY", "https_proxy", "ALL_PROXY",
							 "all_proxy" };

	for (size_t i = 0; i < USER_PROXIES; i++)
		user_proxy_read(&all[i], getenv(names[i]));
}

const struct user_proxy *user_proxy_first(const struct user_proxy all[USER_PROXIES])
{
	for (size_t i = 0; i < USER_PROXIES; i++)
		if (all[i].kind != PROXY_NONE)
			return &all[i];
	return NULL;
}

/* "api.example.com, .corp.example, *": a name of it names what is below it, too, as curl reads it. */
static bool is_exempt(const char *list, struct slice host)
{
	struct slice rest = slice_of(list ? list : ""), one;

	while (slice_cut(&rest, ',', &one)) {
		one = slice_trim(one);
		if (slice_equal(one, SLICE("*")))
			return true;
		if (one.n && one.p[0] == '.')
			one = slice_from(one, 1);
		if (!one.n || one.n > host.n ||
		    !slice_equal_nocase(slice_from(host, host.n - one.n), one))
			continue;
		if (one.n == host.n || host.p[host.n - one.n - 1] == '.')
			return true;
	}
	return false;
}

const struct user_proxy *user_proxy_for(const struct user_proxy all[USER_PROXIES], const char *host)
{
	if (is_exempt(getenv("NO_PROXY"), slice_of(host)) ||
	    is_exempt(getenv("no_proxy"), slice_of(host)))
		return NULL;
	return user_proxy_first(all);
}

static int digit(char c)
{
	const char *all = "0123456789abcdef", *at = c ? strchr(all, c | 0x20) : NULL;

	return at ? (int)(at - all) : -1;
}

int user_proxy_authorize(struct buf *out, struct slice login)
{
	unsigned char plain[LOGIN_MAX], coded[LOGIN_MAX * 4 / 3 + 8];
	size_t n = 0;

	if (!login.n)
		return 0;
	for (size_t i = 0; i < login.n && n < sizeof(plain); i++) {
		bool escape = login.p[i] == '%' && i + 2 < login.n && digit(login.p[i + 1]) >= 0 &&
			      digit(login.p[i + 2]) >= 0;
		plain[n++] =
		    escape ? (unsigned char)(digit(login.p[i + 1]) * 16 + digit(login.p[i + 2]))
			   : (unsigned char)login.p[i];
		i += escape ? 2 : 0;
	}
	EVP_EncodeBlock(coded, plain, (int)n);
	return buf_addf(out, "Proxy-Authorization: Basic %s\r\n", (const char *)coded);
}
