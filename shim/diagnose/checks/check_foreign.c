/* SPDX-License-Identifier: MIT */
/* What was sent cannot be a key of this host, whatever else it is. */
#include "base/ascii.h"
#include "diagnose/checks/checks.h"
#include "diagnose/claims.h"
#include "diagnose/credential_checks.h"

#include <string.h>

static const struct slice nowhere = { NULL, 0 };

enum { LEAST_KEY = 20 };

/* The kinds of things that are sent as a key. */
enum key_look {
	LOOK_WORD,      /* a dummy, marker or reference */
	LOOK_PROSE,     /* several words */
	LOOK_NUMBER,    /* digits alone */
	LOOK_BEGINNING, /* of a key, and nothing after it */
	LOOK_ADDRESS,   /* of in-mail */
	LOOK_UUID,
	LOOK_JWT,
	LOOK_KEY, /* like a key, of another form */
	LOOK_OTHER,
};

struct makeup {
	size_t letters, digits, blanks, joints, others;
	bool hex;
};

static struct makeup makeup_of(struct slice s)
{
	struct makeup m = { .hex = s.n > 0 };

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		m.letters += is_letter(c);
		m.digits += is_digit(c);
		m.blanks += is_blank(c);
		m.joints += c == '-' || c == '_' || c == '.';
		m.others += !is_letter(c) && !is_digit(c) && !is_blank(c) && !memchr("-_.", c, 3);
		m.hex = m.hex && hex_value(c) >= 0;
	}
	return m;
}

static bool is_uuid(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? s.p[i] != '-' : hex_value(s.p[i]) < 0)
			return false;
	}
	return s.n == 36;
}

/* The longest piece between - _ . and blanks: words are short, secrets are not. */
static size_t longest_piece(struct slice s)
{
	size_t longest = 0, n = 0;

	for (size_t i = 0; i < s.n; i++) {
		n = memchr("-_. \t", s.p[i], 5) ? 0 : n + 1;
		longest = n > longest ? n : longest;
	}
	return longest;
}

static enum key_look look_of(struct slice s)
{
	struct makeup m = makeup_of(s);
	long at = slice_byte(s, '@', 0);

	if (is_jwt(s))
		return LOOK_JWT;
	if (s.n < LEAST_KEY && vendor_of_key(s))
		return LOOK_BEGINNING;
	if (is_uuid(s))
		return LOOK_UUID;
	if (at > 0 && slice_byte(s, '.', (size_t)at) > 0 && !m.blanks)
		return LOOK_ADDRESS;
	if (m.blanks)
		return m.letters > 2 * m.digits ? LOOK_PROSE : LOOK_OTHER;
	if (m.digits == s.n && s.n < 20)
		return LOOK_NUMBER;
	/* A secret of some length has digits among its letters. */
	if (s.n <= 12 || (s.n <= 48 && m.digits <= 4 && longest_piece(s) <= 16))
		return m.others > 2 ? LOOK_OTHER : LOOK_WORD;
	return s.n >= 16 && m.others <= s.n / 8 ? LOOK_KEY : LOOK_OTHER;
}

/* What may be said of a key's beginning: a few lower-case letters and a joint, or AIza-like capitals never. */
static struct slice public_prefix(struct slice s)
{
	size_t n = 0;

	while (n < s.n && n < 8 && is_lower(s.p[n]))
		n++;
	return n >= 2 && n < s.n && (s.p[n] == '-' || s.p[n] == '_') ? slice_sub(s, 0, n + 1)
								     : nowhere;
}

static void describe_key(struct detail *d, struct slice s)
{
	struct slice prefix = public_prefix(s);
	struct makeup m = makeup_of(slice_from(s, prefix.n));
	size_t rest = s.n - prefix.n;

	if (prefix.n)
		detail_f(d, "`%.*s` and ", SLICE_ARG(prefix));
	if (m.hex)
		detail_f(d, "%zu hex digits, %zu bytes", rest, s.n);
	else
		detail_f(d, "%zu letters%s%s, %zu bytes", rest, m.digits ? " and digits" : "",
			 m.joints || m.others ? " with other signs between" : "", s.n);
}

static void describe_look(struct detail *d, enum key_look look, struct slice s)
{
	switch (look) {
	case LOOK_WORD:
		detail_f(d, "a word of %zu characters", s.n);
		break;
	case LOOK_PROSE:
		detail_f(d, "text of several words, %zu bytes", s.n);
		break;
	case LOOK_NUMBER:
		detail_f(d, "a number of %zu digits", s.n);
		break;
	case LOOK_BEGINNING:
		detail_f(d, "only the beginning of a key, %zu bytes", s.n);
		break;
	case LOOK_ADDRESS:
		detail_f(d, "an e-mail address");
		break;
	case LOOK_UUID:
		detail_f(d, "a UUID");
		break;
	case LOOK_JWT:
		detail_f(d, "a login token (a JWT of %zu bytes)", s.n);
		break;
	case LOOK_KEY:
		describe_key(d, s);
		break;
	case LOOK_OTHER:
		detail_f(d, "%zu bytes", s.n);
		break;
	}
}

static void advise(const struct check_input *in, struct detail *d, enum key_look look)
{
	switch (look) {
	case LOOK_KEY:
	case LOOK_JWT:
		d->why =
		    "It looks like a credential of another service. Either the base URL setting "
		    "was "
		    "not applied, and the request went to this host by default, or the key was "
		    "entered for the wrong provider.";
		detail_fix(
		    d,
		    "If the key is right, set the base URL of the service that issued it in the "
		    "part of the tool that made this request (old conversations and "
		    "sub-agents keep their own). If %s is right, enter a key of %s.",
		    in->vendor->title, in->vendor->title);
		break;
	case LOOK_UUID:
		d->why =
		    "It is an identifier (of a key, a project or an account), not the key itself.";
		break;
	case LOOK_ADDRESS:
	case LOOK_PROSE:
		d->why = "The key setting contains something that was meant for another field.";
		break;
	case LOOK_BEGINNING:
		d->why = "Only the public beginning of a key was stored, or the rest was cut off.";
		detail_fix(d, "Copy the whole key again and enter it in the key setting.");
		break;
	case LOOK_WORD:
	case LOOK_NUMBER:
	case LOOK_OTHER:
		break;
	}
}

/* Does another rule report this kind of token? */
static bool has_own_rule(const struct check_input *in, const struct credential *c)
{
	enum token_kind kind = c->shape.kind;

	/* Keys of the vendor may have got longer; but not so short. */
	if (c->shape.vendor && (c->shape.vendor != in->vendor || c->shape.core.n >= LEAST_KEY))
		return true;
	if (slice_equal(c->shape.core, in->outline.model))
		return true;
	if (kind == TOKEN_SPACED)
		return look_of(c->shape.core) != LOOK_PROSE;
	/* Where keys have a header of their own, a JWT after Bearer is a login, not a key. */
	if (kind == TOKEN_JWT)
		return in->is_openrouter || token_is_foreign_jwt(in, c) ||
		       (c->location == LOCATION_AUTHORIZATION && !vendor_takes_bearer(in));
	/* What is almost a key of OpenRouter is reported at OpenRouter. */
	return kind < TOKEN_CASE || (kind < TOKEN_PLAIN && in->is_openrouter);
}

/* Words about the parts of a JWT: the server tried to read one. */
static bool answer_expects_jwt(const struct check_input *in)
{
	static const char words[][24] = { "jwt",
					  "json web token",
					  "jws",
					  "number of segments",
					  "not enough segments",
					  "token segments",
					  "compact jws",
					  "unable to parse token" };
	struct slice message = in->answer.message;

	if (in->is_openrouter)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_has_nocase(message, slice_of(words[i])))
			return true;
	return false;
}

static void describe_exchange(struct detail *d, enum key_look look, struct slice s)
{
	detail_f(d, "what was sent is ");
	describe_look(d, look, s);
	detail_f(d, "; the answer asks for a JWT, which this is not");
	d->why =
	    "This server reads tokens of limited life (JWTs). The tool must not send the API key "
	    "itself: it has to exchange it for a token first.";
	detail_fix(
	    d,
	    "Exchange the key for a token, or use the vendor's own SDK or provider, which does it "
	    "(IBM Cloud: POST https://iam.cloud.ibm.com/identity/token with the API key), and send "
	    "that token.");
}

bool check_auth_token_foreign_form(const struct check_input *in, struct detail *d)
{
	const struct credential *c = in->credential;
	char looks[160];

	if (!c || !c->known || c->location == LOCATION_URL || !c->shape.core.n ||
	    (c->shape.scheme > SCHEME_CASE && c->shape.scheme != SCHEME_NONE) ||
	    in->answer.about != REFUSAL_CREDENTIALS || in->answer.refused_by == REFUSED_upstream)
		return false;
	if (c->shape.kind == TOKEN_PLAIN && !vendor_key_fits(in->vendor, c->shape.core) &&
	    answer_expects_jwt(in)) {
		describe_exchange(d, look_of(c->shape.core), c->shape.core);
		point_at(d, c, c->shape.core, nowhere);
		return true;
	}
	if (!vendor_key_form_certain(in->vendor) || vendor_key_fits(in->vendor, c->shape.core) ||
	    has_own_rule(in, c))
		return false;
	enum key_look look = look_of(c->shape.core);
	vendor_key_form_words(in->vendor, looks, sizeof(looks));
	detail_f(d, "what was sent is ");
	describe_look(d, look, c->shape.core);
	detail_f(d, "; keys of %s are %s", in->vendor->title, looks);
	advise(in, d, look);
	point_at(d, c, c->shape.core, nowhere);
	return true;
}
