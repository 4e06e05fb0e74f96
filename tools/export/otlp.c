/* SPDX-License-Identifier: MIT */
#include "tools/export/otlp.h"

#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "diagnose/rules.h"
#include "report/json_out.h"
#include "tools/log/log_row.h"
#include "base/version.h"

enum {
	TRACE_ID = 16, /* bytes */
	SPAN_ID = 8,
	KIND_CLIENT = 3,
	STATUS_ERROR = 2,
	SEVERITY_NUMBER_INFO = 9,
	SEVERITY_NUMBER_WARN = 13,
};

struct ids {
	char trace[TRACE_ID * 2 + 1];
	char span[SPAN_ID * 2 + 1];
};

/* The first bytes of SHA-256 over machine, pid, start, conn and seq, each ended by a NUL. */
static void make_ids(const struct exported *e, struct ids *ids)
{
	static const enum column_id parts[] = { COLUMN_machine, COLUMN_pid, COLUMN_start,
						COLUMN_conn, COLUMN_seq };
	unsigned char hash[SHA256_DIGEST_LENGTH];
	char named[2048]; /* two texts of 600 bytes at most, three numbers */
	size_t n = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t room = sizeof(named) - n;
		int more =
		    columns[parts[i]].type == COLUMN_INTEGER
			? snprintf(named + n, room, "%lld", (long long)e->cells[parts[i]].number)
			: snprintf(named + n, room, "%s", exported_text(e, parts[i]));
		if (more >= 0 && (size_t)more < room)
			n += (size_t)more + 1;
	}
	SHA256((const unsigned char *)named, n, hash);
	for (int i = 0; i < TRACE_ID; i++)
		snprintf(ids->trace + i * 2, 3, "%02x", hash[i]);
	memcpy(ids->span, ids->trace, SPAN_ID * 2);
	ids->span[SPAN_ID * 2] = '\0';
}

/* A 64-bit integer is a string in the JSON of Protocol Buffers. */
static void put_int64(struct json_out *j, const char *key, int64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%lld", (long long)value);
	json_text(j, key, digits);
}

static void begin_attribute(struct json_out *j, const char *name)
{
	json_object(j, NULL);
	json_text(j, "key", name);
	json_object(j, "value");
}

static void end_attribute(struct json_out *j)
{
	json_object_end(j);
	json_object_end(j);
}

static void put_text(struct json_out *j, const char *name, const char *text)
{
	begin_attribute(j, name);
	json_text(j, "stringValue", text);
	end_attribute(j);
}

/* TEXT is a list separated by commas. */
static void put_list(struct json_out *j, const char *name, const char *text)
{
	begin_attribute(j, name);
	json_object(j, "arrayValue");
	json_array(j, "values");
	while (*text) {
		size_t n = strcspn(text, ",");
		json_object(j, NULL);
		json_slice(j, "stringValue", (struct slice){ text, n });
		json_object_end(j);
		text += n + (text[n] == ',');
	}
	json_array_end(j);
	json_object_end(j);
	end_attribute(j);
}

/* The well-known values of gen_ai.provider.name; others are our own names. */
static const char *provider_name(const char *vendor)
{
	static const char *const names[][2] = {
		{ "xai", "x_ai" },
		{ "google", "gcp.gemini" },
		{ "vertex", "gcp.vertex_ai" },
		{ "azure", "azure.ai.openai" },
		{ "mistral", "mistral_ai" },
		{ "bedrock", "aws.bedrock" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(vendor, names[i][0]) == 0)
			return names[i][1];
	return vendor;
}

static void put_column(struct json_out *j, const struct exported *e, enum column_id c)
{
	const char *name = columns[c].attribute;

	if (c == COLUMN_rules) {
		put_list(j, name, exported_text(e, c));
		return;
	}
	if (c == COLUMN_vendor) {
		put_text(j, name, provider_name(exported_text(e, c)));
		return;
	}
	begin_attribute(j, name);
	switch (columns[c].type) {
	case COLUMN_TEXT:
	case COLUMN_TIME:
		json_text(j, "stringValue", exported_text(e, c));
		break;
	case COLUMN_INTEGER:
		put_int64(j, "intValue", e->cells[c].number);
		break;
	case COLUMN_FLAG:
		json_bool(j, "boolValue", e->cells[c].number);
		break;
	}
	end_attribute(j);
}

static void put_columns_of(struct json_out *j, const struct exported *e, enum column_where where)
{
	for (enum column_id c = 0; c < COLUMN_COUNT; c++)
		if (columns[c].attribute && columns[c].where == where && e->cells[c].known)
			put_column(j, e, c);
}

/* error.type: our cause, else the status as text, else the conventions' fallback. */
static const char *error_type(const struct exported *e, char digits[24])
{
	if (e->cells[COLUMN_cause].known)
		return exported_text(e, COLUMN_cause);
	if (!e->cells[COLUMN_status].known)
		return "_OTHER";
	snprintf(digits, 24, "%lld", (long long)e->cells[COLUMN_status].number);
	return digits;
}

static bool has_failed(const struct exported *e)
{
	return e->cells[COLUMN_failed].number != 0;
}

/* Attributes of the span or the log record, without the end of the list. */
static void put_attributes(struct json_out *j, const struct exported *e)
{
	char digits[24];

	json_array(j, "attributes");
	put_columns_of(j, e, COLUMN_SPAN);
	put_text(j, "url.scheme", "https");
	if (e->cells[COLUMN_http].known)
		put_text(j, "network.protocol.name", "http");
	if (has_failed(e))
		put_text(j, "error.type", error_type(e, digits));
}

static void put_resource(struct json_out *j, const struct exported *e)
{
	json_object(j, "resource");
	json_array(j, "attributes");
	put_text(j, "service.name",
		 e->cells[COLUMN_tool].known ? exported_text(e, COLUMN_tool) : "unknown_service");
	put_columns_of(j, e, COLUMN_RESOURCE);
	json_array_end(j);
	json_object_end(j);
}

static void begin_scope(struct json_out *j, const struct exported *e, const char *data,
			const char *scopes, const char *items)
{
	json_object(j, NULL);
	json_array(j, data);
	json_object(j, NULL);
	put_resource(j, e);
	json_array(j, scopes);
	json_object(j, NULL);
	json_object(j, "scope");
	json_text(j, "name", "orshim");
	json_text(j, "version",
		  e->cells[COLUMN_orshim].known ? exported_text(e, COLUMN_orshim) : ORSHIM_VERSION);
	json_object_end(j);
	json_array(j, items);
	json_object(j, NULL);
}

static bool end_scope(struct json_out *j, struct buf *out, size_t start)
{
	for (int level = 0; level < 3; level++) {
		json_object_end(j);
		json_array_end(j);
	}
	json_object_end(j);
	if (json_out_ok(j) && buf_add(out, "\n", 1) == 0)
		return true;
	out->n = start;
	return false;
}

/* "{gen_ai.operation.name} {gen_ai.request.model}", else the method. */
static void put_name(struct json_out *j, const struct exported *e)
{
	char name[1400];
	const char *operation = exported_text(e, COLUMN_operation);
	const char *model = exported_text(e, COLUMN_model);

	if (!*operation)
		operation = exported_text(e, COLUMN_method);
	else if (*model && snprintf(name, sizeof(name), "%s %s", operation, model) > 0)
		operation = name;
	json_text(j, "name", *operation ? operation : "HTTP");
}

/* One line about the failure. */
static const char *failure_words(const struct exported *e)
{
	const char *cause = exported_text(e, COLUMN_cause);
	enum rule_id rule = *cause ? rule_find(slice_of(cause)) : RULE_NONE;

	if (rule != RULE_NONE)
		return rules[rule].title;
	if (e->cells[COLUMN_error_message].known)
		return exported_text(e, COLUMN_error_message);
	return *cause ? cause : exported_text(e, COLUMN_refused_by);
}

/* The times of the exchange in nanoseconds; 0 where the record has none. */
static int64_t end_ns(const struct exported *e)
{
	int64_t us = log_time(exported_text(e, COLUMN_ts));

	return us > 0 && us <= INT64_MAX / 1000 ? us * 1000 : 0; /* up to the year 2262 */
}

static int64_t start_ns(const struct exported *e)
{
	int64_t end = end_ns(e), ms = e->cells[COLUMN_ms].number;

	return ms > 0 && ms <= end / 1000000 ? end - ms * 1000000 : end;
}

bool put_otlp_span(struct buf *out, const struct exported *e)
{
	size_t start = out->n;
	struct json_out j;
	struct ids ids;

	make_ids(e, &ids);
	json_out_init(&j, out);
	begin_scope(&j, e, "resourceSpans", "scopeSpans", "spans");
	json_text(&j, "traceId", ids.trace);
	json_text(&j, "spanId", ids.span);
	put_name(&j, e);
	json_number(&j, "kind", KIND_CLIENT);
	put_int64(&j, "startTimeUnixNano", start_ns(e));
	put_int64(&j, "endTimeUnixNano", end_ns(e));
	put_attributes(&j, e);
	json_array_end(&j);
	json_object(&j, "status");
	if (has_failed(e)) {
		json_text(&j, "message", failure_words(e));
		json_number(&j, "code", STATUS_ERROR);
	}
	json_object_end(&j);
	return end_scope(&j, out, start);
}

static void put_body(struct json_out *j, const struct exported *e)
{
	char words[1400];
	const char *host = exported_text(e, COLUMN_host);

	if (e->cells[COLUMN_status].known)
		snprintf(words, sizeof(words), "%lld from %s%s%s",
			 (long long)e->cells[COLUMN_status].number, host, has_failed(e) ? ": " : "",
			 has_failed(e) ? failure_words(e) : "");
	else
		snprintf(words, sizeof(words), "no answer from %s%s%s", host,
			 has_failed(e) ? ": " : "", has_failed(e) ? failure_words(e) : "");
	json_object(j, "body");
	json_text(j, "stringValue", words);
	json_object_end(j);
}

bool put_otlp_log(struct buf *out, const struct exported *e)
{
	size_t start = out->n;
	char digits[24];
	struct json_out j;
	struct ids ids;

	make_ids(e, &ids);
	json_out_init(&j, out);
	begin_scope(&j, e, "resourceLogs", "scopeLogs", "logRecords");
	put_int64(&j, "timeUnixNano", end_ns(e));
	put_int64(&j, "observedTimeUnixNano", end_ns(e));
	json_number(&j, "severityNumber",
		    has_failed(e) ? SEVERITY_NUMBER_WARN : SEVERITY_NUMBER_INFO);
	json_text(&j, "severityText", has_failed(e) ? "WARN" : "INFO");
	if (has_failed(e))
		json_text(&j, "eventName", "gen_ai.client.operation.exception");
	put_body(&j, e);
	put_attributes(&j, e);
	if (has_failed(e)) {
		put_text(&j, "exception.type", error_type(e, digits));
		if (e->cells[COLUMN_error_message].known)
			put_text(&j, "exception.message", exported_text(e, COLUMN_error_message));
	}
	json_array_end(&j);
	json_text(&j, "traceId", ids.trace);
	json_text(&j, "spanId", ids.span);
	return end_scope(&j, out, start);
}
