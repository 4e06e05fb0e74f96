/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_VENDORS_H
#define ORSHIM_VENDORS_H

/*
 * The API vendors: their hosts, the header they want the key in, what their
 * keys look like, and which environment variables carry them. One table,
 * vendors.def, and the user's ORSHIM_HOSTS on top.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/slice.h"

/* Holds no pointer: see struct rule. */
struct vendor {
	char id[16];     /* "openrouter" */
	char title[24];  /* "OpenRouter" */
	char hosts[112]; /* separated by spaces; "*.x" matches any depth below x */
	/* Lower case: "authorization" (Bearer), "x-api-key", "api-key", "x-goog-api-key". */
	char header[16];
	char prefixes[64]; /* of its keys, separated by spaces; "" if they have none of their own */
	char variables[80]; /* environment variables that usually hold its key, best first */
};

extern const struct vendor vendors[];
extern const size_t vendor_count;

/* The vendor whose key usually stands in the environment variable NAME; NULL: nobody's. */
const struct vendor *vendor_of_variable(struct slice name);

const struct vendor *vendor_named(struct slice id);

/*
 * Whose key TOKEN is, by its public prefix; the longest prefix wins. NULL if
 * none fits or a bare "sk-" cannot tell.
 */
const struct vendor *vendor_of_key(struct slice token);

/* False: TOKEN has no prefix of the table's, going by its first two bytes. */
bool vendor_may_own(struct slice token);

/* The longest of VENDOR's prefixes that TOKEN starts with, as part of TOKEN; n == 0: none. */
struct slice vendor_key_prefix(const struct vendor *vendor, struct slice token);

/* The hosts that are watched: the table's and those of ORSHIM_HOSTS. */
struct host_entry {
	struct slice pattern;        /* host or "*.domain", lower or upper case */
	uint16_t port;               /* 0: any */
	const struct vendor *vendor; /* NULL: watched, no vendor's rules */
};

struct host_list {
	struct host_entry entries[LIMIT_HOSTS];
	size_t count;
};

/*
 * SPEC is the text of ORSHIM_HOSTS; slices of it are kept. False if an entry
 * was not understood; *WRONG is then the first, the others are in force.
 */
bool hosts_init(struct host_list *hosts, const char *spec, struct slice *wrong);

/*
 * Is HOST (and PORT, 0 unknown) watched, and by whose rules? *VENDOR may be
 * NULL with true: watched without a vendor. The user's entries come first.
 */
bool hosts_find(const struct host_list *hosts, struct slice host, uint16_t port,
		const struct vendor **vendor);

/* A loopback, private, link-local address or a name such as localhost, *.local, *.internal. */
bool host_is_private(struct slice host);

/* Does PATH end in an endpoint of an OpenAI- or Anthropic-style API? */
bool path_is_endpoint(struct slice path);

#endif
