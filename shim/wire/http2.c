/* SPDX-License-Identifier: MIT */
#include "wire/http2.h"

struct http2 *http2_new(struct outbox *out, const struct wire_limits *limits, uint32_t number,
			struct slice sni, bool joined_late)
{
	(void)limits;
	(void)number;
	(void)sni;
	(void)joined_late;
	outbox_blind(out, "HTTP/2");
	return NULL;
}

void http2_free(struct http2 *h)
{
	(void)h;
}

void http2_feed(struct http2 *h, enum side side, struct slice in, int64_t now_us)
{
	(void)h;
	(void)side;
	(void)in;
	(void)now_us;
}

void http2_end(struct http2 *h, enum side side)
{
	(void)h;
	(void)side;
}

void http2_close(struct http2 *h)
{
	(void)h;
}

long http2_find_frame(struct slice in)
{
	(void)in;
	return -1;
}
