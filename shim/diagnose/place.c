/* SPDX-License-Identifier: MIT */
#include "diagnose/place.h"

#include <string.h>

static const struct {
	char end[20];
	enum endpoint endpoint;
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
 * Collections whose members end like an endpoint and take another form: a thread's or a stored
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

static enum endpoint endpoint_of(struct slice path)
{
	path = path_without_slash(path);
	if (is_below_collection(path))
		return ENDPOINT_OTHER;
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
		if (slice_ends(path, slice_of(endpoints[i].end)))
			return endpoints[i].endpoint;
	return ENDPOINT_OTHER;
}

/* Segments that stand once in any path of an API. */
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
static struct slice repeated_segment(struct slice path)
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

static void judge_place(struct place *to, const struct host_list *hosts, struct slice host,
			uint16_t port, struct slice path)
{
	bool watched = hosts_find(hosts, host, port, path, &to->vendor);

	to->is_openrouter = to->vendor && strcmp(to->vendor->id, "openrouter") == 0;
	to->is_private = host_is_private(host);
	to->is_api = watched || path_is_endpoint(path);
	to->endpoint = endpoint_of(path);
	/* Gateways of one's own may well have /v1/…/openrouter/v1/. */
	to->twice =
	    to->vendor && !to->vendor->gateway ? repeated_segment(path) : (struct slice){ NULL, 0 };
}

static bool is_known(const struct known_place *known, struct slice host, uint16_t port,
		     struct slice path)
{
	return known->host == host.n && known->path == path.n && known->port == port && host.n &&
	       path.n && memcmp(known->bytes, host.p, host.n) == 0 &&
	       memcmp(known->bytes + host.n, path.p, path.n) == 0;
}

void place_read(struct place *place, const struct host_list *hosts, const struct exchange *x,
		struct known_place *known)
{
	struct slice host = x->host.n ? x->host : x->sni;
	struct slice path = x->path;

	if (is_known(known, host, x->port, path)) {
		*place = known->place;
		return;
	}
	judge_place(place, hosts, host, x->port, path);
	known->host = known->path = 0;
	if (!host.n || !path.n || host.n > sizeof(known->bytes) ||
	    path.n > sizeof(known->bytes) - host.n)
		return;
	known->host = host.n;
	known->path = path.n;
	known->port = x->port;
	memcpy(mempcpy(known->bytes, host.p, host.n), path.p, path.n);
	known->place = *place;
	if (place->twice.p)
		known->place.twice.p = known->bytes + host.n + (place->twice.p - path.p);
}
