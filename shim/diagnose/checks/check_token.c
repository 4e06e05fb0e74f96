/* SPDX-License-Identifier: MIT */
/*
 * The token is something else than a key. A core has one form (shape.h), so at
 * most one of these fires for it; quotation marks around it are a fact beside.
 */
#include "diagnose/checks/checks.h"
#include "diagnose/claims.h"
#include "diagnose/judged.h"
#include "diagnose/wanted.h"

#include <cJSON.h>

static const struct slice nowhere = { NULL, 0 };

/* Fire for the first credential of FORM, show its core after TEXT, point at its part. */
static bool blame_form(const struct evidence *e, struct detail *d, enum token_form form,
		       const char *text)
{
	const struct credential *c = credential_of_form(e, form);

	if (!c)
		return false;
	detail_token(d, text, c->shape.core);
	point_at(d, c, c->shape.part.p ? c->shape.part : c->shape.core, nowhere);
	return true;
}

/* Is there a header that this host reads and that has a token, so that C's being empty is no matter? */
static bool is_made_up_for(const struct evidence *e, const struct credential *c)
{
	bool fine = e->answer.answered && !e->answer.failed;

	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *other = &e->credentials.all[i];
		if (other->carrier == c->carrier || (other->known && !other->token.n))
			continue;
		if (fine || (e->vendor && vendor_reads(e->vendor, e->x->path,
						       slice_of(carrier_name(other->carrier)))))
			return true;
	}
	return false;
}

bool check_auth_token_empty(const struct evidence *e, struct detail *d)
{
	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *c = &e->credentials.all[i];
		if (!credential_counts(e, c) || c->token.n || c->shape.scheme == SCHEME_PUNCTUATED)
			continue;
		if (key_is_idle(e) || empty_header_wins(e) || is_made_up_for(e, c) ||
		    (c->carrier != CARRIER_AUTHORIZATION && c != e->credential))
			continue;
		if (c->scheme.n)
			detail_f(d, "nothing follows the scheme %.*s", SLICE_ARG(c->scheme));
		else
			detail_f(d, "the header has no value at all");
		detail_point(d, carrier_name(c->carrier), (long)c->value.n, -1);
		return true;
	}
	return false;
}

bool check_auth_token_literal(const struct evidence *e, struct detail *d)
{
	return !key_is_idle(e) && blame_form(e, d, FORM_LITERAL, "the token is the word");
}

bool check_auth_token_unexpanded(const struct evidence *e, struct detail *d)
{
	const struct credential *c = credential_of_form(e, FORM_UNEXPANDED);

	if (!c || key_is_idle(e))
		return false;
	if (slice_equal(c->shape.part, c->shape.core)) {
		detail_token(d, "the reference itself was sent, not what it refers to",
			     c->shape.core);
	} else {
		detail_f(d, "nothing replaced ");
		detail_bytes(d, c->shape.part, 60);
		detail_token(d, " by its value", c->shape.core);
	}
	point_at(d, c, c->shape.core, nowhere);
	return true;
}

bool check_auth_token_is_variable_name(const struct evidence *e, struct detail *d)
{
	const struct credential *c = credential_of_form(e, FORM_VARIABLE_NAME);

	if (!c || key_is_idle(e))
		return false;
	detail_f(d, "variable ");
	detail_bytes(d, c->shape.core, 80);
	detail_f(d, " is named, its value was not sent");
	point_at(d, c, c->shape.core, nowhere);
	return true;
}

/* A server that is no known vendor's took it: then it is its key, however it looks. */
static bool is_tolerated(const struct evidence *e)
{
	return !e->vendor && e->answer.answered && !e->answer.failed;
}

bool check_auth_token_sample(const struct evidence *e, struct detail *d)
{
	/* On a server of one's own a sample is as good as any key, refused or not. */
	if ((e->host_private && !e->vendor) || is_tolerated(e))
		return false;
	return blame_form(e, d, FORM_SAMPLE, "a placeholder from documentation was sent");
}

bool check_auth_token_local_dummy(const struct evidence *e, struct detail *d)
{
	const struct credential *c = credential_of_form(e, FORM_DUMMY);

	if (!c || e->host_private || is_tolerated(e))
		return false;
	detail_token(d, "sent", c->shape.core);
	detail_f(d, ", which only a server on your own machine accepts, to ");
	detail_bytes(d, e->x->host, 80);
	point_at(d, c, c->shape.core, nowhere);
	return true;
}

static const char *quote_name(struct slice quote)
{
	if (quote.n == 1)
		return quote.p[0] == '`' ? "backtick" : "quotation mark";
	return "typographic quotation mark";
}

bool check_auth_token_quoted(const struct evidence *e, struct detail *d)
{
	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *c = &e->credentials.all[i];
		struct slice open = c->shape.opening;
		struct slice close = c->shape.closing;
		if (!c->known || !credential_counts(e, c) || (!open.n && !close.n))
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

bool check_auth_token_inner_space(const struct evidence *e, struct detail *d)
{
	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *c = &e->credentials.all[i];
		if (!credential_counts(e, c) || key_is_idle(e))
			continue;
		bool inside = c->shape.form == FORM_SPACED;
		if (!inside && (c->gap.n < 2 || c->token.n == 0))
			continue;
		if (inside)
			detail_f(d, "a %s at offset %zu of the token",
				 c->shape.part.p[0] == '\t' ? "tab" : "space",
				 (size_t)(c->shape.part.p - c->token.p));
		else
			detail_f(d, "%zu blanks between %.*s and the token, where one belongs",
				 c->gap.n, SLICE_ARG(slice_sub(c->scheme, 0, 20)));
		point_at(d, c, inside ? c->shape.part : slice_from(c->gap, 1), nowhere);
		return true;
	}
	return false;
}

bool check_auth_token_masked(const struct evidence *e, struct detail *d)
{
	return !key_is_idle(e) &&
	       blame_form(e, d, FORM_MASKED, "what a screen shows instead of a key was sent");
}

bool check_auth_token_list(const struct evidence *e, struct detail *d)
{
	const struct credential *c = credential_of_form(e, FORM_LIST);

	if (!c)
		return false;
	char separator = c->shape.part.p[0];
	detail_f(d, "several keys in one value, separated by ");
	detail_f(d, separator == ' ' ? "a space" : separator == '\t' ? "a tab" : "`%c`", separator);
	point_at(d, c, c->shape.part, nowhere);
	return true;
}

bool check_auth_token_config_line(const struct evidence *e, struct detail *d)
{
	return blame_form(e, d, FORM_CONFIG_LINE, "a whole line of settings was sent");
}

bool check_auth_token_is_url(const struct evidence *e, struct detail *d)
{
	const struct credential *c = credential_of_form(e, FORM_URL);

	if (!c)
		return false;
	detail_f(d, "the token is ");
	detail_bytes(d, c->shape.core, 80);
	point_at(d, c, c->shape.core, nowhere);
	return true;
}

bool check_auth_token_is_document(const struct evidence *e, struct detail *d)
{
	const struct credential *c = credential_of_form(e, FORM_DOCUMENT);

	if (!c)
		return false;
	if (memchr("{[", c->shape.core.p[0], 2))
		detail_f(d, "%zu bytes that begin with `%c`", c->shape.core.n, c->shape.core.p[0]);
	else
		detail_f(d, "%zu bytes that are a document or a file's name", c->shape.core.n);
	point_at(d, c, c->shape.core, nowhere);
	return true;
}

bool check_auth_token_is_model(const struct evidence *e, struct detail *d)
{
	struct slice model = e->outline.model;

	for (size_t i = 0; i < e->credentials.count && model.n; i++) {
		const struct credential *c = &e->credentials.all[i];
		if (!credential_counts(e, c) || key_is_idle(e) ||
		    !slice_equal(c->shape.core, model))
			continue;
		detail_f(d, "the token is the model's name, ");
		detail_bytes(d, model, 80);
		point_at(d, c, c->shape.core, nowhere);
		return true;
	}
	return false;
}

bool check_auth_token_encoded(const struct evidence *e, struct detail *d)
{
	const struct credential *c = credential_of_form(e, FORM_ENCODED);

	if (!c || !e->vendor)
		return false;
	struct slice core = c->shape.core;
	const char *how = encoding_of(core);
	detail_f(d, "%zu bytes that %s", core.n, how ? how : "are marked as encrypted");
	point_at(d, c, core, nowhere);
	return true;
}

bool check_auth_token_percent_encoded(const struct evidence *e, struct detail *d)
{
	const struct credential *c = credential_of_form(e, FORM_PERCENT);

	if (!c)
		return false;
	detail_f(d, "`%.*s` at offset %zu of the token", SLICE_ARG(c->shape.part),
		 (size_t)(c->shape.part.p - c->token.p));
	point_at(d, c, c->shape.part, nowhere);
	return true;
}

bool check_auth_token_is_jwt(const struct evidence *e, struct detail *d)
{
	for (size_t i = 0; i < e->credentials.count; i++) {
		const struct credential *c = &e->credentials.all[i];
		struct claims claims;
		if (!credential_counts(e, c))
			continue;
		bool login = slice_starts(c->shape.core, SLICE("sk-ant-oat"));
		if (e->is_openrouter ? c->shape.form != FORM_JWT && !login
				     : !token_is_foreign_jwt(e, c))
			continue;
		detail_token(d, login ? "an OAuth login token of Anthropic" : "a login token",
			     c->shape.core);
		if (e->answer.failed && claims_read(c->shape.core, &claims))
			claims_tell(d, &claims);
		if (!e->is_openrouter) {
			d->why =
			    "The token itself says who issued it or for which service, and that is "
			    "another one than the service that was asked.";
			detail_fix(
			    d,
			    "Set the base URL of the service that the token is for, or log in "
			    "for %s (or use one of its API keys).",
			    e->vendor->title);
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
 * Below these members a token is meant for somebody else, as their vendors document
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

/* The first string member that holds a key; the nesting is bounded by LIMIT_JSON_DEPTH. */
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

bool check_auth_key_in_body(const struct evidence *e, struct detail *d)
{
	/* A gateway of one's own may read the key of what is behind it there (LiteLLM). */
	const cJSON *member = e->body && e->vendor ? key_member(e->body) : NULL;

	if (!member)
		return false;
	detail_f(d, "member ");
	detail_bytes(d, slice_of(member->string), 60);
	detail_token(d, " holds a key", slice_of(member->valuestring));
	return true;
}
