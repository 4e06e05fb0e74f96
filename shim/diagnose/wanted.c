/* SPDX-License-Identifier: MIT */
#include "diagnose/wanted.h"

#include <string.h>

static bool is_vendor(const struct evidence *e, const char *id)
{
	return e->vendor && strcmp(e->vendor->id, id) == 0;
}

bool is_behind(const struct evidence *e, const char *id)
{
	struct slice rest = e->x->path;
	struct slice segment;

	if (is_vendor(e, id))
		return true;
	if (!e->vendor || !e->vendor->gateway)
		return false;
	while (slice_cut(&rest, '/', &segment))
		if (slice_equal(segment, slice_of(id)))
			return true;
	return false;
}

bool key_was_heard(const struct evidence *e)
{
	const struct answer *a = &e->answer;

	if (a->answered && !a->failed && a->status / 100 == 2)
		return true;
	return a->saw == SAW_NO_MONEY || a->saw == SAW_KEY_LIMIT || a->saw == SAW_RATE ||
	       a->saw == SAW_MODEL || a->saw == SAW_POLICY || a->saw == SAW_TOO_LARGE ||
	       a->saw == SAW_REQUEST;
}

/* The token after Bearer, where nothing else is wrong with the header. */
static const struct credential *bearer(const struct evidence *e)
{
	const struct credential *c = credentials_by(&e->credentials, CARRIER_AUTHORIZATION);

	return c && c->known && c->shape.scheme <= SCHEME_CASE && c->token.n ? c : NULL;
}

static const struct credential *key_in(const struct evidence *e, enum carrier carrier)
{
	const struct credential *c = credentials_by(&e->credentials, carrier);

	return c && c->known && c->token.n ? c : NULL;
}

static bool begins(const struct credential *c, const char *prefix)
{
	return c && slice_starts(c->shape.core, slice_of(prefix));
}

static const struct wanted nothing = { NULL, NULL, NULL, NULL, NULL };

static struct wanted anthropic(const struct evidence *e)
{
	const struct credential *token = bearer(e);
	const struct credential *key = key_in(e, CARRIER_X_API_KEY);

	/* Its endpoint in OpenAI's dialect takes API keys as Bearer. */
	if (begins(token, "sk-ant-api") && !key && e->endpoint != ENDPOINT_CHAT)
		return (struct wanted){ token, "x-api-key", "an API key of Anthropic",
					"API keys belong in x-api-key, Bearer is for login tokens",
					NULL };
	/* Reports differ on what is answered to it (BerriAI/litellm#21039): only where it was refused. */
	if (begins(key, "sk-ant-oat") && !token && !key_was_heard(e))
		return (
		    struct wanted){ key, "authorization", "a login token of Anthropic",
				    "login tokens belong after Bearer, x-api-key is for API keys",
				    "Send it as `Authorization: Bearer TOKEN` with "
				    "`anthropic-beta: oauth-2025-04-20` "
				    "(Anthropic's tools: ANTHROPIC_AUTH_TOKEN, or "
				    "CLAUDE_CODE_OAUTH_TOKEN for Claude "
				    "Code; not ANTHROPIC_API_KEY), or use an API key, which begins "
				    "with sk-ant-api." };
	return nothing;
}

/* By the header that this path documents: api-key, below /anthropic/ x-api-key. */
static struct wanted azure(const struct evidence *e)
{
	const struct credential *token = bearer(e);

	if (!token || is_jwt(token->shape.core) || key_was_heard(e) || token->shape.form != FORM_PLAIN ||
	    key_in(e, CARRIER_X_API_KEY) || key_in(e, CARRIER_API_KEY))
		return nothing;
	if (slice_has(e->x->path, SLICE("/openai/v1/")))
		return nothing;
	if (slice_has(e->x->path, SLICE("/anthropic/")))
		return (struct wanted){
			token, "x-api-key", "a key of Azure",
			"keys belong in x-api-key here, Bearer is for Entra ID's tokens", NULL
		};
	return (struct wanted){ token, "api-key", "a key of Azure",
				"keys belong in api-key here, Bearer is for Entra ID's tokens",
				NULL };
}

static const struct credential *google_key(const struct evidence *e)
{
	const enum carrier carriers[] = { CARRIER_X_GOOG_API_KEY, CARRIER_URL,
					  CARRIER_AUTHORIZATION };

	for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++) {
		const struct credential *c =
		    carriers[i] == CARRIER_AUTHORIZATION ? bearer(e) : key_in(e, carriers[i]);
		if (begins(c, "AIza") || begins(c, "AQ."))
			return c;
	}
	return NULL;
}

static const struct credential *google_token(const struct evidence *e)
{
	const struct credential *c = key_in(e, CARRIER_X_GOOG_API_KEY);

	if (!begins(c, "ya29."))
		c = key_in(e, CARRIER_URL);
	return begins(c, "ya29.") && !bearer(e) ? c : NULL;
}

static struct wanted google(const struct evidence *e, bool vertex)
{
	const struct credential *key = google_key(e);
	const struct credential *token = google_token(e);
	bool project = vertex && slice_has(e->x->path, SLICE("/projects/"));

	if (key_was_heard(e))
		return nothing;
	if (token)
		return (struct wanted){
			token, "authorization", "an OAuth token of Google",
			"it belongs after `Authorization: Bearer`",
			"Send the token as `Authorization: Bearer TOKEN`, or use an API key "
			"(AIza...) in x-goog-api-key."
		};
	if (project && key && (key->carrier == CARRIER_AUTHORIZATION || !bearer(e)))
		return (struct wanted){
			key, "authorization", "an API key of Google",
			"below a project Vertex AI takes an OAuth token after Bearer, no API key",
			"For an API key of AI Studio unset GOOGLE_GENAI_USE_VERTEXAI, so that the "
			"request goes "
			"to generativelanguage.googleapis.com. For Vertex AI log in with `gcloud "
			"auth "
			"application-default login` or a service account and set no API key."
		};
	if (key && key->carrier == CARRIER_AUTHORIZATION &&
	    !slice_has(e->x->path, SLICE("/openai/")))
		return (struct wanted){
			key, "x-goog-api-key", "an API key of Google",
			"API keys belong in x-goog-api-key, Bearer is for OAuth tokens", NULL
		};
	return nothing;
}

struct wanted other_header_wanted(const struct evidence *e)
{
	if (is_behind(e, "anthropic"))
		return anthropic(e);
	if (is_vendor(e, "azure"))
		return azure(e);
	if (is_vendor(e, "vertex") || is_vendor(e, "google"))
		return google(e, is_vendor(e, "vertex"));
	return nothing;
}
