/* SPDX-License-Identifier: MIT */
#include "diagnose/sign_in.h"

#include "diagnose/endpoint_paths.h"
#include "diagnose/redirect.h"

static const struct slice absent = { NULL, 0 };

/* Hosts that do nothing but sign people in. */
static bool signs_people_in(struct slice host)
{
	static const char ends[][26] = {
		".cloudflareaccess.com", "accounts.google.com", "login.microsoftonline.com",
		".amazoncognito.com",    ".okta.com",           ".auth0.com"
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (slice_ends(host, slice_of(ends[i])))
			return true;
	return false;
}

/* Paths of the proxies' own: oauth2-proxy, Cloudflare Access, authentik. */
static bool is_sign_in_path(struct slice path)
{
	static const char starts[][32] = { "/oauth2/start", "/oauth2/sign_in",
					   "/cdn-cgi/access/login",
					   "/outpost.goauthentik.io/start" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (slice_starts(path, slice_of(starts[i])))
			return true;
	return false;
}

static bool is_moved(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307;
}

struct slice sign_in_asked_for(const struct exchange *x)
{
	struct slice host, reference;

	if (!is_moved(x->response.status) || !path_is_endpoint(x->path))
		return absent;
	struct slice location = field_value(&x->response, "location");
	if (slice_starts_nocase(location, SLICE("http://")) ||
	    !redirect_target(location, x->host, &host, &reference))
		return absent;
	return signs_people_in(host) || is_sign_in_path(reference) ? host : absent;
}
