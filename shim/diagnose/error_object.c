/* SPDX-License-Identifier: MIT */
#include "diagnose/error_object.h"

#include <string.h>

#include "base/limits.h"
#include "cJSON.h"

enum { DEPTH = 4 }; /* of objects in which a text is looked for */

static struct slice text_of(const cJSON *item)
{
	return slice_of(cJSON_IsString(item) ? item->valuestring : NULL);
}

/* Names are written in several ways: "message", "Message". */
static const cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItem(object, name) : NULL;
}

static bool has_text(const cJSON *item)
{
	return (cJSON_IsObject(item) && item->child) ||
	       (cJSON_IsString(item) && item->valuestring[0]);
}

/* ---- Texts */

static struct slice text_in(const cJSON *item, int depth);

/*
 * In this order, but a phrase before a word. OpenAI, Anthropic and most
 * "message"; Z.AI "msg"; OAuth "error_description"; Baidu "error_msg"; MiniMax
 * "status_msg"; Apigee "faultstring"; FastAPI "detail"; RFC 9457 "detail" and
 * "title".
 */
static struct slice text_of_object(const cJSON *object, int depth)
{
	static const char names[][20] = { "message",       "msg",         "error_description",
					  "error_message", "error_msg",   "errorMessage",
					  "errmsg",        "status_msg",  "faultstring",
					  "error",         "errors",      "detail",
					  "details",       "description", "reason",
					  "title" };
	struct slice word = { NULL, 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slice text = text_in(member(object, names[i]), depth);
		if (slice_byte(text, ' ', 0) >= 0)
			return text;
		if (!word.p)
			word = text;
	}
	return word;
}

/* The text of a string, or that of an object or of an array's first element. */
static struct slice text_in(const cJSON *item, int depth)
{
	if (cJSON_IsString(item) && item->valuestring[0])
		return text_of(item);
	/* A member that is not there would be asked for all of its members, and those for theirs. */
	if (depth == 0 || !item)
		return (struct slice){ NULL, 0 };
	if (cJSON_IsArray(item))
		return text_in(item->child, depth - 1);
	if (!cJSON_IsObject(item))
		return (struct slice){ NULL, 0 };
	return text_of_object(item, depth - 1);
}

/* Cloudflare's chain goes from "Invalid request headers" to what is wrong with which. */
struct slice error_message(const cJSON *error)
{
	struct slice inner = text_in(member(error, "error_chain"), DEPTH);

	return inner.p ? inner : text_in(error, DEPTH);
}

struct slice error_type(const cJSON *error)
{
	struct slice type = text_of(member(error, "type"));

	return type.p ? type : text_of(member(error, "__type")); /* AWS */
}

/* ---- Codes */

static const cJSON *code_of(const cJSON *error)
{
	static const char names[][12] = { "code",    "error_code", "errorCode",
					  "errcode", "statusCode", "status_code" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const cJSON *code = member(error, names[i]);
		if (cJSON_IsNumber(code) || (cJSON_IsString(code) && code->valuestring[0]))
			return code;
	}
	return member(member(error, "detail"), "errorcode"); /* Apigee */
}

static int number_of(const cJSON *item)
{
	unsigned long long n;

	if (cJSON_IsNumber(item))
		return item->valueint;
	if (cJSON_IsString(item) && slice_number(text_of(item), &n) && n < 1000)
		return (int)n;
	return 0;
}

int error_number(const cJSON *error)
{
	int code = number_of(code_of(error));

	if (!code)
		code = number_of(member(error, "http_code")); /* MiniMax */
	if (!code)
		code = number_of(member(error, "status")); /* RFC 9457 */
	return code;
}

/* What the text is not: {"error":"invalid_token","error_description":"…"}. */
struct slice error_code_text(const cJSON *error)
{
	const cJSON *code = code_of(error);
	struct slice word = text_of(member(error, "error"));

	if (cJSON_IsString(code))
		return text_of(code);
	if (code || !word.p || slice_byte(word, ' ', 0) >= 0 || error_message(error).p == word.p)
		return (struct slice){ NULL, 0 };
	return word;
}

struct slice error_status(const cJSON *error)
{
	struct slice status = text_of(member(error, "status"));

	for (size_t i = 0; i < status.n; i++)
		if (status.p[i] != '_' && (status.p[i] < 'A' || status.p[i] > 'Z'))
			return (struct slice){ NULL, 0 };
	return status.n ? status : (struct slice){ NULL, 0 };
}

struct slice error_reason(const cJSON *error)
{
	const cJSON *details = member(error, "details");

	for (const cJSON *d = cJSON_IsArray(details) ? details->child : NULL; d; d = d->next)
		if (has_text(member(d, "reason")))
			return text_of(member(d, "reason"));
	return (struct slice){ NULL, 0 };
}

/* The last name of `loc`: [ "body", "messages", 0, "role" ] (FastAPI, Mistral). */
static struct slice end_of_loc(const cJSON *complaints)
{
	struct slice last = { NULL, 0 };
	const cJSON *loc = cJSON_IsArray(complaints) ? member(complaints->child, "loc") : NULL;

	for (const cJSON *one = cJSON_IsArray(loc) ? loc->child : NULL; one; one = one->next)
		if (cJSON_IsString(one))
			last = text_of(one);
	return last;
}

struct slice error_missing_header(const cJSON *error)
{
	const cJSON *complaints = member(error, "detail");
	const cJSON *first = cJSON_IsArray(complaints) ? complaints->child : NULL;
	const cJSON *loc = member(first, "loc");

	if (!cJSON_IsArray(loc) || !slice_equal(text_of(loc->child), SLICE("header")) ||
	    !slice_equal_nocase(text_of(member(first, "msg")), SLICE("field required")))
		return (struct slice){ NULL, 0 };
	return end_of_loc(complaints);
}

struct slice error_param(const cJSON *error)
{
	struct slice param = text_of(member(error, "param"));

	if (slice_equal(param, SLICE("None"))) /* Python's, in LiteLLM's answers */
		param = (struct slice){ NULL, 0 };
	if (!param.n)
		param = end_of_loc(member(error, "detail"));
	if (!param.n)
		param = end_of_loc(member(member(error, "message"), "detail"));
	return param.n ? param : (struct slice){ NULL, 0 };
}

/* ---- The object */

/* `choices[0].error`: a generation that broke off (openrouter.ai/docs, errors). */
static const cJSON *choice_error(const cJSON *root)
{
	const cJSON *choice = cJSON_GetArrayItem(member(root, "choices"), 0);
	const cJSON *error = member(choice, "error");
	const cJSON *finish = member(choice, "finish_reason");

	if (has_text(error))
		return error;
	if (cJSON_IsString(finish) && strcmp(finish->valuestring, "error") == 0)
		return choice;
	return NULL;
}

/* Neither absent nor one of the codes that say that all is well. */
static bool is_failure_code(const cJSON *code)
{
	static const char fine[][8] = { "", "0", "200", "ok", "success" };

	if (cJSON_IsNumber(code))
		return code->valueint != 0 && code->valueint != 200;
	if (!cJSON_IsString(code))
		return false;
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		if (slice_equal_nocase(text_of(code), slice_of(fine[i])))
			return false;
	return true;
}

static bool has_result(const cJSON *root)
{
	static const char names[][12] = { "choices", "output",     "data",
					  "content", "candidates", "result" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const cJSON *item = member(root, names[i]);
		if (item && !cJSON_IsNull(item) && (item->child || item->valuestring))
			return true;
	}
	return false;
}

/*
 * What counts as an error whatever the status: MiniMax `base_resp` with a code;
 * Z.AI `success: false`; DashScope and Baidu a code and a text without a result.
 */
static const cJSON *failure_object(const cJSON *root)
{
	const cJSON *base = member(root, "base_resp");

	if (is_failure_code(member(base, "status_code")))
		return base;
	if (cJSON_IsFalse(member(root, "success")) && error_message(root).p)
		return root;
	if (has_result(root) || !is_failure_code(code_of(root)))
		return NULL;
	return has_text(member(root, "message")) || has_text(member(root, "msg")) ||
		       has_text(member(root, "error_msg"))
		   ? root
		   : NULL;
}

/* Errors below another name: Responses API, Apigee, Tencent, Volcengine. */
static const cJSON *error_below(const cJSON *root)
{
	const cJSON *error = member(member(root, "response"), "error");

	if (!has_text(error))
		error = member(member(root, "ResponseMetadata"), "error");
	return has_text(error) ? error : NULL;
}

/* `error` or `errors` as an array: Cloudflare. */
static const cJSON *first_error(const cJSON *root)
{
	const cJSON *list = member(root, "errors");

	if (!cJSON_IsArray(list))
		list = member(root, "error");
	if (!cJSON_IsArray(list) || !list->child)
		return NULL;
	return cJSON_IsObject(list->child) ? list->child : root;
}

const cJSON *error_object(const cJSON *root, bool failed)
{
	if (cJSON_IsArray(root))
		root = root->child; /* Google wraps it in an array */
	const cJSON *error = member(root, "error");
	if (cJSON_IsObject(error) && (failed || error->child))
		return error;
	if (has_text(error))
		return root; /* xAI: a string beside `code` */
	error = error_below(root);
	if (!error)
		error = choice_error(root);
	if (error)
		return error;
	if (failed || cJSON_IsFalse(member(root, "success")))
		error = first_error(root);
	if (error)
		return error;
	if (slice_equal(text_of(member(root, "type")), SLICE("error")) ||
	    slice_equal(text_of(member(root, "object")), SLICE("error"))) /* Anthropic; Mistral */
		return root;
	error = failure_object(root);
	if (error || !failed)
		return error;
	error = member(root, "fault"); /* Apigee */
	if (has_text(error))
		return error;
	return error_message(root).p ? root : NULL;
}

const cJSON *error_object_inside(const cJSON *root)
{
	const cJSON *error = error_object(root, false);

	if (error || !cJSON_IsObject(root))
		return error;
	return has_text(member(root, "message")) || has_text(member(root, "detail")) ||
		       has_text(member(root, "msg"))
		   ? root
		   : NULL;
}

/* ---- Whether it is worth a look */

/* Does the value at AT of a member named NAME say that something failed? */
static bool says_failure(struct slice body, struct slice name, size_t at)
{
	bool success = slice_ends(name, SLICE("success"));

	if (!success && !slice_ends(name, SLICE("code")))
		return false;
	while (at < body.n && memchr(" \t\r\n", body.p[at], 4))
		at++;
	struct slice value = slice_from(body, at);
	if (success)
		return slice_starts(value, SLICE("false"));
	return !slice_starts(value, SLICE("0")) && !slice_starts(value, SLICE("200")) &&
	       !slice_starts(value, SLICE("null")) && !slice_starts(value, SLICE("\"\"")) &&
	       !slice_starts(value, SLICE("\"0\"")) && !slice_starts(value, SLICE("\"200\""));
}

bool error_is_likely(struct slice body)
{
	if (!slice_starts(slice_trim(body), SLICE("{")))
		return false;
	if (slice_has(body, SLICE("rror\"")))
		return true;
	if (body.n > LIMIT_SHORT_ANSWER)
		return false;
	for (long at = slice_byte(body, ':', 0); at >= 0;
	     at = slice_byte(body, ':', (size_t)at + 1))
		if (at > 1 && body.p[at - 1] == '"' &&
		    says_failure(body, slice_sub(body, 0, (size_t)at - 1), (size_t)at + 1))
			return true;
	return false;
}
