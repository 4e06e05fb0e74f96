/* SPDX-License-Identifier: MIT */
#include "diagnose/content.h"

#include <cJSON.h>
#include <string.h>

/* `tools` of a chat, Responses or Messages request; NULL if there is no such array. */
static const cJSON *tools_of(const struct check_input *in)
{
	const cJSON *body = content_body(in);

	if (in->endpoint != ENDPOINT_CHAT && in->endpoint != ENDPOINT_RESPONSES &&
	    in->endpoint != ENDPOINT_MESSAGES)
		return NULL;
	const cJSON *tools = content_member(body, "tools");
	return cJSON_IsArray(tools) ? tools : NULL;
}

static bool type_is(const cJSON *object, const char *type)
{
	return slice_equal(content_text(object, "type"), slice_of(type));
}

/* Anthropic calls a tool of the caller's own "custom", or says nothing. */
static bool is_custom(const cJSON *tool)
{
	return cJSON_IsObject(tool) && (!content_member(tool, "type") || type_is(tool, "custom"));
}

/* The schema of TOOL's parameters and its path below the tool; NULL if it needs none. */
static const cJSON *schema_of(const struct check_input *in, const cJSON *tool, const char **path)
{
	switch (in->endpoint) {
	case ENDPOINT_CHAT:
		*path = "function.parameters";
		return content_member(content_member(tool, "function"), "parameters");
	case ENDPOINT_RESPONSES:
		*path = "parameters";
		return type_is(tool, "function") ? content_member(tool, "parameters") : NULL;
	default:
		*path = "input_schema";
		return is_custom(tool) ? content_member(tool, "input_schema") : NULL;
	}
}

/* The readers whose demands on a schema are documented: an object, no union at its top. */
static bool schema_is_read_strictly(const struct check_input *in)
{
	return in->is_openrouter || content_is_openai(in) || content_vendor_is(in, "anthropic");
}

static const char *union_at_top(const cJSON *schema)
{
	static const char unions[][6] = { "oneOf", "anyOf", "allOf", "enum", "not" };

	for (size_t i = 0; i < sizeof(unions) / sizeof(unions[0]); i++)
		if (content_member(schema, unions[i]))
			return unions[i];
	return NULL;
}

static bool type_allows_object(const cJSON *type)
{
	const cJSON *one;

	if (!cJSON_IsArray(type))
		return cJSON_IsString(type) && strcmp(type->valuestring, "object") == 0;
	cJSON_ArrayForEach(one, type) if (type_allows_object(one)) return true;
	return false;
}

/* Describe what is wrong with SCHEMA; false: nothing. */
static bool schema_fault(const struct check_input *in, const cJSON *schema, int i, const char *path,
			 struct detail *d)
{
	const cJSON *type = content_member(schema, "type");
	bool strict = schema_is_read_strictly(in);

	/* /responses documents null for a tool without parameters. */
	if (cJSON_IsNull(schema) && (!strict || in->endpoint == ENDPOINT_RESPONSES))
		return false;
	if (!cJSON_IsObject(schema)) {
		content_point(in, d, "tools[%d].%s", i, path);
		detail_f(d, " is %s, not an object", content_type_name(schema));
		return true;
	}
	const char *top = strict ? union_at_top(schema) : NULL;
	/* Not every provider behind OpenRouter insists on the word. */
	bool may_lack_type = in->is_openrouter && !type && !top;
	if (may_lack_type && !content_may_be_cause(in))
		return false;
	if (strict && !type_allows_object(type)) {
		d->lower = may_lack_type;
		content_point(in, d, type ? "tools[%d].%s.type" : "tools[%d].%s", i, path);
		if (cJSON_IsString(type)) {
			detail_f(d, " is `");
			detail_masked(d, slice_of(type->valuestring), 24);
			detail_f(d, "`, not `object`");
		} else {
			detail_f(d, type ? " is not `object`" : " has no `type: object`");
		}
		if (top && !type)
			detail_f(d, ", but %s at its top", top);
		return true;
	}
	if (!top)
		return false;
	content_point(in, d, "tools[%d].%s.%s", i, path, top);
	detail_f(d, " is at the top of the schema");
	return true;
}

bool check_tool_schema_invalid(const struct check_input *in, struct detail *d)
{
	const cJSON *tool;
	int i = -1;

	/* A private server may take any schema. */
	if (!in->vendor)
		return false;
	cJSON_ArrayForEach(tool, tools_of(in))
	{
		const char *path = "";
		const cJSON *schema = schema_of(in, tool, &path);
		i++;
		if (schema && schema_fault(in, schema, i, path, d))
			return true;
	}
	return false;
}

/* ^[A-Za-z0-9_-]{1,64}$; Anthropic allows 128. */
static const char *name_fault(const struct check_input *in, const cJSON *name)
{
	size_t most = in->endpoint == ENDPOINT_MESSAGES ? 128 : 64;

	if (!cJSON_IsString(name))
		return name ? "is not a string" : "is missing";
	const char *text = name->valuestring;
	if (!*text)
		return "is empty";
	if (!schema_is_read_strictly(in))
		return NULL;
	if (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") !=
	    strlen(text))
		return "has a byte other than A-Z a-z 0-9 _ -";
	return strlen(text) > most ? "is too long" : NULL;
}

static bool describe_name(const struct check_input *in, struct detail *d, int i, const char *path,
			  const cJSON *name)
{
	const char *fault = name_fault(in, name);

	if (!fault)
		return false;
	content_point(in, d, "tools[%d].%s", i, path);
	detail_f(d, " %s", fault);
	if (cJSON_IsString(name) && *name->valuestring) {
		detail_f(d, ": ");
		detail_masked(d, slice_of(name->valuestring), 80);
	}
	return true;
}

static bool chat_tool_fault(const struct check_input *in, const cJSON *tool, int i,
			    struct detail *d)
{
	const cJSON *function = content_member(tool, "function");
	bool named = type_is(tool, "function") || !content_member(tool, "type");

	/* Other types are the server's own tools: web_search, openrouter:…, custom. */
	if (!named)
		return false;
	if (function)
		return describe_name(in, d, i, "function.name", content_member(function, "name"));
	const char *flat = content_member(tool, "input_schema") ? "input_schema"
			   : content_member(tool, "name")       ? "name"
								: NULL;
	if (!flat && !type_is(tool, "function"))
		return false;
	content_point(in, d, "tools[%d]", i);
	if (flat)
		detail_f(d, " has `%s` at its top: chat/completions wants it inside `function`",
			 flat);
	else
		detail_f(d, " has no `function`");
	return true;
}

static bool responses_tool_fault(const struct check_input *in, const cJSON *tool, int i,
				 struct detail *d)
{
	if (!type_is(tool, "function"))
		return false;
	if (content_member(tool, "name") || !content_member(tool, "function"))
		return describe_name(in, d, i, "name", content_member(tool, "name"));
	content_point(in, d, "tools[%d].function", i);
	detail_f(d,
		 " is chat/completions' shape: /responses wants name and parameters beside type");
	return true;
}

static bool anthropic_tool_fault(const struct check_input *in, const cJSON *tool, int i,
				 struct detail *d)
{
	if (type_is(tool, "function") && content_member(tool, "function")) {
		content_point(in, d, "tools[%d].function", i);
		detail_f(d, " is OpenAI's shape: /messages wants name and input_schema");
		return true;
	}
	if (!is_custom(tool))
		return false;
	return describe_name(in, d, i, "name", content_member(tool, "name"));
}

bool check_tool_shape_wrong(const struct check_input *in, struct detail *d)
{
	const cJSON *tool;
	bool fault = false;
	int i = -1;

	if (!in->vendor || content_path_is_mixed(in))
		return false;
	cJSON_ArrayForEach(tool, tools_of(in))
	{
		i++;
		if (!cJSON_IsObject(tool)) {
			content_point(in, d, "tools[%d]", i);
			detail_f(d, " is %s, not an object", content_type_name(tool));
			return true;
		}
		if (in->endpoint == ENDPOINT_CHAT)
			fault = chat_tool_fault(in, tool, i, d);
		else if (in->endpoint == ENDPOINT_RESPONSES)
			fault = responses_tool_fault(in, tool, i, d);
		else
			fault = anthropic_tool_fault(in, tool, i, d);
		if (fault)
			return true;
	}
	return false;
}
