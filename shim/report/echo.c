/* SPDX-License-Identifier: MIT */
#include "report/echo.h"

#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "diagnose/credential_checks.h"
#include "diagnose/escaped.h"

enum {
	ANCHOR = 4,                     /* bytes that are compared at once */
	STEP = ECHO_PIECE - ANCHOR + 1, /* each piece holds an anchor that begins at such a step */
	READ_MAX = 512,                 /* bytes of a stretch that is read */
	SLOTS = 1024,                   /* a power of two, so large that few anchors share a slot */
	SHORTEST = 5,                   /* of a secret that is looked for as a word */
};

/*
 * Where each ANCHOR bytes of the secrets begin, by hash. The places of all secrets are numbered in
 * one row, from 1; 0: none.
 */
struct anchors {
	const struct secret_echo *all;
	size_t count; /* of places */
	uint8_t first[SLOTS];
	uint8_t next[LIMIT_ECHO + 1]; /* place in the same slot */
};
_Static_assert(LIMIT_ECHO <= UINT8_MAX, "a place is a byte");

static uint32_t word_at(const char *p)
{
	uint32_t word;

	memcpy(&word, p, ANCHOR);
	return word;
}

/* The multiplier is 2^32 / golden ratio. */
static size_t slot_of(uint32_t word)
{
	return (word * 0x9E3779B9U) >> 22 & (SLOTS - 1);
}

static size_t places_in(struct slice was)
{
	return was.n < ECHO_PIECE ? 0 : was.n - ANCHOR + 1;
}

static void find_anchors(struct anchors *a, const struct secret_echo *all, size_t count)
{
	size_t place = 0;

	memset(a->first, 0, sizeof(a->first));
	for (size_t i = 0; i < count; i++) {
		const char *p = all[i].was.p;
		const char *end = p + places_in(all[i].was);
		for (; p < end && place < LIMIT_ECHO; p++) {
			uint8_t *first = &a->first[slot_of(word_at(p))];
			a->next[++place] = *first;
			*first = (uint8_t)place;
		}
	}
	a->all = all;
	a->count = place;
}

/* Bytes that JSON does not escape: replacing them breaks no escape and no quotation. */
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

/* The secret of PLACE; *AT: where in it. */
static const struct secret_echo *secret_of(const struct anchors *a, size_t place, size_t *at)
{
	const struct secret_echo *e = a->all;

	for (*at = place - 1; *at >= places_in(e->was); e++)
		*at -= places_in(e->was);
	return e;
}

/* The longest piece of a secret at AT of TEXT; *AS: its replacement, NULL for asterisks. */
static struct slice piece_at(const struct anchors *a, struct slice text, size_t at, const char **as)
{
	struct slice longest = { NULL, 0 };
	size_t place = a->first[slot_of(word_at(text.p + at))];

	for (; place; place = a->next[place]) {
		size_t from;
		const struct secret_echo *e = secret_of(a, place, &from);
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

/* The next piece of a secret in TEXT at or after *FROM, which moves on; n == 0: there is none. */
static struct slice next_piece(const struct anchors *a, struct slice text, size_t *from,
			       const char **as)
{
	for (size_t at = *from; at + ANCHOR <= text.n; at += STEP) {
		if (!a->first[slot_of(word_at(text.p + at))])
			continue;
		*as = NULL;
		struct slice piece = piece_at(a, text, at, as);
		if (piece.n >= ECHO_PIECE) {
			*from = at + STEP;
			return piece;
		}
	}
	return (struct slice){ NULL, 0 };
}

static void replace_exact(const struct anchors *a, const struct slice *stay, size_t stay_count,
			  char *p, size_t n)
{
	struct slice piece;
	const char *as;

	for (size_t at = 0; (piece = next_piece(a, (struct slice){ p, n }, &at, &as)).n;) {
		char *to = p + (piece.p - p);
		if (stays(stay, stay_count, piece))
			continue;
		if (as)
			memcpy(to, as, piece.n);
		else
			memset(to, '*', piece.n);
	}
}

/* A stretch of text as it is read: escapes undone, blanks left out. */
struct echo_reading {
	char plain[READ_MAX];
	uint32_t at[READ_MAX]; /* where each byte begins in the text */
	unsigned char length[READ_MAX];
	size_t n;
	size_t end;   /* the text up to here was read */
	bool differs; /* from the text */
};

/* How many bytes at AT separate groups and are no part of what they separate. */
static size_t gap_length(struct slice s, size_t at)
{
	struct slice rest = slice_from(s, at);
	char c = s.p[at];

	if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
		return 1;
	if (c == '\\' && rest.n > 1 && memchr("nrt\\", rest.p[1], 4))
		return rest.p[1] == '\\' ? 1 : 2;
	if (slice_starts(rest, SLICE("\xc2\xa0")))
		return 2;
	/* U+200B to U+200D: zero width */
	return rest.n > 2 && slice_starts(rest, SLICE("\xe2\x80")) &&
		       (unsigned char)rest.p[2] >= 0x8b && (unsigned char)rest.p[2] <= 0x8d
		   ? 3
		   : 0;
}

/* Neither a blank nor the beginning of an escape. */
static bool is_usual(char c)
{
	return c > ' ' && c != '\\' && c != '%' && c != '&' && c != 0x7f;
}

static void read_on(struct echo_reading *r, struct slice text, size_t from)
{
	size_t at = from;
	char byte = 0;

	r->n = 0;
	r->differs = false;
	while (at < text.n && r->n < READ_MAX) {
		if (is_usual(text.p[at])) {
			r->plain[r->n] = text.p[at];
			r->length[r->n] = 1;
			r->at[r->n++] = (uint32_t)at++;
			continue;
		}
		size_t gap = gap_length(text, at);
		size_t n = gap || !may_escape(text.p[at]) ? 0 : escaped_character(text, at, &byte);
		r->differs |= gap || n;
		if (gap) {
			at += gap;
			continue;
		}
		r->plain[r->n] = n ? byte : text.p[at];
		r->at[r->n] = (uint32_t)at;
		r->length[r->n++] = (unsigned char)(n ? n : 1);
		at += n ? n : 1;
	}
	r->end = at;
}

/* As replace_exact(), of secrets that are written in another way. P NULL: only look. Is there one? */
static bool replace_read(const struct anchors *a, const struct slice *stay, size_t stay_count,
			 struct slice text, char *p)
{
	struct echo_reading r;
	bool found = false;

	for (size_t from = 0; from < text.n;) {
		struct slice piece;
		const char *as;
		read_on(&r, text, from);
		struct slice plain = { r.plain, r.n };
		for (size_t at = 0; r.differs && (piece = next_piece(a, plain, &at, &as)).n;) {
			size_t first = (size_t)(piece.p - r.plain);
			if (stays(stay, stay_count, piece))
				continue;
			found = true;
			for (size_t i = 0; p && i < piece.n; i++)
				escaped_put(p + r.at[first + i], r.length[first + i],
					    as ? as[i] : '*');
		}
		/* A piece over the edge is seen whole in the next stretch. */
		from = r.end == text.n ? r.end : r.at[r.n - 2 * ECHO_PIECE];
	}
	return found;
}

void echo_replace(const struct secret_echo *all, size_t count, const struct slice *stay,
		  size_t stay_count, char *p, size_t n)
{
	struct anchors a;

	find_anchors(&a, all, count);
	if (a.count == 0)
		return;
	/* First what is written in another way: of a secret in two parts one may be short. */
	replace_read(&a, stay, stay_count, (struct slice){ p, n }, p);
	replace_exact(&a, stay, stay_count, p, n);
}

/* Letters and something else: no word of a message, nor a member's name. */
static bool is_telling(struct slice word)
{
	bool letter = false, other = false;

	for (size_t i = 0; i < word.n; i++) {
		letter |= is_letter(word.p[i]);
		other |= !is_letter(word.p[i]) && word.p[i] != '_' && word.p[i] != '-';
		if (!is_inside(word.p[i]))
			return false;
	}
	return word.n >= SHORTEST && letter && other;
}

static bool is_alone(struct slice text, size_t at, size_t n)
{
	return !(at && is_token_byte(text.p[at - 1])) &&
	       !(at + n < text.n && is_token_byte(text.p[at + n]));
}

/*
 * Put asterisks for WORD, a secret too short for anchors, where the server may
 * have repeated it. What the body has, too, is a model or another plain value.
 */
static void replace_word(const struct check_input *e, struct slice word, const struct slice *stay,
			 size_t stay_count, char *p, size_t n)
{
	struct slice text = { p, n };

	if (!is_telling(word) || stays(stay, stay_count, word) ||
	    slice_has(buf_slice(&e->x->request.body.bytes), word) ||
	    !slice_has(buf_slice(&e->x->response.body.bytes), word))
		return;
	for (long at = 0; (at = slice_find(text, word, (size_t)at)) >= 0; at += (long)word.n)
		if (is_alone(text, (size_t)at, word.n))
			memset(p + at, '*', word.n);
}

/* Short tokens, and the password that a Basic credential contains. */
static void scrub_words(const struct check_input *e, const struct slice *stay, size_t stay_count,
			char *p, size_t n)
{
	char room[256], shown[TOKEN_MASK_SIZE];
	struct slice user, password;

	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *c = &e->credentials.all[i];
		if (!c->known)
			continue;
		if (c->token.n < ECHO_PIECE) {
			token_mask(c->token, shown);
			if (!slice_has(slice_of(shown), c->token))
				replace_word(e, c->token, stay, stay_count, p, n);
		}
		if (slice_equal_nocase(c->scheme, SLICE("basic")) &&
		    basic_read(c, room, sizeof(room), &user, &password))
			replace_word(e, password, stay, stay_count, p, n);
	}
	memset(room, 0, sizeof(room));
	__asm__ volatile("" : : "r"(room) : "memory"); /* as explicit_bzero(3), of glibc 2.25 */
}

void scrub_echo(const struct check_input *e, char *p, size_t n)
{
	struct secret_echo all[LIMIT_CREDENTIALS];
	char shown[LIMIT_CREDENTIALS][TOKEN_MASK_SIZE];
	struct slice stay[LIMIT_CREDENTIALS + 2];
	size_t count = 0;

	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *c = &e->credentials.all[i];
		/* A base URL in place of a key may be shown: mask_text() masks what is secret in a URL. */
		if (!c->known || c->token.n < ECHO_PIECE || c->shape.kind == TOKEN_URL)
			continue;
		if (c != e->credential)
			token_mask(c->token, shown[count]);
		stay[count] = slice_of(c == e->credential ? e->shown : shown[count]);
		all[count++] = (struct secret_echo){ c->token, NULL };
	}
	stay[count] = e->x->host;
	stay[count + 1] = e->x->path;
	if (e->answer.failed)
		scrub_words(e, stay, count + 2, p, n);
	struct anchors a;
	find_anchors(&a, all, count);
	if (a.count == 0)
		return;
	/* Only refusals repeat a key in another form, and rarely: the answer is shorter than P. */
	struct slice said = slice_sub(buf_slice(&e->x->response.body.bytes), 0, LIMIT_ECHO_ANSWER);
	if (e->answer.failed && replace_read(&a, NULL, 0, said, NULL))
		replace_read(&a, stay, count + 2, (struct slice){ p, n }, p);
	replace_exact(&a, stay, count + 2, p, n);
}
