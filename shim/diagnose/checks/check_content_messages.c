/* SPDX-License-Identifier: MIT */
#include "diagnose/content.h"

#include <cJSON.h>
#include <stdarg.h>
#include <stdio.h>

/* `messages` of a chat, in either dialect; NULL if there is none. */
static const cJSON *chat_messages(const struct check_input *in)
{
	const cJSON *body = content_body(in);

	if (in->endpoint != ENDPOINT_CHAT && in->endpoint != ENDPOINT_MESSAGES)
		return NULL;
	const cJSON *messages = content_member(body, "messages");
	return cJSON_IsArray(messages) ? messages : NULL;
}

bool check_messages_missing(const struct check_input *in, struct detail *d)
{
	const cJSON *body = content_of(in, ENDPOINT_CHAT);
	const cJSON *messages = content_member(body, "messages");

	if (!body || cJSON_GetArraySize(messages) > 0)
		return false;
	/* The other dialect: dialect_responses_on_chat reports it. OpenRouter takes a `prompt` instead. */
	if (!messages && (content_member(body, "input") || content_member(body, "instructions")))
		return false;
	if (!messages && in->is_openrouter && cJSON_IsString(content_member(body, "prompt")))
		return false;
	if (!messages) {
		detail_f(d, "no member `messages`");
		return true;
	}
	content_point(in, d, "messages");
	detail_f(d, cJSON_IsArray(messages) ? " is an empty array" : " is %s, not an array",
		 content_type_name(messages));
	return true;
}

enum { WORD_SIZE = 23 }; /* of a word of the tables, with its NUL */

static bool is_one_of(struct slice word, const char (*words)[WORD_SIZE], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_equal(word, slice_of(words[i])))
			return true;
	return false;
}

static bool role_is_known(const struct check_input *in, struct slice role)
{
	static const char chat[][WORD_SIZE] = { "user",      "assistant", "system",
						"developer", "tool",      "function" };
	static const char anthropic[][WORD_SIZE] = { "user", "assistant" };

	/* A private server may have a template with further roles. */
	if (!in->vendor)
		return true;
	if (in->endpoint == ENDPOINT_MESSAGES && content_vendor_is(in, "anthropic"))
		return is_one_of(role, anthropic, 2);
	return is_one_of(role, chat, 6);
}

bool check_message_role_invalid(const struct check_input *in, struct detail *d)
{
	const cJSON *message;
	int i = -1;

	cJSON_ArrayForEach(message, chat_messages(in))
	{
		const cJSON *role = content_member(message, "role");
		i++;
		if (!cJSON_IsObject(message)) {
			content_point(in, d, "messages[%d]", i);
			detail_f(d, " is %s, not an object with a role",
				 content_type_name(message));
			return true;
		}
		if (cJSON_IsString(role) && role_is_known(in, slice_of(role->valuestring)))
			continue;
		if (!role) {
			content_point(in, d, "messages[%d]", i);
			detail_f(d, " has no role");
			return true;
		}
		content_point(in, d, "messages[%d].role", i);
		if (!cJSON_IsString(role)) {
			detail_f(d, " is %s", content_type_name(role));
			return true;
		}
		detail_f(d, " is `");
		detail_masked(d, slice_of(role->valuestring), 24);
		detail_f(d, "`");
		return true;
	}
	return false;
}

/* An assistant's message says enough without content if it calls tools, refuses, speaks or thinks. */
static bool may_be_empty(const struct check_input *in, const cJSON *message)
{
	static const char instead[][18] = { "tool_calls",        "function_call",
					    "refusal",           "audio",
					    "reasoning",         "reasoning_content",
					    "reasoning_details", "images" };
	struct slice role = content_text(message, "role");

	if (slice_equal(role, SLICE("tool")) || slice_equal(role, SLICE("function")))
		/* A command without output is common; it matters where the server complains of it. */
		return !content_answer_has(in, "empty") && !content_answer_has(in, "tool_result");
	if (!slice_equal(role, SLICE("assistant")))
		return false;
	/* The beginning of the answer to come, as Kimi and Mistral document it; none may be given. */
	if (cJSON_IsTrue(content_member(message, "partial")) ||
	    cJSON_IsTrue(content_member(message, "prefix")))
		return true;
	for (size_t i = 0; i < sizeof(instead) / sizeof(instead[0]); i++)
		if (!content_is_unset(content_member(message, instead[i])))
			return true;
	return false;
}

/* Is it `""` as it was written? To cJSON a text ends at its first \u0000. */
static bool is_written_empty(const struct check_input *in, const cJSON *text, const char *format,
			     ...)
{
	struct slice body = buf_slice(&in->x->request.body.bytes);
	char path[JSON_PATH_MAX];
	va_list arguments;

	if (!cJSON_IsString(text) || text->valuestring[0] != '\0')
		return false;
	va_start(arguments, format);
	vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	long at = json_member_at(body, path);
	return at >= 0 && slice_starts(slice_from(body, (size_t)at), SLICE("\"\""));
}

static bool is_empty(const struct check_input *in, const cJSON *content, int i)
{
	return content_is_unset(content) || (cJSON_IsArray(content) && !content->child) ||
	       is_written_empty(in, content, "messages[%d].content", i);
}

/* Index of the first text part of message I's CONTENT that is empty; -1: none. */
static int empty_part(const struct check_input *in, const cJSON *content, int i)
{
	const cJSON *part;
	int j = -1;

	if (!cJSON_IsArray(content))
		return -1;
	cJSON_ArrayForEach(part, content)
	{
		j++;
		if (slice_equal(content_text(part, "type"), SLICE("text")) &&
		    is_written_empty(in, content_member(part, "text"),
				     "messages[%d].content[%d].text", i, j))
			return j;
	}
	return -1;
}

bool check_message_content_empty(const struct check_input *in, struct detail *d)
{
	const cJSON *message;
	int i = -1;

	cJSON_ArrayForEach(message, chat_messages(in))
	{
		const cJSON *content = content_member(message, "content");
		i++;
		int part = empty_part(in, content, i);
		if (part >= 0) {
			content_point(in, d, "messages[%d].content[%d].text", i, part);
			detail_f(d, " is empty");
			return true;
		}
		if (!cJSON_IsObject(message) || !is_empty(in, content, i) ||
		    may_be_empty(in, message))
			continue;
		content_point(in, d, content ? "messages[%d].content" : "messages[%d]", i);
		if (!content)
			detail_f(d, " has no content");
		else
			detail_f(d, cJSON_IsNull(content) ? " is null" : " is empty");
		detail_f(d, ", role ");
		detail_masked(d, content_text(message, "role"), 24);
		return true;
	}
	return false;
}

static bool part_is_foreign(const struct check_input *in, const cJSON *part)
{
	static const char anthropic[][WORD_SIZE] = { "tool_use", "tool_result", "redacted_thinking",
						     "server_tool_use", "web_search_tool_result" };
	static const char responses[][WORD_SIZE] = { "input_text", "output_text", "input_image",
						     "input_file", "summary_text" };
	struct slice type = content_text(part, "type");

	if (is_one_of(type, anthropic, sizeof(anthropic) / sizeof(anthropic[0])))
		return true;
	/* Mistral documents a part of that name. */
	if (slice_equal(type, SLICE("thinking")))
		return !content_vendor_is(in, "mistral");
	if (slice_equal(type, SLICE("image")) || slice_equal(type, SLICE("document")))
		return cJSON_IsObject(content_member(part, "source"));
	return content_is_openai(in) &&
	       is_one_of(type, responses, sizeof(responses) / sizeof(responses[0]));
}

bool check_message_part_foreign(const struct check_input *in, struct detail *d)
{
	const cJSON *message, *part;
	int i = -1;

	/* Private gateways, and Anthropic's, may translate. */
	if (in->endpoint != ENDPOINT_CHAT || !in->vendor || content_vendor_is(in, "anthropic") ||
	    content_path_is_mixed(in))
		return false;
	cJSON_ArrayForEach(message, chat_messages(in))
	{
		const cJSON *content = content_member(message, "content");
		int j = -1;
		i++;
		if (!cJSON_IsArray(content))
			continue;
		cJSON_ArrayForEach(part, content)
		{
			j++;
			if (!part_is_foreign(in, part))
				continue;
			content_point(in, d, "messages[%d].content[%d]", i, j);
			detail_f(d, " has type ");
			detail_masked(d, content_text(part, "type"), 32);
			return true;
		}
	}
	return false;
}

/* The first cache_control markers below ROOT, depth first; the walk needs no recursion. */
static int count_cache_controls(const cJSON *root)
{
	const cJSON *stack[LIMIT_JSON_DEPTH + 1];
	int depth = 0, count = 0;

	stack[0] = root->child;
	while (depth >= 0) {
		const cJSON *item = stack[depth];
		if (!item) {
			depth--;
			continue;
		}
		stack[depth] = item->next;
		/* Its type distinguishes a marker from a tool's parameter of that name. */
		if (item->string && slice_equal(slice_of(item->string), SLICE("cache_control")) &&
		    slice_equal(content_text(item, "type"), SLICE("ephemeral")))
			count++;
		if (item->child && depth < LIMIT_JSON_DEPTH)
			stack[++depth] = item->child;
	}
	return count;
}

bool check_cache_control_too_many(const struct check_input *in, struct detail *d)
{
	const cJSON *body = content_body(in);
	struct slice model = content_text(body, "model");
	bool anthropic = content_vendor_is(in, "anthropic") ||
			 (in->is_openrouter && (slice_has_nocase(model, SLICE("claude")) ||
						slice_has_nocase(model, SLICE("anthropic")) ||
						content_answer_has(in, "cache_control")));

	if (!body || !anthropic)
		return false;
	int count = count_cache_controls(body);
	if (count <= 4)
		return false;
	detail_f(d, "%d cache_control markers in the body", count);
	return true;
}
