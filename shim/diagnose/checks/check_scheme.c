/* SPDX-License-Identifier: MIT */
/* The scheme before the token, and the shape of the field as a whole. */
#include "diagnose/checks/checks.h"
#include "diagnose/judged.h"

static const struct slice nowhere = { NULL, 0 };

/* Paths whose callers have no key yet, or need none whatever the vendor. */
static bool needs_key(const struct evidence *e)
{
	struct slice path = e->x->path;

	return !needs_no_key(e) && !slice_ends(path, SLICE("/providers")) &&
	       e->endpoint != ENDPOINT_MODELS && path_is_endpoint(path);
}

/* Names under which a credential was sent by mistake. */
static bool is_misspelled(struct slice name)
{
	static const char names[][21] = {
		"authorisation",
		"authorization-token",
		"authorizations",
		"auth",
		"bearer",
		"x-authorization",
		"authentication",
		"authorizaton",
		"authorizaion",
		"autorization",
		"authorzation",
		"authoriation",
		"auhtorization",
		"uthorization",
		"athorization",
		"auhorization",
		"authrization",
		"authoization",
		"authorizatin",
		"authorizatio",
		"authorizaition",
		"authorizatoin",
		"authoirzation",
		"authorizaiton",
		"authorizatiom",
		"authorizathion",
		"authorization_",
		"authorization-",
		"authorization-bearer",
		"auth-token",
		"bearer-token",
		"http-authorization",
		"openrouter-api-key",
		"openai-api-key",
		"x-openrouter-api-key",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal_nocase(name, slice_of(names[i])))
			return true;
	return false;
}

static bool holds_credential(struct slice value)
{
	return slice_starts_nocase(value, SLICE("bearer ")) || vendor_of_key(value);
}

static const struct field *misspelled_field(const struct evidence *e)
{
	const struct message *m = &e->x->request;

	if (!e->credentials.absent)
		return NULL;
	for (size_t i = 0; i < m->field_count; i++)
		if (m->fields[i].known && is_misspelled(m->fields[i].name) &&
		    holds_credential(m->fields[i].value))
			return &m->fields[i];
	return NULL;
}

bool check_auth_missing(const struct evidence *e, struct detail *d)
{
	bool asked = e->answer.status == 401;

	if (!e->credentials.absent || !needs_key(e) || misspelled_field(e) || redirect_lost_key(e))
		return false;
	if (!e->vendor && (e->host_private || !asked))
		return false;
	detail_f(d,
		 "%zu header fields were sent, none of them Authorization, x-api-key, api-key or "
		 "x-goog-api-key; no key in the URL",
		 e->x->request.field_count);
	return true;
}

bool check_auth_header_misspelled(const struct evidence *e, struct detail *d)
{
	const struct field *field = e->is_api ? misspelled_field(e) : NULL;
	char name[64];

	if (!field)
		return false;
	size_t n = field->name.n < sizeof(name) ? field->name.n : sizeof(name) - 1;
	for (size_t i = 0; i < n; i++)
		name[i] = (char)(field->name.p[i] >= 'A' && field->name.p[i] <= 'Z'
				     ? field->name.p[i] | 0x20
				     : field->name.p[i]);
	name[n] = '\0';
	detail_f(d, "the credential stands in ");
	detail_bytes(d, field->name, 64);
	detail_f(d, ", and there is no Authorization");
	detail_point(d, name, 0, -1);
	return true;
}

bool check_auth_scheme_missing(const struct evidence *e, struct detail *d)
{
	const struct credential *c = authorization_of_form(e, SCHEME_NONE);

	if (!vendor_takes_bearer(e) || !c || c->value.n == 0)
		return false;
	/* A word that explains itself (a template, a URL …) is told by the rule of its own. */
	if (!c->shape.vendor && c->shape.form != FORM_PLAIN && c->shape.form != FORM_JWT)
		return false;
	detail_token(d, "the value is the key alone, without `Bearer ` before it", c->token);
	point_at(d, c, c->value, nowhere);
	return true;
}

bool check_auth_scheme_doubled(const struct evidence *e, struct detail *d)
{
	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *c = &e->credentials.all[i];
		if (!c->known || c->carrier != CARRIER_AUTHORIZATION || !c->shape.again.n ||
		    !c->scheme.n)
			continue;
		detail_f(d, "the token itself begins with `");
		detail_bytes(d, slice_trim(c->shape.again), 16);
		detail_f(d, "`%s", c->shape.core.n ? "" : " and there is nothing after it");
		point_at(d, c, c->shape.again, nowhere);
		return true;
	}
	return false;
}

bool check_auth_scheme_punctuated(const struct evidence *e, struct detail *d)
{
	const struct credential *c = authorization_of_form(e, SCHEME_PUNCTUATED);

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

bool check_auth_scheme_wrong(const struct evidence *e, struct detail *d)
{
	const struct credential *c = authorization_of_form(e, SCHEME_OTHER);

	if (!c)
		c = authorization_of_form(e, SCHEME_FOREIGN);
	if (!c || !vendor_takes_bearer(e))
		return false;
	detail_f(d, "the scheme is `");
	/* Whatever stands there may be the first half of a secret. */
	if (is_scheme_word(c->scheme) || c->shape.scheme == SCHEME_FOREIGN)
		detail_bytes(d, c->scheme, 32);
	else
		detail_f(d, "a word of %zu bytes", c->scheme.n);
	detail_f(d, "`, not Bearer");
	point_at(d, c, c->scheme, nowhere);
	return true;
}

bool check_auth_scheme_basic(const struct evidence *e, struct detail *d)
{
	const struct credential *c = authorization_of_form(e, SCHEME_BASIC);
	char text[256];

	if (!c || !vendor_takes_bearer(e))
		return false;
	long n = base64_decode(c->token, text, sizeof(text));
	struct slice user = { text, n > 0 ? (size_t)n : 0 };
	long colon = slice_byte(user, ':', 0);
	if (colon < 0) {
		detail_f(d, "what follows Basic is no base64 of user:password");
	} else {
		detail_f(d, "it decodes to the user name ");
		detail_bytes(d, slice_sub(user, 0, (size_t)colon), 60);
		detail_f(d, colon ? " and a password" : "(empty) and a password");
	}
	point_at(d, c, c->scheme, nowhere);
	return true;
}

bool check_auth_scheme_case(const struct evidence *e, struct detail *d)
{
	const struct credential *c = authorization_of_form(e, SCHEME_CASE);

	if (!c || !vendor_takes_bearer(e))
		return false;
	detail_f(d, "the scheme is written ");
	detail_bytes(d, c->scheme, 16);
	point_at(d, c, c->scheme, nowhere);
	return true;
}

static void say_break(struct detail *d, enum value_break how, long at)
{
	if (how == BREAK_INSIDE)
		detail_f(d, "a line break after %ld bytes of the value", at);
	else if (how == BREAK_BEFORE_REST)
		detail_f(d, "the line after it is no header but the rest of the value");
	else
		detail_f(d,
			 "the value ends in a bare line feed: the server sees the head end there");
}

bool check_auth_value_line_break(const struct evidence *e, struct detail *d)
{
	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *c = &e->credentials.all[i];
		long at = 0;
		enum value_break how = value_break_of(e, c, &at);
		if (how == BREAK_NONE)
			continue;
		say_break(d, how, at);
		detail_point(d, carrier_name(c->carrier), at, -1);
		return true;
	}
	return false;
}

bool check_auth_value_control_byte(const struct evidence *e, struct detail *d)
{
	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *c = &e->credentials.all[i];
		for (size_t at = 0; c->known && c->field >= 0 && at < c->value.n; at++) {
			unsigned char byte = (unsigned char)c->value.p[at];
			if ((byte >= 0x20 && byte != 0x7f) || memchr("\t\r\n", byte, 3))
				continue;
			detail_f(d, "byte 0x%02X at offset %zu of the value", byte, at);
			detail_point(d, carrier_name(c->carrier), (long)at, -1);
			return true;
		}
	}
	return false;
}

bool check_auth_value_padded(const struct evidence *e, struct detail *d)
{
	const struct message *m = &e->x->request;

	for (size_t i = 0; i < e->credentials.count && m->version != HTTP_2; i++) {
		const struct credential *c = &e->credentials.all[i];
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
		detail_point(d, carrier_name(c->carrier), after > 0 ? (long)c->value.n : 0, -1);
		return true;
	}
	return false;
}
