/* SPDX-License-Identifier: MIT */
#include "report/echo.h"

#include <string.h>

enum {
	ANCHOR = 8,                     /* bytes that are compared at once */
	STEP = ECHO_PIECE - ANCHOR + 1, /* each piece holds an anchor that begins at such a step */
	SLOTS = 512,                    /* a power of two, twice LIMIT_ECHO or more */
};

/* Where each ANCHOR bytes of the secrets begin, by hash. */
struct anchors {
	const struct echo *all;
	struct {
		uint16_t which; /* of `all`, from 1; 0: empty */
		uint16_t at;
	} slots[SLOTS];
	size_t used;
};

static uint64_t word_at(const char *p)
{
	uint64_t word;

	memcpy(&word, p, ANCHOR);
	return word;
}

/* The multiplier is 2^64 / golden ratio. */
static size_t slot_of(uint64_t word)
{
	return (size_t)((word * 0x9E3779B97F4A7C15ULL) >> 55) & (SLOTS - 1);
}

/* The secret's place in the table, or the empty slot where it would be. */
static size_t find_slot(const struct anchors *a, uint64_t word)
{
	size_t slot = slot_of(word);

	while (a->slots[slot].which &&
	       word_at(a->all[a->slots[slot].which - 1].was.p + a->slots[slot].at) != word)
		slot = (slot + 1) & (SLOTS - 1);
	return slot;
}

/* What JSON and people read as it stands: nothing that is replaced was an escape or a quote. */
static bool is_inside(char c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '\\';
}

static bool is_anchor(const char *p)
{
	for (size_t i = 0; i < ANCHOR; i++)
		if (!is_inside(p[i]))
			return false;
	return true;
}

static void add_anchors(struct anchors *a, size_t which)
{
	struct slice was = a->all[which].was;

	for (size_t at = 0; was.n >= ECHO_PIECE && at + ANCHOR <= was.n; at++) {
		if (a->used >= LIMIT_ECHO)
			return;
		size_t slot = find_slot(a, word_at(was.p + at));
		if (a->slots[slot].which || !is_anchor(was.p + at))
			continue;
		a->slots[slot].which = (uint16_t)(which + 1);
		a->slots[slot].at = (uint16_t)at;
		a->used++;
	}
}

static bool stays(const struct slice *stay, size_t count, struct slice piece)
{
	for (size_t i = 0; i < count; i++)
		if (slice_has(stay[i], piece))
			return true;
	return false;
}

void echo_replace(const struct echo *all, size_t count, const struct slice *stay, size_t stay_count,
		  char *p, size_t n)
{
	struct anchors a = { .all = all };

	for (size_t i = 0; i < count; i++)
		add_anchors(&a, i);
	for (size_t at = 0; a.used && at + ANCHOR <= n; at += STEP) {
		size_t slot = find_slot(&a, word_at(p + at));
		if (!a.slots[slot].which)
			continue;
		const struct echo *e = &all[a.slots[slot].which - 1];
		size_t from = a.slots[slot].at, to = from;
		size_t begin = at, end = at;
		for (; from && begin && e->was.p[from - 1] == p[begin - 1]; from--, begin--)
			if (!is_inside(p[begin - 1]))
				break;
		for (; to < e->was.n && end < n && e->was.p[to] == p[end]; to++, end++)
			if (!is_inside(p[end]))
				break;
		struct slice piece = { p + begin, end - begin };
		if (piece.n < ECHO_PIECE || stays(stay, stay_count, piece))
			continue;
		if (e->now)
			memcpy(p + begin, e->now + from, piece.n);
		else
			memset(p + begin, '*', piece.n);
	}
}

void echo_blot(const struct evidence *e, char *p, size_t n)
{
	struct echo all[LIMIT_CREDENTIALS];
	char shown[LIMIT_CREDENTIALS][TOKEN_SHOWN_MAX];
	struct slice stay[LIMIT_CREDENTIALS + 2];
	size_t count = 0;

	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *c = &e->credentials.all[i];
		/* A base URL in a key's place may be said; what is secret in a URL, redact_text() knows. */
		if (!c->known || c->token.n < ECHO_PIECE || c->shape.form == FORM_URL)
			continue;
		token_show(c->token, shown[count]);
		stay[count] = slice_of(shown[count]);
		all[count++] = (struct echo){ c->token, NULL };
	}
	stay[count] = e->x->host;
	stay[count + 1] = e->x->path;
	echo_replace(all, count, stay, count + 2, p, n);
}
