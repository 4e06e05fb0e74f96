/* SPDX-License-Identifier: MIT */
#include "tools/catalogue/error_words.h"

#include <string.h>

#include "diagnose/meaning.h"
#include "diagnose/rules.h"
#include "report/paragraph.h"
#include "tools/command.h"

enum { RULES_MAX = 6 };

struct known {
	const char *words; /* found anywhere in the text, any case; or a status */
	const char *says;
	enum rule_id rules[RULES_MAX]; /* ended by RULE_NONE */
};

#define R(id) RULE_##id

/* OpenRouter's own phrases come first: each has a more exact cause than its words alone. */
static const struct known phrases[] = {
	{ "provider returned error",
	  "OpenRouter accepted your key and passed the request on; the provider behind it answered "
	  "with an error. The provider's own words are in metadata.raw, which most tools do not "
	  "show.",
	  { R(upstream_refused_credentials), R(upstream_error), R(upstream_credits_exhausted),
	    R(provider_unavailable), RULE_NONE } },
	{ "user not found",
	  "OpenRouter recognised the form of the key, and no active key of that value exists.",
	  { R(key_unknown), R(key_differs_from_variable), RULE_NONE } },
	{ "no auth credentials found",
	  "OpenRouter found no key that it could use: the header is missing, or contains no "
	  "OpenRouter key. The message is the same for both.",
	  { R(auth_missing), R(auth_token_foreign_form), R(auth_token_quoted), R(key_wrong_vendor),
	    R(credential_not_recognised), RULE_NONE } },
	{ "missing authentication header",
	  "OpenRouter found no key that it could use: the header is missing, or contains no "
	  "OpenRouter key. The message is the same for both.",
	  { R(auth_missing), R(auth_token_foreign_form), R(auth_token_quoted), R(key_wrong_vendor),
	    R(credential_not_recognised), RULE_NONE } },
	{ "no endpoints found",
	  "No provider of the model can take this request: it does not exist, or settings exclude "
	  "all.",
	  { R(model_rejected), R(privacy_excludes_endpoints), R(no_endpoint_supports_request),
	    R(provider_restriction), RULE_NONE } },
};

static const struct known statuses[] = {
	{ "400",
	  "The server did not accept the request as it was sent. Some vendors say so of a key, "
	  "too.",
	  { R(request_rejected), R(body_json_invalid), R(model_rejected), R(credential_rejected),
	    RULE_NONE } },
	{ "401",
	  "Somebody refused the credential: the API that you asked, a gateway before it, or (with "
	  "OpenRouter) a provider behind it.",
	  { R(auth_missing), R(auth_token_quoted), R(key_wrong_vendor), R(key_unknown),
	    R(upstream_refused_credentials), RULE_NONE } },
	{ "402",
	  "There is no credit for this request.",
	  { R(credits_exhausted), R(key_limit_exceeded), R(upstream_credits_exhausted),
	    RULE_NONE } },
	{ "403",
	  "The server knows what you ask and does not allow it: a missing permission, a spending "
	  "limit, a country, a policy.",
	  { R(key_lacks_permission), R(vendor_refused), R(key_limit_exceeded), R(policy_blocked),
	    RULE_NONE } },
	{ "404",
	  "There is nothing at that address, or no such model.",
	  { R(path_missing_api), R(model_rejected), R(privacy_excludes_endpoints), RULE_NONE } },
	{ "405",
	  "The address exists, but not for this method.",
	  { R(path_wrong_method), R(path_is_base), R(redirect_dropped_auth), RULE_NONE } },
	{ "408",
	  "The server waited too long for the rest of the request.",
	  { R(body_length_mismatch), R(provider_unavailable), RULE_NONE } },
	{ "413", "The request is too large.", { R(request_too_large), RULE_NONE } },
	{ "415",
	  "The server does not take a body of this type.",
	  { R(content_type_wrong), R(content_type_missing), RULE_NONE } },
	{ "422",
	  "The server read the body and does not accept what is in it.",
	  { R(request_rejected), R(parameter_type_wrong), RULE_NONE } },
	{ "429",
	  "Too many requests, or no quota left.",
	  { R(rate_limited), R(credits_exhausted), R(upstream_credits_exhausted), RULE_NONE } },
	{ "500", "The server failed.", { R(provider_unavailable), R(error_wrapped), RULE_NONE } },
	{ "502",
	  "A server between you and the model failed, or the one behind it did.",
	  { R(provider_unavailable), R(answered_by_web_page), RULE_NONE } },
	{ "503", "The server is down or overloaded.", { R(provider_unavailable), RULE_NONE } },
	{ "504",
	  "The server behind did not answer in time.",
	  { R(provider_unavailable), RULE_NONE } },
	{ "529",
	  "The server is overloaded (Anthropic).",
	  { R(provider_unavailable), R(rate_limited), RULE_NONE } },
};

/* For all other texts: by the meaning of their words. */
static const struct {
	enum saw saw;
	struct known known;
} meanings[] = {
	{ SAW_NO_KEY,
	  { "",
	    "The server says that no key came.",
	    { R(auth_missing), R(auth_header_wrong_name), R(auth_vendor_wants_other_header),
	      RULE_NONE } } },
	{ SAW_NOT_RECOGNISED,
	  { "",
	    "The server says that no key came, or none that it knows.",
	    { R(auth_missing), R(credential_rejected), R(auth_header_wrong_name), RULE_NONE } } },
	{ SAW_UNKNOWN_KEY,
	  { "",
	    "The server saw a key and does not accept it.",
	    { R(credential_rejected), R(key_wrong_vendor), R(key_bound_elsewhere),
	      R(key_differs_from_variable), RULE_NONE } } },
	{ SAW_WRONG_KIND,
	  { "",
	    "The endpoint takes another kind of credential.",
	    { R(auth_vendor_wants_other_header), R(login_token_beta_missing),
	      R(key_bound_elsewhere), RULE_NONE } } },
	{ SAW_EXPIRED,
	  { "", "The key or login has expired.", { R(credential_expired), RULE_NONE } } },
	{ SAW_REVOKED,
	  { "",
	    "The key was disabled or deleted.",
	    { R(credential_rejected), R(key_unknown), RULE_NONE } } },
	{ SAW_NO_PERMISSION,
	  { "",
	    "The key is known and lacks a permission.",
	    { R(key_lacks_permission), RULE_NONE } } },
	{ SAW_BOUND_ELSEWHERE,
	  { "",
	    "The key is meant for another place or client.",
	    { R(key_bound_elsewhere), RULE_NONE } } },
	{ SAW_NO_MONEY,
	  { "",
	    "The account has no credit or quota left.",
	    { R(credits_exhausted), R(upstream_credits_exhausted), RULE_NONE } } },
	{ SAW_KEY_LIMIT,
	  { "",
	    "The spending limit of this one key is reached.",
	    { R(key_limit_exceeded), RULE_NONE } } },
	{ SAW_RATE,
	  { "", "Too many requests in a period of time.", { R(rate_limited), RULE_NONE } } },
	{ SAW_MODEL,
	  { "",
	    "There is no such model, or not for this account.",
	    { R(model_rejected), R(model_id_malformed), RULE_NONE } } },
	{ SAW_POLICY,
	  { "", "A content filter refused the input.", { R(policy_blocked), RULE_NONE } } },
	{ SAW_CALLER,
	  { "",
	    "The server turns this caller away: country, network, client, account.",
	    { R(vendor_refused), RULE_NONE } } },
	{ SAW_TOO_LARGE, { "", "The request is too large.", { R(request_too_large), RULE_NONE } } },
	{ SAW_REQUEST,
	  { "",
	    "The server does not accept what is in the request.",
	    { R(request_rejected), R(upstream_error), RULE_NONE } } },
	{ SAW_TROUBLE,
	  { "", "The server itself failed.", { R(provider_unavailable), RULE_NONE } } },
};

static const struct known *by_phrase(struct slice text)
{
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (slice_has_nocase(text, slice_of(phrases[i].words)))
			return &phrases[i];
	return NULL;
}

/* A status alone, or in front of the words ("401 Unauthorized"). */
static const struct known *by_status(struct slice text)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (slice_starts(text, slice_of(statuses[i].words)) &&
		    (text.n == 3 || text.p[3] == ' ' || text.p[3] == ':'))
			return &statuses[i];
	return NULL;
}

static const struct known *by_meaning(struct slice text)
{
	static const int tried[] = { 401, 403, 429, 400, 422, 503 };
	enum saw saw = SAW_NOTHING;
	struct slice words;

	for (size_t i = 0; saw == SAW_NOTHING && i < sizeof(tried) / sizeof(tried[0]); i++)
		saw = refusal_meaning(&(struct refusal_text){ .status = tried[i], .message = text },
				      &words);
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].saw == saw)
			return &meanings[i].known;
	return NULL;
}

bool error_words_explain(const char *text, const struct text_style *style, struct buf *out)
{
	struct slice words = slice_trim(slice_of(text));
	const struct known *known = by_phrase(words);
	struct paragraph p = { .to = out, .width = style->width };

	if (!known && words.n == 3)
		known = by_status(words);
	if (!known)
		known = by_meaning(words);
	if (!known)
		known = by_status(words);
	if (!known)
		return false;
	paragraph_add(&p, "  says: ", slice_of(known->says));
	say(out, "  may be: (orshim explain ID tells more)\n");
	for (int i = 0; i < RULES_MAX && known->rules[i] != RULE_NONE; i++)
		say(out, "    %-32s %s\n", rules[known->rules[i]].id, rules[known->rules[i]].title);
	paragraph_add(&p, "  next: ",
		      slice_of("orshim run -- TOOL shows which of them it is, from what the tool "
			       "really sent."));
	return !p.failed;
}
