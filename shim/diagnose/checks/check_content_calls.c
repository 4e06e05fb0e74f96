/* SPDX-License-Identifier: MIT */
#include "diagnose/content.h"

#include <cJSON.h>

/*
 * Calls and their results. In OpenAI's chat an assistant message announces ids in
 * tool_calls, and `tool` messages right after it answer them. In Anthropic's an
 * assistant message has tool_use parts, and user messages up to the next assistant
 * message have tool_result parts. In Responses both are items of `input`.
 */
static const struct dialect {
	enum endpoint_kind endpoint;
	const char *turns; /* member of the body */
} dialects[] = {
	{ ENDPOINT_CHAT, "messages" },
	{ ENDPOINT_MESSAGES, "messages" },
	{ ENDPOINT_RESPONSES, "input" },
};

static bool is_text(const cJSON *object, const char *name, const char *value)
{
	return slice_equal(content_text(object, name), slice_of(value));
}

/* The parts or calls of TURN among which an id is looked for; NULL: none. */
static const cJSON *members_of(const struct dialect *dialect, const cJSON *turn, bool results)
{
	const cJSON *list;

	if (dialect->endpoint == ENDPOINT_CHAT && !results)
		list = content_member(turn, "tool_calls");
	else
		list = content_member(turn, "content");
	return cJSON_IsArray(list) ? list : NULL;
}

static bool part_has_id(const cJSON *list, const char *type, const char *member, struct slice id)
{
	const cJSON *part;

	if (!list)
		return false;
	cJSON_ArrayForEach(part, list) if ((!type || is_text(part, "type", type)) &&
					   slice_equal(content_text(part, member), id)) return true;
	return false;
}

static bool turn_announces(const struct dialect *dialect, const cJSON *turn, struct slice id)
{
	switch (dialect->endpoint) {
	case ENDPOINT_CHAT:
		return part_has_id(members_of(dialect, turn, false), NULL, "id", id);
	case ENDPOINT_MESSAGES:
		return part_has_id(members_of(dialect, turn, false), "tool_use", "id", id);
	default:
		return slice_equal(content_text(turn, "call_id"), id) &&
		       slice_ends(content_text(turn, "type"), SLICE("_call"));
	}
}

static bool turn_answers(const struct dialect *dialect, const cJSON *turn, struct slice id)
{
	if (dialect->endpoint == ENDPOINT_CHAT)
		return is_text(turn, "role", "tool") &&
		       slice_equal(content_text(turn, "tool_call_id"), id);
	return part_has_id(members_of(dialect, turn, true), "tool_result", "tool_use_id", id);
}

/* Was ID announced before TURN? Nearest first: that is where it nearly always is. */
static bool announced_before(const struct dialect *dialect, const cJSON *turns, const cJSON *turn,
			     struct slice id)
{
	while (turn != turns->child) {
		turn = turn->prev;
		if (turn_announces(dialect, turn, id))
			return true;
	}
	return false;
}

static bool describe_id(struct detail *d, const char *what, struct slice id)
{
	detail_f(d, "%s `", what);
	detail_masked(d, id, 48);
	detail_f(d, "`");
	return true;
}

/* The id that TURN, or its J-th part, gives a result for; absent: it is not a result. */
static struct slice answered_id(const struct dialect *dialect, const cJSON *turn, const cJSON *part)
{
	if (dialect->endpoint == ENDPOINT_CHAT)
		return is_text(turn, "role", "tool") ? content_text(turn, "tool_call_id")
						     : slice_of(NULL);
	if (dialect->endpoint == ENDPOINT_MESSAGES)
		return is_text(part, "type", "tool_result") ? content_text(part, "tool_use_id")
							    : slice_of(NULL);
	return is_text(turn, "type", "function_call_output") ? content_text(turn, "call_id")
							     : slice_of(NULL);
}

static bool orphan_result(const struct check_input *in, const struct dialect *dialect,
			  const cJSON *turns, struct detail *d)
{
	const cJSON *turn, *part;
	int i = -1;

	cJSON_ArrayForEach(turn, turns)
	{
		struct slice id = answered_id(dialect, turn, NULL);
		int j = -1;
		i++;
		if (id.p && !announced_before(dialect, turns, turn, id)) {
			content_point(in, d, "%s[%d]", dialect->turns, i);
			return describe_id(d, " answers a call that nobody made before it:", id);
		}
		const cJSON *parts =
		    dialect->endpoint == ENDPOINT_MESSAGES ? members_of(dialect, turn, true) : NULL;
		cJSON_ArrayForEach(part, parts)
		{
			j++;
			id = answered_id(dialect, turn, part);
			if (!id.p || announced_before(dialect, turns, turn, id))
				continue;
			content_point(in, d, "%s[%d].content[%d]", dialect->turns, i, j);
			return describe_id(d, " answers a call that nobody made before it:", id);
		}
	}
	return false;
}

/* Does the run of answers to a call end before TURN? */
static bool ends_answers(const struct dialect *dialect, const cJSON *turn)
{
	if (dialect->endpoint == ENDPOINT_CHAT)
		return !is_text(turn, "role", "tool");
	return is_text(turn, "role", "assistant");
}

/* Is the call ID of TURN without a result although the conversation went on? */
static bool is_unanswered(const struct dialect *dialect, const cJSON *turn, struct slice id)
{
	const cJSON *next = turn->next;

	for (; next && !ends_answers(dialect, next); next = next->next)
		if (turn_answers(dialect, next, id))
			return false;
	/* At the end of the messages the results may be what is asked for. */
	return next || (dialect->endpoint == ENDPOINT_MESSAGES && turn->next);
}

static bool unanswered_call(const struct check_input *in, const struct dialect *dialect,
			    const cJSON *turns, struct detail *d)
{
	const cJSON *turn, *call;
	int i = -1;

	cJSON_ArrayForEach(turn, turns)
	{
		const cJSON *calls = members_of(dialect, turn, false);
		int j = -1;
		i++;
		if (!calls || !is_text(turn, "role", "assistant"))
			continue;
		cJSON_ArrayForEach(call, calls)
		{
			struct slice id = content_text(call, "id");
			j++;
			if (!id.p || (dialect->endpoint == ENDPOINT_MESSAGES &&
				      !is_text(call, "type", "tool_use")))
				continue;
			if (!is_unanswered(dialect, turn, id))
				continue;
			content_point(in, d,
				      dialect->endpoint == ENDPOINT_CHAT
					  ? "messages[%d].tool_calls[%d]"
					  : "messages[%d].content[%d]",
				      i, j);
			return describe_id(d, " has no result before the next turn:", id);
		}
	}
	return false;
}

/* Earlier turns that the server keeps may contain the calls. */
static bool history_is_elsewhere(const cJSON *body, const cJSON *turns)
{
	const cJSON *turn;

	if (!content_is_unset(content_member(body, "previous_response_id")) ||
	    !content_is_unset(content_member(body, "conversation")))
		return true;
	cJSON_ArrayForEach(turn, turns) if (is_text(turn, "type", "item_reference")) return true;
	return false;
}

bool check_tool_result_orphan(const struct check_input *in, struct detail *d)
{
	const cJSON *body = content_body(in);

	/* A private server may not pair them at all. */
	if (!body || !in->vendor || content_path_is_mixed(in))
		return false;
	for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
		const struct dialect *dialect = &dialects[i];
		const cJSON *turns = content_member(body, dialect->turns);
		if (in->endpoint != dialect->endpoint || !cJSON_IsArray(turns))
			continue;
		if (history_is_elsewhere(body, turns))
			return false;
		return orphan_result(in, dialect, turns, d) ||
		       (dialect->endpoint != ENDPOINT_RESPONSES &&
			unanswered_call(in, dialect, turns, d));
	}
	return false;
}

/* What is wrong with a call's arguments; NULL: nothing. */
static const char *arguments_fault(const struct check_input *in, const cJSON *arguments)
{
	struct json_verdict v;

	if (!arguments)
		return NULL;
	/* Mistral documents an object, too. */
	if (cJSON_IsObject(arguments) && content_vendor_is(in, "mistral"))
		return NULL;
	if (!cJSON_IsString(arguments))
		return "is not a string";
	if (arguments->valuestring[0] == '\0')
		/* A call without arguments is often written so, and often taken. */
		return content_answer_has(in, "argument") || content_answer_has(in, "json")
			   ? "is an empty string"
			   : NULL;
	json_judge(slice_of(arguments->valuestring), &v);
	switch (v.fault) {
	case JSON_CUT:
		return "is JSON that breaks off";
	case JSON_INVALID:
	case JSON_NAN:
	case JSON_EMPTY:
		return "is a string without JSON in it";
	default:
		return NULL;
	}
}

bool check_tool_arguments_not_json(const struct check_input *in, struct detail *d)
{
	const cJSON *messages = content_member(content_of(in, ENDPOINT_CHAT), "messages");
	const cJSON *message, *call;
	int i = -1;

	if (!in->vendor || !cJSON_IsArray(messages))
		return false;
	cJSON_ArrayForEach(message, messages)
	{
		const cJSON *calls = content_member(message, "tool_calls");
		int j = -1;
		i++;
		if (!cJSON_IsArray(calls))
			continue;
		cJSON_ArrayForEach(call, calls)
		{
			const cJSON *function = content_member(call, "function");
			const char *fault =
			    arguments_fault(in, content_member(function, "arguments"));
			j++;
			if (!fault)
				continue;
			content_point(in, d, "messages[%d].tool_calls[%d].function.arguments", i,
				      j);
			detail_f(d, " %s", fault);
			return true;
		}
	}
	return false;
}
