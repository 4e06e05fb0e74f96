/* SPDX-License-Identifier: MIT */
#include "diagnose/detail.h"
#include "diagnose/content.h"

#include <cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"

const cJSON *content_body(const struct check_input *in)
{
	bool known = in->endpoint == ENDPOINT_CHAT || in->endpoint == ENDPOINT_COMPLETIONS ||
		     in->endpoint == ENDPOINT_RESPONSES || in->endpoint == ENDPOINT_MESSAGES ||
		     in->endpoint == ENDPOINT_EMBEDDINGS;

	if (!known || !in->body_judged || !cJSON_IsObject(in->body) ||
	    !slice_equal(in->x->request.method, SLICE("POST")))
		return NULL;
	return in->body;
}

const cJSON *content_of(const struct check_input *in, enum endpoint_kind endpoint)
{
	return in->endpoint == endpoint ? content_body(in) : NULL;
}

bool content_vendor_is(const struct check_input *in, const char *id)
{
	return in->vendor && strcmp(in->vendor->id, id) == 0;
}

bool content_is_openai(const struct check_input *in)
{
	return content_vendor_is(in, "openai") || content_vendor_is(in, "azure");
}

bool content_path_is_mixed(const struct check_input *in)
{
	return in->is_openrouter && slice_has(in->x->path, SLICE("/cursor/"));
}

bool content_answer_has(const struct check_input *in, const char *text)
{
	const struct answer *a = &in->answer;
	struct slice needle = slice_of(text);

	return slice_has_nocase(a->message, needle) || slice_has_nocase(a->raw_message, needle) ||
	       slice_has_nocase(a->raw, needle) || slice_has_nocase(a->code_text, needle) ||
	       slice_has_nocase(a->type, needle) || slice_has_nocase(a->error_type, needle);
}

bool content_may_be_cause(const struct check_input *in)
{
	if (in->lint)
		return true;
	return in->answer.about == REFUSAL_REQUEST || in->answer.about == REFUSAL_ROUTING;
}

void content_point(const struct check_input *in, struct detail *d, const char *format, ...)
{
	char path[JSON_PATH_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	detail_f(d, "%s", path);
	long at = json_member_at(buf_slice(&in->x->request.body.bytes), path);
	if (at >= 0) {
		d->in_body = true;
		d->offset = (int)at;
	}
}

const char *content_type_name(const cJSON *item)
{
	if (!item)
		return "missing";
	if (cJSON_IsNull(item))
		return "null";
	if (cJSON_IsBool(item))
		return "a boolean";
	if (cJSON_IsNumber(item))
		return "a number";
	if (cJSON_IsString(item))
		return "a string";
	return cJSON_IsArray(item) ? "an array" : "an object";
}

const cJSON *content_member(const cJSON *object, const char *name)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

struct slice content_text(const cJSON *object, const char *name)
{
	const cJSON *item = content_member(object, name);

	return slice_of(cJSON_IsString(item) ? item->valuestring : NULL);
}

bool content_is_unset(const cJSON *item)
{
	return !item || cJSON_IsNull(item);
}

static bool is_word(char c)
{
	return is_alphanumeric(c) || c == '_';
}

/* Cut one step of a path ("[3]", ".3", ".content") off *REST; false if none follows. */
static bool next_step(struct slice *rest, struct slice *step)
{
	size_t from, n;

	if (rest->n < 2 || (rest->p[0] != '.' && rest->p[0] != '['))
		return false;
	from = 1;
	for (n = 0; from + n < rest->n && is_word(rest->p[from + n]); n++)
		;
	if (n == 0)
		return false;
	bool bracket = rest->p[0] == '[';
	if (bracket && (from + n >= rest->n || rest->p[from + n] != ']'))
		return false;
	*step = slice_sub(*rest, from, n);
	*rest = slice_from(*rest, from + n + bracket);
	return true;
}

/* Follow the steps of REST from the member NAME of BODY; false if an index is not there. */
static bool follow(struct slice rest, const cJSON *item, const char *name, char *path, size_t n)
{
	size_t used = (size_t)snprintf(path, n, "%s", name);
	bool indexed = false;
	struct slice step;

	while (next_step(&rest, &step)) {
		unsigned long long index;
		const cJSON *child = NULL;
		char key[32];
		if (slice_number(step, &index)) {
			if (!cJSON_IsArray(item))
				continue;
			child = index < 1000000 ? cJSON_GetArrayItem(item, (int)index) : NULL;
			if (!child)
				return false;
			indexed = true;
			snprintf(key, sizeof(key), "[%llu]", index);
		} else if (step.n + 2 < sizeof(key)) {
			snprintf(key, sizeof(key), ".%.*s", SLICE_ARG(step));
			child = content_member(item, key + 1);
			if (!child)
				continue;
		}
		size_t length = child ? strlen(key) : n;
		if (used + length >= n)
			break;
		memcpy(path + used, key, length + 1);
		used += length;
		item = child;
	}
	return indexed;
}

/* The tool of BODY whose name TEXT quotes ("Invalid schema for function 'f'"). */
static bool tool_named(struct slice text, const cJSON *body, char *path, size_t n)
{
	const cJSON *tool;
	int i = 0;

	cJSON_ArrayForEach(tool, content_member(body, "tools"))
	{
		const cJSON *function = content_member(tool, "function");
		struct slice name = content_text(function ? function : tool, "name");
		long at = name.n ? slice_find(text, name, 0) : -1;
		for (; at >= 0; at = slice_find(text, name, (size_t)at + 1)) {
			size_t end = (size_t)at + name.n;
			if (at > 0 && end < text.n && text.p[at - 1] == text.p[end] &&
			    strchr("'\"`", text.p[end])) {
				snprintf(path, n, "tools[%d]", i);
				return true;
			}
		}
		i++;
	}
	return false;
}

/*
 * Gemini's names for what came from OpenAI's: one tool with many functions, messages
 * without the system's (ai.google.dev/api/generate-content).
 */
static bool google_member(struct slice text, const cJSON *body, char *path, size_t n)
{
	static const struct {
		char theirs[22], ours[9];
	} names[] = { { "function_declarations", "tools" },
		      { "functionDeclarations", "tools" },
		      { "contents", "messages" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slice theirs = slice_of(names[i].theirs);
		const cJSON *list = content_member(body, names[i].ours);
		long at = list ? slice_find(text, theirs, 0) : -1;
		struct slice rest = at < 0 ? text : slice_from(text, (size_t)at + theirs.n);
		struct slice step;
		unsigned long long index;
		if (at >= 0 && next_step(&rest, &step) && slice_number(step, &index) &&
		    index < 1000000 && cJSON_GetArrayItem(list, (int)index)) {
			snprintf(path, n, "%s[%llu]", names[i].ours, index);
			return true;
		}
	}
	return false;
}

/* Does SCHEMA, or one within it, require a member that TEXT names and its properties lack? */
static bool requires_undefined(const cJSON *schema, struct slice text, int depth)
{
	const cJSON *properties = content_member(schema, "properties");
	const cJSON *item;

	cJSON_ArrayForEach(item, content_member(schema, "required"))
	{
		if (cJSON_IsString(item) && item->valuestring[0] &&
		    !content_member(properties, item->valuestring) &&
		    slice_has(text, slice_of(item->valuestring)))
			return true;
	}
	if (depth >= LIMIT_SCHEMA_DEPTH)
		return false;
	cJSON_ArrayForEach(item, properties)
	{
		if (requires_undefined(item, text, depth + 1))
			return true;
	}
	return requires_undefined(content_member(schema, "items"), text, depth + 1);
}

/* The tool whose schema requires the undefined member that the complaint names. */
static bool tool_requiring(struct slice text, const cJSON *body, char *path, size_t n)
{
	const cJSON *tool;
	int i = 0;

	if (!slice_has_nocase(text, SLICE("required")))
		return false;
	cJSON_ArrayForEach(tool, content_member(body, "tools"))
	{
		const cJSON *function = content_member(tool, "function");
		const cJSON *schema = content_member(function ? function : tool, "parameters");
		if (requires_undefined(schema, text, 0)) {
			snprintf(path, n, "tools[%d].%sparameters", i, function ? "function." : "");
			return true;
		}
		i++;
	}
	return false;
}

bool content_member_named(struct slice upstream_text, const cJSON *body, char *path, size_t n)
{
	static const char roots[][10] = { "tools", "messages", "input", "functions" };

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		struct slice root = slice_of(roots[i]);
		const cJSON *item = content_member(body, roots[i]);
		long at = item ? slice_find(upstream_text, root, 0) : -1;
		for (; at >= 0; at = slice_find(upstream_text, root, (size_t)at + 1)) {
			struct slice rest = slice_from(upstream_text, (size_t)at + root.n);
			bool whole = at == 0 || (!is_word(upstream_text.p[at - 1]) &&
						 upstream_text.p[at - 1] != '.');
			if (whole && follow(rest, item, roots[i], path, n))
				return true;
		}
	}
	return google_member(upstream_text, body, path, n) ||
	       tool_named(upstream_text, body, path, n) ||
	       tool_requiring(upstream_text, body, path, n);
}

bool is_chat_member(struct slice name)
{
	static const struct slice names[] = {
		SLICE("model"), SLICE("messages"), SLICE("prompt"),
		SLICE("input"), SLICE("stream"),   SLICE("max_tokens")
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal(name, names[i]))
			return true;
	return false;
}
