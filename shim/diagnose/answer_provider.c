/* SPDX-License-Identifier: MIT */
/*
 * Which provider gave a successful answer. OpenRouter names it beside
 * the model, ahead of the text: in a completion, and in each chunk of a stream
 * (openrouter.ai/docs, "Responses"); in the Anthropic dialect in the message
 * that message_start carries. Only the beginning is looked at, and nothing but
 * that name leaves here.
 */
#include <string.h>

#include "diagnose/answer_provider.h"
#include "diagnose/answer.h"
#include "diagnose/json/json.h"

/* The first JSON text of an event stream: after comments and event names. */
static struct slice first_event(struct slice stream)
{
	struct slice line;

	while (slice_cut(&stream, '\n', &line))
		if (slice_starts(line, SLICE("data:")))
			return slice_from(line, sizeof("data:") - 1);
	return (struct slice){ NULL, 0 };
}

/* The name at PATH; absent if it is none, or longer than names are. */
static struct slice name_at(struct slice text, const char *path)
{
	long at = json_member_at(text, path);
	struct slice rest = at < 0 ? (struct slice){ NULL, 0 } : slice_from(text, (size_t)at);

	if (!slice_starts(rest, SLICE("\"")))
		return (struct slice){ NULL, 0 };
	rest = slice_from(rest, 1);
	long end = slice_byte(rest, '"', 0);
	struct slice name = slice_sub(rest, 0, end < 0 ? 0 : (size_t)end);
	if (name.n == 0 || name.n > LIMIT_PROVIDER || memchr(name.p, '\\', name.n))
		return (struct slice){ NULL, 0 };
	return name;
}

struct slice answer_provider(const struct exchange *x)
{
	struct slice text = slice_sub(buf_slice(&x->response.body.bytes), 0, LIMIT_ANSWER_HEAD);

	if (x->response.status / 100 != 2 || x->response.body.coding == CODING_OPAQUE)
		return (struct slice){ NULL, 0 };
	if (x->events.seen)
		text = first_event(text);
	if (!slice_has(text, SLICE("\"provider\"")))
		return (struct slice){ NULL, 0 };
	struct slice name = name_at(text, "provider");
	return name.p ? name : name_at(text, "message.provider");
}
