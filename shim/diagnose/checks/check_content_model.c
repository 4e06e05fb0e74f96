/* SPDX-License-Identifier: MIT */
#include "diagnose/answer_refusal.h"
#include "diagnose/content.h"

#include <cJSON.h>

/* Does BODY name something that implies a model: a preset, an agent? */
static bool names_what_has_a_model(const cJSON *body)
{
	static const char names[][9] = { "preset", "agent_id", "agent" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!content_is_unset(content_member(body, names[i])))
			return true;
	return false;
}

/* Servers that know the model otherwise, or make do without: a deployment of one model, a stored prompt, an agent. */
static bool model_is_optional(const struct check_input *in, const cJSON *body)
{
	if (content_vendor_is(in, "azure") || slice_has(in->x->path, SLICE("/deployments/")) ||
	    slice_has(in->x->path, SLICE("/presets/")) ||
	    slice_has(in->x->path, SLICE("/endpoints/")))
		return true;
	if (names_what_has_a_model(body))
		return true;
	return in->endpoint == ENDPOINT_RESPONSES &&
	       (content_member(body, "prompt") || content_member(body, "previous_response_id") ||
		content_member(body, "conversation"));
}

/* Does the answer say that it got no model? */
static bool answer_misses_a_model(const struct check_input *in)
{
	static const char words[][9] = { "required", "missing", "must",
					 "provide",  "specif",  "no model" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (content_answer_has(in, words[i]))
			return content_answer_has(in, "model");
	return false;
}

bool check_model_missing(const struct check_input *in, struct detail *d)
{
	const cJSON *body = content_body(in);
	const cJSON *model = content_member(body, "model");
	const cJSON *models = content_member(body, "models");

	if (!body || (cJSON_IsString(model) && model->valuestring[0]) ||
	    (in->is_openrouter && cJSON_GetArraySize(models) > 0) || model_is_optional(in, body))
		return false;
	/* A private server may have just one model; OpenRouter has the account's default. */
	if ((!in->vendor || (in->is_openrouter && !model)) && !answer_misses_a_model(in))
		return false;
	if (!model) {
		detail_f(d, in->is_openrouter
				? "no member `model`: OpenRouter takes the account's default model"
				: "no member `model`");
		return true;
	}
	content_point(in, d, "model");
	detail_f(d, cJSON_IsString(model) ? " is an empty string" : " is %s, not a string",
		 content_type_name(model));
	return true;
}

static bool is_uuid(struct slice s)
{
	if (s.n != 36)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool hex =
		    (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
		if (i == 8 || i == 13 || i == 18 || i == 23 ? c != '-' : !hex)
			return false;
	}
	return true;
}

static bool has_blank(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\n' || s.p[i] == '\r')
			return true;
	return false;
}

/* Does the answer say that it does not have the model? */
static bool answer_rejects_model(const struct check_input *in)
{
	static const char texts[][24] = { "is not a valid model ID", "No endpoints found for ",
					  "No embedding endpoints", "model_not_found",
					  "model_deprecated" };
	struct slice code = answer_availability(&in->answer);

	if (slice_equal(code, SLICE("model_not_found")) ||
	    slice_equal(code, SLICE("model_deprecated")) || in->answer.saw == SAW_MODEL)
		return true;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (content_answer_has(in, texts[i]))
			return true;
	return false;
}

/* Is a name without a vendor wrong here? OpenRouter's /messages takes some of Anthropic's own names. */
static bool needs_vendor(const struct check_input *in)
{
	if (in->endpoint == ENDPOINT_MESSAGES)
		return in->answer.failed && answer_rejects_model(in);
	return !content_path_is_mixed(in) && content_may_be_cause(in);
}

/* What is wrong with MODEL as an OpenRouter slug; NULL: nothing that its bytes show. */
static const char *slug_fault(const struct check_input *in, struct slice model)
{
	if (model.n == 0)
		return NULL;
	if (has_blank(model))
		return "has white space in it";
	if (model.p[0] == '/' || model.p[model.n - 1] == '/')
		return "begins or ends with a slash";
	if (is_uuid(model))
		return "is a UUID";
	if (slice_byte(model, '/', 0) < 0 && needs_vendor(in))
		return "has no vendor before a slash, as in openai/gpt-4o";
	return NULL;
}

bool check_model_id_malformed(const struct check_input *in, struct detail *d)
{
	const cJSON *body = in->is_openrouter ? content_body(in) : NULL;
	const cJSON *models = content_member(body, "models");
	struct slice model = content_text(body, "model");
	const char *fault = slug_fault(in, model);
	int i = -1;

	while (!fault && ++i < cJSON_GetArraySize(models)) {
		const cJSON *item = cJSON_GetArrayItem(models, i);
		model = slice_of(cJSON_IsString(item) ? item->valuestring : NULL);
		fault = slug_fault(in, model);
	}
	if (!fault)
		return false;
	if (i < 0)
		content_point(in, d, "model");
	else
		content_point(in, d, "models[%d]", i);
	detail_f(d, " `");
	detail_masked(d, model, 100);
	detail_f(d, "` %s", fault);
	return true;
}

bool check_model_router_prefix(const struct check_input *in, struct detail *d)
{
	const cJSON *body = in->is_openrouter ? content_body(in) : NULL;
	struct slice model = content_text(body, "model");
	struct slice rest = slice_from(model, sizeof("openrouter/") - 1);

	if (!slice_starts(model, SLICE("openrouter/")) || slice_byte(rest, '/', 0) <= 0)
		return false;
	content_point(in, d, "model");
	detail_f(d, " `");
	detail_masked(d, model, 100);
	detail_f(d, "`: without the prefix it is `");
	detail_masked(d, rest, 100);
	detail_f(d, "`");
	return true;
}

bool check_model_rejected(const struct check_input *in, struct detail *d)
{
	if (!in->answer.failed || !answer_rejects_model(in))
		return false;
	/* How it is written explains why the server does not have it. */
	struct detail why = { .text = "" };
	d->lower = check_model_id_malformed(in, &why) || check_model_router_prefix(in, &why);
	if (in->outline.model.n) {
		detail_f(d, "model `");
		detail_masked(d, in->outline.model, 100);
		detail_f(d, "`");
	}
	return true;
}
