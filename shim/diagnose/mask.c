/* SPDX-License-Identifier: MIT */
/* Text of others, made fit for a log and a terminal: no key, no control byte. */
#include "base/utf8.h"
#include "diagnose/credential.h"
#include "diagnose/mask.h"

enum {
	RUN_SECRET = 32,   /* a run this long of mixed characters is taken for a secret */
	PIECE_SECRET = 16, /* so long must its longest piece between '-' and '_' be */
	KEY_TAIL = 8,      /* token bytes after a prefix that make it a key */
};

static bool is_word_byte(char c)
{
	return is_token_byte(c) && c != '-' && c != '_';
}

/* C1 controls, zero-width and direction marks, line separators: invisible or worse on a terminal. */
static bool is_unseen(unsigned code)
{
	return code < 0xa0 || code == 0xad || code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
	       code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb) ||
	       (code >= 0xe0000 && code <= 0xe007f);
}

/* One character that is no part of a secret; how many bytes it was. */
static size_t copy_character(struct mask_out *out, struct slice s, size_t at)
{
	unsigned char c = (unsigned char)s.p[at];
	unsigned code = 0;

	if (c >= 0x20 && c < 0x7f) {
		mask_put(out, &s.p[at], 1);
		return 1;
	}
	int n = utf8_character(s, at, &code);
	if (n <= 0) {
		mask_f(out, "\\x%02x", c);
		return 1;
	}
	if (is_unseen(code))
		mask_f(out, "\\u{%x}", code);
	else
		mask_put(out, &s.p[at], (size_t)n);
	return (size_t)n;
}

/* 8-4-4-4-12 hex digits (RFC 9562 section 4). */
static bool is_uuid(struct slice run)
{
	if (run.n != 36)
		return false;
	for (size_t i = 0; i < run.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		char c = run.p[i];
		bool hex = is_hex_byte(c) || (c >= 'A' && c <= 'F');
		if (dash ? c != '-' : !hex)
			return false;
	}
	return true;
}

/* Identifiers that servers give out to be quoted: generations, requests, messages. */
static bool is_public_id(struct slice run)
{
	static const char starts[][10] = { "gen-",  "chatcmpl-", "req_",   "req-",     "msg_",
					   "resp_", "call_",     "toolu_", "chatcmpl_" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (slice_starts(run, slice_of(starts[i])))
			return true;
	return is_uuid(run);
}

/* Does a piece of RUN between hyphens look drawn by lot? Model names and slugs do not. */
static bool is_random(struct slice run)
{
	size_t piece = 0;
	int digits = 0, lower = 0, upper = 0;

	for (size_t i = 0; i <= run.n; i++) {
		if (i < run.n && is_word_byte(run.p[i])) {
			char c = run.p[i];
			piece++;
			digits += c >= '0' && c <= '9';
			lower += c >= 'a' && c <= 'z';
			upper += c >= 'A' && c <= 'Z';
			continue;
		}
		if (piece >= PIECE_SECRET && (digits > 2 || (upper > 2 && lower > 2)) &&
		    lower + upper > 0)
			return true;
		piece = 0;
		digits = lower = upper = 0;
	}
	return false;
}

/* A prefix, then enough of a key behind it, quotation marks and escapes not counted. */
static bool begins_key(struct slice s, size_t at, size_t run)
{
	struct slice key = slice_sub(s, at, run);
	size_t prefix = key_prefix(key);
	size_t end = at + run;

	if (prefix == 0 && !is_bare_openrouter(key))
		return false;
	if (run >= prefix + KEY_TAIL)
		return true;
	/* Cut in two by a quote, an escape, a control byte: `sk-or-v1-0e6"5b1c…`. */
	for (int signs = 0; signs < 6 && end < s.n; signs++, end++) {
		char c = s.p[end];
		if (c == ' ' || c == '.' || c == ',')
			return false;
		if (token_run(s, end) >= KEY_TAIL)
			return true;
	}
	return false;
}

static size_t jwt_length(struct slice s, size_t at)
{
	if (!slice_starts(slice_from(s, at), SLICE("eyJ")))
		return 0;
	size_t n = token_run(s, at);
	if (n < 16)
		return 0;
	while (at + n + 1 < s.n && s.p[at + n] == '.' && is_token_byte(s.p[at + n + 1]))
		n += 1 + token_run(s, at + n + 1);
	return n;
}

/* Names before `=` or `:` whose value is a secret. */
static bool names_secret(struct slice name)
{
	static const char ends[][14] = { "key",      "apikey", "token",     "secret",
					 "password", "passwd", "signature", "sig",
					 "auth",     "cookie", "session",   "authorization" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct slice end = slice_of(ends[i]);
		if (name.n < end.n || !slice_equal_nocase(slice_from(name, name.n - end.n), end))
			continue;
		if (name.n == end.n || !is_word_byte(name.p[name.n - end.n - 1]) ||
		    slice_equal(end, SLICE("key")))
			return true;
	}
	return false;
}

static bool is_scheme_of_secret(struct slice word)
{
	return slice_equal_nocase(word, SLICE("Bearer")) ||
	       slice_equal_nocase(word, SLICE("Basic"));
}

/*
 * After a word at [AT, AT+N): how many bytes of separator lead to a secret's
 * value? `Bearer `, `api_key=`, `"token": "`. 0 if none follows.
 */
static size_t leads_to_secret(struct slice s, size_t at, size_t n)
{
	struct slice word = slice_sub(s, at, n);
	size_t end = at + n;
	bool sign = false;

	/* Most words are followed by nothing of the kind: look before comparing. */
	while (end < s.n && end - at < n + 6 && memchr(" \t\"'=:\\", s.p[end], 7)) {
		sign |= s.p[end] == '=' || s.p[end] == ':';
		end++;
	}
	bool leads = is_scheme_of_secret(word) || (sign && names_secret(word));
	return leads ? end - at - n : 0;
}

static bool is_value_byte(char c)
{
	return is_token_byte(c) || memchr(".+/=~%!#$*@^", c, 12);
}

/* The value in a secret's place: shown only if it is none. How many bytes it was. */
static size_t copy_value(struct mask_out *out, struct slice s, size_t at)
{
	struct slice value = slice_from(s, at);
	char shown[TOKEN_SHOWN_MAX];
	size_t n = 0;

	while (n < value.n && is_value_byte(value.p[n]))
		n++;
	value.n = n;
	while (value.n && memchr(".!", value.p[value.n - 1], 2))
		value.n--;
	if (value.n < 4 || is_scheme_word(value))
		return 0;
	bool prose = value.n <= 20 && token_run(value, 0) == value.n;
	for (size_t i = 1; prose && i < value.n; i++)
		prose = value.p[i] >= 'a' && value.p[i] <= 'z';
	if (prose)
		return 0;
	token_show(value, shown);
	mask_put(out, shown, strlen(shown));
	return value.n;
}

/* `://user:password@host`: everything before the '@' but the name. */
static size_t copy_userinfo(struct mask_out *out, struct slice s, size_t at)
{
	size_t from = at + 3;
	size_t end = from;
	long colon = -1;

	if (!slice_starts(slice_from(s, at), SLICE("://")))
		return 0;
	while (end < s.n && !memchr("/@?# \"<>\t\r\n", s.p[end], 11)) {
		if (s.p[end] == ':' && colon < 0)
			colon = (long)end;
		end++;
	}
	if (end == s.n || s.p[end] != '@' || end == from)
		return 0;
	mask_f(out, "://<%zu bytes>@", end - from);
	return end + 1 - at;
}

struct redaction {
	struct mask_out out;
	struct slice text;
	bool hid;        /* something was not shown */
	bool beside_key; /* what comes before the next blank or comma may be the rest of a key */
};

/* A run of token bytes at AT. How many bytes were dealt with. */
static size_t copy_run(struct redaction *r, size_t at, size_t n)
{
	struct slice run = slice_sub(r->text, at, n);
	size_t jwt = jwt_length(r->text, at);
	bool digits = false, before = r->hid;

	for (size_t i = 0; i < n; i++)
		digits |= run.p[i] >= '0' && run.p[i] <= '9';
	r->hid = true;
	if (jwt) {
		mask_f(&r->out, "<JWT, %zu bytes>", jwt);
		return jwt;
	}
	if (begins_key(r->text, at, n)) {
		mask_run(&r->out, run);
		r->beside_key = true;
		return n;
	}
	if (r->beside_key && digits && n >= 6) {
		mask_f(&r->out, "<%zu bytes>", n);
		return n;
	}
	if (slice_starts(run, SLICE("user_")) && n >= 16) {
		mask_f(&r->out, "user_...%.*s", 4, run.p + n - 4);
		return n;
	}
	if (n >= RUN_SECRET && !is_public_id(run) && is_random(run)) {
		mask_run(&r->out, run);
		return n;
	}
	r->hid = before;
	size_t gap = leads_to_secret(r->text, at, n);
	mask_put(&r->out, run.p, n);
	if (gap == 0)
		return n;
	for (size_t i = 0; i < gap; i++)
		copy_character(&r->out, r->text, at + n + i);
	size_t value = copy_value(&r->out, r->text, at + n + gap);
	r->hid |= value > 0;
	return n + gap + value;
}

/* A key glued behind other token bytes: where in the run it begins; N if nowhere. */
static size_t key_inside(struct slice s, size_t at, size_t n)
{
	static const struct slice starts[] = {
		{ "sk-or-v1-", 9 }, { "sk-ant-", 7 }, { "sk-proj-", 8 }, { "nvapi-", 6 }
	};
	struct slice run = slice_sub(s, at, n);

	for (size_t i = 0; n > KEY_TAIL + 6 && i < sizeof(starts) / sizeof(starts[0]); i++) {
		long hit = slice_find(run, starts[i], 1);
		if (hit > 0 && n - (size_t)hit >= starts[i].n + KEY_TAIL)
			return (size_t)hit;
	}
	return n;
}

/* What a byte of a text may mean to the redaction. */
enum byte_kind {
	BYTE_ODD, /* escaped on the way out, or quotes what may be a key */
	BYTE_SIGN,
	BYTE_LEAD,  /* what stands before it may name a secret that follows */
	BYTE_TOKEN, /* from here on: is_token_byte() */
	BYTE_PART,
};

static const unsigned char byte_kinds[256] = {
	[' ' ... '!'] = BYTE_SIGN,  ['#' ... '$'] = BYTE_SIGN,  ['&' ... ','] = BYTE_SIGN,
	['-'] = BYTE_PART,          ['.' ... '/'] = BYTE_SIGN,  ['0' ... '9'] = BYTE_TOKEN,
	[':'] = BYTE_LEAD,          [';' ... '<'] = BYTE_SIGN,  ['='] = BYTE_LEAD,
	['>' ... '@'] = BYTE_SIGN,  ['A' ... 'Z'] = BYTE_TOKEN, ['['] = BYTE_SIGN,
	[']' ... '^'] = BYTE_SIGN,  ['_'] = BYTE_PART,          ['`'] = BYTE_SIGN,
	['a' ... 'z'] = BYTE_TOKEN, ['{' ... '~'] = BYTE_SIGN,
};

/* May RUN, of at least 16 bytes, begin or hold what is taken out at that length? */
static bool is_long_trouble(struct slice run)
{
	return run.n >= RUN_SECRET || slice_starts(run, SLICE("eyJ")) ||
	       slice_starts(run, SLICE("user_"));
}

/* A run that copy_run() copies as it stands, whatever follows but `=` or `:`. PARTED: '-' or '_' is in it. */
static bool run_is_plain(struct slice run, bool parted)
{
	enum { KEY_INSIDE = KEY_TAIL + 6 };

	if ((parted || run.p[0] == 'A') && key_prefix(run))
		return false;
	if (run.n <= 7)
		return !is_scheme_of_secret(run);
	if (run.n > KEY_INSIDE && parted && key_inside(run, 0, run.n) != run.n)
		return false;
	return run.n < 16 || !is_long_trouble(run);
}

bool text_is_plain(struct slice text)
{
	const unsigned char *p = (const unsigned char *)text.p;
	unsigned char last = ' '; /* of the last run */

	for (size_t i = 0; i < text.n; i++) {
		unsigned char kind = byte_kinds[p[i]];
		size_t from = i;
		bool parted = false;
		if (kind == BYTE_SIGN)
			continue;
		if (kind == BYTE_ODD)
			return false;
		if (kind == BYTE_LEAD) {
			/* names_secret() knows names that end so; `://` may begin a user and a password. */
			if (memchr("yntdegh", last, 7) || (i + 1 < text.n && p[i + 1] == '/'))
				return false;
			continue;
		}
		for (; i < text.n && byte_kinds[p[i]] >= BYTE_TOKEN; i++)
			parted |= byte_kinds[p[i]] == BYTE_PART;
		if (!run_is_plain((struct slice){ text.p + from, i - from }, parted))
			return false;
		last = p[--i] | 0x20;
	}
	return true;
}

static void redact(struct redaction *r)
{
	struct slice text = r->text;

	for (size_t i = 0; i < text.n && r->out.left;) {
		size_t run = token_run(text, i);
		if (run) {
			i += copy_run(r, i, key_inside(text, i, run));
			continue;
		}
		if (text.p[i] == ' ' || text.p[i] == ',')
			r->beside_key = false;
		size_t userinfo = copy_userinfo(&r->out, text, i);
		i += userinfo ? userinfo : copy_character(&r->out, text, i);
	}
}

/* PLAIN becomes TEXT with the percent escapes of token bytes undone. How many follow each other at most. */
static size_t undo_percent(struct slice text, char *plain, size_t *n)
{
	size_t row = 0, most = 0;

	*n = 0;
	for (size_t i = 0; i < text.n; i++) {
		int high = i + 2 < text.n && text.p[i] == '%' ? hex_value(text.p[i + 1]) : -1;
		int low = high >= 0 ? hex_value(text.p[i + 2]) : -1;
		bool escape = low >= 0 && is_token_byte((char)(high * 16 + low));
		plain[(*n)++] = escape ? (char)(high * 16 + low) : text.p[i];
		i += escape ? 2 : 0;
		row = escape ? row + 1 : 0;
		most = row > most ? row : most;
	}
	return most;
}

/*
 * A text whose letters are percent-escaped is read as it is meant, if there is
 * a secret in it then or nobody would escape so much of it. False: it is
 * neither; nothing was added.
 */
static bool redact_escaped(struct redaction *r)
{
	enum { SECRET_ROW = 8 };
	struct slice text = r->text;
	struct buf shown;
	size_t n = 0, row = 0;
	char *plain = slice_byte(text, '%', 0) < 0 ? NULL : malloc(text.n);

	if (!plain || (row = undo_percent(text, plain, &n)) == 0) {
		free(plain);
		return false;
	}
	buf_init(&shown, r->out.left);
	struct redaction meant = { .out = { &shown, r->out.left }, .text = { plain, n } };
	redact(&meant);
	bool secret = meant.hid || row >= SECRET_ROW;
	if (secret && shown.n)
		mask_put(&r->out, shown.p, shown.n);
	buf_release(&shown);
	free(plain);
	return secret;
}

void redact_text(struct buf *out, struct slice text, size_t max)
{
	struct redaction r = { .out = { out, max }, .text = text };

	if (text_is_plain(text))
		mask_put(&r.out, text.p, text.n < max ? text.n : max);
	else if (!redact_escaped(&r))
		redact(&r);
}
