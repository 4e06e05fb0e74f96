/* SPDX-License-Identifier: MIT */
#include "report/anonymise.h"

#include "diagnose/encoded.h"
#include "diagnose/placeholder.h"
#include "diagnose/escaped.h"
#include "diagnose/secret_scan.h"
#include "diagnose/secret_words.h"
#include "report/anonymise_text.h"

enum {
	SHORT_ID = 8, /* below this an identifier is only a number or a letter */
	DECODED_MAX = 1024,
	PREFIX_LOOK = 64, /* bytes in which a prefix is looked for */
	QUOTE_LEAST = 5,  /* bytes of a key's beginning or end that are recognised in a text */
	QUOTE_MASKED = 3, /* the same beside a mask of the rest of the key */
};

/* One key without another glued to it. */
static void replace_key(struct pseudonyms *d, char *p, size_t n, size_t prefix)
{
	bool openrouter = slice_starts_nocase((struct slice){ p, n }, SLICE("sk-or-v1-"));

	/* As mask_run(): the ends of a key are shown if enough is hidden. */
	if (n - prefix < 16)
		pseudonym_replace(d, p, n, prefix, 0);
	else
		pseudonym_replace(d, p, n, prefix + (openrouter ? 3 : 0), 4);
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

/*
 * Decode P, call GO with the result, encode it again: as base64url if URL, or if P has
 * its characters. False: P is not base64, or too long.
 */
static bool within_base64(struct pseudonyms *d, char *p, size_t n, bool url,
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
	url = url || slice_byte(all, '-', 0) >= 0 || slice_byte(all, '_', 0) >= 0;
	encode_base64(plain, (size_t)length, url, p);
	return true;
}

/*
 * The claims that a diagnosis quotes (claims.h): issuer, audience, scopes. The other
 * strings of a JWT may name a person.
 */
static bool is_public_claim(struct slice name)
{
	static const char names[][6] = { "iss", "aud", "scp", "scope" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal(name, slice_of(names[i])))
			return true;
	return false;
}

/*
 * In a URL the parts that may name a customer become x's: the path, and the host
 * without its domain. Of Azure's hosts the whole name is needed to know the service.
 */
static void replace_public_claim(char *p, size_t n)
{
	struct slice all = { p, n };
	long scheme = slice_find(all, SLICE("://"), 0);
	size_t host = scheme < 0 ? n : (size_t)scheme + 3, end = host, dots = 0;

	while (end < n && p[end] != '/')
		end++;
	if (end < n)
		anonymise_string(p + end, n - end);
	if (slice_has(all, SLICE(".azure.com")))
		return;
	while (end > host && dots < 2)
		dots += p[--end] == '.';
	anonymise_text(p + host, end - host);
}

/* The last digits of a number as long as a time become ones. */
static size_t replace_number(char *p, size_t n)
{
	enum { DATE = 8, KEPT = 6 };
	size_t digits = 0;

	while (digits < n && is_digit(p[digits]))
		digits++;
	for (size_t i = KEPT; digits >= DATE && i < digits; i++)
		p[i] = '1';
	return digits;
}

/* The claims of a JWT and not its header, which has a member "alg" (RFC 7515 section 4.1.1). */
static bool is_claims(struct slice run)
{
	char plain[DECODED_MAX];
	long n = base64_decode(run, plain, sizeof(plain));

	return n > 0 && !slice_has((struct slice){ plain, (size_t)n }, SLICE("\"alg\""));
}

/* Claims of a JWT, decoded: their names stay. */
static void replace_claims(struct pseudonyms *d, char *p, size_t n)
{
	bool shown = false;

	(void)d;
	for (size_t i = 0; i < n; i++) {
		size_t from = i + 1, end = from;
		if (is_digit(p[i])) {
			i += replace_number(p + i, n - i) - 1;
			continue;
		}
		if (p[i] != '"')
			continue;
		while (end < n && p[end] != '"')
			end += p[end] == '\\' ? 2 : 1;
		end = end < n ? end : n;
		i = end;
		struct slice text = { p + from, end - from };
		size_t after = end + 1;
		while (after < n && is_blank(p[after]))
			after++;
		if (after < n && p[after] == ':')
			shown = is_public_claim(text);
		else if (!shown || slice_byte(text, '@', 0) >= 0)
			anonymise_string(p + from, end - from);
		else
			replace_public_claim(p + from, end - from);
	}
}

/* A run of token bytes that may be a secret, or have one in it. */
static void replace_run(struct pseudonyms *d, char *p, size_t n)
{
	struct slice run = { p, n };
	size_t prefix = key_prefix(run);
	bool bare = is_bare_openrouter(run);

	/* sk-0r-v1-: what is left of the prefix is what is wrong with it. */
	if (prefix == 3 && bare && !is_hex_byte(run.p[n - 65])) {
		pseudonym_replace(d, p, n, n - 64 + 3, 4);
	} else if (prefix) {
		size_t first = key_glued(run, prefix);
		replace_key(d, p, first, prefix);
		if (first < n)
			replace_key(d, p + first, n - first, prefix);
	} else if (bare) {
		pseudonym_replace(d, p, n, n - 64 + 3, 4);
	} else if (slice_starts(run, SLICE("eyJ"))) {
		bool claims = is_claims(run);
		if (!claims || !within_base64(d, p, n, true, replace_claims))
			pseudonym_replace(d, p, n, 3, 0);
	} else {
		pseudonym_replace(d, p, n, ciphertext_beginning(run), 0);
	}
}

/* ya29.…: how many bytes a prefix with a dot in it has at AT; 0: none is there. */
static size_t dotted_prefix(struct slice s, size_t at, size_t run)
{
	size_t prefix = run < 5 && at + run < s.n && s.p[at + run] == '.'
			    ? key_prefix(slice_sub(s, at, PREFIX_LOOK))
			    : 0;

	return prefix > run ? prefix : 0;
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
		size_t prefix = dotted_prefix(all, i, run);
		if (prefix) {
			i += prefix;
			continue;
		}
		/* %20sk-…: the digits of an escape are no part of what follows it. */
		size_t skip = i && p[i - 1] == '%' && run >= 2 ? 2 : 0;
		struct slice word = { p + i + skip, run - skip };
		bool tells = is_public_word(word) || (is_plain_word(word) && means_encrypted(word));
		if (word.n && !tells)
			replace_run(d, p + i + skip, word.n);
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
	return x.kind == y.kind && x.vendor == y.vendor && same_part(x.core, a, y.core, b) &&
	       same_part(x.part, a, y.part, b) && same_part(x.again, a, y.again, b) &&
	       x.opening.n == y.opening.n && x.closing.n == y.closing.n;
}

static void replace_plain(struct pseudonyms *d, char *p, size_t n)
{
	long colon = slice_byte((struct slice){ p, n }, ':', 0);
	size_t user = colon < 0 ? 0 : (size_t)colon;

	pseudonym_replace(d, p, user, 0, 0);
	pseudonym_replace(d, p + user, n - user, 0, 0);
}

void anonymise_basic(struct pseudonyms *d, char *p, size_t n)
{
	if (!within_base64(d, p, n, false, replace_plain))
		replace_runs(d, p, n);
}

/* All but the first KEPT bytes, again and again, until the shape is what it was. */
static void replace_keeping_shape(struct pseudonyms *d, char *p, size_t n, size_t kept)
{
	size_t before = d->count;
	char *was = malloc(n);
	bool more = true;

	if (!was) {
		replace_runs(d, p + kept, n - kept);
		return;
	}
	memcpy(was, p, n);
	for (unsigned turn = 0; more; turn++) {
		more = pseudonyms_retry(d, before, turn);
		memcpy(p, was, n);
		replace_runs(d, p + kept, n - kept);
		if (same_shape((struct slice){ was, n }, (struct slice){ p, n }))
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

/* Offset behind the bytes at P that name the ciphertext's format; 0: there are none. */
static size_t ciphertext_end(const struct token_shape *shape, const char *p)
{
	size_t n = ciphertext_beginning(shape->core);

	return n ? (size_t)(shape->core.p - p) + n : 0;
}

/* A token with escapes in it, of nothing else; false if P is none. */
static bool escaped_token(struct pseudonyms *d, char *p, size_t n)
{
	struct escaped e;

	escaped_read(&e, (struct slice){ p, n }, 0);
	if (!e.escapes || e.length != n)
		return false;
	anonymise_token(d, e.plain, e.n);
	escaped_write(&e, p);
	return true;
}

void anonymise_token(struct pseudonyms *d, char *p, size_t n)
{
	struct slice token = { p, n };
	struct token_shape shape;

	if (n == 0 || token_needs_no_mask(token) || escaped_token(d, p, n))
		return;
	shape_read(&shape, token);
	if (shape.kind == TOKEN_ENCODED && shape.core.n &&
	    within_base64(d, p + (shape.core.p - p), shape.core.n, false, anonymise_token))
		return;
	if (shape.kind == TOKEN_URL)
		anonymise_secrets(d, NULL, p, n, false);
	else
		replace_keeping_shape(d, p, n,
				      shape.kind == TOKEN_ENCODED ? ciphertext_end(&shape, p) : 0);
}

void anonymise_id(struct pseudonyms *d, char *p, size_t n)
{
	if (n >= SHORT_ID)
		pseudonym_replace(d, p, n, id_prefix((struct slice){ p, n }), 0);
}

/* ---- secrets inside texts */

/* How the secrets of a text are replaced. */
struct names {
	struct pseudonyms *d;
	const struct pseudonym_keys *keys;
};

/*
 * If the run quotes the beginning or the end of a key, let it quote the pseudonym.
 * MASKED: it is beside asterisks or dots.
 */
static bool quote_key(const struct pseudonym_keys *keys, char *p, size_t n, bool masked)
{
	struct slice run = { p, n };

	if (n < (masked ? QUOTE_MASKED : QUOTE_LEAST) ||
	    (!masked && !slice_has_digit(run) && !vendor_of_key(run)))
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

/* A run that is not a secret: it may quote a key, or an identifier of the request. */
static void replace_word(const struct names *names, char *p, size_t n, bool masked)
{
	struct slice run = { p, n };

	if (is_public_word(run) || quote_key(names->keys, p, n, masked) || n < SHORT_ID ||
	    !slice_has_digit(run) || !pseudonym_exists(names->d, p, n))
		return;
	if (id_prefix(run))
		anonymise_id(names->d, p, n);
	else
		replace_run(names->d, p, n);
}

/* Is the rest of a key, before or behind the run, hidden by asterisks or dots? */
static bool is_masked_part(struct slice s, size_t at, size_t run)
{
	struct slice before = slice_sub(s, 0, at), after = slice_from(s, at + run);

	return slice_ends(before, SLICE("**")) || slice_ends(before, SLICE("...")) ||
	       slice_starts(after, SLICE("**")) || slice_starts(after, SLICE("..."));
}

/* Each run of the N bytes at P. SECRET: they are one; JSON: with a JSON string's escapes. */
static void replace_each(const struct names *names, char *p, size_t n, bool secret, bool json)
{
	struct slice all = { p, n };

	for (size_t i = 0; i < n;) {
		size_t run = token_run(all, i);
		if (run == 0) {
			bool escape = json && p[i] == '\\';
			i += !escape ? 1 : i + 1 < n && p[i + 1] == 'u' ? 6 : 2;
			continue;
		}
		size_t prefix = secret ? dotted_prefix(all, i, run) : 0;
		if (prefix)
			run = prefix;
		else if (!secret)
			replace_word(names, p + i, run, is_masked_part(all, i, run));
		else if (!is_public_word((struct slice){ p + i, run }) &&
			 !quote_key(names->keys, p + i, run, is_masked_part(all, i, run)))
			replace_run(names->d, p + i, run);
		i += run;
	}
}

/* The stretch with escapes at P, read, replaced and written as it was. */
static void replace_escaped(const struct names *names, char *p, size_t n)
{
	struct escaped e;
	char was[ESCAPED_MAX];

	escaped_read(&e, (struct slice){ p, n }, 0);
	memcpy(was, e.plain, e.n);
	anonymise_secrets(names->d, names->keys, e.plain, e.n, false);
	if (memcmp(was, e.plain, e.n) == 0)
		anonymise_text(e.plain, e.n);
	escaped_write(&e, p);
}

static void replace_span(const struct names *names, char *p, size_t n, enum span_kind kind,
			 bool json)
{
	switch (kind) {
	case SPAN_TEXT:
		replace_each(names, p, n, false, json);
		break;
	case SPAN_VALUE:
		/* A placeholder stays, but for what it shows of a key. */
		replace_each(names, p, n, !token_needs_no_mask((struct slice){ p, n }), json);
		break;
	case SPAN_ACCOUNT:
		pseudonym_replace(names->d, p, n, id_prefix((struct slice){ p, n }), 4);
		break;
	case SPAN_USERINFO:
		anonymise_text(p, n);
		break;
	case SPAN_ESCAPED:
		replace_escaped(names, p, n);
		break;
	case SPAN_COOKIE:
		replace_each(names, p, n, true, json);
		anonymise_letters(p, n);
		break;
	case SPAN_KEY:
	case SPAN_KEY_REST:
	case SPAN_GROUPED:
	case SPAN_JWT:
	case SPAN_RANDOM:
		replace_each(names, p, n, true, json);
		break;
	}
}

void anonymise_secrets(struct pseudonyms *d, const struct pseudonym_keys *keys, char *p, size_t n,
		       bool escaped)
{
	struct secret_scan scan = secret_scan_of((struct slice){ p, n }, escaped);
	const struct names names = { d, keys };
	struct secret_span span;

	while (secret_next(&scan, &span))
		replace_span(&names, p + span.at, span.n, span.kind, escaped);
}
