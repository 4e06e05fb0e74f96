/* SPDX-License-Identifier: MIT */
#include "diagnose/host_name.h"

#include <string.h>

struct slice host_bare(struct slice host)
{
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		return slice_sub(host, 1, host.n - 2);
	if (host.n > 1 && host.p[host.n - 1] == '.')
		host.n--;
	return host;
}

bool host_fits_pattern(struct slice pattern, struct slice host)
{
	long star = slice_byte(pattern, '*', 0);

	if (star < 0)
		return slice_equal_nocase(host_bare(pattern), host);
	struct slice before = slice_sub(pattern, 0, (size_t)star);
	struct slice after = slice_from(pattern, (size_t)star + 1);
	return host.n > before.n + after.n && slice_starts_nocase(host, before) &&
	       slice_equal_nocase(slice_from(host, host.n - after.n), after);
}

bool host_fits(const char *patterns, struct slice host)
{
	struct slice pattern;

	host = host_bare(host);
	if (host.n == 0)
		return false;
	/* Asked of every vendor for every host: most patterns are left by their first letter. */
	for (const char *p = patterns; *p; p += pattern.n + (p[pattern.n] == ' ')) {
		pattern = (struct slice){ p, (size_t)(strchrnul(p, ' ') - p) };
		if ((*p == '*' || *p == (host.p[0] | 0x20)) && host_fits_pattern(pattern, host))
			return true;
	}
	return false;
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
	return host_fits_pattern(SLICE("*.home.arpa"), host);
}

bool host_is_private(struct slice host)
{
	unsigned char octets[4];

	host = host_bare(host);
	if (host.n == 0)
		return false;
	if (slice_byte(host, ':', 0) >= 0)
		return ipv6_is_private(host);
	if (host.p[0] >= '0' && host.p[0] <= '9' && parse_ipv4(host, octets))
		return ipv4_is_private(octets);
	return is_private_name(host);
}
