/* SPDX-License-Identifier: MIT */
/* The scheme before the token, and the shape of the field as a whole. */
#include "base/ascii.h"
#include "diagnose/checks/advice.h"
#include "diagnose/checks/checks.h"
#include "diagnose/credential_checks.h"
#include "diagnose/redirect.h"
#include "diagnose/stray_key.h"

static const struct slice nowhere = { NULL, 0 };

/* Does the answer say that it wants a credential? */
static bool is_asked(const struct check_input *in)
{
	if (in->answer.saw == SAW_NO_KEY || in->answer.saw == SAW_NOT_RECOGNISED)
		return true;
	if (in->answer.status == 403)
		return in->answer.saw == SAW_UNKNOWN_KEY; /* FastAPI: "Not authenticated" */
	return in->answer.status == 401 && in->answer.saw < SAW_NO_MONEY;
}

/* What callers may ask without a key, as long as it is given to them. */
static bool needs_key(const struct check_input *in)
{
	struct slice path = in->x->path;

	bool is_call = path_is_endpoint(path) ||
		       (in->vendor && message_field(&in->x->request, "sec-websocket-key", 0));

	if (!is_call || slice_equal(in->x->request.method, SLICE("OPTIONS")) ||
	    slice_ends(path, SLICE("/auth/keys")))
		return false;
	if (has_key_elsewhere(in))
		return in->answer.saw == SAW_NO_KEY;
	if (is_asked(in))
		return true;
	return !in->is_public && !slice_ends(path, SLICE("/providers")) &&
	       in->endpoint != ENDPOINT_MODELS;
}

bool check_auth_missing(const struct check_input *in, struct detail *d)
{
	if (!in->credentials.absent || !needs_key(in) || redirect_lost_key(in) ||
	    stray_key_find(in).field || server_wants_sign_in(in))
		return false;
	if (!in->vendor && !is_asked(in))
		return false;
	detail_f(d,
		 "%zu header field%s sent, none of them Authorization, x-api-key, api-key or "
		 "x-goog-api-key; no key in the URL",
		 in->x->request.field_count, in->x->request.field_count == 1 ? " was" : "s were");
	d->absent = true;
	advise_missing(in, d);
	return true;
}

bool check_auth_header_misspelled(const struct check_input *in, struct detail *d)
{
	bool fine = in->answer.answered && !in->answer.failed;

	/* What a stranger's server reads is its own affair, until it says that no key came. */
	if (!in->is_api || !in->credentials.absent || fine ||
	    (!in->vendor && in->answer.saw != SAW_NO_KEY))
		return false;
	struct stray_key stray = stray_key_find(in);
	if (!stray.field)
		return false;
	if (stray.vendor)
		detail_f(d, "a key of %s is in ", stray.vendor->title);
	else
		detail_f(d, "a credential is in ");
	detail_masked(d, stray.field->name, 64);
	if (stray.near) {
		detail_f(d, ", and the header is called %s", stray.near);
		detail_fix(d, "Correct the name of the header to %s.", stray.near);
	} else {
		detail_f(d, ", and there is no Authorization");
	}
	detail_point_field(d, stray.field->name, stray.key.p - stray.field->value.p);
	return true;
}

/* A host that we do not know says itself what it reads: RFC 6750 section 3, or its words. */
static bool answer_wants_bearer(const struct check_input *in)
{
	struct slice challenge = field_value(&in->x->response, "www-authenticate");

	return !in->vendor && in->answer.about == REFUSAL_CREDENTIALS &&
	       (slice_starts_nocase(challenge, SLICE("Bearer")) ||
		slice_has(in->answer.message, SLICE("'Bearer'")) ||
		slice_has(in->answer.message, SLICE("Bearer ")));
}

bool check_auth_scheme_missing(const struct check_input *in, struct detail *d)
{
	const struct credential *c = authorization_of_scheme(in, SCHEME_NONE);

	if (!c || c->value.n == 0 || (!vendor_takes_bearer(in) && !answer_wants_bearer(in)))
		return false;
	/* A word that explains itself (a template, a URL …) is reported by its own rule. */
	if (!c->shape.vendor && c->shape.kind != TOKEN_PLAIN && c->shape.kind != TOKEN_JWT)
		return false;
	detail_token(d, "the value is the key alone, without `Bearer ` before it", c->token);
	point_at(d, c, c->value, nowhere);
	return true;
}

/* Is C in a header of the key alone, and was it not accepted as it is? */
static bool takes_key_alone(const struct check_input *in, const struct credential *c)
{
	return (c->location == LOCATION_X_API_KEY || c->location == LOCATION_API_KEY ||
		c->location == LOCATION_X_GOOG_API_KEY) &&
	       c->shape.core.n && credential_counts(in, c) && !key_is_idle(in) &&
	       !(in->answer.answered && !in->answer.failed);
}

static void describe_scheme_in_key(struct detail *d, const struct credential *c)
{
	detail_f(d, "%s begins with the word Bearer", location_name(c->location));
	d->why =
	    "This header takes the key alone. The word Bearer belongs to Authorization, and here "
	    "it counts as part of the key.";
	detail_fix(d, "Remove the word Bearer from the value of the header.");
	point_at(d, c, c->shape.again, nowhere);
}

bool check_auth_scheme_doubled(const struct check_input *in, struct detail *d)
{
	for (size_t i = 0; i < in->credentials.count; i++) {
		const struct credential *c = &in->credentials.all[i];
		if (!c->known || !c->shape.again.n)
			continue;
		if (takes_key_alone(in, c)) {
			describe_scheme_in_key(d, c);
			return true;
		}
		if (c->location != LOCATION_AUTHORIZATION || !c->scheme.n)
			continue;
		detail_f(d, "the token itself begins with `");
		detail_masked(d, slice_trim(c->shape.again), 16);
		detail_f(d, "`%s", c->shape.core.n ? "" : " and there is nothing after it");
		point_at(d, c, c->shape.again, nowhere);
		return true;
	}
	return false;
}

bool check_auth_scheme_punctuated(const struct check_input *in, struct detail *d)
{
	const struct credential *c = authorization_of_scheme(in, SCHEME_PUNCTUATED);

	if (!c)
		return false;
	struct slice after = { c->scheme.p + 6, c->scheme.n - 6 };
	if (after.n)
		detail_f(d, "`%c` follows the word Bearer, where one space belongs", after.p[0]);
	else
		detail_f(d, "the token follows the word Bearer without a space");
	point_at(d, c, after, nowhere);
	return true;
}

/* Schemes that a vendor documents beside Bearer, or in its place. */
static bool is_documented_scheme(const struct check_input *in, const struct credential *c)
{
	static const struct {
		char vendor[11];
		char scheme[17];
	} documented[] = {
		{ "bedrock", "AWS4-HMAC-SHA256" }, /* Signature Version 4 */
		{ "volcengine", "HMAC-SHA256" },   /* volcengine.com/docs/6369/67269 */
		{ "baseten", "Api-Key" },          /* docs.baseten.co, every endpoint */
		{ "replicate", "Token" },          /* replicate.com/docs until 2024, still read */
	};

	for (size_t i = 0; i < sizeof(documented) / sizeof(documented[0]); i++)
		if (slice_equal(slice_of(in->vendor->id), slice_of(documented[i].vendor)) &&
		    slice_equal_nocase(c->scheme, slice_of(documented[i].scheme)))
			return true;
	return false;
}

bool check_auth_scheme_wrong(const struct check_input *in, struct detail *d)
{
	const struct credential *c = authorization_of_scheme(in, SCHEME_OTHER);

	if (!c)
		c = authorization_of_scheme(in, SCHEME_FOREIGN);
	if (!c || !vendor_takes_bearer(in) || is_documented_scheme(in, c))
		return false;
	detail_f(d, "the scheme is `");
	/* This word may be the first half of a secret. */
	if (is_scheme_word(c->scheme) || c->shape.scheme == SCHEME_FOREIGN)
		detail_masked(d, c->scheme, 32);
	else
		detail_f(d, "a word of %zu bytes", c->scheme.n);
	detail_f(d, "`, not Bearer");
	point_at(d, c, c->scheme, nowhere);
	return true;
}

/* OpenAI documents `curl -u :KEY`: the key is the password, the user name is empty. */
static bool is_documented_basic(const struct check_input *in, struct slice user)
{
	return user.n == 0 && slice_equal(slice_of(in->vendor->id), SLICE("openai"));
}

/* Who is to be shown; an address is of a person, and a key is a key. */
static void describe_user(struct detail *d, struct slice user)
{
	if (user.n == 0) {
		detail_f(d, "it decodes to an empty user name and a password");
	} else if (vendor_of_key(user)) {
		detail_token(d, "it decodes to a key in the place of the user name", user);
	} else if (slice_byte(user, '@', 0) >= 0) {
		detail_f(d, "it decodes to a user name (an e-mail address) and a password");
	} else {
		detail_f(d, "it decodes to the user name ");
		detail_masked(d, user, 60);
		detail_f(d, " and a password");
	}
}

bool check_auth_scheme_basic(const struct check_input *in, struct detail *d)
{
	const struct credential *c = authorization_of_scheme(in, SCHEME_BASIC);
	char room[256];
	struct slice user;
	struct slice password;

	if (!c || !in->vendor ||
	    (!vendor_takes_bearer(in) && in->credential->location != LOCATION_AUTHORIZATION))
		return false;
	if (!basic_read(c, room, sizeof(room), &user, &password))
		detail_f(d, "what follows Basic is not base64 of user:password");
	else if (is_documented_basic(in, user))
		return false;
	else
		describe_user(d, user);
	if (!vendor_takes_bearer(in))
		detail_f(d, "; %s reads the key in %s", in->vendor->title, in->vendor->header);
	point_at(d, c, c->scheme, nowhere);
	return true;
}

bool check_auth_scheme_case(const struct check_input *in, struct detail *d)
{
	const struct credential *c = authorization_of_scheme(in, SCHEME_CASE);

	if (!c || !vendor_takes_bearer(in))
		return false;
	detail_f(d, "the scheme is written ");
	detail_masked(d, c->scheme, 16);
	point_at(d, c, c->scheme, nowhere);
	return true;
}

static void describe_break(struct detail *d, enum value_break how, long at)
{
	if (how == BREAK_INSIDE)
		detail_f(d, "a line break after %ld bytes of the value", at);
	else if (how == BREAK_BEFORE_REST)
		detail_f(d, "the line after it is not a header but the rest of the value");
	else
		detail_f(d,
			 "the value ends in a bare line feed: the server sees the head end there");
}

bool check_auth_value_line_break(const struct check_input *in, struct detail *d)
{
	for (size_t i = 0; i < in->credentials.count; i++) {
		const struct credential *c = &in->credentials.all[i];
		long at = 0;
		enum value_break how = value_break_of(in, c, &at);
		if (how == BREAK_NONE)
			continue;
		describe_break(d, how, at);
		d->breaks_head = true;
		detail_point(d, location_name(c->location), at, -1);
		return true;
	}
	return false;
}

/* Offset of the first control byte that is not a line break; -1: none. */
static long control_byte(struct slice value)
{
	for (size_t at = 0; at < value.n; at++)
		if (is_control(value.p[at]) && value.p[at] != '\r' && value.p[at] != '\n')
			return (long)at;
	return -1;
}

/* A key that was read from a file with its line end, and percent-encoded so: ?key=AIza...%0A */
static bool in_url_with_break(const struct check_input *in, const struct credential *c, long *at)
{
	if (c->location != LOCATION_URL || !credential_counts(in, c))
		return false;
	for (size_t i = 0; i < c->value.n; i++)
		if (is_control(c->value.p[i])) {
			*at = (long)i;
			return true;
		}
	return false;
}

static void describe_break_in_url(struct detail *d, const struct credential *c, long at)
{
	detail_f(d, "byte 0x%02X at offset %ld of the key in the URL, which has it as %%%02X",
		 (unsigned char)c->value.p[at], at, (unsigned char)c->value.p[at]);
	d->why =
	    "The tool read the key together with a byte that is no part of it, such as the line "
	    "end of a file, and encoded it for the URL. The server sees a longer key.";
}

bool check_auth_value_control_byte(const struct check_input *in, struct detail *d)
{
	for (size_t i = 0; i < in->credentials.count; i++) {
		const struct credential *c = &in->credentials.all[i];
		long at = c->known && c->field >= 0 ? control_byte(c->value) : -1;
		if (in_url_with_break(in, c, &at)) {
			describe_break_in_url(d, c, at);
			return true;
		}
		if (at < 0)
			continue;
		detail_f(d, "byte 0x%02X at offset %ld of the value", (unsigned char)c->value.p[at],
			 at);
		d->breaks_head = true;
		detail_point(d, location_name(c->location), at, -1);
		return true;
	}
	return false;
}

bool check_auth_value_padded(const struct check_input *in, struct detail *d)
{
	const struct message *m = &in->x->request;

	for (size_t i = 0; i < in->credentials.count && m->version != HTTP_2; i++) {
		const struct credential *c = &in->credentials.all[i];
		if (!c->known || c->field < 0 || c->value.n == 0)
			continue;
		struct slice raw = m->fields[c->field].raw;
		long before = c->value.p - raw.p;
		long after = (long)raw.n - before - (long)c->value.n;
		if (!raw.p || (before == 1 && after <= 0))
			continue;
		if (after > 0)
			detail_f(d, "%ld blank%s after the value", after, after == 1 ? "" : "s");
		else
			detail_f(d, "%ld blanks between the colon and the value", before);
		detail_point(d, location_name(c->location), after > 0 ? (long)c->value.n : 0, -1);
		return true;
	}
	return false;
}
