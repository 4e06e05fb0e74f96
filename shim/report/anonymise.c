/* SPDX-License-Identifier: MIT */
/* Tokens, identifiers and the secrets inside texts. */
#include "report/anonymise.h"

#include "diagnose/mask.h"
#include "report/field_display.h"

enum {
	SALTS = 16,      /* tries to find a stand-in with the shape of the original */
	KEPT_REPEAT = 8, /* equal characters in a row that are no secret but a sample */
	SHORT_ID = 8,    /* below this an identifier is only a number or a letter */
	DECODED_MAX = 1024,
};

/* One thing that was replaced. */
struct pseudonym {
	uint64_t was; /* hash of what stood there */
	uint64_t now; /* and of what stands there instead */
	uint32_t salt;
};

void anonymise_init(struct pseudonyms *d)
{
	*d = (struct pseudonyms){ 0 };
}

void anonymise_release(struct pseudonyms *d)
{
	free(d->all);
	*d = (struct pseudonyms){ 0 };
}

/* FNV-1a; collisions only make two secrets look alike. */
static uint64_t hash_of(const char *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 0x100000001b3ULL;
	return h;
}

/* Index of what stands in for the N bytes at P; `count` if they are new. */
static size_t find(const struct pseudonyms *d, uint64_t was)
{
	size_t i = d->count;

	/* The latest first: conversations repeat what was said last. */
	while (i > 0)
		if (d->all[--i].was == was)
			return i;
	return d->count;
}

/* As find(); makes a row if there is none. May give `count` at the ceiling. */
static size_t find_or_add(struct pseudonyms *d, uint64_t was)
{
	size_t i = find(d, was);

	if (i < d->count || d->count == LIMIT_PSEUDONYMS)
		return i;
	/* Room is doubled whenever the count reaches a power of two. */
	if ((d->count & (d->count - 1)) == 0) {
		size_t room = d->count ? d->count * 2 : 1;
		struct pseudonym *all = realloc(d->all, room * sizeof(*all));
		if (!all)
			return d->count;
		d->all = all;
	}
	d->all[d->count++] = (struct pseudonym){ .was = was };
	return i;
}

/* Do the bytes stand in for something already? */
static bool is_pseudonym(const struct pseudonyms *d, uint64_t hash)
{
	for (size_t i = d->count; i-- > 0;)
		if (d->all[i].now == hash)
			return true;
	return false;
}

static unsigned prng(size_t ordinal, uint32_t salt, size_t at)
{
	uint64_t h = (ordinal + 1) * 0x9e3779b97f4a7c15ULL + salt * 0xc2b2ae3d27d4eb4fULL +
		     at * 0x165667b19e3779f9ULL;

	h = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9ULL;
	return (unsigned)((h ^ (h >> 32)) & 0xffff);
}

/* The characters among which C's stand-in is drawn; NULL: C stays. */
static const char *same_class(char c)
{
	if (c >= '0' && c <= '9')
		return "0123456789";
	if (c >= 'a' && c <= 'f')
		return "abcdef";
	if (c >= 'g' && c <= 'z')
		return "ghijklmnopqrstuvwyz";
	if (c >= 'A' && c <= 'F')
		return "ABCDEF";
	return c >= 'G' && c <= 'Z' ? "GHIJKLMNOPQRSTUVWYZ" : NULL;
}

static bool all_hex(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_hex_byte(s.p[i]))
			return false;
	return s.n >= 16;
}

/* How many bytes equal to P's first stand there in a row. */
static size_t repeat_length(const char *p, size_t n)
{
	size_t i = 1;

	while (i < n && p[i] == p[0])
		i++;
	return i;
}

/*
 * Replace the bytes at P. Neighbours that were equal stay equal and others
 * become none, so that no row of equal ones comes or goes (placeholder.c sees
 * a sample in eight). Of pure hex nothing shines through, not even where its
 * letters were.
 */
static void substitute(char *p, size_t n, size_t ordinal, uint32_t salt)
{
	bool hex = all_hex((struct slice){ p, n });
	char before = '\0'; /* as it was */

	for (size_t i = 0; i < n; i++) {
		size_t row = repeat_length(p + i, n - i);
		if (row >= KEPT_REPEAT && p[i] != before) {
			before = p[i];
			i += row - 1;
			continue;
		}
		const char *class = hex ? "0123456789abcdef" : same_class(p[i]);
		char c = p[i];
		if (class && c == before && !hex) {
			p[i] = p[i - 1];
		} else if (class) {
			size_t size = strlen(class);
			size_t at = prng(ordinal, salt, i) % size;
			if (i && class[at] == p[i - 1])
				at = (at + 1) % size;
			p[i] = class[at];
		}
		before = c;
	}
}

/* Parts of a key that tell whose it is, wherever they stand. */
static const struct slice marks[] = { SLICE("T3BlbkFJ"), SLICE("_enc_") };

static void put_marks_back(char *p, struct slice was)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		long at = slice_find(was, marks[i], 0);
		if (at >= 0)
			memcpy(p + at, marks[i].p, marks[i].n);
	}
}

static bool is_taken(const struct pseudonyms *d, size_t mine, uint64_t now)
{
	for (size_t i = d->count; i-- > 0;)
		if (i != mine && d->all[i].now == now)
			return true;
	return false;
}

/* Replace all of P but the first HEAD and the last TAIL bytes. */
static void replace(struct pseudonyms *d, char *p, size_t n, size_t head, size_t tail)
{
	char was[DECODED_MAX];
	size_t kept = n < sizeof(was) ? n : sizeof(was);

	if (head + tail >= n || is_pseudonym(d, hash_of(p, n)))
		return;
	size_t i = find_or_add(d, hash_of(p, n));
	memcpy(was, p, kept);
	for (uint32_t salt = i < d->count ? d->all[i].salt : 0;; salt++) {
		memcpy(p, was, kept);
		substitute(p + head, n - head - tail, i, salt);
		put_marks_back(p, (struct slice){ was, kept });
		if (i == d->count)
			return;
		uint64_t now = hash_of(p, n);
		bool known = d->all[i].now == now;
		if (known || n > kept || salt >= d->all[i].salt + SALTS || !is_taken(d, i, now)) {
			d->all[i].now = now;
			d->all[i].salt = salt;
			return;
		}
	}
}

/* Words around keys in slips; token_show() shows them too. */
static bool is_public(struct slice run)
{
	static const char words[][14] = {
		"export",        "set",       "setx",  "apiKey", "api_key",     "apikey",
		"api-key",       "x-api-key", "key",   "token",  "Key",         "Authorization",
		"authorization", "type",      "sk-or", "sk",     "v1",          "json",
		"env",           "txt",       "pem",   "enc",    "private_key", "http",
		"https",         "H",
	};

	if (is_scheme_word(run) || is_variable_name(run) || is_literal(run))
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_equal(run, slice_of(words[i])))
			return true;
	return false;
}

/* One key without another glued to it. */
static void replace_key(struct pseudonyms *d, char *p, size_t n, size_t prefix)
{
	bool openrouter = slice_starts_nocase((struct slice){ p, n }, SLICE("sk-or-v1-"));

	/* As show_ends() of token.c: the ends of a key are shown if enough is hidden. */
	if (n - prefix < 16)
		replace(d, p, n, prefix, 0);
	else
		replace(d, p, n, prefix + (openrouter ? 3 : 0), 4);
}

/* A run of token bytes that may be, or hold, a secret. */
static void replace_run(struct pseudonyms *d, char *p, size_t n)
{
	struct slice run = { p, n };
	size_t prefix = key_prefix(run);
	bool bare = is_bare_openrouter(run);

	/* sk-0r-v1-: what is left of the prefix is what is wrong with it. */
	if (prefix == 3 && bare && !is_hex_byte(run.p[n - 65])) {
		replace(d, p, n, n - 64 + 3, 4);
	} else if (prefix) {
		long second = prefix >= 4 ? slice_find(run, slice_sub(run, 0, prefix), prefix) : -1;
		size_t first = second < 0 ? n : (size_t)second;
		replace_key(d, p, first, prefix);
		if (first < n)
			replace_key(d, p + first, n - first, prefix);
	} else if (bare) {
		replace(d, p, n, n - 64 + 3, 4);
	} else if (slice_starts(run, SLICE("eyJ"))) {
		replace(d, p, n, 3, 0);
	} else if (slice_starts(run, SLICE("gAAAAA"))) {
		replace(d, p, n, 6, 0);
	} else {
		replace(d, p, n, 0, 0);
	}
}

static void replace_runs(struct pseudonyms *d, char *p, size_t n)
{
	struct slice all = { p, n };

	for (size_t i = 0; i < n;) {
		size_t run = token_run(all, i);
		if (run == 0) {
			i++;
			continue;
		}
		/* %20sk-…: the digits of an escape are no part of what follows it. */
		size_t skip = i && p[i - 1] == '%' && run >= 2 ? 2 : 0;
		if (run > skip && !is_public((struct slice){ p + i + skip, run - skip }))
			replace_run(d, p + i + skip, run - skip);
		i += run;
	}
}

static bool same_part(struct slice a, struct slice a_of, struct slice b, struct slice b_of)
{
	return a.n == b.n && (!a.n || a.p - a_of.p == b.p - b_of.p);
}

/* Would the rules see the same in A and in B? Both are N bytes long. */
static bool same_shape(struct slice a, struct slice b)
{
	struct token_shape x, y;

	shape_read(&x, a);
	shape_read(&y, b);
	return x.form == y.form && x.vendor == y.vendor && same_part(x.core, a, y.core, b) &&
	       same_part(x.part, a, y.part, b) && same_part(x.again, a, y.again, b) &&
	       x.opening.n == y.opening.n && x.closing.n == y.closing.n;
}

/* Whatever is shown whole is no secret. */
static bool is_shown_whole(struct slice token)
{
	char shown[TOKEN_SHOWN_MAX];

	token_show(token, shown);
	return slice_equal(slice_of(shown), token);
}

/* Of N bytes, without padding; how many digits. */
static size_t encode_base64(const char *in, size_t n, bool url, char *out)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	const char *last = url ? "-_" : "+/";
	unsigned bits = 0;
	int held = 0;
	size_t done = 0;

	for (size_t i = 0; i < n || held;) {
		if (held < 6 && i < n) {
			bits = bits << 8 | (unsigned char)in[i++];
			held += 8;
		} else if (held < 6) {
			bits <<= 6 - held;
			held = 6;
		}
		held -= 6;
		unsigned six = bits >> held & 63;
		out[done++] = six < 62 ? digits[six] : last[six - 62];
	}
	return done;
}

/* Decode P, have GO go over it, encode again. False: it is no base64, or too long. */
static bool within_base64(struct pseudonyms *d, char *p, size_t n,
			  void (*go)(struct pseudonyms *d, char *p, size_t n))
{
	char plain[DECODED_MAX];
	struct slice all = { p, n };
	long length = n / 4 * 3 < sizeof(plain) ? base64_decode(all, plain, sizeof(plain)) : -1;

	for (long i = 0; i < length; i++)
		if ((unsigned char)plain[i] >= 0x7f || (plain[i] < 0x20 && plain[i] != '\n'))
			return false;
	if (length < 1)
		return false;
	go(d, plain, (size_t)length);
	encode_base64(plain, (size_t)length,
		      slice_byte(all, '-', 0) >= 0 || slice_byte(all, '_', 0) >= 0, p);
	return true;
}

static void replace_plain(struct pseudonyms *d, char *p, size_t n)
{
	long colon = slice_byte((struct slice){ p, n }, ':', 0);
	size_t user = colon < 0 ? 0 : (size_t)colon;

	replace(d, p, user, 0, 0);
	replace(d, p + user, n - user, 0, 0);
}

void anonymise_basic(struct pseudonyms *d, char *p, size_t n)
{
	if (!within_base64(d, p, n, replace_plain))
		replace_runs(d, p, n);
}

/* Again and again, until the shape is what it was. */
static void replace_keeping_shape(struct pseudonyms *d, char *p, size_t n)
{
	size_t before = d->count;
	char *was = malloc(n);

	if (!was) {
		replace_runs(d, p, n);
		return;
	}
	memcpy(was, p, n);
	for (uint32_t turn = 0; turn <= SALTS; turn++) {
		for (size_t i = before; i < d->count; i++)
			d->all[i].salt = turn % SALTS * (SALTS + 1);
		memcpy(p, was, n);
		replace_runs(d, p, n);
		if (turn == SALTS || same_shape((struct slice){ was, n }, (struct slice){ p, n }))
			break;
	}
	free(was);
}

void anonymise_opaque(struct pseudonyms *d, char *p, size_t n)
{
	size_t at = 0;

	replace_runs(d, p, n);
	while (at < n && (unsigned char)p[at] < 0x80)
		at++;
	if (at < n)
		anonymise_letters(p, n);
}

void anonymise_token(struct pseudonyms *d, char *p, size_t n)
{
	struct slice token = { p, n };
	struct token_shape shape;

	if (n == 0 || is_shown_whole(token) || anonymise_escaped_token(d, p, n))
		return;
	shape_read(&shape, token);
	if (shape.form == FORM_ENCODED && shape.core.n &&
	    within_base64(d, p + (shape.core.p - p), shape.core.n, anonymise_token))
		return;
	if (shape.form == FORM_URL)
		anonymise_secrets(d, NULL, p, n, false);
	else
		replace_keeping_shape(d, p, n);
}

/* Identifiers that servers give out begin so. */
static size_t id_beginning(struct slice id)
{
	static const char starts[][10] = { "chatcmpl-", "chatcmpl_", "call_", "toolu_", "msg_",
					   "resp_",     "gen-",      "req_",  "fc_",    "user_" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (slice_starts(id, slice_of(starts[i])))
			return strlen(starts[i]);
	return 0;
}

void anonymise_id(struct pseudonyms *d, char *p, size_t n)
{
	if (n >= SHORT_ID)
		replace(d, p, n, id_beginning((struct slice){ p, n }), 0);
}

/* Does a piece of RUN look drawn by lot? As is_random() of redact.c, and a little more often. */
static bool is_random(struct slice run)
{
	size_t piece = 0, digits = 0, letters = 0;

	for (size_t i = 0; i <= run.n; i++) {
		char c = i < run.n ? run.p[i] : '-';
		if (c == '-' || c == '_') {
			if (piece >= 16 && digits > 2 && letters)
				return true;
			piece = digits = letters = 0;
			continue;
		}
		piece++;
		digits += c >= '0' && c <= '9';
		letters += (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
	}
	return false;
}

/* `Bearer `, `api_key=`, `"token": "`: what follows such a word is a secret if it is no word. */
static bool follows_name(struct slice text, size_t at)
{
	static const char names[][14] = { "bearer", "basic",  "key",      "token",
					  "secret", "passwd", "password", "signature",
					  "auth",   "cookie", "session",  "authorization" };
	size_t end = at;

	while (end && at - end < 6 && memchr(" \t\"'=:\\", text.p[end - 1], 7))
		end--;
	if (end == at)
		return false;
	struct slice before = slice_sub(text, 0, end);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slice name = slice_of(names[i]);
		if (before.n >= name.n &&
		    slice_equal_nocase(slice_from(before, before.n - name.n), name))
			return true;
	}
	return false;
}

static bool is_secret(struct slice text, size_t at, struct slice run)
{
	size_t prefix = key_prefix(run);

	if (prefix ? run.n >= prefix + 8 : is_bare_openrouter(run))
		return true;
	if (slice_starts(run, SLICE("eyJ")) && run.n >= 16)
		return true;
	if (run.n >= 32 && is_random(run) && id_beginning(run) == 0)
		return true;
	return run.n >= 8 && slice_has_digit(run) && follows_name(text, at);
}

/* If RUN quotes the beginning or the end of a key: let it quote the stand-in. */
static bool quote_key(const struct pseudonym_keys *keys, char *p, size_t n)
{
	struct slice run = { p, n };

	if (n < 5 || (!slice_has_digit(run) && !vendor_of_key(run)))
		return false;
	for (size_t i = 0; keys && i < keys->count; i++) {
		struct slice was = keys->all[i].was;
		struct slice now = keys->all[i].now;
		if (slice_starts(was, run)) {
			memcpy(p, now.p, n);
			return true;
		}
		if (slice_ends(was, run)) {
			memcpy(p, now.p + now.n - n, n);
			return true;
		}
	}
	return false;
}

static void anonymise_word(struct pseudonyms *d, const struct pseudonym_keys *keys,
			   struct slice text, char *p, size_t n)
{
	struct slice run = { p, n };

	if (is_public(run) || quote_key(keys, p, n))
		return;
	bool known = n >= SHORT_ID && slice_has_digit(run) && find(d, hash_of(p, n)) < d->count;
	if (slice_starts(run, SLICE("user_")) && n >= 16)
		replace(d, p, n, 5, 4);
	else if (known && id_beginning(run))
		anonymise_id(d, p, n);
	else if (known || is_secret(text, (size_t)(p - text.p), run))
		replace_run(d, p, n);
}

/* `://user:password@`: how many bytes were dealt with. */
static size_t anonymise_userinfo(char *p, size_t n)
{
	size_t end = 3;

	if (!slice_starts((struct slice){ p, n }, SLICE("://")))
		return 0;
	while (end < n && !memchr("/@?# \"<>\t\r\n", p[end], 11))
		end++;
	if (end == n || p[end] != '@')
		return 0;
	anonymise_text(p + 3, end - 3);
	return end;
}

void anonymise_secrets(struct pseudonyms *d, const struct pseudonym_keys *keys, char *p, size_t n,
		       bool escaped)
{
	struct slice text = { p, n };

	for (size_t i = 0; i < n;) {
		size_t coded = anonymise_escaped(d, keys, p + i, n - i, escaped);
		if (coded) {
			i += coded;
			continue;
		}
		if (escaped && p[i] == '\\') {
			i += i + 1 < n && p[i + 1] == 'u' ? 6 : 2;
			continue;
		}
		size_t run = token_run(text, i);
		if (run)
			anonymise_word(d, keys, text, p + i, run);
		size_t userinfo = run ? 0 : anonymise_userinfo(p + i, n - i);
		i += run ? run : userinfo ? userinfo : 1;
	}
}
