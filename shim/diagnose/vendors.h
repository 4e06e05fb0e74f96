/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_VENDORS_H
#define ORSHIM_VENDORS_H

/*
 * The API vendors: their hosts, where they read the key, which environment
 * variables carry key and base URL, and which of their hosts know which keys.
 * One table, vendors.def, which also has the forms of their keys
 * (vendor_keys.h).
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum vendor_id {
#define VENDOR(id, ...) VENDOR_##id,
#include "diagnose/vendors.def"
	VENDOR_COUNT
};

/* Holds no pointer: see struct rule. Lists are words separated by spaces. */
struct vendor {
	char id[20];     /* "openrouter" */
	char title[32];  /* "OpenRouter" */
	char hosts[208]; /* patterns of host_name.h */
	char paths[40];  /* only requests whose path contains one of these are the API's; "": all */
	/*
	 * The header that usually carries the key, lower case: "authorization"
	 * (Bearer), "x-api-key", "api-key" ... What differs by path: vendor_locations().
	 */
	char header[28];
	char variables[120]; /* usual environment variables for its key, best first */
	char base_urls[120]; /* usual environment variables for its base URL, best first */
	/* Passes keys of other vendors on: a key of another vendor is right here. */
	bool gateway;
	/* Every key it accepts has one of the forms of its KEY rows. */
	bool keys_certain;
};

extern const struct vendor vendors[];
extern const size_t vendor_count;

const struct vendor *vendor_named(struct slice id);

/* The vendor whose key the environment variable NAME is for; NULL: none. */
const struct vendor *vendor_of_variable(struct slice name);

/* The vendor whose base URL the environment variable NAME is for; NULL: none. */
const struct vendor *vendor_of_base_url(struct slice name);

/*
 * The headers in which VENDOR reads a key in requests for PATH, the documented
 * one first, as names separated by spaces; "url" is a query parameter (?key=).
 */
const char *vendor_locations(const struct vendor *vendor, struct slice path);

/* Is HEADER, a name in lower case or "url", one of vendor_locations()? */
bool vendor_reads(const struct vendor *vendor, struct slice path, struct slice header);

/* Hosts of one vendor that do not know each other's keys. */
struct vendor_bound {
	unsigned char vendor; /* enum vendor_id */
	char hosts[208];
	char at[32];     /* only there the wrong key is likely; "": at all of them */
	char prefix[20]; /* only keys that begin so are bound; "": all */
	char where[80];  /* what to call the hosts when they cannot be listed; "": HOSTS says all */
	char says[120];  /* one sentence without its full stop: what a key is bound to */
};

/* What binds TOKEN at HOST; NULL: all hosts of VENDOR take it, as far as is known. */
const struct vendor_bound *vendor_bound(const struct vendor *vendor, struct slice token,
					struct slice host);

/* A plan whose keys have their own prefix and hosts, and a key and a host that do not fit. */
struct vendor_plan {
	const char *prefix; /* of the plan's keys */
	bool is_of_plan; /* the key is one of them and the host is not; else it is the other way */
	const char *hosts; /* the right hosts: a list of patterns */
};

/* False: no plan is known that speaks against TOKEN at HOST. */
bool vendor_plan(const struct vendor *vendor, struct slice token, struct slice host,
		 struct vendor_plan *plan);

/* A plan that is paid for apart, and whose calls have their own path. */
struct vendor_plan_path {
	unsigned char vendor; /* enum vendor_id */
	char plan[24];        /* what the vendor calls it */
	char path[24];        /* where it is served */
	char other[24];       /* where everything else is paid for as it is used */
};

/* The plan of VENDOR that is not served at PATH but next to it; NULL: none is known. */
const struct vendor_plan_path *vendor_plan_path(const struct vendor *vendor, struct slice path);

/* Is NAME one of the words of LIST? Case counts. */
bool list_has(const char *list, struct slice name);

/* The next word of a list; false at its end. *REST begins as the whole list. */
bool list_next(struct slice *rest, struct slice *word);

#endif
