/* SPDX-License-Identifier: MIT */
/*
 * Finding R. Every service wraps its error in another way (OpenRouter's:
 * openrouter.ai/docs/api/reference/errors-and-debugging); what they share is
 * looked for in a fixed order. All text belongs to the trees, inner trees hang
 * below the outermost one.
 */
#include "diagnose/answer.h"

#include <string.h>

#include "cJSON.h"
#include "diagnose/json/json.h"

static struct slice text_of(const cJSON *item)
{
	return slice_of(cJSON_IsString(item) ? item->valuestring : NULL);
}

static const cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

static bool is_said(const cJSON *item)
{
	return cJSON_IsObject(item) || (cJSON_IsString(item) && item->valuestring[0]);
}

/* `choices[0].error`: a generation that broke off. Same page of the documentation. */
static const cJSON *choice_error(const cJSON *root)
{
	const cJSON *choice = cJSON_GetArrayItem(member(root, "choices"), 0);
	const cJSON *error = member(choice, "error");
	const cJSON *finish = member(choice, "finish_reason");

	if (is_said(error))
		return error;
	if (cJSON_IsString(finish) && strcmp(finish->valuestring, "error") == 0)
		return choice;
	return NULL;
}

/*
 * The object that says what went wrong. With FAILED (status 4xx, 5xx) bodies
 * without an `error` member count as well.
 */
static const cJSON *find_error(const cJSON *root, bool failed)
{
	if (cJSON_IsArray(root))
		root = cJSON_GetArrayItem(root, 0); /* Google wraps it in an array */
	const cJSON *error = member(root, "error");
	if (cJSON_IsObject(error))
		return error;
	if (is_said(error))
		return root; /* xAI: a string beside `code` */
	const cJSON *inner = member(member(root, "response"), "error");
	if (is_said(inner))
		return inner; /* response.failed of the Responses API */
	const cJSON *choice = choice_error(root);
	if (choice)
		return choice;
	const cJSON *type = member(root, "type");
	if (cJSON_IsString(type) && strcmp(type->valuestring, "error") == 0)
		return root;
	if (failed && (is_said(member(root, "message")) || is_said(member(root, "detail"))))
		return root;
	return NULL;
}

static struct slice first_text(const cJSON *object, const char *const *names)
{
	for (; *names; names++) {
		const cJSON *item = member(object, *names);
		if (cJSON_IsString(item))
			return text_of(item);
		if (cJSON_IsObject(item) && cJSON_IsString(member(item, "message")))
			return text_of(member(item, "message"));
	}
	return (struct slice){ NULL, 0 };
}

static const char *const message_names[] = { "message",           "error", "detail",
					     "error_description", "title", NULL };

static int number_of(const cJSON *item)
{
	unsigned long long n;

	if (cJSON_IsNumber(item))
		return item->valueint;
	if (cJSON_IsString(item) && slice_number(text_of(item), &n) && n < 1000)
		return (int)n;
	return 0;
}

static void read_raw(struct answer *a)
{
	cJSON *raw = (cJSON *)member(a->metadata, "raw");
	const cJSON *error;

	if (cJSON_IsObject(raw)) {
		char *printed = cJSON_PrintUnformatted(raw);
		cJSON *text =
		    printed ? cJSON_AddStringToObject(a->tree, "raw as text", printed) : NULL;
		cJSON_free(printed);
		a->raw = text_of(text);
	} else {
		a->raw = text_of(raw);
	}
	if (!a->raw.p)
		return;
	a->raw_tree = json_tree(a->raw);
	error = find_error(a->raw_tree, true);
	a->raw_message = error ? first_text(error, message_names) : a->raw;
	if (!a->raw_message.p)
		a->raw_message = a->raw;
}

static void read_error(struct answer *a, const cJSON *root, const cJSON *error)
{
	const cJSON *byok;

	a->error = error;
	a->message = first_text(error, message_names);
	a->type = text_of(member(error, "type"));
	a->code = number_of(member(error, "code"));
	if (!a->code)
		a->code = number_of(member(error, "statusCode"));
	a->code_text = text_of(member(error, "code"));
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

/* An error whose message holds another error as JSON, perhaps after some words. */
static bool unwrap(struct answer *a)
{
	long at = slice_byte(a->message, '{', 0);
	cJSON *inner;

	if (at < 0 || !cJSON_IsObject(a->tree))
		return false;
	inner = json_tree(slice_from(a->message, (size_t)at));
	const cJSON *error = find_error(inner, true);
	if (!error || !cJSON_AddItemToObject(a->tree, "inner", inner)) {
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

static void read_tree(struct answer *a, struct slice text, bool failed)
{
	a->tree = json_tree(text);
	const cJSON *error = find_error(a->tree, failed);

	if (!error)
		return;
	if (cJSON_IsArray(a->tree)) {
		/* Inner trees hang below an object: take the array's element for the root. */
		cJSON *first = cJSON_DetachItemFromArray(a->tree, 0);
		cJSON_Delete(a->tree);
		a->tree = first;
	}
	read_error(a, a->tree, error);
	while (a->wrapped < LIMIT_UNWRAP && unwrap(a))
		;
}

static bool is_html(const struct exchange *x)
{
	return slice_starts_nocase(field_value(&x->response, "content-type"), SLICE("text/html"));
}

/* A refusal in plain words, without JSON around them. */
static void read_plain(struct answer *a, struct slice text)
{
	while (text.n && (unsigned char)text.p[text.n - 1] <= ' ')
		text.n--;
	if (!a->error && !a->html && text.n)
		a->message = slice_sub(text, 0, LIMIT_SHOWN_MESSAGE);
}

/* An answer that says 2xx is only looked into when it may hold an error. */
static bool may_hold_error(const struct answer *a, const struct exchange *x, struct slice body)
{
	return a->status / 100 == 2 && !x->events.seen &&
	       slice_starts(slice_trim(body), SLICE("{")) && slice_has(body, SLICE("rror\""));
}

void answer_read(struct answer *a, const struct exchange *x, const struct vendor *vendor)
{
	struct slice body = buf_slice(&x->response.body.bytes);

	*a = (struct answer){ .is_byok = -1, .status = x->response.status };
	a->answered = a->status != 0;
	a->html = is_html(x);
	if (x->events.error.n) {
		a->in_stream = true;
		read_tree(a, buf_slice(&x->events.error), true);
	} else if (a->status >= 400) {
		read_tree(a, body, true);
		read_plain(a, body);
	} else if (may_hold_error(a, x, body)) {
		read_tree(a, body, false);
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
