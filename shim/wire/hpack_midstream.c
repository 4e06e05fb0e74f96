/* SPDX-License-Identifier: MIT */
#include "wire/hpack_midstream.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "base/buf.h"

/*
 * STATIC_COUNT: RFC 7541 appendix A. ENTRY_OVERHEAD: section 4.1; it also
 * bounds the number of entries, because each counts at least so much.
 */
enum { STATIC_COUNT = 61, ENTRY_OVERHEAD = 32, INTEGER_MAX = 1 << 24 };

struct hpack_entry {
	bool known;
	size_t name_n;
	size_t value_n;
	char bytes[]; /* name, then value */
};

/* A string literal: its encoded bytes and its text. */
struct literal {
	struct slice wire; /* length prefix and all */
	struct slice text; /* not yet decoded if huffman */
	bool huffman;
};

struct hpack_midstream {
	struct slice block;
	struct hpack_entry **entries; /* oldest first */
	size_t count;
	size_t room;
	size_t size;
	size_t limit; /* the table's, as far as we know */
	nghttp2_hd_inflater
	    *plain; /* knows the static table and Huffman's code; its own table stays empty */
	struct buf name;
	struct buf value;
};

struct hpack_midstream *hpack_midstream_new(void)
{
	struct hpack_midstream *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	if (nghttp2_hd_inflate_new(&h->plain) != 0) {
		free(h);
		return NULL;
	}
	h->limit = NGHTTP2_DEFAULT_HEADER_TABLE_SIZE;
	buf_init(&h->name, LIMIT_HEAD);
	buf_init(&h->value, LIMIT_HEAD);
	return h;
}

void hpack_midstream_free(struct hpack_midstream *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->count; i++)
		free(h->entries[i]);
	free(h->entries);
	nghttp2_hd_inflate_del(h->plain);
	buf_release(&h->name);
	buf_release(&h->value);
	free(h);
}

void hpack_midstream_begin(struct hpack_midstream *h, struct slice block)
{
	h->block = block;
}

/* An integer with an N-bit prefix (section 5.1); false: cut or absurd. */
static bool read_integer(struct slice *in, int bits, size_t *value)
{
	size_t mask = (1u << bits) - 1;

	if (in->n == 0)
		return false;
	*value = (unsigned char)in->p[0] & mask;
	*in = slice_from(*in, 1);
	if (*value < mask)
		return true;
	for (int shift = 0; shift <= 21; shift += 7) {
		if (in->n == 0)
			return false;
		unsigned char c = (unsigned char)in->p[0];
		*in = slice_from(*in, 1);
		*value += (size_t)(c & 0x7f) << shift;
		if (!(c & 0x80))
			return *value < INTEGER_MAX;
	}
	return false;
}

/* Section 5.2. */
static bool read_literal(struct slice *in, struct literal *s)
{
	struct slice begin = *in;
	size_t n;

	s->huffman = in->n && (in->p[0] & 0x80);
	if (!read_integer(in, 7, &n) || n > in->n)
		return false;
	s->text = slice_sub(*in, 0, n);
	*in = slice_from(*in, n);
	s->wire = slice_sub(begin, 0, begin.n - in->n);
	return true;
}

/*
 * TO becomes the text of S: Huffman's code is undone by asking nghttp2 for a
 * field "x" with that value.
 */
static enum hpack_result decode_literal(struct hpack_midstream *h, const struct literal *s,
					struct buf *to)
{
	struct slice text = s->text;
	nghttp2_nv nv = { 0 };
	int flags = 0;

	if (s->huffman) {
		struct buf block;
		buf_init(&block, LIMIT_HEAD + 16);
		if (buf_add(&block, "\x00\x01x", 3) != 0 || buf_add_slice(&block, s->wire) != 0) {
			buf_release(&block);
			return HPACK_NO_MEMORY;
		}
		ssize_t taken = nghttp2_hd_inflate_hd2(h->plain, &nv, &flags,
						       (const uint8_t *)block.p, block.n, 1);
		buf_release(&block);
		if (taken < 0)
			return taken == NGHTTP2_ERR_NOMEM ? HPACK_NO_MEMORY : HPACK_BAD;
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT))
			return HPACK_BAD;
		text = (struct slice){ (const char *)nv.value, nv.valuelen };
	}
	buf_reset(to);
	bool kept = buf_add_slice(to, text) == 0;
	if (s->huffman) {
		nghttp2_hd_inflate_hd2(h->plain, &nv, &flags, NULL, 0, 1);
		nghttp2_hd_inflate_end_headers(h->plain);
	}
	return kept ? HPACK_FIELD : HPACK_NO_MEMORY;
}

/* What index means; a field that is not known when it points beyond what we saw. False: index 0. */
static bool look_up(struct hpack_midstream *h, size_t index, struct hpack_field *field)
{
	*field = (struct hpack_field){ SLICE(""), SLICE(""), false };
	if (index == 0)
		return false;
	if (index <= STATIC_COUNT) {
		const nghttp2_nv *nv = nghttp2_hd_inflate_get_table_entry(h->plain, index);
		if (nv)
			*field = (struct hpack_field){ { (const char *)nv->name, nv->namelen },
						       { (const char *)nv->value, nv->valuelen },
						       true };
		return true;
	}
	size_t back = index - STATIC_COUNT;
	if (back > h->count)
		return true;
	const struct hpack_entry *e = h->entries[h->count - back];
	*field = (struct hpack_field){ { e->bytes, e->name_n },
				       { e->bytes + e->name_n, e->value_n },
				       e->known };
	return true;
}

static void evict_oldest(struct hpack_midstream *h)
{
	struct hpack_entry *e = h->entries[0];

	h->size -= e->name_n + e->value_n + ENTRY_OVERHEAD;
	h->count--;
	memmove(h->entries, h->entries + 1, h->count * sizeof(*h->entries));
	free(e);
}

/* False without memory. An entry that is dropped here is unknown later, never wrong. */
static bool insert(struct hpack_midstream *h, const struct hpack_field *f)
{
	size_t size = f->name.n + f->value.n + ENTRY_OVERHEAD;

	/*
	 * Too large to enter empties the table (section 4.4); if it did enter,
	 * it is just not known.
	 */
	if (size > h->limit) {
		while (h->count)
			evict_oldest(h);
		return true;
	}
	if (h->count == h->room) {
		size_t room = h->room ? h->room * 2 : 32;
		struct hpack_entry **all = realloc(h->entries, room * sizeof(struct hpack_entry *));
		if (!all)
			return false;
		h->entries = all;
		h->room = room;
	}
	struct hpack_entry *e = malloc(sizeof(*e) + f->name.n + f->value.n);
	if (!e)
		return false;
	e->known = f->known;
	e->name_n = f->name.n;
	e->value_n = f->value.n;
	memcpy(e->bytes, f->name.p, f->name.n);
	memcpy(e->bytes + f->name.n, f->value.p, f->value.n);
	h->entries[h->count++] = e;
	h->size += size;
	while (h->size > LIMIT_HPACK_TABLE)
		evict_oldest(h);
	return true;
}

/* A literal whose name has INDEX, or follows if it is 0 (section 6.2). */
static enum hpack_result read_field(struct hpack_midstream *h, size_t index, bool indexed,
				    struct hpack_field *field)
{
	struct literal name;
	struct literal value;
	enum hpack_result result = HPACK_FIELD;

	if (index == 0) {
		if (!read_literal(&h->block, &name))
			return HPACK_BAD;
		result = decode_literal(h, &name, &h->name);
	} else {
		look_up(h, index, field);
		buf_reset(&h->name);
		if (buf_add_slice(&h->name, field->name) != 0)
			return HPACK_NO_MEMORY;
	}
	bool known = index == 0 || field->known;
	if (result != HPACK_FIELD)
		return result;
	if (!read_literal(&h->block, &value))
		return HPACK_BAD;
	result = decode_literal(h, &value, &h->value);
	if (result != HPACK_FIELD)
		return result;
	*field = (struct hpack_field){ buf_slice(&h->name), buf_slice(&h->value), known };
	if (!known)
		field->name = field->value = SLICE("");
	return !indexed || insert(h, field) ? HPACK_FIELD : HPACK_NO_MEMORY;
}

enum hpack_result hpack_midstream_next(struct hpack_midstream *h, struct hpack_field *field)
{
	while (h->block.n) {
		unsigned char first = (unsigned char)h->block.p[0];
		bool indexed = (first & 0xc0) == 0x40;
		size_t index;
		if (first & 0x80) {
			bool good = read_integer(&h->block, 7, &index) && look_up(h, index, field);
			return good ? HPACK_FIELD : HPACK_BAD;
		}
		if ((first & 0xe0) == 0x20) { /* evicts old entries, to which nothing refers any more */
			if (!read_integer(&h->block, 5, &h->limit))
				return HPACK_BAD;
			continue;
		}
		if (!read_integer(&h->block, indexed ? 6 : 4, &index))
			return HPACK_BAD;
		return read_field(h, index, indexed, field);
	}
	return HPACK_END;
}
