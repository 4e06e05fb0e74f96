/* SPDX-License-Identifier: MIT */
/* HTTP Archive 1.2 (softwareishard.com/blog/har-12-spec): heads and sizes, no bodies, and our own record. */
#include <string.h>
#include <strings.h>

#include "report/json_out.h"
#include "tools/command.h"
#include "tools/log/log_mask.h"
#include "tools/log/log_row.h"
#include "tools/report/report_stream.h"
#include "base/version.h"

static void put_raw(struct json_out *j, const char *key, const char *text)
{
	struct buf shown;

	buf_init(&shown, LIMIT_LINE);
	mask_text(&shown, slice_of(text ? text : ""), LIMIT_LINE);
	json_slice(j, key, shown.n ? buf_slice(&shown) : SLICE(""));
	buf_release(&shown);
}

static void put_headers(struct json_out *j, const cJSON *message)
{
	const cJSON *pair;

	json_array(j, "headers");
	cJSON_ArrayForEach(pair, log_member(message, "headers"))
	{
		json_object(j, NULL);
		put_raw(j, "name", cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0)));
		put_raw(j, "value", cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1)));
		json_object_end(j);
	}
	json_array_end(j);
}

/* Members that both messages need, and that a record lacks. */
static void put_unknown(struct json_out *j)
{
	json_array(j, "cookies");
	json_array_end(j);
	json_number(j, "headersSize", -1);
}

static void put_version(struct json_out *j, const struct log_row *row)
{
	char version[32];

	snprintf(version, sizeof(version), "HTTP/%.16s", row->http ? row->http : "1.1");
	json_text(j, "httpVersion", version);
}

static void put_request(struct json_out *j, const struct log_row *row, const cJSON *record)
{
	const cJSON *request = log_member(record, "request");
	struct buf url;

	buf_init(&url, LIMIT_LINE);
	if (row->host)
		row_origin(row, &url);
	else
		say(&url, "https://unknown.invalid");
	say(&url, "%s", row->path ? row->path : "/");
	json_object(j, "request");
	json_text(j, "method", row->method ? row->method : "GET");
	json_slice(j, "url", buf_slice(&url));
	put_version(j, row);
	put_headers(j, request);
	put_unknown(j);
	json_array(j, "queryString");
	json_array_end(j);
	json_number(j, "bodySize", log_number(log_member(request, "body"), "bytes", -1));
	json_object_end(j);
	buf_release(&url);
}

static const char *header_value(const cJSON *message, const char *name)
{
	const cJSON *pair;

	cJSON_ArrayForEach(pair, log_member(message, "headers"))
	{
		const char *s = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
		if (s && strcasecmp(s, name) == 0)
			return cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1));
	}
	return NULL;
}

static void put_response(struct json_out *j, const struct log_row *row, const cJSON *record)
{
	const cJSON *response = log_member(record, "response");
	const char *type = header_value(response, "content-type");
	int bytes = log_number(response, "bytes", 0);

	json_object(j, "response");
	json_number(j, "status", row->status > 0 ? row->status : 0);
	json_text(j, "statusText", "");
	put_version(j, row);
	put_headers(j, response);
	put_unknown(j);
	json_object(j, "content");
	json_number(j, "size", bytes);
	put_raw(j, "mimeType", type ? type : "x-unknown");
	if (row->message)
		json_text(j, "comment", row->message);
	json_object_end(j);
	put_raw(j, "redirectURL", header_value(response, "location"));
	json_number(j, "bodySize", bytes);
	json_object_end(j);
}

/* The record itself: `orshim lint --har` reads its findings back. */
static void put_record(struct json_out *j, cJSON *record)
{
	log_mask(record);
	char *text = cJSON_PrintUnformatted(record);

	if (!text)
		die("out of memory");
	json_key(j, "_orshim");
	json_put_word(j, slice_of(text));
	cJSON_free(text);
}

static void put_entry(struct json_out *j, const struct log_row *row, cJSON *record)
{
	int ms = row->ms < 0 ? 0 : row->ms;
	char ts[TIMESTAMP_SIZE], connection[16];

	/* A record's time is the end of the exchange. */
	record_timestamp(row->time_us - ms * 1000LL, ts);
	json_object(j, NULL);
	json_text(j, "startedDateTime", ts);
	json_number(j, "time", ms);
	put_request(j, row, record);
	put_response(j, row, record);
	json_object(j, "cache");
	json_object_end(j);
	json_object(j, "timings");
	json_number(j, "send", 0);
	json_number(j, "wait", ms);
	json_number(j, "receive", 0);
	json_object_end(j);
	if (row->conn >= 0) {
		snprintf(connection, sizeof(connection), "%d", row->conn);
		json_text(j, "connection", connection);
	}
	if (row_failed(row))
		json_text(j, "comment", row->cause ? row->cause : "refused, unexplained");
	if (record)
		put_record(j, record);
	json_object_end(j);
}

struct entries {
	struct json_out *j;
	const struct report *r;
	struct buf *out;
};

static void take_exchange(void *entries, const struct log *from, const struct log_row *row)
{
	const struct entries *e = entries;
	cJSON *record = log_record(from, row);

	put_entry(e->j, row, record);
	cJSON_Delete(record);
	report_drain(e->r, e->out);
}

void report_har(const struct report *r, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_object(&j, NULL);
	json_object(&j, "log");
	json_text(&j, "version", "1.2");
	json_object(&j, "creator");
	json_text(&j, "name", "orshim");
	json_text(&j, "version", ORSHIM_VERSION);
	json_object_end(&j);
	json_array(&j, "entries");
	report_each(r, LOG_EXCHANGE, take_exchange, &(struct entries){ &j, r, out });
	json_array_end(&j);
	json_object_end(&j);
	json_object_end(&j);
	if (!json_out_ok(&j))
		die("report: the archive does not fit into %d bytes", REPORT_MAX);
	say(out, "\n");
}
