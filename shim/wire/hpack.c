/* SPDX-License-Identifier: MIT */
#include "wire/hpack.h"

#include <stdlib.h>

#include <nghttp2/nghttp2.h>

#include "wire/hpack_midstream.h"

struct hpack {
	nghttp2_hd_inflater *inflater; /* NULL when late */
	struct hpack_midstream *midstream;
	struct slice block;
	bool bad;
};

struct hpack *hpack_new(bool midstream)
{
	struct hpack *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	if (midstream)
		h->midstream = hpack_midstream_new();
	else if (nghttp2_hd_inflate_new(&h->inflater) != 0)
		h->inflater = NULL;
	if (!h->midstream && !h->inflater) {
		free(h);
		return NULL;
	}
	return h;
}

void hpack_free(struct hpack *h)
{
	if (!h)
		return;
	if (h->inflater)
		nghttp2_hd_inflate_del(h->inflater);
	hpack_midstream_free(h->midstream);
	free(h);
}

int hpack_limit(struct hpack *h, size_t size)
{
	if (!h->inflater)
		return 0;
	if (size > LIMIT_HPACK_TABLE)
		size = LIMIT_HPACK_TABLE;
	return nghttp2_hd_inflate_change_table_size(h->inflater, size) == NGHTTP2_ERR_NOMEM ? -1
											    : 0;
}

void hpack_begin(struct hpack *h, struct slice block)
{
	h->block = block;
	if (h->midstream)
		hpack_midstream_begin(h->midstream, block);
}

static enum hpack_result next_inflated(struct hpack *h, struct hpack_field *field)
{
	for (;;) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t taken = nghttp2_hd_inflate_hd2(h->inflater, &nv, &flags,
						       (const uint8_t *)h->block.p, h->block.n, 1);
		if (taken < 0)
			return taken == NGHTTP2_ERR_NOMEM ? HPACK_NO_MEMORY : HPACK_BAD;
		h->block = slice_from(h->block, (size_t)taken);
		if (flags & NGHTTP2_HD_INFLATE_EMIT) {
			*field = (struct hpack_field){ { (const char *)nv.name, nv.namelen },
						       { (const char *)nv.value, nv.valuelen },
						       true };
			return HPACK_FIELD;
		}
		if (flags & NGHTTP2_HD_INFLATE_FINAL) {
			nghttp2_hd_inflate_end_headers(h->inflater);
			return HPACK_END;
		}
		if (taken == 0)
			return HPACK_BAD;
	}
}

enum hpack_result hpack_next(struct hpack *h, struct hpack_field *field)
{
	if (h->bad)
		return HPACK_BAD;
	enum hpack_result result =
	    h->midstream ? hpack_midstream_next(h->midstream, field) : next_inflated(h, field);
	h->bad = result == HPACK_BAD || result == HPACK_NO_MEMORY;
	return result;
}
