/* SPDX-License-Identifier: MIT */
#include "tools/redirect/upstream.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* S as a string of at most SIZE - 1 bytes, if it consists of ALLOWED characters only. */
static bool copy(char *to, size_t size, struct slice s, const char *allowed)
{
	for (size_t i = 0; i < s.n; i++)
		if (!s.p[i] || !strchr(allowed, s.p[i]))
			return false;
	return snprintf(to, size, "%.*s", SLICE_ARG(s)) < (int)size;
}

static bool parse_port(uint16_t *port, struct slice digits)
{
	unsigned value = 0;

	if (digits.n == 0 || digits.n > 5)
		return false;
	for (size_t i = 0; i < digits.n; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return false;
		value = value * 10 + (unsigned)(digits.p[i] - '0');
	}
	*port = (uint16_t)value;
	return value > 0 && value <= UINT16_MAX;
}

const char *upstream_parse(struct upstream *up, const char *url)
{
	struct slice rest = slice_of(url);
	struct slice host, path;
	size_t n;

	*up = (struct upstream){ .port = UPSTREAM_PORT };
	if (!slice_starts(rest, SLICE("https://")))
		return "it must start with https://";
	rest = slice_from(rest, 8);
	n = strcspn(rest.p, "/");
	host = (struct slice){ rest.p, n };
	path = slice_from(rest, n);
	while (path.n && path.p[path.n - 1] == '/')
		path.n--;
	n = strcspn(host.p, ":/");
	if (n < host.n && !parse_port(&up->port, slice_from(host, n + 1)))
		return "its port must be a number from 1 to 65535";
	if (n < host.n)
		host.n = n;
	if (host.n == 0 || !copy(up->host, sizeof(up->host), host, LETTERS DIGITS ".-"))
		return "its host must be a name or an IPv4 address";
	if (!copy(up->path, sizeof(up->path), path.n ? path : SLICE("/api/v1"),
		  LETTERS DIGITS "/._~-"))
		return "its path may hold letters, digits and / . _ ~ - only";
	n = (size_t)snprintf(up->authority, sizeof(up->authority), "%s", up->host);
	if (up->port != UPSTREAM_PORT)
		snprintf(up->authority + n, sizeof(up->authority) - n, ":%u", up->port);
	return NULL;
}
