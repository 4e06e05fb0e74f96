/* SPDX-License-Identifier: MIT */
#include "diagnose/base_url.h"

#include <string.h>

#include "diagnose/check_input.h"
#include "diagnose/detail.h"
#include "diagnose/hosts.h"
#include "diagnose/own_key.h"

/* The host of a URL, or of what looks like one: "https://user@host:port/path", "host/path". */
struct slice base_url_host(struct slice url)
{
	struct slice host = { NULL, 0 };

	url = slice_trim(url);
	if (!url.n)
		return host;
	long scheme = slice_find(url, SLICE("://"), 0);
	if (scheme >= 0)
		url = slice_from(url, (size_t)scheme + 3);
	slice_cut(&url, '/', &host);
	long user = slice_byte(host, '@', 0);
	if (user >= 0)
		host = slice_from(host, (size_t)user + 1);
	if (host.n && host.p[0] == '[') {
		long end = slice_byte(host, ']', 0);
		return end < 0 ? host : slice_sub(host, 0, (size_t)end + 1);
	}
	long port = slice_byte(host, ':', 0);
	return port < 0 ? host : slice_sub(host, 0, (size_t)port);
}

/* Does NAME look like a base URL's variable? Its value decides which vendor's. */
static bool is_base_name(struct slice name)
{
	static const char ends[][12] = { "_BASE_URL", "_API_BASE", "_BASEURL", "_BASE", "_API_URL",
					 "_API_HOST", "_ENDPOINT", "_URL",     "_HOST" };

	/* Asked of every variable after each failure. */
	if (!name.n || !memchr("LET", name.p[name.n - 1], 3))
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (slice_ends(name, slice_of(ends[i])))
			return true;
	return false;
}

/* Switches that choose the host without naming it (docs of google-genai, Claude Code). */
static bool is_switch_to(struct slice name, struct slice value, struct slice host)
{
	static const struct {
		char name[28];
		char part[24]; /* of the host that it leads to */
	} switches[] = { { "GOOGLE_GENAI_USE_VERTEXAI", "aiplatform.googleapis" },
			 { "CLAUDE_CODE_USE_VERTEX", "aiplatform.googleapis" },
			 { "CLAUDE_CODE_USE_BEDROCK", "bedrock-runtime." } };

	if (!slice_equal_nocase(value, SLICE("true")) && !slice_equal(value, SLICE("1")))
		return false;
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (slice_equal(name, slice_of(switches[i].name)))
			return slice_has_nocase(host, slice_of(switches[i].part));
	return false;
}

size_t base_url_sources(const struct environment *env, struct slice host, struct slice *names,
			size_t max)
{
	struct slice name, value;
	size_t n = 0;

	for (size_t at = 0; host.n && n < max && environment_next(env, &at, &name, &value);)
		if ((is_base_name(name) && slice_equal_nocase(base_url_host(value), host)) ||
		    is_switch_to(name, value, host))
			names[n++] = name;
	return n;
}

/* The vendor whose host is NAMED; NULL: unknown. */
static const struct vendor *vendor_of(struct slice named, struct slice path)
{
	struct host_list hosts;
	const struct vendor *vendor = NULL;
	struct slice wrong;

	hosts_init(&hosts, "", &wrong);
	return hosts_find(&hosts, named, 0, path, &vendor) ? vendor : NULL;
}

/*
 * Was the key meant for the host that was asked? A gateway asks with the keys
 * that it keeps, while its clients' variables name the gateway.
 */
static bool is_meant(const struct check_input *in, struct slice named)
{
	if (in->key_vendor && in->key_vendor == in->vendor)
		return vendor_of(named, in->x->path) != in->vendor;
	return host_is_private(named) && !in->key_vendor && in->credential &&
	       in->credential->known && could_be_key(in->credential->shape.core);
}

/* Where a server listens, not where a client asks: OLLAMA_HOST has both meanings. */
static bool is_any_address(struct slice host)
{
	return slice_equal(host, SLICE("0.0.0.0")) || slice_equal(host, SLICE("[::]"));
}

bool base_url_unused(const struct check_input *in, struct base_url *unused)
{
	struct slice rest = slice_of(in->vendor ? in->vendor->base_urls : NULL);
	struct slice usual = { NULL, 0 };
	struct slice name;

	*unused = (struct base_url){ .name = { NULL, 0 } };
	while (list_next(&rest, &name)) {
		struct slice host = base_url_host(environment_value(in->environment, name));
		if (!usual.p)
			usual = name;
		if (!host.n || is_any_address(host))
			continue;
		if (slice_equal_nocase(host, in->x->host))
			return false;
		if (!unused->name.p)
			*unused = (struct base_url){ name, host, { NULL, 0 } };
	}
	if (!unused->name.p || in->host_private || is_meant(in, unused->host))
		return false;
	if (!slice_equal(unused->name, usual))
		unused->usual = usual;
	return true;
}
