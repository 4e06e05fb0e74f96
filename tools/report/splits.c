/* SPDX-License-Identifier: MIT */
/* What separates failures from successes: the requests as outcomes (outcome.h). */
#include <string.h>

#include "tools/command.h"
#include "tools/report/report_state.h"

enum { KEPT_VALUE = 512 };

/* Values that are put together, as long as they are used. */
struct value_texts {
	char process[KEPT_VALUE], tool[KEPT_VALUE];
};

static void outcome_of(struct outcome *o, const struct log_row *row, struct value_texts *texts)
{
	const char *tool = row->tool ? row->tool : "";

	snprintf(texts->process, KEPT_VALUE, row->machine ? "%d on %s" : "%d", row->pid,
		 row->machine);
	snprintf(texts->tool, KEPT_VALUE, row->tool_version ? "%s %s" : "%s", tool,
		 row->tool_version);
	*o = (struct outcome){ .failed = row_failed(row) };
	o->values[ATTRIBUTE_KEY] = row->key ? row->key : row->token ? row->token : "none";
	o->values[ATTRIBUTE_CARRIER] = row->carrier ? row->carrier : "absent";
	o->values[ATTRIBUTE_HOST] = row->host;
	o->values[ATTRIBUTE_PATH] = row->path;
	o->values[ATTRIBUTE_MODEL] = row->model;
	o->values[ATTRIBUTE_STREAM] = row->stream < 0 ? NULL : row->stream ? "true" : "false";
	o->values[ATTRIBUTE_HTTP] = row->http;
	o->values[ATTRIBUTE_PROCESS] = texts->process;
	o->values[ATTRIBUTE_TOOL] = row->tool;
	o->values[ATTRIBUTE_TOOL_VERSION] = texts->tool;
	o->values[ATTRIBUTE_MACHINE] = row->machine;
	o->values[ATTRIBUTE_CONTAINER] = row->container;
	o->values[ATTRIBUTE_BOOT] = row->boot;
	o->values[ATTRIBUTE_CI] = row->ci;
	o->values[ATTRIBUTE_ORSHIM] = row->orshim;
}

/*
 * An endpoint that answers without a key is no evidence about keys, so it is
 * skipped. A request that was refused before OpenRouter chose a provider names
 * none: then the lack of the name is the refusal itself, and explains nothing.
 */
void splits_take(struct report *r, const struct log_row *row)
{
	struct value_texts texts;
	struct outcome o;

	if (row_is_public(row))
		return;
	outcome_of(&o, row, &texts);
	outcome_tally_add(r->state->by_all, &o);
	o.values[ATTRIBUTE_PROVIDER] = row->provider;
	if (row->provider && !r->state->lacks_provider)
		outcome_tally_add(r->state->by_provider, &o);
}

/* A process is named with its machine only if there are several. */
static const char *keep_value(struct log *l, enum attribute a, const char *value, bool one_machine)
{
	const char *end =
	    value && one_machine && a == ATTRIBUTE_PROCESS ? strchr(value, ' ') : NULL;

	return log_keep(l, value, end ? (size_t)(end - value) : KEPT_VALUE);
}

static void split_by(struct report *r, const struct outcome_tally *t)
{
	outcome_split(t, &r->split);
	bool one = outcome_tally_values(t, ATTRIBUTE_MACHINE) < 2;
	for (size_t i = 0; i < r->split.value_count; i++) {
		struct split_value *v = &r->split.values[i];
		v->first = keep_value(r->log, r->split.first, v->first, one);
		v->second = keep_value(r->log, r->split.second, v->second, one);
	}
}

void splits_end(struct report *r)
{
	if (!r->state->lacks_provider)
		split_by(r, r->state->by_provider);
	if (r->split.strength == SPLIT_NONE)
		split_by(r, r->state->by_all);
}
