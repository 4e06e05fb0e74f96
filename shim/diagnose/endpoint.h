/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ENDPOINT_H
#define ORSHIM_ENDPOINT_H

/* Where a request goes: what its host, port and path say by themselves. */
#include "diagnose/endpoint_paths.h"
#include "diagnose/host_name.h"
#include "diagnose/hosts.h"
#include "wire/exchange.h"

/* Endpoint kinds, by the end of the path. */
enum endpoint_kind {
	ENDPOINT_OTHER,
	ENDPOINT_CHAT,        /* /chat/completions */
	ENDPOINT_COMPLETIONS, /* /completions */
	ENDPOINT_RESPONSES,
	ENDPOINT_MESSAGES,
	ENDPOINT_EMBEDDINGS,
	ENDPOINT_MODELS, /* public on OpenRouter */
	ENDPOINT_KEY,    /* /key, /auth/key */
};

struct endpoint {
	const struct vendor *vendor; /* whose API the host serves; NULL: unknown */
	bool is_openrouter;          /* vendor is OpenRouter ("OR" of the catalogue) */
	bool is_private;             /* host_is_private(): loopback, LAN */
	bool is_api;                 /* host watched or path a known endpoint */
	enum endpoint_kind kind;
	const char *locations; /* vendor_locations(); "" without a vendor */
	/* The segment of the path that is wrongly there twice; "//" gives an empty one; absent. */
	struct slice repeated_segment;
};

/* An endpoint for as long as requests go there: most tools ask at one. */
struct cached_endpoint {
	size_t host, path; /* bytes of both, one behind the other in BYTES; 0, 0: none is known */
	uint16_t port;
	char bytes[LIMIT_CACHED_ENDPOINT];
	struct endpoint endpoint; /* its slice points into BYTES */
};

/* PATH without the slashes at its end; "/" stays. */
static inline struct slice path_without_slash(struct slice path)
{
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	return path;
}

/* Where X goes; HOSTS always the same for one CACHED. Good until the next call with CACHED. */
void endpoint_read(struct endpoint *endpoint, const struct host_list *hosts,
		   const struct exchange *x, struct cached_endpoint *cached);

#endif
