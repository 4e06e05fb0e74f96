/* SPDX-License-Identifier: MIT */
/* In which header, how often, and for whom: the credential's carriers. */
#include "diagnose/checks/checks.h"
#include "diagnose/judged.h"

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
		if (c->known && c->carrier != CARRIER_AUTHORIZATION && c->carrier != CARRIER_URL &&
		    c->token.n)
			return c;
	}
	return NULL;
}

bool check_auth_header_wrong_name(const struct evidence *e, struct detail *d)
{
	const struct credential *c = other_header(e);

	if (!c || !vendor_takes_bearer(e) || e->is_public ||
	    vendor_reads(e->vendor, e->x->path, slice_of(carrier_name(c->carrier))) ||
	    credentials_by(&e->credentials, CARRIER_AUTHORIZATION))
		return false;
	detail_f(d, "the key stands in %s, and there is no Authorization",
		 carrier_name(c->carrier));
	if (e->is_openrouter && e->endpoint == ENDPOINT_MESSAGES) {
		/* One report says that OpenRouter reads it here (curie-eng/curie#98). */
		detail_f(d, "; OpenRouter's /messages may accept it, Bearer is what it documents");
		d->lower = true;
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

bool check_auth_headers_conflict(const struct evidence *e, struct detail *d)
{
	const struct credentials *all = &e->credentials;

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

static bool is_vendor(const struct evidence *e, const char *id)
{
	return e->vendor && slice_equal(slice_of(e->vendor->id), slice_of(id));
}

/*
 * Where these vendors speak OpenAI's dialect they take their keys as Bearer, too: Google below
 * /v1beta/openai/, Azure below /openai/v1/, Anthropic at /v1/chat/completions.
 */
static bool is_openais_dialect(const struct evidence *e)
{
	if (is_vendor(e, "anthropic"))
		return e->endpoint == ENDPOINT_CHAT;
	return slice_has(e->x->path,
			 is_vendor(e, "azure") ? SLICE("/openai/v1/") : SLICE("/openai/"));
}

bool check_auth_vendor_wants_other_header(const struct evidence *e, struct detail *d)
{
	const struct credential *c = credentials_by(&e->credentials, CARRIER_AUTHORIZATION);
	bool wrong = false;

	if (vendor_takes_bearer(e) || !c || !c->known || c->shape.scheme > SCHEME_CASE ||
	    c->token.n == 0 || is_openais_dialect(e))
		return false;
	if (is_vendor(e, "anthropic"))
		wrong = slice_starts(c->shape.core, SLICE("sk-ant-api"));
	else if (is_vendor(e, "azure"))
		wrong = !slice_starts(c->shape.core, SLICE("eyJ"));
	else if (is_vendor(e, "google"))
		wrong = slice_starts(c->shape.core, SLICE("AIza"));
	if (!wrong || credentials_by(&e->credentials, CARRIER_X_API_KEY) ||
	    credentials_by(&e->credentials, CARRIER_API_KEY) ||
	    credentials_by(&e->credentials, CARRIER_X_GOOG_API_KEY))
		return false;
	detail_f(d, "%s takes this key in the header %s, not as Bearer", e->vendor->title,
		 e->vendor->header);
	point_at(d, c, c->scheme, nowhere);
	return true;
}

bool check_auth_key_in_url(const struct evidence *e, struct detail *d)
{
	const struct credential *c = credentials_by(&e->credentials, CARRIER_URL);

	if (!c || !c->shape.vendor)
		return false;
	/* Google documents `?key=`. */
	if (is_vendor(e, "google") && c->shape.vendor == e->vendor)
		return false;
	detail_f(d, "a key of %s stands in the URL", c->shape.vendor->title);
	/* With a header beside it the request need not fail; the key is in every log on the way. */
	d->lower = credentials_by(&e->credentials, CARRIER_AUTHORIZATION) != NULL;
	return true;
}
