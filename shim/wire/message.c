/* SPDX-License-Identifier: MIT */
#include "wire/message.h"

#include <stdlib.h>
#include <string.h>

/* Fields are allocated for this many at first, then for the next power of two. */
enum { FIELDS_FIRST = 16 };

static void message_init(struct message *m)
{
	buf_init(&m->head, LIMIT_HEAD);
	m->fields_complete = true;
}

struct exchange *exchange_new(uint32_t connection, uint32_t seq, struct slice sni)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	if (sni.p) {
		x->memory = malloc(sni.n + 1);
		if (!x->memory) {
			free(x);
			return NULL;
		}
		memcpy(x->memory, sni.p, sni.n);
		x->sni = (struct slice){ x->memory, sni.n };
	}
	x->connection = connection;
	x->seq = seq;
	message_init(&x->request);
	message_init(&x->response);
	buf_init(&x->events.error, LIMIT_SSE_EVENT);
	buf_init(&x->events.error_event, LIMIT_SSE_EVENT);
	return x;
}

void message_release(struct message *m)
{
	buf_release(&m->head);
	buf_release(&m->body.bytes);
	free(m->fields);
}

void message_reset(struct message *m)
{
	struct message old = *m;

	message_release(&old);
	*m = (struct message){ 0 };
	message_init(m);
}

void message_blame(struct message *m, enum fault_id id, uint64_t at, int field)
{
	for (size_t i = 0; i < m->fault_count; i++)
		if (m->faults[i].id == id && m->faults[i].field == field)
			return;
	if (m->fault_count < LIMIT_FAULTS)
		m->faults[m->fault_count++] = (struct fault){ id, at, field };
}

int message_add_field(struct message *m, const struct field *f)
{
	size_t n = m->field_count;

	if (n >= LIMIT_FIELDS)
		return -1;
	if (!m->fields || (n >= FIELDS_FIRST && (n & (n - 1)) == 0)) {
		size_t room = n ? n * 2 : FIELDS_FIRST;
		struct field *all = realloc(m->fields, room * sizeof(*all));
		if (!all)
			return -1;
		m->fields = all;
	}
	m->fields[n] = *f;
	m->field_count = n + 1;
	return 0;
}

void message_count(struct message *m, size_t n, int64_t now_us)
{
	m->bytes += n;
	if (!m->first_us)
		m->first_us = now_us;
	m->last_us = now_us;
}

/*
 * Split AUTHORITY into host and port (RFC 3986 section 3.2). A port that is not a
 * number is left in the host, where people will see it.
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
 * The authority of an absolute-form target (RFC 9112 section 3.2.2), and REST made
 * to point behind it; absent for other forms.
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
