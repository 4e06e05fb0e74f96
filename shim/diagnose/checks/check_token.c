/* SPDX-License-Identifier: MIT */
/*
 * The token is something else than a key. A core has one kind (shape.h), so at most
 * one of the rules with check_token_kind() fires for it.
 */
#include "diagnose/encoded.h"
#include "diagnose/checks/check_say.h"
#include "diagnose/checks/checks.h"
#include "diagnose/claims.h"
#include "diagnose/credential_checks.h"
#include "diagnose/expected_header.h"

#include <cJSON.h>

static const struct slice nowhere = { NULL, 0 };

static bool is_private_without_vendor(const struct check_input *in)
{
	return in->host_private && !in->vendor;
}

/* An unknown server accepted it: then it is a key there, however it looks. */
static bool is_tolerated(const struct check_input *in)
{
	return !in->vendor && in->answer.answered && !in->answer.failed;
}

static bool is_judged_at(const struct check_input *in, enum check_at at)
{
	switch (at) {
	case AT_ANY_HOST:
		return true;
	case AT_KEYED_HOST:
		return !key_is_idle(in);
	case AT_HOST_OF_OTHERS:
		return !is_private_without_vendor(in) && !is_tolerated(in);
	case AT_REMOTE_HOST:
		return !in->host_private && !is_tolerated(in);
	case AT_VENDOR:
		return in->vendor != NULL;
	case AT_OPENROUTER:
		return in->is_openrouter;
	}
	return false;
}

bool check_token_kind(const struct check_input *in, const struct check *check, struct detail *d)
{
	enum token_kind kind = (enum token_kind)check->parameter;

	if (!(in->token_kinds & token_kind_bit(kind)) ||
	    !is_judged_at(in, (enum check_at)check->at))
		return false;
	const struct credential *c = credential_of_kind(in, kind);
	if (check->describe) {
		check->describe(c, d);
		return true;
	}
	check_say(check, in, c, d);
	point_at(d, c, c->shape.part.p ? c->shape.part : c->shape.core, nowhere);
	return true;
}

/* Is there a header that this host reads and that has a token, so that an empty C does no harm? */
static bool is_made_up_for(const struct check_input *in, const struct credential *c)
{
	bool fine = in->answer.answered && !in->answer.failed;

	for (size_t i = 0; i < in->credentials.count; i++) {
		const struct credential *other = &in->credentials.all[i];
		if (other->location == c->location || (other->known && !other->token.n))
			continue;
		if (fine || (in->vendor && vendor_reads(in->vendor, in->x->path,
							slice_of(location_name(other->location)))))
			return true;
	}
	return false;
}

bool check_auth_token_empty(const struct check_input *in, struct detail *d)
{
	for (size_t i = 0; i < in->credentials.count; i++) {
		const struct credential *c = &in->credentials.all[i];
		if (!credential_counts(in, c) || c->token.n || c->shape.scheme == SCHEME_PUNCTUATED)
			continue;
		if (key_is_idle(in) || empty_header_wins(in) || is_made_up_for(in, c) ||
		    (c->location != LOCATION_AUTHORIZATION && c != in->credential))
			continue;
		detail_f(d, c->scheme.n ? "nothing follows the scheme "
					: "the header has no value at all");
		detail_masked(d, c->scheme, LIMIT_SHOWN_NAME);
		detail_point(d, location_name(c->location), (long)c->value.n, -1);
		return true;
	}
	return false;
}

void describe_unexpanded(const struct credential *c, struct detail *d)
{
	if (slice_equal(c->shape.part, c->shape.core)) {
		detail_token(d, "the reference itself was sent, not what it refers to",
			     c->shape.core);
	} else {
		detail_f(d, "nothing replaced ");
		detail_masked(d, c->shape.part, 60);
		detail_token(d, " by its value", c->shape.core);
	}
	point_at(d, c, c->shape.core, nowhere);
}

static const char *quote_name(struct slice quote)
{
	if (quote.n == 1)
		return quote.p[0] == '`' ? "backtick" : "quotation mark";
	return "typographic quotation mark";
}

bool check_auth_token_quoted(const struct check_input *in, struct detail *d)
{
	for (size_t i = 0; i < in->credentials.count; i++) {
		const struct credential *c = &in->credentials.all[i];
		struct slice open = c->shape.opening;
		struct slice close = c->shape.closing;
		if (!c->known || !credential_counts(in, c) || (!open.n && !close.n))
			continue;
		if (open.n && close.n)
			detail_f(d, "%ss around the %s", quote_name(open),
				 open.p == c->value.p && c->scheme.n ? "whole value" : "key");
		else
			detail_f(d, "one %s, %s the key", quote_name(open.n ? open : close),
				 open.n ? "before" : "after");
		point_at(d, c, open.n ? open : close, open.n ? close : nowhere);
		return true;
	}
	return false;
}

bool check_auth_token_inner_space(const struct check_input *in, struct detail *d)
{
	for (size_t i = 0; i < in->credentials.count; i++) {
		const struct credential *c = &in->credentials.all[i];
		if (!credential_counts(in, c) || key_is_idle(in))
			continue;
		bool inside = c->shape.kind == TOKEN_SPACED;
		if (!inside && (c->gap.n < 2 || c->token.n == 0))
			continue;
		if (inside) {
			detail_f(d, "a %s at offset %zu of the token",
				 c->shape.part.p[0] == '\t' ? "tab" : "space",
				 (size_t)(c->shape.part.p - c->token.p));
		} else {
			detail_f(d, "%zu blanks between ", c->gap.n);
			detail_masked(d, c->scheme, LIMIT_SHOWN_NAME);
			detail_f(d, " and the token, where one belongs");
		}
		point_at(d, c, inside ? c->shape.part : slice_from(c->gap, 1), nowhere);
		return true;
	}
	return false;
}

void describe_list(const struct credential *c, struct detail *d)
{
	char separator = c->shape.part.p[0];
	detail_f(d, "several keys in one value, separated by ");
	detail_f(d, separator == ' ' ? "a space" : separator == '\t' ? "a tab" : "`%c`", separator);
	point_at(d, c, c->shape.part, nowhere);
}

void describe_document(const struct credential *c, struct detail *d)
{
	if (memchr("{[", c->shape.core.p[0], 2))
		detail_f(d, "%zu bytes that begin with `%c`", c->shape.core.n, c->shape.core.p[0]);
	else
		detail_f(d, "%zu bytes that are a document or a file's name", c->shape.core.n);
	point_at(d, c, c->shape.core, nowhere);
}

bool check_auth_token_is_model(const struct check_input *in, struct detail *d)
{
	struct slice model = in->outline.model;

	for (size_t i = 0; i < in->credentials.count && model.n; i++) {
		const struct credential *c = &in->credentials.all[i];
		if (!credential_counts(in, c) || key_is_idle(in) ||
		    !slice_equal(c->shape.core, model))
			continue;
		detail_f(d, "the token is the model's name, ");
		detail_masked(d, model, 80);
		point_at(d, c, c->shape.core, nowhere);
		return true;
	}
	return false;
}

void describe_encoded(const struct credential *c, struct detail *d)
{
	struct slice core = c->shape.core;
	const char *how = encoding_of(core);
	detail_f(d, "%zu bytes that %s", core.n, how ? how : "are marked as encrypted");
	point_at(d, c, core, nowhere);
}

bool check_auth_token_is_jwt(const struct check_input *in, struct detail *d)
{
	for (size_t i = 0; i < in->credentials.count; i++) {
		const struct credential *c = &in->credentials.all[i];
		struct claims claims;
		if (!credential_counts(in, c))
			continue;
		bool login = slice_starts(c->shape.core, SLICE("sk-ant-oat"));
		if (in->is_openrouter ? c->shape.kind != TOKEN_JWT && !login
				      : !token_is_foreign_jwt(in, c))
			continue;
		detail_token(d, login ? "an OAuth login token of Anthropic" : "a login token",
			     c->shape.core);
		if (in->answer.failed && claims_read(c->shape.core, &claims))
			claims_describe(d, &claims);
		if (!in->is_openrouter) {
			d->why =
			    "The token itself says who issued it or for which service, and that is "
			    "another one than the service that was asked.";
			detail_fix(
			    d,
			    "Set the base URL of the service that the token is for, or log in "
			    "for %s (or use one of its API keys).",
			    in->vendor->title);
		}
		point_at(d, c, c->shape.core, nowhere);
		return true;
	}
	return false;
}

static bool is_key_member(const char *name)
{
	struct slice s = slice_of(name);

	return slice_has_nocase(s, SLICE("key")) || slice_has_nocase(s, SLICE("token")) ||
	       slice_has_nocase(s, SLICE("authorization"));
}

/*
 * Below these members a token is meant for another server, as their vendors document
 * it: the MCP servers that a model is to call (OpenAI, Groq, Anthropic), the
 * providers behind a gateway (Vercel).
 */
static bool is_for_others(const char *name)
{
	static const char names[][16] = { "tools", "mcp_servers", "providerOptions" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal(slice_of(name), slice_of(names[i])))
			return true;
	return false;
}

/* The first string member that contains a key; the nesting is bounded by LIMIT_JSON_DEPTH. */
static const cJSON *key_member(const cJSON *node)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, node)
	{
		if (child->string && cJSON_IsString(child) && is_key_member(child->string)) {
			struct slice value = slice_of(child->valuestring);
			if (slice_starts_nocase(value, SLICE("bearer ")))
				value = slice_from(value, 7);
			if (value.n >= 20 && vendor_of_key(value))
				return child;
		}
		const cJSON *found = is_for_others(child->string) ? NULL : key_member(child);
		if (found)
			return found;
	}
	return NULL;
}

bool check_auth_key_in_body(const struct check_input *in, struct detail *d)
{
	/* A private gateway may read the key of the API behind it there (LiteLLM). */
	const cJSON *member = in->body && in->vendor ? key_member(in->body) : NULL;

	if (!member)
		return false;
	detail_f(d, "member ");
	detail_masked(d, slice_of(member->string), 60);
	detail_token(d, " contains a key", slice_of(member->valuestring));
	return true;
}
