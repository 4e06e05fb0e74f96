/* SPDX-License-Identifier: MIT */
#include "diagnose/stray_key.h"

#include "base/ascii.h"
#include "diagnose/meaning.h"

enum { LEAST_KEY = 20, LEAST_AFTER_BEARER = 16, NEAR = 2, NAME_MAX_SIZE = 32 };

static bool is_location(struct slice name)
{
	for (int c = 0; c < LOCATION_URL; c++)
		if (slice_equal_nocase(name, slice_of(location_name((enum location)c))))
			return true;
	return false;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits that make B of NAME: a letter lost, added, changed, or two exchanged. */
static size_t distance(struct slice name, struct slice b)
{
	size_t rows[3][NAME_MAX_SIZE + 1];

	if (name.n > NAME_MAX_SIZE || b.n > NAME_MAX_SIZE)
		return NAME_MAX_SIZE;
	for (size_t j = 0; j <= b.n; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= name.n; i++) {
		size_t *row = rows[i % 3];
		const size_t *up = rows[(i - 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			bool same = to_lower(name.p[i - 1]) == b.p[j - 1];
			row[j] = least(least(row[j - 1], up[j]) + 1, up[j - 1] + !same);
			if (i > 1 && j > 1 && to_lower(name.p[i - 1]) == b.p[j - 2] &&
			    to_lower(name.p[i - 2]) == b.p[j - 1])
				row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[name.n % 3][b.n];
}

/*
 * Where gateways read their own key, beside that of the vendor behind them:
 * Cloudflare's AI gateway, LiteLLM, Azure API management, Portkey, Helicone.
 */
static bool is_gateways(struct slice name)
{
	return slice_equal_nocase(name, SLICE("ocp-apim-subscription-key")) ||
	       slice_starts_nocase(name, SLICE("cf-aig-")) ||
	       slice_starts_nocase(name, SLICE("x-litellm-")) ||
	       slice_starts_nocase(name, SLICE("x-portkey-")) ||
	       slice_starts_nocase(name, SLICE("helicone-"));
}

/* Does NAME speak of a key that is the caller's? */
static bool is_for_keys(struct slice name)
{
	static const char words[][11] = {
		"key", "token", "auth", "secret", "bearer", "credential"
	};
	static const char others[][12] = { "idempotency", "csrf",    "xsrf",     "websocket",
					   "cache",       "session", "trace",    "request-",
					   "amz-",        "nonce",   "surrogate" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (slice_has_nocase(name, slice_of(others[i])))
			return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_has_nocase(name, slice_of(words[i])))
			return true;
	return false;
}

/* The header of a gateway's own key that NAME was meant to be; NULL: none, or it is that one. */
static const char *near_gateways(struct slice name)
{
	static const char names[][21] = { "x-portkey-api-key", "x-litellm-api-key",
					  "cf-aig-authorization", "helicone-auth" };
	const char *near = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t edits = distance(name, slice_of(names[i]));
		if (edits == 0)
			return NULL;
		if (edits <= NEAR)
			near = names[i];
	}
	return near;
}

const struct field *gateway_key_field(const struct message *m)
{
	for (size_t i = 0; i < m->field_count; i++) {
		const struct field *field = &m->fields[i];
		if (is_gateways(field->name) && is_for_keys(field->name) &&
		    !near_gateways(field->name) &&
		    (!field->known || field->value.n))
			return field;
	}
	return NULL;
}

/* Is the header that WORD names, one of vendor_locations(), not empty? */
static bool has_field(const struct message *m, struct slice word)
{
	for (size_t i = 0; i < m->field_count; i++)
		if (slice_equal_nocase(m->fields[i].name, word) && m->fields[i].value.n)
			return true;
	return false;
}

/* Meant for Authorization by its name: a slip of hand, or a word around it. */
static bool is_near_authorization(struct slice name)
{
	return distance(name, SLICE("authorization")) <= NEAR ||
	       slice_has_nocase(name, SLICE("authoriz")) ||
	       slice_has_nocase(name, SLICE("authoris")) ||
	       slice_has_nocase(name, SLICE("authentic")) ||
	       slice_equal_nocase(name, SLICE("auth")) || slice_equal_nocase(name, SLICE("bearer"));
}

static bool is_known_key(struct slice s)
{
	return s.n >= LEAST_KEY && slice_has_digit(s) && vendor_of_key(s);
}

static bool is_long_token(struct slice s, size_t least_bytes)
{
	size_t n = token_run(s, 0);

	while (n < s.n && (is_token_byte(s.p[n]) || memchr(".+/=~:|", s.p[n], 7)))
		n++;
	return n == s.n && n >= least_bytes && slice_has_digit(s);
}

/* The key among the pairs of a Cookie (RFC 6265 section 4.2.1): by its form alone. */
static struct slice key_of_cookie(struct slice value)
{
	struct slice rest = value;
	struct slice pair;

	while (slice_cut(&rest, ';', &pair)) {
		struct slice name;
		pair = slice_trim(pair);
		slice_cut(&pair, '=', &name);
		if (is_known_key(pair))
			return pair;
	}
	return (struct slice){ NULL, 0 };
}

/* What the answer says, or that it is a refusal for the credentials at a host that has keys. */
static bool is_asked_for_key(const struct check_input *in)
{
	return in->answer.saw == SAW_NO_KEY ||
	       (in->vendor && in->answer.about == REFUSAL_CREDENTIALS);
}

static struct slice key_of_field(const struct check_input *in, const struct field *field)
{
	const struct slice none = { NULL, 0 };
	struct slice value = field->value;
	bool bearer = slice_starts_nocase(value, SLICE("bearer "));

	if (slice_equal_nocase(field->name, SLICE("cookie")))
		return key_of_cookie(value);
	if (bearer)
		value = slice_trim(slice_from(value, 7));
	if (is_known_key(value))
		return value;
	if (bearer && (is_long_token(value, LEAST_AFTER_BEARER) ||
		       (value.n && is_near_authorization(field->name))))
		return value;
	if (is_for_keys(field->name) && is_long_token(value, LEAST_KEY) && is_asked_for_key(in))
		return value;
	return none;
}

/* A session of a website's own, which its API takes, too (Open WebUI: `token=eyJ…`). */
static bool is_session(struct slice name, struct slice value)
{
	return is_jwt(value) || ((is_for_keys(name) || slice_has_nocase(name, SLICE("session"))) &&
				 is_long_token(value, LEAST_AFTER_BEARER));
}

static bool has_session(struct slice cookies)
{
	struct slice pair;

	while (slice_cut(&cookies, ';', &pair)) {
		struct slice name;
		pair = slice_trim(pair);
		slice_cut(&pair, '=', &name);
		if (is_session(name, pair))
			return true;
	}
	return false;
}

/*
 * A signature in the URL: AWS's ("Authenticating Requests: Using Query Parameters")
 * and iFlytek's, which is a parameter named as the header is.
 */
static bool has_signature(struct slice query)
{
	struct slice value;

	while (slice_cut(&query, '&', &value)) {
		struct slice name;
		slice_cut(&value, '=', &name);
		if (value.n && (slice_equal_nocase(name, SLICE("x-amz-signature")) ||
				slice_equal_nocase(name, SLICE("authorization"))))
			return true;
	}
	return false;
}

/*
 * A token under a name that servers read (xi-api-key). Where the answer refuses:
 * under any name for keys (x-rapidapi-key), and a session, too.
 */
static bool has_field_for_keys(const struct message *m, bool refused)
{
	for (size_t i = 0; i < m->field_count; i++) {
		const struct field *field = &m->fields[i];
		if ((refused ? is_for_keys(field->name) : is_credential_header(field->name)) &&
		    !is_location(field->name) &&
		    (!field->known || is_long_token(field->value, LEAST_KEY)))
			return true;
		if (refused && slice_equal_nocase(field->name, SLICE("cookie")) &&
		    has_session(field->value))
			return true;
	}
	return false;
}

bool has_key_elsewhere(const struct check_input *in)
{
	const struct message *m = &in->x->request;
	struct slice rest, word;

	if (gateway_key_field(m) || has_signature(in->x->query))
		return true;
	/* Kong and APISIX read it in `apikey`; they run under private host names. */
	rest = slice_of(in->vendor ? vendor_locations(in->vendor, in->x->path) : "apikey");
	while (slice_cut(&rest, ' ', &word))
		if (word.n && !is_location(word) && has_field(m, word))
			return true;
	bool refused = in->answer.saw != SAW_NOTHING || in->answer.status == 401;
	return !in->vendor && has_field_for_keys(m, refused);
}

static bool is_read_here(const struct check_input *in, struct slice name)
{
	char text[NAME_MAX_SIZE];

	if (!in->vendor || name.n > sizeof(text))
		return false;
	for (size_t i = 0; i < name.n; i++)
		text[i] = to_lower(name.p[i]);
	return vendor_reads(in->vendor, in->x->path, (struct slice){ text, name.n });
}

struct stray_key stray_key_find(const struct check_input *in)
{
	const struct message *m = &in->x->request;

	for (size_t i = 0; i < m->field_count; i++) {
		const struct field *field = &m->fields[i];
		if (!field->known || field->value.n < 8 || is_location(field->name) ||
		    is_read_here(in, field->name))
			continue;
		const char *near = near_gateways(field->name);
		if (!near && is_gateways(field->name))
			continue;
		struct slice key = key_of_field(in, field);
		if (key.n)
			return (struct stray_key){ field, key, vendor_of_key(key), near };
	}
	return (struct stray_key){ NULL, { NULL, 0 }, NULL, NULL };
}
