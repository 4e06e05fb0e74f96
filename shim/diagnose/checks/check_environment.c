/* SPDX-License-Identifier: MIT */
/* What the environment and the files beside it hold, against what was sent: part of sections 2 and 6. */
#include "diagnose/base_url.h"
#include "diagnose/checks/checks.h"
#include "diagnose/judged.h"
#include "diagnose/own_key.h"
#include "diagnose/shape.h"

/* Was the credential, or the lack of one, refused by the server that was asked? */
static bool is_refused(const struct evidence *e)
{
	return e->answer.about == REFUSAL_CREDENTIALS && e->answer.refused_by != REFUSED_upstream;
}

/* A word, a marker or nothing in the place of a key. */
static bool is_no_key(const struct token_shape *shape)
{
	switch (shape->form) {
	case FORM_EMPTY:
	case FORM_LITERAL:
	case FORM_UNEXPANDED:
	case FORM_DUMMY:
	case FORM_SAMPLE:
	case FORM_VARIABLE_NAME:
		return true;
	case FORM_PLAIN:
		return !shape->vendor && !could_be_key(shape->core);
	default:
		return false;
	}
}

/* Was no key sent where one is wanted? */
static bool is_without_key(const struct evidence *e)
{
	const struct credential *c = e->credential;

	if (e->credentials.absent)
		return e->is_api && path_is_endpoint(e->x->path) && !needs_no_key(e);
	return c && c->known && c->carrier != CARRIER_URL && c->shape.scheme != SCHEME_BASIC &&
	       c->shape.scheme != SCHEME_FOREIGN && is_no_key(&c->shape);
}

bool check_key_variable_unused(const struct evidence *e, struct detail *d)
{
	if (!is_refused(e) || !is_without_key(e) || history_had_key(e))
		return false;
	if (e->own.state != OWN_GOOD || e->own.sent != MATCH_NONE)
		return false;
	detail_f(d, "%.*s is set and holds a well-formed key; ", SLICE_ARG(e->own.name));
	if (e->credentials.absent)
		detail_f(d, "no key was sent");
	else if (!e->credential->token.n)
		detail_f(d, "an empty token was sent");
	else
		detail_token(d, "what was sent is", e->credential->token);
	return true;
}

/* Say where the key of FINGERPRINT was found. False: nowhere. */
static bool say_found(struct detail *d, const struct evidence *e, const char *fingerprint)
{
	struct found_key key;
	size_t at = 0;

	if (!found_next_of(e->found, fingerprint, &at, &key))
		return false;
	detail_fix(d, "%.*s line %u", SLICE_ARG(slice_sub(key.file, 0, 120)), key.line);
	return true;
}

bool check_key_differs_from_variable(const struct evidence *e, struct detail *d)
{
	const struct credential *c = e->credential;
	char shown[TOKEN_SHOWN_MAX];

	if (!is_refused(e) || !c || !c->known || !could_be_key(c->shape.core))
		return false;
	if (e->own.state != OWN_GOOD || e->own.sent != MATCH_NONE ||
	    environment_compare(e->own.value, c->shape.core) != MATCH_NONE)
		return false;
	token_show(e->own.value, shown);
	detail_f(d, "%s was sent and refused; %.*s holds %s", e->shown, SLICE_ARG(e->own.name),
		 shown);
	detail_fix(d, "Find where %s is stored and remove or replace it there: ", e->shown);
	if (!say_found(d, e, e->fingerprint))
		detail_fix(
		    d,
		    "the tool's own settings, a login that it keeps, a build argument of an image");
	detail_fix(d, ". Or tell the tool to read %.*s.", SLICE_ARG(e->own.name));
	return true;
}

/* A .env line for a variable that the environment sets to another value, one of the two sent. */
static bool is_shadowed(const struct evidence *e, const struct found_key *key)
{
	struct slice set = environment_value(e->environment, key->variable);
	struct slice token = e->credential->token;
	struct found_key other;

	if (key->kind != FOUND_DOTENV || key->note.n || !set.n || !vendor_of_variable(key->variable))
		return false;
	if (slice_equal(key->fingerprint, slice_of(e->fingerprint)))
		return environment_compare(set, token) == MATCH_NONE;
	if (environment_compare(set, token) == MATCH_NONE)
		return false;
	/* The same line, taken with what stands around the value, may be what was sent. */
	for (size_t at = 0; found_next_of(e->found, e->fingerprint, &at, &other);)
		if (other.line == key->line && slice_equal(other.file, key->file))
			return false;
	return true;
}

bool check_key_shadows_dotenv(const struct evidence *e, struct detail *d)
{
	struct found_key key;

	if (!is_refused(e) || !e->fingerprint[0])
		return false;
	for (size_t at = 0; found_next(e->found, &at, &key);) {
		if (!is_shadowed(e, &key))
			continue;
		bool from_file = slice_equal(key.fingerprint, slice_of(e->fingerprint));
		detail_f(d, "%s was sent and refused; it is the value of %.*s ", e->shown,
			 SLICE_ARG(slice_sub(key.variable, 0, LIMIT_SHOWN_NAME)));
		if (!from_file)
			detail_f(d, "in the environment, and ");
		detail_f(d, "%s", from_file ? "in " : "");
		detail_bytes(d, key.file, 120);
		detail_f(d, " line %u%s", key.line,
			 from_file ? ", and the environment has another one" : " has another one");
		return true;
	}
	return false;
}

bool check_key_variable_damaged(const struct evidence *e, struct detail *d)
{
	if (!is_refused(e) || (e->credentials.absent && !is_without_key(e)))
		return false;
	if (e->own.state != OWN_DAMAGED)
		return false;
	/* A library that cleaned the value sent a good key: the damage explains nothing. */
	if (!e->credentials.absent && e->own.sent != MATCH_EXACT &&
	    !(e->credential && e->credential->known && !e->credential->token.n))
		return false;
	detail_f(d, "%.*s %s", SLICE_ARG(e->own.name), e->own.damage);
	/* That the header is missing is on the wire; that this is why is a conclusion. */
	d->lower = e->credentials.absent;
	return true;
}

bool check_base_url_variable_unused(const struct evidence *e, struct detail *d)
{
	struct base_url base;

	if (!is_refused(e) || !path_is_endpoint(e->x->path) || !base_url_unused(e, &base))
		return false;
	detail_f(d, "%.*s names ", SLICE_ARG(base.name));
	detail_bytes(d, base.host, 80);
	detail_f(d, "; this request went to ");
	detail_bytes(d, e->x->host, 80);
	if (!base.usual.p)
		return true;
	detail_fix(
	    d,
	    "Set %.*s instead: many tools and libraries do not read %.*s. If that changes "
		   "nothing, set the base URL in the tool's own settings.",
	    SLICE_ARG(base.usual), SLICE_ARG(base.name));
	return true;
}
