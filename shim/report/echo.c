/* SPDX-License-Identifier: MIT */
#include "report/echo.h"

#include <stdint.h>
#include <string.h>

enum {
	ANCHOR = 4,                     /* bytes that are compared at once */
	STEP = ECHO_PIECE - ANCHOR + 1, /* each piece holds an anchor that begins at such a step */
	SLOTS = 512,                    /* a power of two, twice LIMIT_ECHO or more */
};

/* Where each ANCHOR bytes of the secrets begin, by hash. Numbers of places count from 1. */
struct anchors {
	const struct echo *all;
	size_t count;
	uint16_t first[SLOTS]; /* place; 0: none */
	struct {
		uint16_t which; /* of `all` */
		uint16_t at;
		uint16_t next; /* place in the same slot; 0: none */
	} places[LIMIT_ECHO + 1];
};

static uint32_t word_at(const char *p)
{
	uint32_t word;

	memcpy(&word, p, ANCHOR);
	return word;
}

/* The multiplier is 2^32 / golden ratio. */
static size_t slot_of(uint32_t word)
{
	return (word * 0x9E3779B9U) >> 23 & (SLOTS - 1);
}

static void add_anchors(struct anchors *a, size_t which)
{
	struct slice was = a->all[which].was;

	if (was.n < ECHO_PIECE)
		return;
	for (size_t at = 0; at + ANCHOR <= was.n && a->count < LIMIT_ECHO; at++) {
		uint16_t *first = &a->first[slot_of(word_at(was.p + at))];
		uint16_t place = (uint16_t)++a->count;
		a->places[place].which = (uint16_t)which;
		a->places[place].at = (uint16_t)at;
		a->places[place].next = *first;
		*first = place;
	}
}

/* What JSON and people read as it stands: nothing that is replaced was an escape or a quote. */
static bool is_inside(char c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* The bytes around AT of TEXT that are those around FROM of WAS; *FROM becomes where they begin. */
static struct slice common(struct slice text, size_t at, struct slice was, size_t *from)
{
	size_t begin = at, end = at, to = *from;

	while (*from && begin && was.p[*from - 1] == text.p[begin - 1] &&
	       is_inside(text.p[begin - 1])) {
		--*from;
		begin--;
	}
	while (to < was.n && end < text.n && was.p[to] == text.p[end] && is_inside(text.p[end])) {
		to++;
		end++;
	}
	return slice_sub(text, begin, end - begin);
}

/* The longest piece of a secret at AT of TEXT; *AS: what stands for it, NULL for asterisks. */
static struct slice piece_at(const struct anchors *a, struct slice text, size_t at, const char **as)
{
	struct slice longest = { NULL, 0 };
	uint16_t place = a->first[slot_of(word_at(text.p + at))];

	for (; place; place = a->places[place].next) {
		const struct echo *e = &a->all[a->places[place].which];
		size_t from = a->places[place].at;
		struct slice piece = common(text, at, e->was, &from);
		if (piece.n <= longest.n)
			continue;
		longest = piece;
		*as = e->now ? e->now + from : NULL;
	}
	return longest;
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
	struct slice text = { p, n };
	struct anchors a;

	a.all = all;
	a.count = 0;
	memset(a.first, 0, sizeof(a.first));
	for (size_t i = 0; i < count; i++)
		add_anchors(&a, i);
	for (size_t at = 0; a.count && at + ANCHOR <= n; at += STEP) {
		const char *as = NULL;
		if (!a.first[slot_of(word_at(p + at))])
			continue;
		struct slice piece = piece_at(&a, text, at, &as);
		if (piece.n < ECHO_PIECE || stays(stay, stay_count, piece))
			continue;
		char *to = p + (piece.p - text.p);
		if (as)
			memcpy(to, as, piece.n);
		else
			memset(to, '*', piece.n);
	}
}

void scrub_echo(const struct evidence *e, char *p, size_t n)
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
		if (c != e->credential)
			token_show(c->token, shown[count]);
		stay[count] = slice_of(c == e->credential ? e->shown : shown[count]);
		all[count++] = (struct echo){ c->token, NULL };
	}
	stay[count] = e->x->host;
	stay[count + 1] = e->x->path;
	echo_replace(all, count, stay, count + 2, p, n);
}
