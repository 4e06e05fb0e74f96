/* SPDX-License-Identifier: MIT */
#include "tools/export/exported.h"

#include <stdlib.h>
#include <string.h>

#include "diagnose/mask.h"
#include "tools/command.h"
#include "tools/log/processes.h"
#include "tools/log/log_row.h"

enum { TEXT_MAX = 600, TEXTS_MAX = 256 * 1024, PLACE_NAME = 32 };

const struct column columns[COLUMN_COUNT] = {
#define COLUMN(name, type, place, where, attribute, meaning) \
	{ #name, COLUMN_##type, place, COLUMN_##where, attribute, meaning },
#include "tools/export/columns.def"
#undef COLUMN
};

void exported_init(struct exported *e)
{
	*e = (struct exported){ .processes = processes_new() };
	buf_init(&e->text, TEXTS_MAX);
}

void exported_release(struct exported *e)
{
	processes_free(e->processes);
	buf_release(&e->text);
}

const char *exported_text(const struct exported *e, enum column_id id)
{
	return e->text.n ? e->text.p + e->cells[id].at : "";
}

/* Append TEXT, masked, and a NUL; returns its offset. */
static size_t keep_text(struct exported *e, const char *text)
{
	size_t at = e->text.n;

	mask_text(&e->text, slice_of(text), TEXT_MAX);
	if (buf_add(&e->text, "", 1) != 0) {
		e->text.n = at; /* TEXTS_MAX is more than all columns together */
		return 0;
	}
	return at;
}

static void set_text(struct exported *e, enum column_id id, const char *text)
{
	if (!text || !*text)
		return;
	e->cells[id] = (struct cell){ .known = true, .at = keep_text(e, text) };
}

static void set_flag(struct exported *e, enum column_id id, bool value)
{
	e->cells[id] = (struct cell){ .known = true, .number = value };
}

/* "a.b.0" is a member of a member, or the first element of an array. */
static const cJSON *find_place(const cJSON *record, const char *place, size_t n)
{
	char name[PLACE_NAME];

	while (n && record) {
		size_t part = strcspn(place, ".");
		if (part > n)
			part = n;
		if (part >= sizeof(name))
			return NULL;
		memcpy(name, place, part);
		name[part] = '\0';
		record = *name >= '0' && *name <= '9' ? cJSON_GetArrayItem(record, atoi(name))
						      : log_member(record, name);
		place += part + (part < n);
		n -= part + (part < n);
	}
	return record;
}

/* A code is a number in some records and a word in others. */
static void set_as_text(struct exported *e, enum column_id id, const cJSON *value)
{
	char digits[32];

	if (cJSON_IsString(value)) {
		set_text(e, id, value->valuestring);
	} else if (cJSON_IsNumber(value)) {
		snprintf(digits, sizeof(digits), "%.15g", value->valuedouble);
		set_text(e, id, digits);
	}
}

static void set_value(struct exported *e, enum column_id id, const cJSON *value)
{
	static const double most = 9007199254740992.0; /* 2^53: RFC 8259 section 6 */

	switch (columns[id].type) {
	case COLUMN_TIME:
	case COLUMN_TEXT:
		set_as_text(e, id, value);
		break;
	case COLUMN_INTEGER:
		if (cJSON_IsNumber(value) && value->valuedouble >= -most &&
		    value->valuedouble <= most)
			e->cells[id] =
			    (struct cell){ .known = true, .number = (int64_t)value->valuedouble };
		break;
	case COLUMN_FLAG:
		if (cJSON_IsBool(value))
			set_flag(e, id, cJSON_IsTrue(value));
		break;
	}
}

static void set_from(struct exported *e, enum column_id id, const cJSON *record)
{
	const char *place = columns[id].place;

	while (place && !e->cells[id].known) {
		size_t n = strcspn(place, "|");
		if (*place != '@')
			set_value(e, id, find_place(record, place, n));
		place = place[n] ? place + n + 1 : NULL;
	}
}

/* Where a process record has a column's value; NULL: not there. */
static const char *place_in_process(enum column_id id)
{
	const char *at = columns[id].place ? strchr(columns[id].place, '@') : NULL;

	return at ? at + 1 : NULL;
}

/* Store the texts of a process record, masked. */
static void remember_process(struct exported *e, const cJSON *record)
{
	const cJSON *machine = log_member(record, "machine");
	const char *id = log_text(machine, "id");
	const char *start = log_text(record, "start");
	uint64_t name =
	    name_of_process(id ? id : "", log_number(record, "pid", 0), start ? start : "");
	struct known_process *k = processes_anew(e->processes, name);
	size_t count = 0;

	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		const char *place = place_in_process(c);
		if (!place || count == PROCESS_TEXTS)
			continue;
		const char *text = cJSON_GetStringValue(find_place(record, place, strlen(place)));
		if (text && !(k->texts[count] = strdup(text)))
			die("out of memory");
		count++;
	}
}

static void join_process(struct exported *e, const cJSON *record)
{
	const char *machine = log_text(record, "machine");
	const char *start = log_text(record, "start");
	uint64_t name = name_of_process(machine ? machine : "", log_number(record, "pid", 0),
					start ? start : "");
	const struct known_process *k = processes_find(e->processes, name);
	size_t count = 0;

	for (enum column_id c = 0; k && c < COLUMN_COUNT; c++) {
		if (!place_in_process(c) || count == PROCESS_TEXTS)
			continue;
		if (!e->cells[c].known)
			set_text(e, c, k->texts[count]);
		count++;
	}
}

/* The GenAI conventions' name of the operation that the path requests. */
static const char *operation_of(const char *path)
{
	static const struct {
		const char *end, *name;
	} operations[] = {
		{ "/chat/completions", "chat" },
		{ "/messages", "chat" },
		{ "/responses", "chat" },
		{ "/chat", "chat" },
		{ "/completions", "text_completion" },
		{ "/embeddings", "embeddings" },
		{ ":generateContent", "generate_content" },
		{ ":streamGenerateContent", "generate_content" },
	};
	size_t n = path ? strcspn(path, "?") : 0;

	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		size_t end = strlen(operations[i].end);
		if (n >= end && memcmp(path + n - end, operations[i].end, end) == 0)
			return operations[i].name;
	}
	return NULL;
}

/* The first header field of one of the names; NULL: none. */
static const char *header_of(const cJSON *headers, const char *name, const char *other)
{
	const cJSON *pair;

	cJSON_ArrayForEach(pair, headers)
	{
		const char *got = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
		if (got && (strcasecmp(got, name) == 0 || strcasecmp(got, other) == 0))
			return cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1));
	}
	return NULL;
}

static void set_rules(struct exported *e, const cJSON *findings)
{
	const cJSON *one;
	char list[TEXT_MAX] = "";
	size_t n = 0;

	cJSON_ArrayForEach(one, findings)
	{
		const char *rule = log_text(one, "rule");
		size_t more = rule ? strlen(rule) : 0;
		if (!more || more + 2 > sizeof(list) - n)
			continue;
		if (n)
			list[n++] = ',';
		memcpy(list + n, rule, more + 1);
		n += more;
	}
	set_text(e, COLUMN_rules, list);
}

static void take_exchange(struct exported *e, const cJSON *record)
{
	const cJSON *verdict = log_member(record, "verdict");

	buf_reset(&e->text);
	memset(e->cells, 0, sizeof(e->cells));
	keep_text(e, "");
	for (enum column_id c = 0; c < COLUMN_COUNT; c++)
		set_from(e, c, record);
	join_process(e, record);
	if (!e->cells[COLUMN_port].known)
		e->cells[COLUMN_port] = (struct cell){ .known = true, .number = 443 };
	set_text(e, COLUMN_operation, operation_of(log_text(record, "path")));
	set_text(e, COLUMN_user_agent,
		 header_of(find_place(record, "request.headers", 15), "user-agent", "user-agent"));
	set_text(e, COLUMN_request_id,
		 header_of(find_place(record, "response.headers", 16), "x-request-id", "cf-ray"));
	set_flag(e, COLUMN_failed, log_text(verdict, "refused_by") != NULL);
	set_flag(e, COLUMN_probe, cJSON_IsNull(verdict));
	set_rules(e, log_member(record, "findings"));
}

enum taken exported_take(struct exported *e, struct slice line)
{
	cJSON *record = cJSON_ParseWithLength(line.p, line.n);
	const char *kind = log_text(record, "record");
	enum taken taken = TAKEN_OTHER;

	if (!kind || log_number(record, "v", 0) < 1) {
		taken = TAKEN_NOTHING;
	} else if (log_number(record, "v", 0) == 1 && strcmp(kind, "process") == 0) {
		remember_process(e, record);
	} else if (log_number(record, "v", 0) == 1 && strcmp(kind, "exchange") == 0) {
		take_exchange(e, record);
		taken = TAKEN_EXCHANGE;
	}
	cJSON_Delete(record);
	return taken;
}

void put_columns(struct buf *out)
{
	static const char *const types[] = { "text", "text, RFC 3339 in UTC", "integer",
					     "integer, 0 or 1" };

	say(out, "| column | type | OpenTelemetry | meaning |\n| --- | --- | --- | --- |\n");
	for (enum column_id c = 0; c < COLUMN_COUNT; c++)
		say(out, "| `%s` | %s | %s%s%s | %s |\n", columns[c].name, types[columns[c].type],
		    columns[c].attribute ? "`" : "",
		    columns[c].attribute ? columns[c].attribute : "",
		    columns[c].attribute ? "`" : "", columns[c].meaning);
}
