/* SPDX-License-Identifier: MIT */
#include "diagnose/hosts.h"

#include "base/ascii.h"
#include "diagnose/host_name.h"

static bool is_host_byte(char c)
{
	return is_token_byte(c) || c == '.';
}

static bool is_pattern(struct slice pattern)
{
	bool literal = pattern.n > 2 && pattern.p[0] == '[' && pattern.p[pattern.n - 1] == ']';
	struct slice rest =
	    slice_starts(pattern, SLICE("*.")) ? slice_from(pattern, 2) : host_bare(pattern);

	if (rest.n == 0)
		return false;
	for (size_t i = 0; i < rest.n; i++)
		if (!is_host_byte(rest.p[i]) && !(literal && rest.p[i] == ':'))
			return false;
	return true;
}

/* The colon before the port; the colons of an IPv6 literal are in brackets. */
static long port_colon(struct slice host)
{
	long bracket = host.n && host.p[0] == '[' ? slice_byte(host, ']', 0) : 0;

	return bracket < 0 ? -1 : slice_byte(host, ':', (size_t)bracket);
}

/* host[:port][=vendor] */
static bool entry_parse(struct host_entry *entry, struct slice text)
{
	struct slice name = text;
	struct slice host;

	*entry = (struct host_entry){ .port = 0 };
	slice_cut(&name, '=', &host);
	if (name.p) {
		entry->vendor = vendor_named(slice_trim(name));
		if (!entry->vendor)
			return false;
	}
	host = slice_trim(host);
	long colon = port_colon(host);
	if (colon >= 0) {
		unsigned long long port;
		if (!slice_number(slice_from(host, (size_t)colon + 1), &port) || port == 0 ||
		    port > 65535)
			return false;
		entry->port = (uint16_t)port;
		host = slice_sub(host, 0, (size_t)colon);
	}
	entry->pattern = host;
	return is_pattern(host);
}

bool hosts_init(struct host_list *hosts, const char *spec, struct slice *wrong)
{
	struct slice rest = slice_of(spec);
	struct slice text;
	bool understood = true;

	hosts->count = 0;
	while (slice_cut(&rest, ',', &text)) {
		struct host_entry entry;
		text = slice_trim(text);
		if (text.n == 0)
			continue;
		if (hosts->count < LIMIT_HOSTS && entry_parse(&entry, text)) {
			hosts->entries[hosts->count++] = entry;
		} else if (understood) {
			understood = false;
			*wrong = text;
		}
	}
	return understood;
}

static const struct vendor *vendor_of_host(struct slice host)
{
	for (size_t i = 0; i < vendor_count; i++)
		if (host_fits(vendors[i].hosts, host))
			return &vendors[i];
	return NULL;
}

/* Are requests for PATH, absent when it is not known, calls of VENDOR's API? */
static bool is_served(const struct vendor *vendor, struct slice path)
{
	struct slice rest = slice_of(vendor->paths);
	struct slice part;

	if (rest.n == 0)
		return true;
	while (list_next(&rest, &part))
		if (slice_has(path, part))
			return true;
	return false;
}

bool hosts_find(const struct host_list *hosts, struct slice host, uint16_t port, struct slice path,
		const struct vendor **vendor)
{
	host = host_bare(host);
	const struct vendor *owner = host.n ? vendor_of_host(host) : NULL;

	if (owner && !is_served(owner, path))
		owner = NULL;
	*vendor = owner;
	for (size_t i = 0; host.n && i < hosts->count; i++) {
		const struct host_entry *entry = &hosts->entries[i];
		/* A request that names no port goes to 443: nothing but TLS is seen here. */
		if (entry->port && entry->port != (port ? port : 443))
			continue;
		if (!host_fits_pattern(entry->pattern, host))
			continue;
		if (entry->vendor)
			*vendor = entry->vendor;
		return true;
	}
	return owner != NULL;
}

bool hosts_may_find(const struct host_list *hosts, struct slice host, uint16_t port)
{
	const struct vendor *vendor;

	return vendor_of_host(host_bare(host)) ||
	       hosts_find(hosts, host, port, (struct slice){ NULL, 0 }, &vendor);
}
