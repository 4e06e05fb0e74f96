/* SPDX-License-Identifier: MIT */
/* Where a request goes: RFC 9112 section 3.2 (target forms), RFC 3986 section 3.2 (authority). */
#include "wire/message.h"

/*
 * Split AUTHORITY into host and port. A port that is no number stays part of the
 * host, to be seen.
 */
static void set_authority(struct exchange *x, struct slice authority)
{
	unsigned long long port = 0;
	size_t host_end = authority.n;
	size_t from = 0;

	for (size_t i = authority.n; i > 0; i--)
		if (authority.p[i - 1] == '@') {
			authority = slice_from(authority, i);
			host_end = authority.n;
			break;
		}
	if (authority.n && authority.p[0] == '[') {
		long close = slice_byte(authority, ']', 0);
		from = close > 0 ? (size_t)close : authority.n;
	}
	long colon = slice_byte(authority, ':', from);
	if (colon >= 0) {
		struct slice digits = slice_from(authority, (size_t)colon + 1);
		if (digits.n == 0 || (slice_number(digits, &port) && port <= UINT16_MAX))
			host_end = (size_t)colon;
		else
			port = 0;
	}
	x->host = slice_sub(authority, 0, host_end);
	x->port = (uint16_t)port;
}

/*
 * The authority of an absolute-form target, and REST made to point behind it;
 * absent for other forms.
 */
static struct slice absolute_authority(struct slice *rest)
{
	if (slice_starts(*rest, SLICE("/")))
		return (struct slice){ NULL, 0 };
	long mark = slice_find(*rest, SLICE("://"), 0);
	long slash = slice_byte(*rest, '/', 0);

	if (mark <= 0 || slash < mark ||
	    (slice_byte(*rest, '?', 0) >= 0 && slice_byte(*rest, '?', 0) < mark))
		return (struct slice){ NULL, 0 };
	struct slice tail = slice_from(*rest, (size_t)mark + 3);
	size_t end = 0;
	while (end < tail.n && tail.p[end] != '/' && tail.p[end] != '?' && tail.p[end] != '#')
		end++;
	*rest = slice_from(tail, end);
	return slice_sub(tail, 0, end);
}

void exchange_set_address(struct exchange *x, struct slice authority)
{
	struct slice rest = x->request.target;

	if (slice_equal(x->request.method, SLICE("CONNECT"))) {
		x->path = rest;
		set_authority(x, rest);
		return;
	}
	struct slice own = absolute_authority(&rest);
	if (own.p)
		authority = own; /* RFC 9112 3.2.2: it wins over Host */
	if (authority.p)
		set_authority(x, authority);
	long mark = slice_byte(rest, '?', 0);
	x->path = mark < 0 ? rest : slice_sub(rest, 0, (size_t)mark);
	if (mark >= 0)
		x->query = slice_from(rest, (size_t)mark + 1);
	if (own.p && x->path.n == 0)
		x->path = SLICE("/");
}
