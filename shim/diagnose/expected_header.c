/* SPDX-License-Identifier: MIT */
#include "diagnose/expected_header.h"

#include <string.h>

static bool is_vendor(const struct check_input *in, const char *id)
{
	return in->vendor && strcmp(in->vendor->id, id) == 0;
}

bool is_behind(const struct check_input *in, const char *id)
{
	struct slice rest = in->x->path;
	struct slice segment;

	if (is_vendor(in, id))
		return true;
	if (!in->vendor || !in->vendor->gateway)
		return false;
	while (slice_cut(&rest, '/', &segment))
		if (slice_equal(segment, slice_of(id)))
			return true;
	return false;
}

bool key_passed_check(const struct check_input *in)
{
	const struct answer *a = &in->answer;

	if (a->answered && !a->failed && a->status / 100 == 2)
		return true;
	return a->saw == SAW_NO_MONEY || a->saw == SAW_KEY_LIMIT || a->saw == SAW_RATE ||
	       a->saw == SAW_MODEL || a->saw == SAW_POLICY || a->saw == SAW_TOO_LARGE ||
	       a->saw == SAW_REQUEST;
}

/* The token after Bearer, where nothing else is wrong with the header. */
static const struct credential *bearer(const struct check_input *in)
{
	const struct credential *c = credentials_by(&in->credentials, LOCATION_AUTHORIZATION);

	return c && c->known && c->shape.scheme <= SCHEME_CASE && c->token.n ? c : NULL;
}

static const struct credential *key_in(const struct check_input *in, enum location location)
{
	const struct credential *c = credentials_by(&in->credentials, location);

	return c && c->known && c->token.n ? c : NULL;
}

static bool begins(const struct credential *c, const char *prefix)
{
	return c && slice_starts(c->shape.core, slice_of(prefix));
}

static const struct expected_header nothing = { NULL, NULL, NULL, NULL, NULL };

static struct expected_header anthropic(const struct check_input *in)
{
	const struct credential *token = bearer(in);
	const struct credential *key = key_in(in, LOCATION_X_API_KEY);

	/* Its endpoint in OpenAI's dialect takes API keys as Bearer. */
	if (begins(token, "sk-ant-api") && !key && in->endpoint != ENDPOINT_CHAT)
		return (struct expected_header){
			token, "x-api-key", "an API key of Anthropic",
			"API keys belong in x-api-key, Bearer is for login tokens", NULL
		};
	/* Reports differ on what is answered to it (BerriAI/litellm#21039): only where it was refused. */
	if (begins(key, "sk-ant-oat") && !token && !key_passed_check(in))
		return (struct expected_header){
			key, "authorization", "a login token of Anthropic",
			"login tokens belong after Bearer, x-api-key is for API keys",
			"Send it as `Authorization: Bearer TOKEN` with "
			"`anthropic-beta: oauth-2025-04-20` "
			"(Anthropic's tools: ANTHROPIC_AUTH_TOKEN, or "
			"CLAUDE_CODE_OAUTH_TOKEN for Claude "
			"Code; not ANTHROPIC_API_KEY), or use an API key, which begins "
			"with sk-ant-api."
		};
	return nothing;
}

/* By the header that this path documents: api-key, below /anthropic/ x-api-key. */
static struct expected_header azure(const struct check_input *in)
{
	const struct credential *token = bearer(in);

	if (!token || is_jwt(token->shape.core) || key_passed_check(in) ||
	    token->shape.kind != TOKEN_PLAIN || key_in(in, LOCATION_X_API_KEY) ||
	    key_in(in, LOCATION_API_KEY))
		return nothing;
	if (slice_has(in->x->path, SLICE("/openai/v1/")))
		return nothing;
	if (slice_has(in->x->path, SLICE("/anthropic/")))
		return (struct expected_header){
			token, "x-api-key", "a key of Azure",
			"keys belong in x-api-key here, Bearer is for Entra ID's tokens", NULL
		};
	return (struct expected_header){
		token, "api-key", "a key of Azure",
		"keys belong in api-key here, Bearer is for Entra ID's tokens", NULL
	};
}

static const struct credential *google_key(const struct check_input *in)
{
	const enum location locations[] = { LOCATION_X_GOOG_API_KEY, LOCATION_URL,
					    LOCATION_AUTHORIZATION };

	for (size_t i = 0; i < sizeof(locations) / sizeof(locations[0]); i++) {
		const struct credential *c =
		    locations[i] == LOCATION_AUTHORIZATION ? bearer(in) : key_in(in, locations[i]);
		if (begins(c, "AIza") || begins(c, "AQ."))
			return c;
	}
	return NULL;
}

static const struct credential *google_token(const struct check_input *in)
{
	const struct credential *c = key_in(in, LOCATION_X_GOOG_API_KEY);

	if (!begins(c, "ya29."))
		c = key_in(in, LOCATION_URL);
	return begins(c, "ya29.") && !bearer(in) ? c : NULL;
}

static struct expected_header google(const struct check_input *in, bool vertex)
{
	const struct credential *key = google_key(in);
	const struct credential *token = google_token(in);
	bool project = vertex && slice_has(in->x->path, SLICE("/projects/"));

	if (key_passed_check(in))
		return nothing;
	if (token)
		return (struct expected_header){
			token, "authorization", "an OAuth token of Google",
			"it belongs after `Authorization: Bearer`",
			"Send the token as `Authorization: Bearer TOKEN`, or use an API key "
			"(AIza...) in x-goog-api-key."
		};
	if (project && key && (key->location == LOCATION_AUTHORIZATION || !bearer(in)))
		return (struct expected_header){
			key, "authorization", "an API key of Google",
			"below a project Vertex AI takes an OAuth token after Bearer, no API key",
			"For an API key of AI Studio unset GOOGLE_GENAI_USE_VERTEXAI, so that the "
			"request goes "
			"to generativelanguage.googleapis.com. For Vertex AI log in with `gcloud "
			"auth "
			"application-default login` or a service account and set no API key."
		};
	if (key && key->location == LOCATION_AUTHORIZATION &&
	    !slice_has(in->x->path, SLICE("/openai/")))
		return (struct expected_header){
			key, "x-goog-api-key", "an API key of Google",
			"API keys belong in x-goog-api-key, Bearer is for OAuth tokens", NULL
		};
	return nothing;
}

struct expected_header expected_header_find(const struct check_input *in)
{
	if (is_behind(in, "anthropic"))
		return anthropic(in);
	if (is_vendor(in, "azure"))
		return azure(in);
	if (is_vendor(in, "vertex") || is_vendor(in, "google"))
		return google(in, is_vendor(in, "vertex"));
	return nothing;
}
