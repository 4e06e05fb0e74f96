/* SPDX-License-Identifier: MIT */
#include "base/private_address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

static bool is_private_v4(const unsigned char o[4])
{
	return o[0] == 127 || o[0] == 10 || o[0] == 0 || (o[0] == 192 && o[1] == 168) ||
	       (o[0] == 172 && (o[1] & 0xf0) == 16) || (o[0] == 169 && o[1] == 254) ||
	       (o[0] == 100 && (o[1] & 0xc0) == 64);
}

static bool is_private_v6(const unsigned char o[16])
{
	static const unsigned char loopback[16] = { [15] = 1 };
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(o, mapped, sizeof(mapped)) == 0)
		return is_private_v4(o + sizeof(mapped));
	return memcmp(o, loopback, sizeof(loopback)) == 0 || (o[0] & 0xfe) == 0xfc ||
	       (o[0] == 0xfe && (o[1] & 0xc0) == 0x80);
}

bool address_is_private(const struct sockaddr *address, socklen_t n)
{
	const char *bytes = (const char *)address;
	unsigned char octets[16];

	if (!address || n < sizeof(address->sa_family))
		return false;
	if (address->sa_family == AF_INET && n >= sizeof(struct sockaddr_in)) {
		memcpy(octets, bytes + offsetof(struct sockaddr_in, sin_addr), 4);
		return is_private_v4(octets);
	}
	/* Without a scope it may be 24 bytes long (SIN6_LEN_RFC2133). */
	if (address->sa_family == AF_INET6 && n >= 24) {
		memcpy(octets, bytes + offsetof(struct sockaddr_in6, sin6_addr), 16);
		return is_private_v6(octets);
	}
	return false;
}

int begins_request(const char *bytes, size_t n)
{
	/* "PRI " begins the preface of HTTP/2, RFC 9113 section 3.4. */
	static const char starts[][9] = { "POST ",   "GET ",     "PUT ",  "PATCH ",
					  "DELETE ", "OPTIONS ", "HEAD ", "PRI " };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		size_t whole = strnlen(starts[i], sizeof(starts[0]));
		size_t here = n < whole ? n : whole;
		if (memcmp(bytes, starts[i], here) == 0)
			return here == whole;
	}
	return -1;
}
