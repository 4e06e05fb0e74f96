/* SPDX-License-Identifier: MIT */
/*
 * Finding R. Every service wraps its error in another way (OpenRouter's:
 * openrouter.ai/docs/api/reference/errors-and-debugging); what they share is
 * looked for in a fixed order. The trees own all text, inner trees hang
 * below the outermost one.
 */
#include "diagnose/answer_refusal.h"
#include "diagnose/answer_provider.h"
#include "diagnose/answer.h"

#include <stdio.h>
#include <string.h>

#include "cJSON.h"
#include "diagnose/error_object.h"
#include "diagnose/json/json.h"

static struct slice text_of(const cJSON *item)
{
	return slice_of(cJSON_IsString(item) ? item->valuestring : NULL);
}

static const cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

/* RAW as text; some of OpenRouter's adapters put { "__kind": …, "data": TEXT or object } there. */
static struct slice raw_text(struct answer *a, const cJSON *raw)
{
	const cJSON *data = member(raw, "__kind") ? member(raw, "data") : NULL;

	if (data)
		raw = data;
	if (!cJSON_IsObject(raw) && !cJSON_IsArray(raw))
		return text_of(raw);
	char *printed = cJSON_PrintUnformatted(raw);
	cJSON *text = printed ? cJSON_AddStringToObject(a->tree, "raw as text", printed) : NULL;
	cJSON_free(printed);
	return text_of(text);
}

/* The JSON in TEXT, perhaps after some words; the caller's. *ERROR is its R; NULL, NULL: none. */
static cJSON *json_inside(struct slice text, const cJSON **error)
{
	long at = slice_byte(text, '{', 0);
	cJSON *inner = at < 0 ? NULL : json_tree(slice_from(text, (size_t)at));

	*error = error_object_inside(inner);
	if (*error)
		return inner;
	cJSON_Delete(inner);
	return NULL;
}

/* The innermost text of RAW: a gateway behind OpenRouter wraps once more. */
static void read_raw(struct answer *a)
{
	const cJSON *error;

	a->raw = a->raw_message = raw_text(a, member(a->metadata, "raw"));
	if (!a->raw.p)
		return;
	a->raw_tree = json_inside(a->raw, &error);
	if (!a->raw_tree)
		return;
	for (int level = 0; error && level < LIMIT_UNWRAP; level++) {
		struct slice text = error_message(error);
		if (text.p)
			a->raw_message = text;
		cJSON *inner = json_inside(a->raw_message, &error);
		if (inner && !(cJSON_IsObject(a->raw_tree) &&
			       cJSON_AddItemToObject(a->raw_tree, "inner", inner))) {
			cJSON_Delete(inner);
			error = NULL;
		}
	}
}

/* Codes beyond HTTP's are names: Z.AI's 1113, MiniMax's 2049, Cloudflare's 2009. */
static struct slice code_as_text(struct answer *a)
{
	char digits[16];

	if (a->code < 600)
		return (struct slice){ NULL, 0 };
	snprintf(digits, sizeof(digits), "%d", a->code);
	return text_of(cJSON_AddStringToObject(a->tree, "code as text", digits));
}

/*
 * What a stream's error event would have been called as a status: an event has a type
 * alone (docs.claude.com/en/api/errors).
 */
static int code_of_type(struct slice type)
{
	static const struct {
		char type[24];
		short code;
	} types[] = { { "invalid_request_error", 400 },
		      { "authentication_error", 401 },
		      { "permission_error", 403 },
		      { "not_found_error", 404 },
		      { "request_too_large", 413 },
		      { "rate_limit_error", 429 },
		      { "api_error", 500 },
		      { "overloaded_error", 529 } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (slice_equal(type, slice_of(types[i].type)))
			return types[i].code;
	return 0;
}

static void read_error(struct answer *a, const cJSON *root, const cJSON *error)
{
	const cJSON *byok;

	a->error = error;
	a->message = error_message(error);
	if (!a->message.p)
		a->message = error_message(root);
	a->type = error_type(error);
	a->code = error_number(error);
	if (!a->code && a->in_stream && a->status / 100 == 2)
		a->code = code_of_type(a->type);
	a->code_text = error_code_text(error);
	if (!a->code_text.p)
		a->code_text = code_as_text(a);
	a->status_text = error_status(error);
	a->reason = error_reason(error);
	a->param = error_param(error);
	a->metadata = member(error, "metadata");
	a->error_type = text_of(member(a->metadata, "error_type"));
	if (!a->error_type.p)
		a->error_type = text_of(member(error, "error_type"));
	if (!a->error_type.p)
		a->error_type = text_of(member(root, "error_type"));
	a->provider_name = text_of(member(a->metadata, "provider_name"));
	byok = member(a->metadata, "is_byok");
	a->is_byok = cJSON_IsBool(byok) ? cJSON_IsTrue(byok) : -1;
	a->user_id = a->user_id || cJSON_IsString(member(root, "user_id"));
	read_raw(a);
}

/* An error whose message contains another error as JSON, perhaps after some words. */
static bool unwrap(struct answer *a)
{
	const cJSON *error;
	cJSON *inner = cJSON_IsObject(a->tree) ? json_inside(a->message, &error) : NULL;

	if (!inner)
		return false;
	if (!cJSON_AddItemToObject(a->tree, "inner", inner)) {
		cJSON_Delete(inner);
		return false;
	}
	cJSON_Delete(a->raw_tree);
	a->raw_tree = NULL;
	a->raw = a->raw_message = (struct slice){ NULL, 0 };
	read_error(a, inner, error);
	a->wrapped++;
	return true;
}

/* Inner trees hang below an object: an array gives way to its first element. */
static void take_first(struct answer *a)
{
	while (cJSON_IsArray(a->tree)) {
		cJSON *first = cJSON_DetachItemFromArray(a->tree, 0);
		cJSON_Delete(a->tree);
		a->tree = first;
	}
}

/* SiliconFlow answers with a JSON string; what is in it may be JSON again. */
static void take_string(struct answer *a)
{
	cJSON *inner = json_tree(text_of(a->tree));

	if (cJSON_IsObject(inner) || cJSON_IsArray(inner)) {
		cJSON_Delete(a->tree);
		a->tree = inner;
		return;
	}
	cJSON_Delete(inner);
	a->message = slice_trim(text_of(a->tree));
}

static void read_tree(struct answer *a, struct slice text, bool failed)
{
	a->tree = json_tree(text);
	if (cJSON_IsString(a->tree) && failed)
		take_string(a);
	take_first(a);
	const cJSON *error = error_object(a->tree, failed);
	if (!error)
		return;
	read_error(a, a->tree, error);
	while (a->wrapped < LIMIT_UNWRAP && unwrap(a))
		;
}

/* Express and others send bare words as text/html: what is not markup is no page. */
static bool is_html(const struct exchange *x, struct slice body)
{
	if (!slice_starts_nocase(field_value(&x->response, "content-type"), SLICE("text/html")))
		return false;
	while (body.n && (unsigned char)body.p[0] <= ' ')
		body = slice_from(body, 1);
	return !body.n || x->response.body.coding == CODING_OPAQUE || body.p[0] == '<' ||
	       (unsigned char)body.p[0] >= 0x80;
}

/* The last line of a stream of JSON texts (Ollama), or BODY where it is something else. */
static struct slice last_text(const struct exchange *x, struct slice body)
{
	if (!slice_has_nocase(field_value(&x->response, "content-type"), SLICE("ndjson")))
		return body;
	while (body.n && (unsigned char)body.p[body.n - 1] <= ' ')
		body.n--;
	for (size_t i = body.n; i > 0; i--)
		if (body.p[i - 1] == '\n')
			return slice_from(body, i);
	return body;
}

/* What a page says of itself: "401 Authorization Required" (nginx), "Access denied" (Cloudflare). */
static void read_page(struct answer *a, struct slice page)
{
	long at = slice_find_nocase(slice_sub(page, 0, LIMIT_PAGE_HEAD), SLICE("<title>"), 0);
	struct slice title = at < 0 ? (struct slice){ NULL, 0 } : slice_from(page, (size_t)at + 7);
	long end = slice_byte(title, '<', 0);

	if (end > 0)
		a->message = slice_trim(slice_sub(title, 0, (size_t)end));
}

/* A refusal in plain words, without JSON around them. */
static void read_plain(struct answer *a, struct slice text)
{
	while (text.n && (unsigned char)text.p[text.n - 1] <= ' ')
		text.n--;
	if (!a->error && !a->html && !a->message.n && text.n)
		a->message = slice_sub(text, 0, LIMIT_SHOWN_MESSAGE);
}

/* A 2xx answer is only searched when it may contain an error. */
static bool may_hold_error(const struct answer *a, const struct exchange *x, struct slice body)
{
	return a->status / 100 == 2 && !x->events.seen && error_is_likely(body);
}

void answer_read(struct answer *a, const struct exchange *x, const struct vendor *vendor)
{
	struct slice body = buf_slice(&x->response.body.bytes);

	*a = (struct answer){ .is_byok = -1, .status = x->response.status };
	a->answered = a->status != 0;
	struct slice last = last_text(x, body);
	a->html = is_html(x, body);
	if (x->events.error.n) {
		a->in_stream = true;
		read_tree(a, buf_slice(&x->events.error), true);
	} else if (a->status >= 400) {
		read_tree(a, body, true);
		read_plain(a, body);
		if (a->html && !a->message.n)
			read_page(a, body);
	} else if (may_hold_error(a, x, last)) {
		read_tree(a, last, false);
		a->inside_200 = a->error != NULL;
	}
	a->failed = a->status >= 400 || a->error || a->in_stream;
	if (!vendor || strcmp(vendor->id, "openrouter") == 0)
		a->provider = answer_provider(x);
	answer_attribute(a, x, vendor);
}

void answer_release(struct answer *a)
{
	cJSON_Delete(a->raw_tree);
	cJSON_Delete(a->tree);
	a->tree = a->raw_tree = NULL;
}
