/* SPDX-License-Identifier: MIT */
#include "wire/body.h"

#include "wire/message.h"

int body_begin(struct body_reader *r, struct message *m, struct stream_report *report,
	       size_t body_max)
{
	*r = (struct body_reader){ .m = m, .exact = true };
	(void)report;
	buf_init(&m->body.bytes, body_max);
	return 0;
}

long body_take(struct body_reader *r, const char *bytes, size_t n)
{
	struct body *body = &r->m->body;
	body->total += n;
	body->decoded += n;
	if (r->counting)
		return (long)n;
	size_t room = body->bytes.max - body->bytes.n;
	size_t want = n < room ? n : room;
	if (buf_add_some(&body->bytes, bytes, want) < want)
		return -1;
	body->truncated = want < n;
	r->counting = want < n;
	return (long)n;
}

void body_finish(struct body_reader *r, bool whole)
{
	if (r->m)
		r->m->body.complete = whole;
	r->m = NULL;
}

void body_skip(struct body_reader *r, size_t n)
{
	r->m->body.total += n;
	r->m->body.counted_only = true;
	r->counting = true;
}

void body_count_into(struct body_reader *r, struct message *m)
{
	body_release(r);
	r->m = m;
	r->counting = true;
}

void body_release(struct body_reader *r)
{
	buf_release(&r->coded);
	*r = (struct body_reader){ 0 };
}
