/* SPDX-License-Identifier: MIT */
/* Section 6, as far as one process knows it while it runs. */
#include <string.h>

#include "diagnose/checks/checks.h"
#include "diagnose/check_input.h"
#include "diagnose/detail.h"
#include "diagnose/credential_checks.h"
#include "diagnose/own_key.h"

/* Was the credential refused by the server that was asked, not by one behind it? */
static bool is_unauthorized(const struct check_input *in)
{
	return in->answer.about == REFUSAL_CREDENTIALS && in->answer.refused_by != REFUSED_upstream;
}

static bool holds_name(const char *names, struct slice name)
{
	struct slice rest = slice_of(names);
	struct slice one;

	while (slice_cut(&rest, ' ', &one))
		if (slice_equal(one, name))
			return true;
	return false;
}

bool check_key_from_other_variable(const struct check_input *in, struct detail *d)
{
	struct own_key own;

	if (!in->vendor || in->source_count == 0)
		return false;
	for (size_t i = 0; i < in->source_count; i++)
		if (holds_name(in->vendor->variables, in->sources[i]) ||
		    slice_has_nocase(in->sources[i], slice_of(in->vendor->id)))
			return false; /* MY_OPENROUTER_KEY was meant for OpenRouter too */
	if (!environment_is_key_name(in->sources[0]))
		return false;
	own_key_find(&own, in);
	if (own.state == OWN_UNSET || own.sent != MATCH_NONE)
		return false;
	detail_f(d, "the token is the value of ");
	detail_masked(d, in->sources[0], 60);
	detail_f(d, "; %.*s is set to something else", SLICE_ARG(own.name));
	detail_fix(d, "Unset ");
	detail_fix_masked(d, in->sources[0], 60);
	detail_fix(d, " for this tool, or tell the tool to read %.*s.", SLICE_ARG(own.name));
	return true;
}

bool check_key_variable_near_miss(const struct check_input *in, struct detail *d)
{
	struct slice name;
	struct slice value;

	if (!in->is_openrouter || in->is_public || !in->credentials.absent ||
	    environment_value(in->environment, SLICE("OPENROUTER_API_KEY")).n)
		return false;
	for (size_t at = 0; environment_next(in->environment, &at, &name, &value);)
		if (value.n && environment_is_near_miss(name)) {
			detail_f(d, "%.*s is set, OPENROUTER_API_KEY is not", SLICE_ARG(name));
			return true;
		}
	return false;
}

bool check_auth_lost(const struct check_input *in, struct detail *d)
{
	const struct history_row *row;
	unsigned long before = 0;

	if (!in->credentials.absent || needs_no_key(in) || !in->is_api || !is_unauthorized(in))
		return false;
	for (size_t at = 0; (row = history_of_host(in, &at));)
		if (row->fingerprint[0])
			before += row->fine + row->unauthorized + row->failed;
	if (before == 0)
		return false;
	detail_f(d, "%lu earlier request%s of this process to this host carried a key", before,
		 before > 1 ? "s" : "");
	if (keyed_requests_compare(&in->history->keyed, in, d))
		return true;
	d->why = "The same process sent the same kind of request to this host with a key before. "
		 "It lost the "
		 "key while it ran: a login that ended, a secret store that was locked, a client "
		 "that was "
		 "made anew without it.";
	detail_fix(
	    d, "Log in or enter the key in the tool again and restart it; report it to the tool's "
	       "authors with these two requests.");
	return true;
}

/*
 * Is what was sent not a whole key of this vendor's: cut, quoted, a word? Then
 * it is refused for that, and what other keys do says nothing about it.
 */
static bool is_damaged_key(const struct check_input *in)
{
	const struct credential *c = in->credential;

	if (!c || !c->known)
		return false;
	if ((c->shape.kind != TOKEN_PLAIN && c->shape.kind != TOKEN_JWT) || c->shape.again.n ||
	    c->shape.opening.n || c->shape.closing.n)
		return true;
	return vendor_key_form_certain(in->vendor) && !vendor_key_fits(in->vendor, c->shape.core);
}

bool check_one_key_of_several_fails(const struct check_input *in, struct detail *d)
{
	const struct history_row *row;
	unsigned long others = 0;

	if (!is_unauthorized(in) || !in->fingerprint[0])
		return false;
	for (size_t at = 0; (row = history_of_host(in, &at));) {
		if (!row->fingerprint[0])
			continue;
		if (strcmp(row->fingerprint, in->fingerprint) == 0 && row->fine)
			return false;
		if (strcmp(row->fingerprint, in->fingerprint) != 0)
			others += row->fine;
	}
	if (others == 0 || is_damaged_key(in))
		return false;
	detail_f(d, "%s is refused; with other keys %lu request%s went through", in->fingerprint,
		 others, others > 1 ? "s" : "");
	return true;
}

static bool is_main_kind(enum endpoint_kind endpoint)
{
	return endpoint == ENDPOINT_CHAT || endpoint == ENDPOINT_RESPONSES ||
	       endpoint == ENDPOINT_MESSAGES;
}

bool check_secondary_request_fails(const struct check_input *in, struct detail *d)
{
	unsigned long fine = 0;

	if (!is_unauthorized(in) || is_main_kind(in->endpoint) || in->endpoint == ENDPOINT_OTHER)
		return false;
	for (size_t i = 0; i < in->history->count; i++) {
		const struct history_row *row = &in->history->rows[i];
		if (!is_main_kind((enum endpoint_kind)row->endpoint))
			continue;
		if (!row->fine)
			return false;
		if (!slice_equal_nocase(slice_of(row->host), in->x->host) ||
		    strcmp(row->fingerprint, in->fingerprint) != 0)
			fine += row->fine;
	}
	if (fine == 0)
		return false;
	detail_f(d, "%lu chat request%s went through; this one goes to ", fine,
		 fine > 1 ? "s" : "");
	detail_masked(d, in->x->host, 80);
	detail_masked(d, in->x->path, 80);
	return true;
}

bool check_key_changed(const struct check_input *in, struct detail *d)
{
	const struct history_row *row;
	const struct history_row *last = NULL;

	/* Another key has other rights and limits; it has the same providers behind it. */
	if (!in->fingerprint[0] || (!is_unauthorized(in) && in->answer.about != REFUSAL_QUOTA))
		return false;
	for (size_t at = 0; (row = history_of_host(in, &at));)
		if (row->endpoint == (int)in->endpoint && row->fingerprint[0] &&
		    (!last || row->last > last->last))
			last = row;
	if (!last || strcmp(last->fingerprint, in->fingerprint) == 0)
		return false;
	detail_f(d, "%s before, %s now", last->fingerprint, in->fingerprint);
	return true;
}

bool check_transient_401(const struct check_input *in, struct detail *d)
{
	const struct history_row *row;

	if (!is_unauthorized(in) || !in->fingerprint[0])
		return false;
	for (size_t at = 0; (row = history_of_host(in, &at));)
		if (row->endpoint == (int)in->endpoint && row->fine &&
		    strcmp(row->fingerprint, in->fingerprint) == 0) {
			detail_f(d, "%s was accepted %u time%s before", in->fingerprint, row->fine,
				 row->fine > 1 ? "s" : "");
			d->accepted_before = true;
			return true;
		}
	return false;
}

bool check_key_source(const struct check_input *in, struct detail *d)
{
	if (!in->answer.failed || in->source_count == 0)
		return false;
	detail_f(d, "environment variable ");
	for (size_t i = 0; i < in->source_count; i++) {
		detail_f(d, "%s", i ? ", " : "");
		detail_masked(d, in->sources[i], 60);
	}
	return true;
}
