/* SPDX-License-Identifier: MIT */
#include "diagnose/secret_scan.h"

#include "diagnose/escaped.h"
#include "diagnose/secret_words.h"
#include "diagnose/shape.h"

enum {
	RUN_SECRET = 32,     /* a run this long of mixed characters is taken for a secret */
	PIECE_SECRET = 16,   /* so long must its longest piece between '-' and '_' be */
	KEY_TAIL = 8,        /* token bytes behind a prefix that make it a key */
	KEY_SIGNS = 6,       /* signs that may cut a key in two: a quote, an escape */
	REST_SECRET = 6,     /* bytes behind such a cut */
	JWT_SECRET = 16,     /* of its first piece */
	ACCOUNT_SECRET = 16, /* user_ and what follows */
	VALUE_SECRET = 4,    /* below this a value is a word or a number */
	PROSE_MOST = 20,     /* lower-case letters that a value may have and be a word */
	GAP_MOST = 6,        /* quotes, colons, blanks between a name and its value */
	ROW_SECRET = 8,      /* escapes of letters in a row: nothing but a secret is written so */
	SHARED_SECRET = 16,  /* behind a prefix that is not one vendor's alone */
	GROUPS_SECRET = 3,   /* groups of a key behind its prefix */
	GROUP_MOST = 16,     /* bytes of one */
	ID_DIGITS = 32,      /* of a key that is an id, a dot and a secret (vendor_keys.h) */
	TEXT_MOST = 1024,    /* text that is handed out at once */
};

/* ---- keys */

bool is_bare_openrouter(struct slice run)
{
	if (run.n < 64 || run.n > 80 || (run.n > 64 && is_hex_byte(run.p[run.n - 65])))
		return false;
	for (size_t i = run.n - 64; i < run.n; i++)
		if (!is_hex_byte(run.p[i]))
			return false;
	return true;
}

/* A prefix that others' keys have as well (vendors.def: shared), and enough of a key behind it. */
static size_t shared_prefix(struct slice run)
{
	size_t longest = 0;

	for (size_t i = 0; i < key_form_count; i++) {
		const struct key_form *form = &key_forms[i];
		size_t n = strlen(form->prefix);
		size_t least = form->least > SHARED_SECRET ? form->least : SHARED_SECRET;
		if (form->shared && form->alphabet != KEY_JWT && n > longest &&
		    run.n >= n + least && slice_starts(run, slice_of(form->prefix)))
			longest = n;
	}
	return longest;
}

size_t key_prefix(struct slice run)
{
	const struct vendor *vendor = vendor_of_key(run);
	struct slice prefix = vendor ? vendor_key_prefix(vendor, run) : (struct slice){ NULL, 0 };

	if (prefix.n)
		return prefix.n;
	if (slice_starts_nocase(run, SLICE("sk-or-v1-")))
		return 9;
	if (slice_starts(run, SLICE("sk-")))
		return run.n >= 20 ? 3 : 0;
	return vendor_may_own(run) ? shared_prefix(run) : 0;
}

size_t key_glued(struct slice run, size_t prefix)
{
	long at = prefix >= 4 ? slice_find(run, slice_sub(run, 0, prefix), prefix) : -1;

	return at < 0 ? run.n : (size_t)at;
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

/* A prefix, then enough of a key behind it, quotation marks and escapes not counted. */
static bool begins_key(struct slice s, size_t at, size_t run, size_t prefix)
{
	size_t end = at + run;

	if (prefix == 0)
		return is_bare_openrouter(slice_sub(s, at, run));
	if (run >= prefix + KEY_TAIL)
		return true;
	/* Cut in two by a quote, an escape, a control byte: `sk-or-v1-0e6"5b1c…`. */
	for (int signs = 0; signs < KEY_SIGNS && end < s.n; signs++, end++) {
		char c = s.p[end];
		if (c == ' ' || c == '.' || c == ',')
			return false;
		if (token_run(s, end) >= KEY_TAIL)
			return true;
	}
	return false;
}

/* `sk-or-v1-0e6f 44a9 d1b2 c3e4`: how many bytes, 0: it is none. */
static size_t grouped_length(struct slice s, size_t at, size_t run, size_t prefix)
{
	size_t end = at + run, groups = 0, digits = 0;

	if (prefix < 4 || run > prefix + GROUP_MOST)
		return 0;
	while (end + 1 < s.n && is_blank(s.p[end])) {
		struct slice group = slice_sub(s, end + 1, token_run(s, end + 1));
		if (group.n < 2 || group.n > GROUP_MOST || !slice_has_digit(group))
			break;
		end += 1 + group.n;
		groups++;
		digits += group.n;
	}
	return groups >= GROUPS_SECRET && digits >= KEY_TAIL ? end - at : 0;
}

/* A key in which dots are allowed, from its first run on: AQ.Ab8…, ya29.…, ID.SECRET; 0: it is none. */
static size_t dotted_length(struct slice s, size_t at, size_t run)
{
	size_t n = run;

	if ((run > 4 && run != ID_DIGITS) || at + run >= s.n || s.p[at + run] != '.')
		return 0;
	while (at + n + 1 < s.n && s.p[at + n] == '.' && is_token_byte(s.p[at + n + 1]))
		n += 1 + token_run(s, at + n + 1);
	struct slice key = slice_sub(s, at, n);
	if (run == ID_DIGITS)
		return vendor_of_key(key) ? n : 0;
	size_t prefix = vendor_may_own(key) ? key_prefix(key) : 0;
	return prefix > run && n >= prefix + KEY_TAIL ? n : 0;
}

static size_t jwt_length(struct slice s, size_t at, size_t run)
{
	size_t n = run;

	if (run < JWT_SECRET || !slice_starts(slice_from(s, at), SLICE("eyJ")))
		return 0;
	while (at + n + 1 < s.n && s.p[at + n] == '.' && is_token_byte(s.p[at + n + 1]))
		n += 1 + token_run(s, at + n + 1);
	return n;
}

/* Does a piece of RUN between hyphens look drawn by lot? Model names and slugs do not. */
static bool is_random(struct slice run)
{
	size_t piece = 0, digits = 0, lower = 0, upper = 0;

	for (size_t i = 0; i <= run.n; i++) {
		if (i < run.n && is_alphanumeric(run.p[i])) {
			piece++;
			digits += is_digit(run.p[i]);
			lower += is_lower(run.p[i]);
			upper += is_upper(run.p[i]);
			continue;
		}
		if (piece >= PIECE_SECRET && (digits > 2 || (upper > 2 && lower > 2)) &&
		    lower + upper > 0)
			return true;
		piece = digits = lower = upper = 0;
	}
	return false;
}

/* ---- what a name or a scheme promises */

static bool is_value_byte(char c)
{
	return is_token_byte(c) || memchr(".+/=~%!#$*@^", c, 12);
}

/* The value at AT; 0: there is none, or it is a word that people write there. PAIR: it may be user:password. */
static size_t value_length(struct slice s, size_t at, bool pair)
{
	struct slice value = slice_from(s, at);
	size_t n = 0;

	while (n < value.n && (is_value_byte(value.p[n]) || (pair && n && value.p[n] == ':')))
		n++;
	value.n = n;
	while (value.n && memchr(".!", value.p[value.n - 1], 2))
		value.n--;
	if (value.n < VALUE_SECRET || is_scheme_word(value))
		return 0;
	bool prose = value.n <= PROSE_MOST && is_letter(value.p[0]);
	for (size_t i = 1; prose && i < value.n; i++)
		prose = is_lower(value.p[i]);
	return prose ? 0 : value.n;
}

/* `a=b; c=d` up to a quote or the line's end. */
static size_t cookie_length(struct slice s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && !memchr("\"'<>\r\n\\", s.p[at + n], 7))
		n++;
	struct slice value = slice_sub(s, at, n);
	return slice_byte(value, '=', 0) > 0 ? n : value_length(s, at, false);
}

/*
 * Behind the word at [AT, AT+N): `Bearer `, `api_key=`, `"token": "` and then
 * a value, which is what comes next but for the signs between.
 */
static void look_ahead(struct secret_scan *s, size_t at, size_t n)
{
	struct slice text = s->text, word = slice_sub(text, at, n);
	size_t end = at + n;
	bool sign = false;

	/* Most words are followed by nothing of the kind: look before comparing. */
	while (end < text.n && end - at < n + GAP_MOST && memchr(" \t\"'=:\\", text.p[end], 7)) {
		sign |= text.p[end] == '=' || text.p[end] == ':';
		end++;
	}
	if (end == at + n || !(is_scheme_of_secret(word) || (sign && names_secret(word))))
		return;
	if (slice_starts(slice_from(text, end - 1), SLICE("://")))
		return; /* key://host */
	bool cookie = n >= 6 && slice_equal_nocase(slice_from(word, n - 6), SLICE("cookie"));
	bool pair = n >= 4 && (slice_equal_nocase(slice_from(word, n - 4), SLICE("auth")) ||
			       slice_equal_nocase(word, SLICE("Basic")));
	s->next.at = end;
	s->next.kind = cookie ? SPAN_COOKIE : SPAN_VALUE;
	s->next.n = cookie ? cookie_length(text, end) : value_length(text, end, pair);
}

/* `://user:password@`: all before the '@' is what comes next. */
static void look_for_userinfo(struct secret_scan *s)
{
	struct slice text = s->text;
	size_t from = s->at + 3, end = from;

	if (!slice_starts(slice_from(text, s->at), SLICE("://")))
		return;
	while (end < text.n && !memchr("/@?# \"<>\t\r\n", text.p[end], 11))
		end++;
	if (end < text.n && text.p[end] == '@' && end > from)
		s->next = (struct secret_span){ from, end - from, SPAN_USERINFO };
}

/* ---- the scan */

static bool is_word(struct slice run)
{
	for (size_t i = 0; i < run.n; i++)
		if (!is_lower(run.p[i]) && !(i == 0 && is_upper(run.p[i])))
			return false;
	return true;
}

/* The kind of the run of N token bytes at the scan's place; *N becomes the length of what it is part of. */
static enum span_kind kind_of_run(struct secret_scan *s, size_t *n)
{
	struct slice text = s->text, run = slice_sub(text, s->at, *n);
	/* Most runs are words. */
	size_t prefix = is_word(run) ? 0 : key_prefix(run);
	size_t more;

	if ((more = jwt_length(text, s->at, *n))) {
		*n = more;
		return SPAN_JWT;
	}
	if ((more = dotted_length(text, s->at, *n))) {
		*n = more;
		return SPAN_KEY;
	}
	if ((more = grouped_length(text, s->at, *n, prefix))) {
		*n = more;
		return SPAN_GROUPED;
	}
	if (begins_key(text, s->at, *n, prefix)) {
		more = vendor_base64_key(slice_from(text, s->at));
		*n = more > *n ? more : *n;
		s->beside_key = true;
		return SPAN_KEY;
	}
	if (s->beside_key && *n >= REST_SECRET && slice_has_digit(run))
		return SPAN_KEY_REST;
	if (*n >= ACCOUNT_SECRET && slice_starts(run, SLICE("user_")))
		return SPAN_ACCOUNT;
	if (*n >= RUN_SECRET && !is_public_id(run) && is_random(run))
		return SPAN_RANDOM;
	look_ahead(s, s->at, *n);
	return SPAN_TEXT;
}

/* Is the stretch with escapes at AT a secret? Its length; 0: no. */
static size_t escaped_length(struct slice text, size_t at)
{
	struct escaped e;
	struct secret_span span;

	escaped_read(&e, text, at);
	if (!e.escapes || e.n < ROW_SECRET)
		return 0;
	struct secret_scan inner = secret_scan_of((struct slice){ e.plain, e.n }, false);
	bool secret = e.in_row >= ROW_SECRET;
	while (!secret && secret_next(&inner, &span))
		secret = span.kind != SPAN_TEXT;
	return secret ? e.length : 0;
}

/* What is at the scan's position, and its length. */
static enum span_kind look(struct secret_scan *s, size_t *n)
{
	struct slice text = s->text;
	size_t run = token_run(text, s->at);
	size_t after = s->at + run;
	char byte;

	if (after < text.n && may_escape(text.p[after]) && escaped_byte(text, after, &byte) &&
	    (*n = escaped_length(text, s->at)))
		return SPAN_ESCAPED;
	if (run) {
		*n = key_inside(text, s->at, run);
		return kind_of_run(s, n);
	}
	char c = text.p[s->at];
	*n = 1;
	if (c == ' ' || c == ',')
		s->beside_key = false;
	else if (c == ':')
		look_for_userinfo(s);
	else if (c == '\\' && s->json)
		*n = s->at + 1 < text.n && text.p[s->at + 1] == 'u' ? 6 : 2;
	return SPAN_TEXT;
}

static bool is_continuation(struct slice s, size_t at)
{
	return at < s.n && ((unsigned char)s.p[at] & 0xc0) == 0x80;
}

bool secret_next(struct secret_scan *s, struct secret_span *span)
{
	*span = (struct secret_span){ .at = s->at, .kind = SPAN_TEXT };
	while (s->at < s->text.n) {
		if (s->next.n && s->next.at <= s->at) {
			if (s->at > span->at)
				break;
			*span = s->next;
			s->next.n = 0;
			s->at = span->at + span->n;
			return true;
		}
		if (s->next.n) {
			s->at = s->next.at;
			continue;
		}
		if (s->at - span->at >= TEXT_MOST && !is_continuation(s->text, s->at))
			break;
		size_t n;
		enum span_kind kind = look(s, &n);
		n = n < s->text.n - s->at ? n : s->text.n - s->at;
		if (kind == SPAN_TEXT)
			s->at += n;
		else
			s->next = (struct secret_span){ s->at, n, kind };
	}
	span->n = s->at - span->at;
	return span->n > 0;
}
