/* SPDX-License-Identifier: MIT */
#include "diagnose/judged.h"

bool credential_counts(const struct evidence *e, const struct credential *c)
{
	if (!c->known || c->carrier == CARRIER_URL)
		return false;
	/* What follows Basic, Digest and the like is no token. */
	if (c->shape.scheme == SCHEME_BASIC || c->shape.scheme == SCHEME_FOREIGN)
		return false;
	if (c->carrier == CARRIER_AUTHORIZATION)
		return true;
	if (e->vendor &&
	    slice_equal(slice_of(e->vendor->header), slice_of(carrier_name(c->carrier))))
		return true;
	return !credentials_by(&e->credentials, CARRIER_AUTHORIZATION);
}

const struct credential *credential_of_form(const struct evidence *e, enum token_form form)
{
	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *c = &e->credentials.all[i];
		if (credential_counts(e, c) && c->shape.form == form)
			return c;
	}
	return NULL;
}

const struct credential *authorization_of_form(const struct evidence *e, enum scheme_form form)
{
	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *c = &e->credentials.all[i];
		if (c->known && c->carrier == CARRIER_AUTHORIZATION && c->shape.scheme == form)
			return c;
	}
	return NULL;
}

bool key_is_idle(const struct evidence *e)
{
	return e->host_private && !e->vendor && e->answer.status != 401 && e->answer.status != 403;
}

bool vendor_takes_bearer(const struct evidence *e)
{
	return e->vendor && slice_equal(slice_of(e->vendor->header), SLICE("authorization"));
}

void point_at(struct detail *d, const struct credential *c, struct slice part, struct slice end)
{
	long at = part.p ? part.p - c->value.p : c->token.p ? c->token.p - c->value.p : -1;

	if (c->carrier != CARRIER_URL)
		detail_point(d, carrier_name(c->carrier), at, end.p ? end.p - c->value.p : -1);
}

void detail_token(struct detail *d, const char *text, struct slice token)
{
	char shown[TOKEN_SHOWN_MAX];

	token_show(token, shown);
	detail_f(d, "%s: %s", text, shown);
}
