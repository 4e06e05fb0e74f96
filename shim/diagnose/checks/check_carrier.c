/* SPDX-License-Identifier: MIT */
/* In which header, how often, and for whom: the credential's carriers. */
#include "diagnose/checks/checks.h"
#include "diagnose/judged.h"
#include "diagnose/wanted.h"

static const struct slice nowhere = { NULL, 0 };

bool check_auth_header_repeated(const struct evidence *e, struct detail *d)
{
	size_t times = field_times(&e->x->request, "authorization");
	const struct field *first = message_field(&e->x->request, "authorization", 0);
	const struct field *second = message_field(&e->x->request, "authorization", 1);

	if (times < 2 || !e->is_api)
		return false;
	if (!first->known || !second->known)
		detail_f(d, "%zu Authorization fields", times);
	else
		detail_f(d, "%zu Authorization fields with %s", times,
			 slice_equal(first->value, second->value) ? "the same value"
								  : "different values");
	detail_point(d, "authorization", 0, -1);
	return true;
}

bool check_auth_header_joined(const struct evidence *e, struct detail *d)
{
	const struct credential *c = credential_of_form(e, FORM_JOINED);

	if (!c)
		return false;
	detail_f(d, "a second credential begins after a comma, with the word ");
	detail_bytes(d, c->shape.part, 20);
	point_at(d, c, c->shape.part, nowhere);
	return true;
}

/* The first header other than Authorization that carries something. */
static const struct credential *other_header(const struct evidence *e)
{
	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *c = &e->credentials.all[i];
		if (c->known && c->carrier != CARRIER_AUTHORIZATION &&
		    c->carrier < CARRIER_SUBPROTOCOL && c->token.n)
			return c;
	}
	return NULL;
}

static struct slice name_of(const struct credential *c)
{
	return slice_of(carrier_name(c->carrier));
}

/* Refused for the credential by the one who was asked, not by a provider behind. */
static bool is_refused_here(const struct evidence *e)
{
	return e->answer.about == REFUSAL_CREDENTIALS && e->answer.refused_by != REFUSED_upstream &&
	       e->answer.refused_by != REFUSED_edge;
}

static bool has_sent_in(const struct evidence *e, struct slice header)
{
	for (size_t i = 0; i < e->credentials.count; i++)
		if (slice_equal_nocase(header, name_of(&e->credentials.all[i])) &&
		    (!e->credentials.all[i].known || e->credentials.all[i].token.n))
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
 * Was a credential sent in a header that the answer asks for? Then it is no matter of
 * headers. "Missing X-Auth-Key, X-Auth-Email or Authorization headers" asks for one of several.
 */
static bool has_wanted(const struct evidence *e)
{
	struct slice wanted = e->answer.header_wanted;
	struct slice text = e->answer.message;

	if (has_sent_in(e, wanted))
		return true;
	if (!wanted.n || wanted.p < text.p || wanted.p >= text.p + text.n)
		return false;
	size_t at = (size_t)(wanted.p - text.p) + wanted.n;
	struct slice rest = slice_sub(text, at, end_of_sentence(text, at) - at);
	if (!slice_has(rest, SLICE(" or ")))
		return false;
	for (size_t i = 0; i < e->credentials.count; i++)
		if (e->credentials.all[i].token.n &&
		    slice_has_nocase(rest, name_of(&e->credentials.all[i])))
			return true;
	return false;
}

/*
 * Does the answer say, of a request that carried C, that it saw no credential, or
 * name another header for it? Then this endpoint reads another header, whoever it
 * belongs to. Where the vendor documents C's header, "none came" means that what
 * is in it was not taken for a key.
 */
static bool reads_another(const struct evidence *e, const struct credential *c)
{
	if (!is_refused_here(e) || e->is_openrouter || has_wanted(e))
		return false;
	if (e->answer.header_wanted.n)
		return true;
	if (e->answer.saw != SAW_NO_KEY ||
	    (c->shape.form != FORM_PLAIN && c->shape.form != FORM_JWT))
		return false;
	return !e->vendor || !vendor_reads(e->vendor, e->x->path, name_of(c));
}

static void say_reads_another(const struct evidence *e, const struct credential *c,
			      struct detail *d)
{
	if (e->answer.header_wanted.n) {
		detail_f(d, "the key is in %s, and the answer asks for it in ",
			 carrier_name(c->carrier));
		detail_bytes(d, e->answer.header_wanted, 60);
		detail_fix(
		    d,
		    "Send the key in %.*s: choose the kind of provider in the tool that does "
		    "so, or set that header where the tool has custom headers.",
		    (int)(e->answer.header_wanted.n < 60 ? e->answer.header_wanted.n : 60),
		    e->answer.header_wanted.p);
	} else {
		detail_f(d, "the key is in %s, and the answer says that no key came",
			 carrier_name(c->carrier));
		detail_fix(
		    d,
		    "Send the key in the header that this server's manual names (%s), or ask "
		    "whoever runs the server.",
		    c->carrier == CARRIER_AUTHORIZATION ? "often x-api-key or api-key"
							: "mostly Authorization: Bearer");
	}
	d->why =
	    "The server said that it saw no key although one was sent: it reads another header "
	    "than the one that the tool uses.";
}

/* OpenAI's dialect, in which everybody takes Bearer. */
static bool is_bearer_dialect(const struct evidence *e)
{
	return e->endpoint == ENDPOINT_CHAT || e->endpoint == ENDPOINT_RESPONSES ||
	       e->endpoint == ENDPOINT_EMBEDDINGS || e->endpoint == ENDPOINT_COMPLETIONS;
}

/* A host whose table says where it reads keys, and C's header is not there. */
static bool is_unread_by_vendor(const struct evidence *e, const struct credential *c)
{
	return e->vendor && !e->vendor->gateway && !key_was_heard(e) &&
	       !vendor_reads(e->vendor, e->x->path, name_of(c));
}

bool check_auth_header_wrong_name(const struct evidence *e, struct detail *d)
{
	const struct credential *c = other_header(e);

	if (!c || credentials_by(&e->credentials, CARRIER_AUTHORIZATION) ||
	    (e->is_public && !saw_is_about_key(e->answer.saw)) || other_header_wanted(e).header)
		return false;
	if (e->is_openrouter && e->endpoint == ENDPOINT_MESSAGES) {
		/* One report says that OpenRouter reads it here (curie-eng/curie#98). */
		detail_f(d,
			 "the key is in %s; OpenRouter's /messages may accept it, Bearer is what "
			 "it documents",
			 carrier_name(c->carrier));
		d->lower = true;
	} else if (is_unread_by_vendor(e, c)) {
		struct slice first = first_carrier(e);
		detail_f(d, "the key is in %s, and %s reads it in %.*s", carrier_name(c->carrier),
			 e->vendor->title, SLICE_ARG(first));
	} else if (reads_another(e, c)) {
		say_reads_another(e, c, d);
	} else if (!e->vendor && is_bearer_dialect(e) && is_refused_here(e) && !has_wanted(e)) {
		detail_f(d,
			 "the key is in %s alone; servers of this kind of endpoint read "
			 "Authorization: Bearer",
			 carrier_name(c->carrier));
	} else {
		return false;
	}
	point_at(d, c, c->value, nowhere);
	return true;
}

/* Two carriers that say different things; empty values say nothing. */
static bool differ(const struct credential *a, const struct credential *b)
{
	return a->known && b->known && a->carrier != b->carrier && a->token.n && b->token.n &&
	       !slice_equal(a->shape.core, b->shape.core);
}

bool empty_header_wins(const struct evidence *e)
{
	struct slice first = first_carrier(e);
	bool empty = false, full = false;

	/* At OpenRouter an empty x-api-key is the documented set-up of Anthropic's tools. */
	if (!e->vendor || !e->answer.failed || slice_equal(first, SLICE("authorization")))
		return false;
	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *c = &e->credentials.all[i];
		bool is_first = slice_equal(name_of(c), first);
		empty = empty || (is_first && c->known && !c->token.n);
		full = full || (!is_first && c->known && c->token.n);
	}
	return empty && full;
}

bool check_auth_headers_conflict(const struct evidence *e, struct detail *d)
{
	const struct credentials *all = &e->credentials;

	if (e->is_api && empty_header_wins(e)) {
		struct slice first = first_carrier(e);
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
		detail_point(d, first.p ? carrier_name(e->credential->carrier) : "", 0, -1);
		return true;
	}
	for (size_t i = 0; i < all->count && e->is_api; i++)
		for (size_t j = i + 1; j < all->count; j++) {
			if (!differ(&all->all[i], &all->all[j]))
				continue;
			detail_f(d, "%s and %s carry different values",
				 carrier_name(all->all[i].carrier),
				 all->all[j].carrier == CARRIER_URL
				     ? "the URL"
				     : carrier_name(all->all[j].carrier));
			point_at(d, &all->all[i], all->all[i].value, nowhere);
			return true;
		}
	return false;
}

bool check_auth_vendor_wants_other_header(const struct evidence *e, struct detail *d)
{
	struct wanted wanted = other_header_wanted(e);
	const struct credential *c = wanted.credential;

	if (c) {
		detail_f(d, "%s in %s; %s", wanted.what, carrier_name(c->carrier), wanted.instead);
		if (wanted.fix)
			detail_fix(d, "%s", wanted.fix);
		point_at(d, c, c->carrier == CARRIER_AUTHORIZATION ? c->scheme : c->token, nowhere);
		return true;
	}
	c = credentials_by(&e->credentials, CARRIER_AUTHORIZATION);
	if (!c || !c->known || !c->token.n || c->shape.scheme > SCHEME_CASE || !reads_another(e, c))
		return false;
	say_reads_another(e, c, d);
	point_at(d, c, c->scheme, nowhere);
	return true;
}

bool check_login_token_beta_missing(const struct evidence *e, struct detail *d)
{
	const struct credential *c = credentials_by(&e->credentials, CARRIER_AUTHORIZATION);

	if (!c || !c->known || !is_behind(e, "anthropic") ||
	    !slice_starts(c->shape.core, SLICE("sk-ant-oat")) || !is_refused_here(e) ||
	    e->answer.saw == SAW_EXPIRED || e->answer.saw == SAW_REVOKED)
		return false;
	for (size_t n = 0;; n++) {
		const struct field *beta = message_field(&e->x->request, "anthropic-beta", n);
		if (!beta)
			break;
		if (!beta->known || slice_has(beta->value, SLICE("oauth-")))
			return false;
	}
	detail_f(d, "a login token is sent after Bearer, and %s",
		 message_field(&e->x->request, "anthropic-beta", 0)
		     ? "anthropic-beta does not name oauth"
		     : "there is no anthropic-beta header");
	point_at(d, c, c->token, nowhere);
	return true;
}

/* Is the key what the vendor asks for in a parameter of the query here? */
static bool is_documented_in_url(const struct evidence *e, const struct credential *c)
{
	bool in_query = e->x->query.p && c->value.p >= e->x->query.p &&
			c->value.p < e->x->query.p + e->x->query.n;

	return in_query && e->vendor && vendor_reads(e->vendor, e->x->path, SLICE("url"));
}

/* Account ids of Cloudflare are 32 hex digits; its tokens are 40 bytes of all kinds. */
static bool is_token_for_account(const struct evidence *e)
{
	struct slice rest = e->x->path;
	struct slice segment;

	if (!e->vendor || !e->answer.failed ||
	    !slice_equal(slice_of(e->vendor->id), SLICE("cloudflare")))
		return false;
	while (slice_cut(&rest, '/', &segment))
		if (slice_equal(segment, SLICE("accounts")))
			return slice_cut(&rest, '/', &segment) && segment.n == 40 &&
			       token_run(segment, 0) == segment.n;
	return false;
}

/* A segment of the path that equals the key that was sent in a header. */
static bool is_repeated_in_path(const struct evidence *e, struct slice *segment)
{
	struct slice rest = e->x->path;

	if (!e->answer.failed || !e->credential || !e->credential->known ||
	    e->credential->carrier == CARRIER_URL || e->credential->shape.core.n < 20)
		return false;
	while (slice_cut(&rest, '/', segment))
		if (slice_equal(*segment, e->credential->shape.core))
			return true;
	return false;
}

bool check_auth_key_in_url(const struct evidence *e, struct detail *d)
{
	const struct credential *c = credentials_by(&e->credentials, CARRIER_URL);
	struct slice segment;

	if (is_token_for_account(e)) {
		d->breaks_path = true;
		detail_f(d, "40 bytes, as long as a token is, are in the path where the account id "
			    "belongs (32 hex digits)");
		detail_fix(d,
			   "Put the account id there, and keep the token for the key setting. The "
			   "token was exposed: create a new one.");
		return true;
	}
	if (is_repeated_in_path(e, &segment)) {
		d->breaks_path = true;
		detail_f(d,
			 "the key that is sent in %s is also a part of the path, where something "
			 "else belongs (an account or project id)",
			 carrier_name(e->credential->carrier));
		detail_fix(d,
			   "Put the id that belongs there into the base URL, and keep the key for "
			   "the key setting. The key was exposed: create a new one.");
		return true;
	}
	if (!c || !c->shape.vendor || is_documented_in_url(e, c) ||
	    other_header_wanted(e).credential)
		return false;
	detail_f(d, "a key of %s is in the URL", c->shape.vendor->title);
	/* With a header beside it the request need not fail; the key is in every log on the way. */
	d->lower = credentials_by(&e->credentials, CARRIER_AUTHORIZATION) != NULL;
	return true;
}
