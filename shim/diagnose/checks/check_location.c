/* SPDX-License-Identifier: MIT */
/* In which header, how often, and for whom: the credential's locations. */
#include "diagnose/checks/checks.h"
#include "diagnose/credential_checks.h"
#include "diagnose/expected_header.h"
#include "diagnose/own_key.h"

static const struct slice nowhere = { NULL, 0 };

bool check_auth_header_repeated(const struct check_input *in, struct detail *d)
{
	/* They come first, in wire order. */
	const struct credential *all = in->credentials.all;
	size_t times = 0;

	while (times < in->credentials.count && all[times].location == LOCATION_AUTHORIZATION)
		times++;
	if (times < 2 || !in->is_api)
		return false;
	if (!all[0].known || !all[1].known)
		detail_f(d, "%zu Authorization fields", times);
	else
		detail_f(d, "%zu Authorization fields with %s", times,
			 slice_equal(all[0].value, all[1].value) ? "the same value"
								 : "different values");
	detail_point(d, "authorization", 0, -1);
	return true;
}

/* The first header other than Authorization that carries something. */
static const struct credential *other_header(const struct check_input *in)
{
	for (size_t i = 0; i < in->credentials.count; i++) {
		const struct credential *c = &in->credentials.all[i];
		if (c->known && c->location != LOCATION_AUTHORIZATION &&
		    c->location < LOCATION_SUBPROTOCOL && c->token.n)
			return c;
	}
	return NULL;
}

static struct slice name_of(const struct credential *c)
{
	return slice_of(location_name(c->location));
}

/* Refused for the credential by the one who was asked, not by a provider behind. */
static bool is_refused_here(const struct check_input *in)
{
	return in->answer.about == REFUSAL_CREDENTIALS &&
	       in->answer.refused_by != REFUSED_upstream && in->answer.refused_by != REFUSED_edge;
}

static bool has_sent_in(const struct check_input *in, struct slice header)
{
	for (size_t i = 0; i < in->credentials.count; i++)
		if (slice_equal_nocase(header, name_of(&in->credentials.all[i])) &&
		    (!in->credentials.all[i].known || in->credentials.all[i].token.n))
			return true;
	return false;
}

/* Where in TEXT the sentence ends that begins at AT. */
static size_t end_of_sentence(struct slice text, size_t at)
{
	while (at < text.n && text.p[at] != '.' && text.p[at] != ';')
		at++;
	return at;
}

/*
 * Was a credential sent in a header that the answer asks for? Then the header is not
 * the fault. "Missing X-Auth-Key, X-Auth-Email or Authorization headers" asks for one of several.
 */
static bool has_wanted(const struct check_input *in)
{
	struct slice wanted = in->answer.header_wanted;
	struct slice text = in->answer.message;

	if (has_sent_in(in, wanted))
		return true;
	if (!wanted.n || wanted.p < text.p || wanted.p >= text.p + text.n)
		return false;
	size_t at = (size_t)(wanted.p - text.p) + wanted.n;
	struct slice rest = slice_sub(text, at, end_of_sentence(text, at) - at);
	if (!slice_has(rest, SLICE(" or ")))
		return false;
	for (size_t i = 0; i < in->credentials.count; i++)
		if (in->credentials.all[i].token.n &&
		    slice_has_nocase(rest, name_of(&in->credentials.all[i])))
			return true;
	return false;
}

/*
 * Does the answer miss C's header in other words than its name? A gateway hands on
 * what a server behind it said ("Missing Authentication header", of OpenRouter), or
 * the header was lost on the way.
 */
static bool misses_what_was_sent(const struct check_input *in, const struct credential *c)
{
	struct slice text = in->answer.message;
	struct slice challenge = field_value(&in->x->response, "www-authenticate");

	return in->answer.saw == SAW_NO_KEY && c->location == LOCATION_AUTHORIZATION &&
	       c->shape.scheme == SCHEME_GOOD &&
	       (slice_starts_nocase(challenge, SLICE("bearer ")) ||
		slice_has_nocase(text, SLICE("bearer")) ||
		slice_has_nocase(text, SLICE("authentication header")) ||
		slice_has_nocase(text, SLICE("auth credentials")));
}

/*
 * Does the answer say, of a request that carried C, that it saw no credential, or
 * name another header for it? Then this endpoint reads another header, whoever it
 * belongs to. Where the vendor documents C's header, "none came" means that what
 * is in it was not taken for a key.
 */
static bool reads_another(const struct check_input *in, const struct credential *c)
{
	if (!is_refused_here(in) || in->is_openrouter || has_wanted(in))
		return false;
	if (in->answer.header_wanted.n)
		return true;
	if (misses_what_was_sent(in, c))
		return false;
	if (in->answer.saw != SAW_NO_KEY || in->answer.status >= 500 ||
	    (c->shape.kind != TOKEN_PLAIN && c->shape.kind != TOKEN_JWT))
		return false;
	return !in->vendor || !vendor_reads(in->vendor, in->x->path, name_of(c));
}

static void describe_reads_another(const struct check_input *in, const struct credential *c,
				   struct detail *d)
{
	if (in->answer.header_wanted.n) {
		detail_f(d, "the key is in %s, and the answer asks for it in ",
			 location_name(c->location));
		detail_masked(d, in->answer.header_wanted, 60);
		detail_fix(d, "Send the key in ");
		detail_fix_masked(d, in->answer.header_wanted, 60);
		detail_fix(d, ": choose the kind of provider in the tool that does so, or set that "
			      "header where the tool has custom headers.");
	} else {
		detail_f(d, "the key is in %s, and the answer says that no key came",
			 location_name(c->location));
		detail_fix(
		    d,
		    "Send the key in the header that this server's manual names (%s), or ask "
		    "whoever runs the server.",
		    c->location == LOCATION_AUTHORIZATION ? "often x-api-key or api-key"
							  : "mostly Authorization: Bearer");
	}
	d->why =
	    "The server said that it saw no key although one was sent: it reads another header "
	    "than the one that the tool uses.";
}

/* OpenAI's dialect, in which everybody takes Bearer. */
static bool is_bearer_dialect(const struct check_input *in)
{
	return in->endpoint == ENDPOINT_CHAT || in->endpoint == ENDPOINT_RESPONSES ||
	       in->endpoint == ENDPOINT_EMBEDDINGS || in->endpoint == ENDPOINT_COMPLETIONS;
}

/* The vendor documents where it reads keys, and C's header is not one of them. */
static bool is_unread_by_vendor(const struct check_input *in, const struct credential *c)
{
	return in->vendor && !in->vendor->gateway && !key_passed_check(in) &&
	       !vendor_reads(in->vendor, in->x->path, name_of(c));
}

/* The answer quotes a key that was not sent: whoever is in between read the header. */
static bool quotes_another_key(const struct check_input *in)
{
	struct detail unused = { .text = "" };

	return check_auth_rewritten_in_transit(in, &unused);
}

bool check_auth_header_wrong_name(const struct check_input *in, struct detail *d)
{
	const struct credential *c = other_header(in);

	if (!c || credentials_by(&in->credentials, LOCATION_AUTHORIZATION) ||
	    (in->is_public && !saw_is_about_key(in->answer.saw)) || expected_header_find(in).header)
		return false;
	if (in->is_openrouter && in->endpoint == ENDPOINT_MESSAGES) {
		/* One report says that OpenRouter reads it here (curie-eng/curie#98). */
		detail_f(d,
			 "the key is in %s; OpenRouter's /messages may accept it, Bearer is what "
			 "it documents",
			 location_name(c->location));
		d->lower = true;
	} else if (is_unread_by_vendor(in, c)) {
		struct slice first = first_location(in);
		detail_f(d, "the key is in %s, and %s reads it in %.*s", location_name(c->location),
			 in->vendor->title, SLICE_ARG(first));
	} else if (reads_another(in, c)) {
		describe_reads_another(in, c, d);
	} else if (!in->vendor && is_bearer_dialect(in) && is_refused_here(in) && !has_wanted(in) &&
		   !quotes_another_key(in)) {
		detail_f(d,
			 "the key is in %s alone; servers of this kind of endpoint read "
			 "Authorization: Bearer",
			 location_name(c->location));
	} else {
		return false;
	}
	point_at(d, c, c->value, nowhere);
	return true;
}

/* `?key=` in a URL can be the name of a file, beside the header that has the key. */
static bool may_be_other(const struct check_input *in, const struct credential *c)
{
	return c->location == LOCATION_URL && !could_be_key(c->shape.core) &&
	       !(in->vendor && vendor_reads(in->vendor, in->x->path, SLICE("url")));
}

/* Two locations that say different things; empty values say nothing. */
static bool differ(const struct check_input *in, const struct credential *a,
		   const struct credential *b)
{
	return a->known && b->known && a->location != b->location && a->token.n && b->token.n &&
	       !slice_equal(a->shape.core, b->shape.core) && !may_be_other(in, a) &&
	       !may_be_other(in, b);
}

bool empty_header_wins(const struct check_input *in)
{
	struct slice first = first_location(in);
	bool empty = false, full = false;

	/* At OpenRouter an empty x-api-key is the documented set-up of Anthropic's tools. */
	if (!in->vendor || !in->answer.failed || slice_equal(first, SLICE("authorization")))
		return false;
	for (size_t i = 0; i < in->credentials.count; i++) {
		const struct credential *c = &in->credentials.all[i];
		bool is_first = slice_equal(name_of(c), first);
		empty = empty || (is_first && c->known && !c->token.n);
		full = full || (!is_first && c->known && c->token.n);
	}
	return empty && full;
}

bool check_auth_headers_conflict(const struct check_input *in, struct detail *d)
{
	const struct credentials *all = &in->credentials;

	if (in->is_api && empty_header_wins(in)) {
		struct slice first = first_location(in);
		detail_f(d, "%.*s is sent without a value, beside a header that has one",
			 SLICE_ARG(first));
		d->why =
		    "The server looks for the key in the first of these headers. It finds it empty "
		    "and does not look at the other one.";
		detail_fix(
		    d,
		    "Leave out %.*s: pass no API key to the client (None or null, not an empty "
		    "string), unset its variable, and keep the token for the other header.",
		    SLICE_ARG(first));
		detail_point(d, first.p ? location_name(in->credential->location) : "", 0, -1);
		return true;
	}
	for (size_t i = 0; i < all->count && in->is_api; i++)
		for (size_t j = i + 1; j < all->count; j++) {
			if (!differ(in, &all->all[i], &all->all[j]))
				continue;
			detail_f(d, "%s and %s carry different values",
				 location_name(all->all[i].location),
				 all->all[j].location == LOCATION_URL
				     ? "the URL"
				     : location_name(all->all[j].location));
			point_at(d, &all->all[i], all->all[i].value, nowhere);
			return true;
		}
	return false;
}

bool check_auth_vendor_wants_other_header(const struct check_input *in, struct detail *d)
{
	struct expected_header wanted = expected_header_find(in);
	const struct credential *c = wanted.credential;

	if (c) {
		detail_f(d, "%s in %s; %s", wanted.what, location_name(c->location),
			 wanted.instead);
		if (wanted.fix)
			detail_fix(d, "%s", wanted.fix);
		point_at(d, c, c->location == LOCATION_AUTHORIZATION ? c->scheme : c->token,
			 nowhere);
		return true;
	}
	c = credentials_by(&in->credentials, LOCATION_AUTHORIZATION);
	if (!c || !c->known || !c->token.n || c->shape.scheme > SCHEME_CASE ||
	    !reads_another(in, c))
		return false;
	describe_reads_another(in, c, d);
	point_at(d, c, c->scheme, nowhere);
	return true;
}

bool check_login_token_beta_missing(const struct check_input *in, struct detail *d)
{
	const struct credential *c = credentials_by(&in->credentials, LOCATION_AUTHORIZATION);

	if (!c || !c->known || !is_behind(in, "anthropic") ||
	    !slice_starts(c->shape.core, SLICE("sk-ant-oat")) || !is_refused_here(in) ||
	    in->answer.saw == SAW_EXPIRED || in->answer.saw == SAW_REVOKED)
		return false;
	for (size_t n = 0;; n++) {
		const struct field *beta = message_field(&in->x->request, "anthropic-beta", n);
		if (!beta)
			break;
		if (!beta->known || slice_has(beta->value, SLICE("oauth-")))
			return false;
	}
	detail_f(d, "a login token is sent after Bearer, and %s",
		 message_field(&in->x->request, "anthropic-beta", 0)
		     ? "anthropic-beta does not name oauth"
		     : "there is no anthropic-beta header");
	point_at(d, c, c->token, nowhere);
	return true;
}

/* Is the key what the vendor asks for in a parameter of the query here? */
static bool is_documented_in_url(const struct check_input *in, const struct credential *c)
{
	bool in_query =
	    c->value.p == in->credentials.url || (in->x->query.p && c->value.p >= in->x->query.p &&
						  c->value.p < in->x->query.p + in->x->query.n);

	return in_query && in->vendor && vendor_reads(in->vendor, in->x->path, SLICE("url"));
}

/* Account ids of Cloudflare are 32 hex digits; its tokens are 40 bytes of all kinds. */
static bool is_token_for_account(const struct check_input *in)
{
	struct slice rest = in->x->path;
	struct slice segment;

	if (!in->vendor || !in->answer.failed ||
	    !slice_equal(slice_of(in->vendor->id), SLICE("cloudflare")))
		return false;
	while (slice_cut(&rest, '/', &segment))
		if (slice_equal(segment, SLICE("accounts")))
			return slice_cut(&rest, '/', &segment) && segment.n == 40 &&
			       token_run(segment, 0) == segment.n;
	return false;
}

/* A segment of the path that equals the key that was sent in a header. */
static bool is_repeated_in_path(const struct check_input *in, struct slice *segment)
{
	struct slice rest = in->x->path;

	if (!in->answer.failed || !in->credential || !in->credential->known ||
	    in->credential->location == LOCATION_URL || in->credential->shape.core.n < 20)
		return false;
	while (slice_cut(&rest, '/', segment))
		if (slice_equal(*segment, in->credential->shape.core))
			return true;
	return false;
}

bool check_auth_key_in_url(const struct check_input *in, struct detail *d)
{
	const struct credential *c = credentials_by(&in->credentials, LOCATION_URL);
	struct slice segment;

	if (is_token_for_account(in)) {
		d->breaks_path = true;
		detail_f(d, "40 bytes, as long as a token is, are in the path where the account id "
			    "belongs (32 hex digits)");
		detail_fix(d,
			   "Put the account id there, and keep the token for the key setting. The "
			   "token was exposed: create a new one.");
		return true;
	}
	if (is_repeated_in_path(in, &segment)) {
		d->breaks_path = true;
		detail_f(d,
			 "the key that is sent in %s is also a part of the path, where something "
			 "else belongs (an account or project id)",
			 location_name(in->credential->location));
		detail_fix(d,
			   "Put the id that belongs there into the base URL, and keep the key for "
			   "the key setting. The key was exposed: create a new one.");
		return true;
	}
	if (!c || !c->shape.vendor || is_documented_in_url(in, c) ||
	    expected_header_find(in).credential)
		return false;
	detail_f(d, "a key of %s is in the URL", c->shape.vendor->title);
	/* With a header beside it the request need not fail; the key is in every log on the way. */
	d->lower = credentials_by(&in->credentials, LOCATION_AUTHORIZATION) != NULL;
	return true;
}
