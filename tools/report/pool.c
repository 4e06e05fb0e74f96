/* SPDX-License-Identifier: MIT */
#include "tools/report/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "diagnose/mask.h"
#include "report/json_out.h"
#include "tools/command.h"

enum { POOL_MAX = 1 << 30 };

/* A piece is TEXT[at..at+n); its lookup key may differ: the text before masking. */
struct piece {
	size_t at, n;
	size_t key, key_n;
	uint64_t hash;
};

struct pool {
	struct buf text;
	struct piece *pieces; /* the one of number I + 1 */
	size_t count, room;
	unsigned *slots; /* open addressing: numbers, 0 is free */
	size_t size;     /* a power of two */
	struct buf scratch, shown;
};

struct pool *pool_new(void)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (!p || !(p->slots = calloc(1024, sizeof(*p->slots))))
		die("out of memory");
	p->size = 1024;
	buf_init(&p->text, POOL_MAX);
	buf_init(&p->scratch, 8 * LIMIT_LINE);
	buf_init(&p->shown, LIMIT_LINE);
	return p;
}

void pool_free(struct pool *p)
{
	buf_release(&p->text);
	buf_release(&p->scratch);
	buf_release(&p->shown);
	free(p->pieces);
	free(p->slots);
	free(p);
}

/* RAW texts hash to other values than pieces. */
static uint64_t hash_of_text(struct slice s, bool raw)
{
	uint64_t h = hash_add(raw ? 0x9e3779b97f4a7c15ULL : HASH_START, s);

	return h ^ (h >> 32);
}

static unsigned *slot_of(struct pool *p, struct slice key, uint64_t hash)
{
	size_t i = hash & (p->size - 1);

	for (; p->slots[i]; i = (i + 1) & (p->size - 1)) {
		const struct piece *x = &p->pieces[p->slots[i] - 1];
		if (x->hash == hash && x->key_n == key.n &&
		    (key.n == 0 || memcmp(p->text.p + x->key, key.p, key.n) == 0))
			break;
	}
	return &p->slots[i];
}

static void widen(struct pool *p)
{
	size_t size = p->size * 2;
	unsigned *slots = calloc(size, sizeof(*slots));

	if (!slots)
		die("out of memory");
	for (size_t n = 0; n < p->count; n++) {
		size_t i = p->pieces[n].hash & (size - 1);
		while (slots[i])
			i = (i + 1) & (size - 1);
		slots[i] = (unsigned)n + 1;
	}
	free(p->slots);
	p->slots = slots;
	p->size = size;
}

/* Append the piece JSON, whose lookup key is KEY; RAW: KEY is not JSON. */
static unsigned add(struct pool *p, struct slice json, struct slice key, bool raw)
{
	struct piece piece = { .at = p->text.n, .n = json.n, .key_n = key.n };

	piece.hash = hash_of_text(key, raw);
	if (buf_add_slice(&p->text, json) != 0)
		die("report: the page does not fit into %d bytes", POOL_MAX);
	piece.key = piece.at;
	if (raw) {
		/* Masking mostly changes nothing: then the piece contains its key. */
		piece.key++;
		if (json.n != key.n + 2 || (key.n && memcmp(json.p + 1, key.p, key.n) != 0)) {
			piece.key = p->text.n;
			if (buf_add_slice(&p->text, key) != 0)
				die("report: the page does not fit into %d bytes", POOL_MAX);
		}
	}
	if (p->count == p->room) {
		p->room = p->room ? 2 * p->room : 1024;
		p->pieces = realloc(p->pieces, p->room * sizeof(*p->pieces));
		if (!p->pieces)
			die("out of memory");
	}
	p->pieces[p->count++] = piece;
	return (unsigned)p->count;
}

static unsigned keep(struct pool *p, unsigned *slot, unsigned number)
{
	*slot = number;
	if (2 * p->count > p->size)
		widen(p);
	return number;
}

unsigned pool_json(struct pool *p, struct slice json)
{
	unsigned *slot = slot_of(p, json, hash_of_text(json, false));

	return *slot ? *slot : keep(p, slot, add(p, json, json, false));
}

unsigned pool_text(struct pool *p, const char *text)
{
	struct json_out j;

	if (!text)
		return 0;
	buf_reset(&p->scratch);
	json_out_init(&j, &p->scratch);
	json_put_string(&j, slice_of(text));
	if (!json_out_ok(&j))
		die("report: a text does not fit into %d bytes", 8 * LIMIT_LINE);
	return pool_json(p, buf_slice(&p->scratch));
}

unsigned pool_wire(struct pool *p, const char *text)
{
	struct slice raw = slice_of(text);
	struct json_out j;

	if (!text)
		return 0;
	unsigned *slot = slot_of(p, raw, hash_of_text(raw, true));
	if (*slot)
		return *slot;
	buf_reset(&p->shown);
	mask_text(&p->shown, raw, LIMIT_SHOWN_MESSAGE);
	buf_reset(&p->scratch);
	json_out_init(&j, &p->scratch);
	json_put_string(&j, p->shown.n ? buf_slice(&p->shown) : SLICE(""));
	if (!json_out_ok(&j))
		die("out of memory");
	return keep(p, slot, add(p, buf_slice(&p->scratch), raw, true));
}

void put_inert(struct buf *out, struct slice json)
{
	while (json.n) {
		const char *at = memchr(json.p, '<', json.n);
		size_t n = at ? (size_t)(at - json.p) : json.n;
		if (buf_add(out, json.p, n) != 0)
			die("report: the page does not fit into %zu bytes", out->max);
		if (at)
			say(out, "\\u003c");
		json = slice_from(json, n + (at != NULL));
	}
}

void pool_put(const struct pool *p, struct buf *out)
{
	say(out, "[null");
	for (size_t i = 0; i < p->count; i++) {
		say(out, ",");
		put_inert(out, (struct slice){ p->text.p + p->pieces[i].at, p->pieces[i].n });
	}
	say(out, "]");
}
