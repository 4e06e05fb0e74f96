/* SPDX-License-Identifier: MIT */
#include "diagnose/content.h"

#include <cJSON.h>
#include <math.h>

enum kind { KIND_BOOL, KIND_NUMBER, KIND_INTEGER, KIND_STOP, KIND_OBJECT, KIND_STRINGS };

/* Documented types and ranges that OpenAI's, OpenRouter's and Anthropic's APIs share; null means unset. */
static const struct parameter {
	char name[24];
	enum kind kind;
	double least, most; /* of a number */
	bool openrouter;    /* a member of OpenRouter's alone */
} parameters[] = {
	{ "stream", KIND_BOOL, 0, 0, false },
	{ "temperature", KIND_NUMBER, 0, 2, false },
	{ "top_p", KIND_NUMBER, 0, 1, false },
	{ "max_tokens", KIND_INTEGER, 1, HUGE_VAL, false },
	{ "max_completion_tokens", KIND_INTEGER, 1, HUGE_VAL, false },
	{ "max_output_tokens", KIND_INTEGER, 1, HUGE_VAL, false },
	{ "n", KIND_INTEGER, 1, HUGE_VAL, false },
	{ "stop", KIND_STOP, 0, 0, false },
	{ "seed", KIND_INTEGER, -HUGE_VAL, HUGE_VAL, false },
	{ "provider", KIND_OBJECT, 0, 0, true },
	{ "models", KIND_STRINGS, 0, 0, true },
};

static bool all_strings(const cJSON *list)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list) if (!cJSON_IsString(item)) return false;
	return true;
}

/* From 2^53 on a double has no fraction. (floor() would need libm.) */
static bool is_whole(double number)
{
	const double exact = 9007199254740992.0;

	return number >= exact || number <= -exact || (double)(long long)number == number;
}

/* What ITEM should be; NULL: it is. */
static const char *type_fault(const struct parameter *p, const cJSON *item)
{
	switch (p->kind) {
	case KIND_BOOL:
		return cJSON_IsBool(item) ? NULL : "true or false";
	case KIND_NUMBER:
		return cJSON_IsNumber(item) ? NULL : "a number";
	case KIND_INTEGER:
		return cJSON_IsNumber(item) && is_whole(item->valuedouble) ? NULL
									   : "a whole number";
	case KIND_STOP:
		return cJSON_IsString(item) || (cJSON_IsArray(item) && all_strings(item))
			   ? NULL
			   : "a string or an array of strings";
	case KIND_OBJECT:
		return cJSON_IsObject(item) ? NULL : "an object";
	default:
		return cJSON_IsArray(item) && all_strings(item) ? NULL : "an array of strings";
	}
}

/* The vendors whose ranges are those of the table; others take -1 for no limit, or more than 2. */
static bool ranges_are_documented(const struct check_input *in)
{
	return in->is_openrouter || content_is_openai(in) || content_vendor_is(in, "anthropic");
}

/* The old completions take 0 to have a prompt's own probabilities. */
static bool is_scoring(const struct check_input *in, const struct parameter *p, const cJSON *item)
{
	return in->endpoint == ENDPOINT_COMPLETIONS && p->kind == KIND_INTEGER && p->least == 1 &&
	       item->valuedouble == 0;
}

static bool range_fault(const struct check_input *in, const struct parameter *p, const cJSON *item,
			struct detail *d)
{
	bool is_number = p->kind == KIND_NUMBER || p->kind == KIND_INTEGER;

	if (is_number && ranges_are_documented(in) &&
	    (item->valuedouble < p->least || item->valuedouble > p->most) &&
	    !is_scoring(in, p, item)) {
		content_point(in, d, "%s", p->name);
		detail_f(d, " is %g, outside ", item->valuedouble);
		if (p->most == HUGE_VAL)
			detail_f(d, "%g and more", p->least);
		else
			detail_f(d, "%g to %g", p->least, p->most);
		return true;
	}
	if (p->kind != KIND_STOP || cJSON_GetArraySize(item) <= 4 ||
	    !(in->is_openrouter || content_is_openai(in)))
		return false;
	content_point(in, d, "%s", p->name);
	detail_f(d, " has %d strings, 4 are allowed", cJSON_GetArraySize(item));
	return true;
}

static bool parameter_fault(const struct check_input *in, const struct parameter *p,
			    const cJSON *item, struct detail *d)
{
	const char *wanted = type_fault(p, item);

	if (!wanted)
		return range_fault(in, p, item, d);
	content_point(in, d, "%s", p->name);
	if (cJSON_IsNumber(item))
		detail_f(d, " is %g", item->valuedouble);
	else
		detail_f(d, " is %s", content_type_name(item));
	if (cJSON_IsString(item)) {
		detail_f(d, " \"");
		detail_masked(d, slice_of(item->valuestring), 12);
		detail_f(d, "\"");
	}
	detail_f(d, ", where %s belongs", wanted);
	return true;
}

bool check_parameter_type_wrong(const struct check_input *in, struct detail *d)
{
	const cJSON *body = content_body(in);

	/* A private server may read them more leniently (max_tokens -1). */
	if (!body || !in->vendor)
		return false;
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		const struct parameter *p = &parameters[i];
		const cJSON *item = content_member(body, p->name);
		if (!content_is_unset(item) && (in->is_openrouter || !p->openrouter) &&
		    parameter_fault(in, p, item, d))
			return true;
	}
	return false;
}
