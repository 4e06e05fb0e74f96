/* SPDX-License-Identifier: MIT */
#include "diagnose/placeholder.h"
#include "diagnose/credential.h"

static const struct slice absent = { NULL, 0 };

static const char location_names[][23] = {
	"authorization", "x-api-key", "api-key", "x-goog-api-key", "sec-websocket-protocol", "url",
};

const char *location_name(enum location c)
{
	return location_names[c];
}

static size_t word_length(struct slice s)
{
	size_t n = 0;

	while (n < s.n && !is_blank(s.p[n]))
		n++;
	return n;
}

/* A scheme that people write: letters, digits, hyphens; no key, no shell word. */
static bool may_be_scheme(struct slice word)
{
	static const char others[][10] = { "export", "set", "setx", "undefined", "null" };

	if (word.n == 0 || word.n > 24 || vendor_of_key(word))
		return false;
	for (size_t i = 0; i < word.n; i++)
		if (!is_token_byte(word.p[i]) || word.p[i] == '_')
			return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (slice_equal_nocase(word, slice_of(others[i])))
			return false;
	return is_letter(word.p[0]);
}

/* Schemes whose credentials are parameters or opaque data, never a bare key. */
static bool has_own_grammar(struct slice word)
{
	static const char words[][12] = { "Digest",    "Negotiate",   "NTLM",     "OAuth", "Hawk",
					  "HOBA",      "Mutual",      "vapid",    "DPoP",  "GNAP",
					  "SharedKey", "GoogleLogin", "Signature" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_equal_nocase(word, slice_of(words[i])))
			return true;
	/* TC3-HMAC-SHA256, ACS3-HMAC-SHA256, HMAC-SHA256: Tencent, Alibaba, Volcengine. */
	return slice_starts_nocase(word, SLICE("AWS")) || slice_has_nocase(word, SLICE("HMAC")) ||
	       slice_starts_nocase(word, SLICE("SCRAM-"));
}

static enum scheme_form scheme_form(struct slice word)
{
	if (slice_equal(word, SLICE("Bearer")))
		return SCHEME_GOOD;
	if (slice_equal_nocase(word, SLICE("Bearer")))
		return SCHEME_CASE;
	if (slice_equal_nocase(word, SLICE("Basic")))
		return SCHEME_BASIC;
	return has_own_grammar(word) ? SCHEME_FOREIGN : SCHEME_OTHER;
}

/*
 * How many bytes of WORD are the scheme when something other than a blank
 * follows `Bearer`: a colon and the like, or the token itself. 0 if not so.
 */
static size_t punctuated_scheme(struct slice word)
{
	if (word.n < 7 || !slice_starts_nocase(word, SLICE("Bearer")))
		return 0;
	if (memchr(":=,\"", word.p[6], 4))
		return 7;
	struct slice glued = slice_from(word, 6);
	bool is_long = glued.n >= 16 && token_run(glued, 0) == glued.n;
	return vendor_of_key(glued) || slice_starts(glued, SLICE("sk-")) || is_long ? 6 : 0;
}

static void set_token(struct credential *c, size_t at)
{
	struct slice rest = slice_from(c->value, at);
	size_t blanks = 0;

	while (blanks < rest.n && is_blank(rest.p[blanks]))
		blanks++;
	c->gap = slice_sub(rest, 0, blanks);
	c->token = slice_from(rest, blanks);
	shape_read(&c->shape, c->token);
}

/*
 * A signature by AWS's rules names the key that made it: Credential=ID/date/....
 * The id is not secret, and the signature is not read (AWS, "Authenticating
 * Requests: Using the Authorization Header").
 */
static void set_key_id(struct credential *c)
{
	long at = slice_find(c->value, SLICE("Credential="), 0);
	struct slice id = at < 0 ? absent : slice_from(c->value, (size_t)at + 11);
	struct slice rest = slice_from(c->value, c->scheme.n);
	size_t blanks = 0;

	while (blanks < rest.n && is_blank(rest.p[blanks]))
		blanks++;
	c->gap = slice_sub(rest, 0, blanks);
	c->token = slice_sub(id, 0, token_run(id, 0));
	shape_read(&c->shape, c->token);
}

/* Authorization: credentials = auth-scheme 1*SP token68 (RFC 9110 section 11.4), or not quite. */
static void split_authorization(struct credential *c)
{
	struct slice quote = quote_at_start(c->value);
	struct slice word = slice_from(c->value, quote.n);
	enum scheme_form form = SCHEME_NONE;

	word.n = word_length(word);
	size_t end = quote.n + word.n;
	size_t punctuated = punctuated_scheme(word);
	if (punctuated) {
		form = SCHEME_PUNCTUATED;
		word.n = punctuated;
		end = quote.n + punctuated;
	} else if (is_scheme_word(word) ||
		   (!quote.n && end < c->value.n && may_be_scheme(word) && !is_literal(c->value))) {
		form = scheme_form(word);
	}
	if (form == SCHEME_NONE) {
		word = absent;
		quote = absent;
		end = 0;
	}
	c->scheme = word;
	if (form == SCHEME_FOREIGN && slice_starts(word, SLICE("AWS4-")))
		set_key_id(c);
	else
		set_token(c, end);
	c->shape.scheme = form;
	/* `"Bearer sk-…"`: the whole value was quoted, not the token alone. */
	if (quote.n && !c->shape.opening.n)
		c->shape.opening = quote;
}

static struct slice moved(struct slice s, const char *from, const char *to)
{
	return s.p ? (struct slice){ to + (s.p - from), s.n } : s;
}

struct credential credential_moved(const struct credential *c, struct slice value)
{
	struct credential to = *c;
	const char *from = c->value.p;

	to.value = value;
	to.scheme = moved(c->scheme, from, value.p);
	to.gap = moved(c->gap, from, value.p);
	to.token = moved(c->token, from, value.p);
	to.shape.again = moved(c->shape.again, from, value.p);
	to.shape.opening = moved(c->shape.opening, from, value.p);
	to.shape.closing = moved(c->shape.closing, from, value.p);
	to.shape.core = moved(c->shape.core, from, value.p);
	to.shape.part = moved(c->shape.part, from, value.p);
	return to;
}

static struct credential *add(struct credentials *all, enum location location, int field,
			      struct slice value, bool known)
{
	if (all->count == LIMIT_CREDENTIALS)
		return NULL;
	struct credential *c = &all->all[all->count++];
	*c = (struct credential){ .location = location, .field = field, .known = known };
	if (!known)
		return c;
	c->value = value;
	if (location == LOCATION_AUTHORIZATION)
		split_authorization(c);
	else
		set_token(c, 0);
	return c;
}

static void add_known(struct credentials *all, int field, struct slice value,
		      const struct credential *known)
{
	struct credential *c = &all->all[all->count++];

	*c = credential_moved(known, value);
	c->field = field;
}

/* FIRST: the first field of that location; mostly there is none. */
static void add_fields(struct credentials *all, const struct message *m, enum location location,
		       const struct field *first, const struct credential *known)
{
	const struct field *field = first;

	for (size_t n = 1; field; field = message_field(m, location_names[location], n++)) {
		int index = (int)(field - m->fields);
		bool is_known = known && known->location == location && field->known &&
				slice_equal(field->value, known->value);
		if (is_known && all->count < LIMIT_CREDENTIALS)
			add_known(all, index, field->value, known);
		else
			add(all, location, index, field->value, field->known);
	}
}

/* What browsers can send with a WebSocket's handshake: openai/openai-realtime-api-beta. */
static void add_subprotocol(struct credentials *all, const struct message *m)
{
	const struct field *field = message_field(m, location_names[LOCATION_SUBPROTOCOL], 0);
	long at = field && field->known
		      ? slice_find(field->value, SLICE("openai-insecure-api-key."), 0)
		      : -1;

	if (at < 0)
		return;
	struct credential *c =
	    add(all, LOCATION_SUBPROTOCOL, (int)(field - m->fields), field->value, true);
	if (!c)
		return;
	struct slice key = slice_from(field->value, (size_t)at + 24);
	size_t n = 0;
	while (n < key.n && key.p[n] != ',' && !is_blank(key.p[n]))
		n++;
	c->token = slice_sub(key, 0, n);
	shape_read(&c->shape, c->token);
}

static bool is_key_parameter(struct slice name)
{
	static const char names[][17] = { "key",	  "api_key",	  "apikey",
					  "api-key", "access_token", "subscription-key" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal_nocase(name, slice_of(names[i])))
			return true;
	return false;
}

/* A key of known prefix at the beginning of a segment or parameter. */
static struct slice key_in_target(struct slice target)
{
	for (size_t i = 1; i < target.n; i++) {
		if (is_token_byte(target.p[i - 1]) || !is_token_byte(target.p[i]))
			continue;
		struct slice run = slice_sub(target, i, token_run(target, i));
		if (run.n >= 20 && slice_has_digit(run) && vendor_of_key(run))
			return run;
	}
	return absent;
}

/* VALUE without percent-encoding (RFC 3986 section 2.1), in ALL's room if it has any. */
static struct slice url_decoded(struct credentials *all, struct slice value)
{
	size_t n = 0;

	if (slice_byte(value, '%', 0) < 0 || value.n > sizeof(all->url))
		return value;
	all->encoded = value;
	for (size_t i = 0; i < value.n; i++) {
		bool escape = value.p[i] == '%' && i + 2 < value.n &&
			      hex_value(value.p[i + 1]) >= 0 && hex_value(value.p[i + 2]) >= 0;
		all->url[n++] =
		    escape ? (char)(hex_value(value.p[i + 1]) * 16 + hex_value(value.p[i + 2]))
			   : value.p[i];
		i += escape ? 2 : 0;
	}
	return (struct slice){ all->url, n };
}

static void add_url(struct credentials *all, const struct exchange *x)
{
	struct slice rest = x->query;
	struct slice value;

	while (slice_cut(&rest, '&', &value)) {
		struct slice name;
		slice_cut(&value, '=', &name);
		if (value.n && is_key_parameter(name)) {
			add(all, LOCATION_URL, -1, url_decoded(all, value), true);
			return;
		}
	}
	value = key_in_target(x->request.target);
	if (value.n)
		add(all, LOCATION_URL, -1, value, true);
}

void credentials_find(struct credentials *c, const struct exchange *x,
		      const struct credential *known)
{
	const struct message *m = &x->request;

	c->count = 0;
	c->encoded = absent;
	add_fields(c, m, LOCATION_AUTHORIZATION, message_field(m, "authorization", 0), known);
	add_fields(c, m, LOCATION_X_API_KEY, message_field(m, "x-api-key", 0), known);
	add_fields(c, m, LOCATION_API_KEY, message_field(m, "api-key", 0), known);
	add_fields(c, m, LOCATION_X_GOOG_API_KEY, message_field(m, "x-goog-api-key", 0), known);
	add_subprotocol(c, m);
	add_url(c, x);
	c->absent = c->count == 0 && m->fields_complete;
}

const struct credential *credentials_by(const struct credentials *c, enum location location)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->all[i].location == location)
			return &c->all[i];
	return NULL;
}
