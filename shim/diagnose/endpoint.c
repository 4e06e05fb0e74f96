/* SPDX-License-Identifier: MIT */
#include "diagnose/endpoint.h"

#include <string.h>

static const struct {
	char end[20];
	enum endpoint_kind kind;
} endpoints[] = {
	{ "/chat/completions", ENDPOINT_CHAT },
	{ "/completions", ENDPOINT_COMPLETIONS },
	{ "/responses", ENDPOINT_RESPONSES },
	{ "/messages", ENDPOINT_MESSAGES },
	{ "/embeddings", ENDPOINT_EMBEDDINGS },
	{ "/models", ENDPOINT_MODELS },
	{ "/key", ENDPOINT_KEY },
};

/*
 * Collections whose members end like an endpoint and take another body: a thread's or a stored
 * completion's messages (OpenAI), calls that are answered later (Perplexity, Z.AI), stored prompts
 * (Portkey), a report of usage (Anthropic).
 */
static bool is_below_collection(struct slice path)
{
	static const char parts[][20] = { "/threads/", "/chat/completions/", "/async/", "/prompts/",
					  "/usage_report/" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (slice_has(path, slice_of(parts[i])))
			return true;
	return false;
}

static enum endpoint_kind kind_of(struct slice path)
{
	path = path_without_slash(path);
	if (is_below_collection(path))
		return ENDPOINT_OTHER;
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
		if (slice_ends(path, slice_of(endpoints[i].end)))
			return endpoints[i].kind;
	return ENDPOINT_OTHER;
}

/* Segments that occur once in any path of an API. */
static bool is_single(struct slice segment)
{
	return slice_equal(segment, SLICE("v1")) || slice_equal(segment, SLICE("api")) ||
	       slice_equal(segment, SLICE("chat")) || slice_equal(segment, SLICE("completions"));
}

/* What follows is a name that its owner chose: /deployments/chat/chat/completions is right. */
static bool precedes_name(struct slice segment)
{
	return slice_equal(segment, SLICE("deployments")) || slice_equal(segment, SLICE("presets"));
}

/* Segments that may come again further on, but not at once. */
static bool is_collection(struct slice segment)
{
	return slice_equal(segment, SLICE("messages")) ||
	       slice_equal(segment, SLICE("responses")) ||
	       slice_equal(segment, SLICE("embeddings")) || slice_equal(segment, SLICE("models"));
}

/* Endpoints of one segment, below which there is no chat/completions. */
static bool is_endpoint_alone(struct slice segment)
{
	return slice_equal(segment, SLICE("messages")) ||
	       slice_equal(segment, SLICE("responses")) ||
	       slice_equal(segment, SLICE("embeddings"));
}

/* The first segment of PATH that is there twice, or an endpoint above another; "//" gives an empty one. */
static struct slice find_repeated_segment(struct slice path)
{
	struct slice rest = slice_from(path_without_slash(path), 1);
	struct slice segment;

	while (slice_cut(&rest, '/', &segment)) {
		struct slice later = rest;
		struct slice other;
		bool first = true;
		if (segment.n == 0 && rest.p)
			return segment;
		if (precedes_name(segment) && slice_cut(&rest, '/', &other) && other.n)
			continue;
		while (slice_cut(&later, '/', &other)) {
			if (first && is_endpoint_alone(segment) &&
			    slice_equal(other, SLICE("chat")) &&
			    slice_equal(later, SLICE("completions")))
				return segment;
			if (slice_equal(segment, other) &&
			    (is_single(segment) || (first && is_collection(segment))))
				return segment;
			first = false;
		}
	}
	return (struct slice){ NULL, 0 };
}

static void judge_endpoint(struct endpoint *to, const struct host_list *hosts, struct slice host,
			   uint16_t port, struct slice path)
{
	bool watched = hosts_find(hosts, host, port, path, &to->vendor);

	to->is_openrouter = to->vendor && strcmp(to->vendor->id, "openrouter") == 0;
	to->is_private = host_is_private(host);
	to->is_api = watched || path_is_endpoint(path) ||
		     (to->is_private && path_is_local_call(path, port));
	to->kind = kind_of(path);
	to->locations = vendor_locations(to->vendor, path);
	/* Private gateways may have /v1/…/openrouter/v1/. */
	to->repeated_segment = to->vendor && !to->vendor->gateway ? find_repeated_segment(path)
								  : (struct slice){ NULL, 0 };
}

static bool is_cached(const struct cached_endpoint *cached, struct slice host, uint16_t port,
		      struct slice path)
{
	return cached->host == host.n && cached->path == path.n && cached->port == port && host.n &&
	       path.n && memcmp(cached->bytes, host.p, host.n) == 0 &&
	       memcmp(cached->bytes + host.n, path.p, path.n) == 0;
}

void endpoint_read(struct endpoint *endpoint, const struct host_list *hosts,
		   const struct exchange *x, struct cached_endpoint *cached)
{
	struct slice host = x->host.n ? x->host : x->sni;
	struct slice path = x->path;

	if (is_cached(cached, host, x->port, path)) {
		*endpoint = cached->endpoint;
		return;
	}
	judge_endpoint(endpoint, hosts, host, x->port, path);
	cached->host = cached->path = 0;
	if (!host.n || !path.n || host.n > sizeof(cached->bytes) ||
	    path.n > sizeof(cached->bytes) - host.n)
		return;
	cached->host = host.n;
	cached->path = path.n;
	cached->port = x->port;
	memcpy(mempcpy(cached->bytes, host.p, host.n), path.p, path.n);
	cached->endpoint = *endpoint;
	if (endpoint->repeated_segment.p)
		cached->endpoint.repeated_segment.p =
		    cached->bytes + host.n + (endpoint->repeated_segment.p - path.p);
}
