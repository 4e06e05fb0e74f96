/* SPDX-License-Identifier: MIT */
#include "diagnose/content.h"

#include <cJSON.h>
#include <string.h>

bool check_dialect_responses_on_chat(const struct check_input *in, struct detail *d)
{
	const cJSON *body = content_body(in);

	if (!body || !in->vendor || content_path_is_mixed(in))
		return false;
	if (in->endpoint == ENDPOINT_CHAT && !content_member(body, "messages")) {
		const char *name = content_member(body, "input")          ? "input"
				   : content_member(body, "instructions") ? "instructions"
									  : NULL;
		if (!name)
			return false;
		content_point(in, d, "%s", name);
		detail_f(d, " without `messages`: that is the shape of /responses");
		return true;
	}
	if (in->endpoint != ENDPOINT_RESPONSES || !content_member(body, "messages") ||
	    (content_member(body, "input") && !content_is_openai(in)))
		return false;
	content_point(in, d, "messages");
	detail_f(d, " on /responses, which wants `input`");
	return true;
}

bool check_dialect_anthropic_on_chat(const struct check_input *in, struct detail *d)
{
	const cJSON *body = content_of(in, ENDPOINT_CHAT);
	const cJSON *system = content_member(body, "system");

	if (!in->vendor || content_vendor_is(in, "anthropic") || content_path_is_mixed(in) ||
	    !(cJSON_IsString(system) || cJSON_IsArray(system)))
		return false;
	content_point(in, d, "system");
	detail_f(d,
		 " beside `messages`: chat/completions has it as the first message, role system");
	return true;
}

bool check_response_state_unsupported(const struct check_input *in, struct detail *d)
{
	const cJSON *body = in->is_openrouter ? content_of(in, ENDPOINT_RESPONSES) : NULL;
	const cJSON *previous = content_member(body, "previous_response_id");

	if (cJSON_IsTrue(content_member(body, "store"))) {
		content_point(in, d, "store");
		detail_f(d, " is true");
		return true;
	}
	if (content_is_unset(previous))
		return false;
	content_point(in, d, "previous_response_id");
	detail_f(d, " is set");
	return true;
}

/* Name the providers of a list, as far as they fit. */
static void describe_providers(struct detail *d, const char *member, const cJSON *list)
{
	const cJSON *item;
	int shown = 0;

	detail_f(d, "%sprovider.%s", d->text[0] ? "; " : "", member);
	cJSON_ArrayForEach(item, list)
	{
		if (!cJSON_IsString(item) || shown == 6)
			break;
		detail_f(d, shown++ ? ", " : ": ");
		detail_masked(d, slice_of(item->valuestring), 24);
	}
	if (cJSON_GetArraySize(list) > shown)
		detail_f(d, " and %d more", cJSON_GetArraySize(list) - shown);
}

bool check_provider_restriction(const struct check_input *in, struct detail *d)
{
	static const char lists[][7] = { "only", "order", "ignore" };
	const cJSON *body = in->is_openrouter ? content_body(in) : NULL;
	const cJSON *provider = content_member(body, "provider");
	bool exact = cJSON_IsFalse(content_member(provider, "allow_fallbacks"));
	bool found = false;

	if (!provider || in->answer.refused_by != REFUSED_openrouter_routing)
		return false;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const cJSON *list = content_member(provider, lists[i]);
		if (!cJSON_IsArray(list) || !list->child)
			continue;
		/* With fallbacks an order excludes no provider, unless the server says that it did. */
		if (strcmp(lists[i], "order") == 0 && !exact &&
		    !content_answer_has(in, "No allowed providers"))
			continue;
		describe_providers(d, lists[i], list);
		found = true;
	}
	if (exact) {
		detail_f(d, "%sprovider.allow_fallbacks: false", found ? "; " : "");
		found = true;
	}
	return found;
}
