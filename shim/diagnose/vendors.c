/* SPDX-License-Identifier: MIT */
#include "diagnose/vendors.h"

const struct vendor vendors[] = {
#define VENDOR(id, title, hosts, header, prefixes, variables) \
	{ #id, title, hosts, header, prefixes, variables },
#include "diagnose/vendors.def"
#undef VENDOR
};

#define FITS(text, member) (sizeof(text) <= sizeof(vendors[0].member))
#define VENDOR(name, heading, places, field, beginnings, settings)                       \
	_Static_assert(FITS(#name, id) && FITS(heading, title) && FITS(places, hosts) && \
			   FITS(field, header) && FITS(beginnings, prefixes) &&          \
			   FITS(settings, variables),                                    \
		       "a text of " #name " is too long for struct vendor");
#include "diagnose/vendors.def"
#undef VENDOR

const size_t vendor_count = sizeof(vendors) / sizeof(vendors[0]);

/* The next word of a space-separated list. */
static bool next_word(struct slice *rest, struct slice *word)
{
	while (slice_cut(rest, ' ', word))
		if (word->n)
			return true;
	return false;
}

const struct vendor *vendor_named(struct slice id)
{
	for (size_t i = 0; i < vendor_count; i++)
		if (slice_equal_nocase(slice_of(vendors[i].id), id))
			return &vendors[i];
	return NULL;
}

const struct vendor *vendor_of_variable(struct slice name)
{
	for (size_t i = 0; i < vendor_count; i++) {
		struct slice rest = slice_of(vendors[i].variables);
		struct slice one;
		while (next_word(&rest, &one))
			if (slice_equal(one, name))
				return &vendors[i];
	}
	return NULL;
}

struct slice vendor_key_prefix(const struct vendor *vendor, struct slice token)
{
	size_t longest = 0;

	/* Asked for every word of every text that is shown: no calls, mostly one comparison a word. */
	for (const char *p = vendor->prefixes; *p;) {
		size_t n = 0;
		while (n < token.n && p[n] && p[n] == token.p[n] && p[n] != ' ')
			n++;
		if ((p[n] == ' ' || p[n] == '\0') && n > longest)
			longest = n;
		while (p[n] && p[n] != ' ')
			n++;
		p += p[n] ? n + 1 : n;
	}
	return slice_sub(token, 0, longest);
}

bool vendor_may_own(struct slice token)
{
	/* How the prefixes of vendors.def begin; a unit test holds them against it. */
	static const char beginnings[][2] = { "sk", "gs", "xa", "AI", "AQ", "nv", "hf", "ap",
					      "pp", "tg", "fw", "r8", "cs", "gh", "gi" };

	for (size_t i = 0; token.n >= 2 && i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (token.p[0] == beginnings[i][0] && token.p[1] == beginnings[i][1])
			return true;
	return false;
}

const struct vendor *vendor_of_key(struct slice token)
{
	const struct vendor *owner = NULL;
	size_t longest = 0;

	if (!vendor_may_own(token))
		return NULL;
	for (size_t i = 0; i < vendor_count; i++) {
		struct slice prefix = vendor_key_prefix(&vendors[i], token);
		if (prefix.n <= longest)
			continue;
		longest = prefix.n;
		owner = &vendors[i];
	}
	/* OpenAI's older keys begin like everybody's but carry "OpenAI" in base64 (trufflehog). */
	if (!owner && slice_starts(token, SLICE("sk-")) && slice_has(token, SLICE("T3BlbkFJ")))
		owner = vendor_named(SLICE("openai"));
	return owner;
}

/* HOST without the brackets of an IPv6 literal and without a final dot. */
static struct slice bare_host(struct slice host)
{
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		return slice_sub(host, 1, host.n - 2);
	if (host.n > 1 && host.p[host.n - 1] == '.')
		host.n--;
	return host;
}

static bool pattern_fits(struct slice pattern, struct slice host)
{
	if (!slice_starts(pattern, SLICE("*.")))
		return slice_equal_nocase(bare_host(pattern), host);
	struct slice suffix = slice_from(pattern, 1);
	return host.n > suffix.n && slice_equal_nocase(slice_from(host, host.n - suffix.n), suffix);
}

static bool is_host_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_';
}

static bool is_pattern(struct slice pattern)
{
	bool literal = pattern.n > 2 && pattern.p[0] == '[' && pattern.p[pattern.n - 1] == ']';
	struct slice rest =
	    slice_starts(pattern, SLICE("*.")) ? slice_from(pattern, 2) : bare_host(pattern);

	if (rest.n == 0)
		return false;
	for (size_t i = 0; i < rest.n; i++)
		if (!is_host_byte(rest.p[i]) && !(literal && rest.p[i] == ':'))
			return false;
	return true;
}

/* The colon before the port; the colons of an IPv6 literal stand in brackets. */
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
	for (size_t i = 0; i < vendor_count; i++) {
		struct slice rest = slice_of(vendors[i].hosts);
		struct slice pattern;
		while (next_word(&rest, &pattern))
			if (pattern_fits(pattern, host))
				return &vendors[i];
	}
	return NULL;
}

bool hosts_find(const struct host_list *hosts, struct slice host, uint16_t port,
		const struct vendor **vendor)
{
	host = bare_host(host);
	const struct vendor *owner = host.n ? vendor_of_host(host) : NULL;

	*vendor = owner;
	for (size_t i = 0; host.n && i < hosts->count; i++) {
		const struct host_entry *entry = &hosts->entries[i];
		/* A request that names no port goes to 443: nothing but TLS is seen here. */
		if (entry->port && entry->port != (port ? port : 443))
			continue;
		if (!pattern_fits(entry->pattern, host))
			continue;
		if (entry->vendor)
			*vendor = entry->vendor;
		return true;
	}
	return owner != NULL;
}

/* Four decimal numbers into OCTETS. */
static bool parse_ipv4(struct slice host, unsigned char octets[4])
{
	struct slice part;
	int count = 0;

	while (slice_cut(&host, '.', &part)) {
		unsigned long long value;
		if (count == 4 || part.n > 3 || !slice_number(part, &value) || value > 255)
			return false;
		octets[count++] = (unsigned char)value;
	}
	return count == 4;
}

/* RFC 1918, RFC 1122 (loopback, "this host"), RFC 3927 (link-local), RFC 6598 (shared). */
static bool ipv4_is_private(const unsigned char o[4])
{
	return o[0] == 127 || o[0] == 10 || o[0] == 0 || (o[0] == 192 && o[1] == 168) ||
	       (o[0] == 172 && (o[1] & 0xf0) == 16) || (o[0] == 169 && o[1] == 254) ||
	       (o[0] == 100 && (o[1] & 0xc0) == 64);
}

/* RFC 4291 (loopback, link-local fe80::/10), RFC 4193 (unique local fc00::/7). */
static bool ipv6_is_private(struct slice host)
{
	static const char starts[][4] = { "fc", "fd", "fe8", "fe9", "fea", "feb" };

	if (slice_equal(host, SLICE("::1")) || slice_equal(host, SLICE("::")))
		return true;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (slice_starts_nocase(host, slice_of(starts[i])))
			return true;
	if (slice_starts_nocase(host, SLICE("::ffff:"))) {
		unsigned char octets[4];
		return parse_ipv4(slice_from(host, 7), octets) && ipv4_is_private(octets);
	}
	return false;
}

/* Names that no public server answers to: RFC 6761, 6762, 8375, and what networks use. */
static bool is_private_name(struct slice host)
{
	static const char below[][10] = { "localhost", "local", "internal",
					  "lan",       "test",  "intranet" };
	struct slice last = host;

	for (long dot; (dot = slice_byte(last, '.', 0)) >= 0;)
		last = slice_from(last, (size_t)dot + 1);
	/* A name of one label is resolved locally: localhost, a container's name. */
	if (last.n == host.n)
		return true;
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++)
		if (slice_equal_nocase(last, slice_of(below[i])))
			return true;
	return pattern_fits(SLICE("*.home.arpa"), host);
}

bool host_is_private(struct slice host)
{
	unsigned char octets[4];

	host = bare_host(host);
	if (host.n == 0)
		return false;
	if (slice_byte(host, ':', 0) >= 0)
		return ipv6_is_private(host);
	if (host.p[0] >= '0' && host.p[0] <= '9' && parse_ipv4(host, octets))
		return ipv4_is_private(octets);
	return is_private_name(host);
}

bool path_is_endpoint(struct slice path)
{
	static const char ends[][23] = {
		"/chat/completions",
		"/completions",
		"/responses",
		"/messages",
		"/embeddings",
		"/models",
		"/key",
		"/credits",
		"/rerank",
		"/generation",
		"/audio/speech",
		"/audio/transcriptions",
		"/images/generations",
		"/messages/count_tokens",
		":generateContent",
		":streamGenerateContent",
	};

	if (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (slice_ends(path, slice_of(ends[i])))
			return true;
	return false;
}
