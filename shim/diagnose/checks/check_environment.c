/* SPDX-License-Identifier: MIT */
/* The keys of the environment and of the files beside it, compared with what was sent. */
#include "diagnose/base_url.h"
#include "diagnose/checks/checks.h"
#include "diagnose/credential_checks.h"
#include "diagnose/own_key.h"
#include "diagnose/shape.h"

/* Was the credential, or the lack of one, refused by the server that was asked? */
static bool is_refused(const struct check_input *in)
{
	return in->answer.about == REFUSAL_CREDENTIALS && in->answer.refused_by != REFUSED_upstream;
}

/* A word, a marker or nothing in the place of a key. */
static bool is_no_key(const struct token_shape *shape)
{
	switch (shape->kind) {
	case TOKEN_EMPTY:
	case TOKEN_LITERAL:
	case TOKEN_UNEXPANDED:
	case TOKEN_DUMMY:
	case TOKEN_SAMPLE:
	case TOKEN_VARIABLE_NAME:
		return true;
	case TOKEN_PLAIN:
		return !shape->vendor && !could_be_key(shape->core);
	default:
		return false;
	}
}

/* Was no key sent where one is wanted? */
static bool is_without_key(const struct check_input *in)
{
	const struct credential *c = in->credential;

	if (in->credentials.absent)
		return in->is_api && path_is_endpoint(in->x->path) && !needs_no_key(in);
	return c && c->known && c->location != LOCATION_URL && c->shape.scheme != SCHEME_BASIC &&
	       c->shape.scheme != SCHEME_FOREIGN && is_no_key(&c->shape);
}

bool check_key_variable_unused(const struct check_input *in, struct detail *d)
{
	if (!is_refused(in) || !is_without_key(in) || history_had_key(in))
		return false;
	if (in->own.state != OWN_GOOD || in->own.sent != MATCH_NONE)
		return false;
	detail_f(d, "%.*s is set and has a well-formed key; ", SLICE_ARG(in->own.name));
	if (in->credentials.absent)
		detail_f(d, "no key was sent");
	else if (!in->credential->token.n)
		detail_f(d, "an empty token was sent");
	else
		detail_token(d, "what was sent is", in->credential->token);
	return true;
}

/* Say where the key of FINGERPRINT was found. False: nowhere. */
static bool describe_found(struct detail *d, const struct check_input *in, const char *fingerprint)
{
	struct found_key key;
	size_t at = 0;

	if (!found_next_of(in->found, fingerprint, &at, &key))
		return false;
	detail_fix_masked(d, key.file, 120);
	detail_fix(d, " line %u", key.line);
	return true;
}

/*
 * Is what was sent of a kind that does not come from the variable as it is? A key of
 * administrators, a signature, a token that a library got or made out of the key
 * (the parameters that Copilot gives, Zhipu's JWT), or one of GitHub's other kinds.
 */
static bool is_another_kind(const struct check_input *in, const struct credential *c)
{
	struct slice sent = c->shape.core;
	struct slice own = in->own.value;
	struct slice sent_prefix = vendor_key_prefix(in->vendor, sent);
	struct slice own_prefix = vendor_key_prefix(in->vendor, own);

	if (c->shape.scheme == SCHEME_FOREIGN || slice_byte(sent, ';', 0) > 0)
		return true;
	if (slice_has(sent_prefix, SLICE("admin")) != slice_has(own_prefix, SLICE("admin")))
		return true;
	/* A login of an editor, and a token for git: gho_, ghu_ and ghp_, github_pat_. */
	if (sent_prefix.n && slice_has(sent_prefix, SLICE("gh")) &&
	    !slice_equal(sent_prefix, own_prefix))
		return true;
	return is_jwt(sent) && !is_jwt(own) && !vendor_key_form_certain(in->vendor);
}

bool check_key_differs_from_variable(const struct check_input *in, struct detail *d)
{
	const struct credential *c = in->credential;
	char shown[TOKEN_MASK_SIZE];

	if (!is_refused(in) || !c || !c->known || !could_be_key(c->shape.core))
		return false;
	if (in->own.state != OWN_GOOD || in->own.sent != MATCH_NONE ||
	    environment_compare(in->own.value, c->shape.core) != MATCH_NONE ||
	    is_another_kind(in, c))
		return false;
	token_mask(in->own.value, shown);
	detail_f(d, "%s was sent and refused; %.*s has %s", in->shown, SLICE_ARG(in->own.name),
		 shown);
	detail_fix(d, "Find where %s is stored and remove or replace it there: ", in->shown);
	if (!describe_found(d, in, in->fingerprint))
		detail_fix(
		    d,
		    "the tool's own settings, a login that it keeps, a build argument of an image");
	detail_fix(d, ". Or tell the tool to read %.*s.", SLICE_ARG(in->own.name));
	return true;
}

/* A .env line for a variable that the environment sets to another value, one of the two sent. */
static bool is_shadowed(const struct check_input *in, const struct found_key *key)
{
	struct slice set = environment_value(in->environment, key->variable);
	struct slice token = in->credential->token;
	struct found_key other;

	if (key->kind != FOUND_DOTENV || key->note.n || !set.n ||
	    !vendor_of_variable(key->variable))
		return false;
	if (slice_equal(key->fingerprint, slice_of(in->fingerprint)))
		return environment_compare(set, token) == MATCH_NONE;
	if (environment_compare(set, token) == MATCH_NONE)
		return false;
	/* The same line, with what surrounds the value, may be what was sent. */
	for (size_t at = 0; found_next_of(in->found, in->fingerprint, &at, &other);)
		if (other.line == key->line && slice_equal(other.file, key->file))
			return false;
	return true;
}

bool check_key_shadows_dotenv(const struct check_input *in, struct detail *d)
{
	struct found_key key;

	if (!is_refused(in) || !in->fingerprint[0])
		return false;
	for (size_t at = 0; found_next(in->found, &at, &key);) {
		if (!is_shadowed(in, &key))
			continue;
		bool from_file = slice_equal(key.fingerprint, slice_of(in->fingerprint));
		detail_f(d, "%s was sent and refused; it is the value of ", in->shown);
		detail_masked(d, key.variable, LIMIT_SHOWN_NAME);
		detail_f(d, " ");
		if (!from_file)
			detail_f(d, "in the environment, and ");
		detail_f(d, "%s", from_file ? "in " : "");
		detail_masked(d, key.file, 120);
		detail_f(d, " line %u%s", key.line,
			 from_file ? ", and the environment has another one" : " has another one");
		return true;
	}
	return false;
}

bool check_key_variable_damaged(const struct check_input *in, struct detail *d)
{
	if (!is_refused(in) || (in->credentials.absent && !is_without_key(in)))
		return false;
	if (in->own.state != OWN_DAMAGED)
		return false;
	/* A library that cleaned the value sent a good key: the damage explains nothing. */
	if (!in->credentials.absent && in->own.sent != MATCH_EXACT &&
	    !(in->credential && in->credential->known && !in->credential->token.n))
		return false;
	detail_f(d, "%.*s %s", SLICE_ARG(in->own.name), in->own.damage);
	/* That the header is missing is on the wire; that this is why is a conclusion. */
	d->lower = in->credentials.absent;
	return true;
}

bool check_base_url_variable_unused(const struct check_input *in, struct detail *d)
{
	struct base_url base;

	if (!is_refused(in) || !path_is_endpoint(in->x->path) || !base_url_unused(in, &base))
		return false;
	detail_f(d, "%.*s names ", SLICE_ARG(base.name));
	detail_masked(d, base.host, 80);
	detail_f(d, "; this request went to ");
	detail_masked(d, in->x->host, 80);
	if (!base.usual.p)
		return true;
	detail_fix(d,
		   "Set %.*s instead: many tools and libraries do not read %.*s. If that changes "
		   "nothing, set the base URL in the tool's own settings.",
		   SLICE_ARG(base.usual), SLICE_ARG(base.name));
	return true;
}
