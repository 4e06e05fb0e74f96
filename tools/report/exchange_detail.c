/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tools/command.h"
#include "tools/log/log_row.h"
#include "tools/report/layout.h"

/* Text of the record itself, not yet redacted. */
static void say_raw(struct buf *out, const char *text)
{
	struct buf shown;

	buf_init(&shown, LIMIT_LINE);
	mask_text(&shown, slice_of(text ? text : ""), LIMIT_LINE);
	say(out, "%.*s", SLICE_ARG(buf_slice(&shown)));
	buf_release(&shown);
}

static void say_headers(const cJSON *message, const char *mark, struct buf *out)
{
	const cJSON *pair;

	cJSON_ArrayForEach(pair, log_member(message, "headers"))
	{
		const char *value = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1));
		say(out, "  %s ", mark);
		say_raw(out, cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0)));
		say(out, ": ");
		say_raw(out, value ? value : "(not seen)");
		say(out, "\n");
	}
}

static void say_words(const struct log_row *row,
		      void (*words)(const struct log *l, const struct log_row *row,
				    struct buf *out),
		      const struct log *l, const char *label, const struct text_style *style,
		      struct buf *out)
{
	struct buf said;

	buf_init(&said, LIMIT_LINE);
	words(l, row, &said);
	if (said.n)
		say_paragraph(out, style, label, buf_slice(&said));
	buf_release(&said);
}

static void say_auth(const struct report *r, const struct log_row *row, const cJSON *record,
		     const struct text_style *style, struct buf *out)
{
	if (!row->carrier) {
		say(out, "  key: none was sent\n");
		return;
	}
	say(out, "  key: in %s", row->carrier);
	if (row->scheme)
		say(out, ", scheme %s", row->scheme);
	if (row->token)
		say(out, ", %s", row->token);
	int length = log_number(log_member(record, "auth"), "length", -1);
	if (length >= 0)
		say(out, ", %d bytes", length);
	if (row->key)
		say(out, ", %s", row->key);
	say(out, "\n");
	say_words(row, origin_words, r->log, "  from: ", style, out);
	say_words(row, base_words, r->log, "  base URL: ", style, out);
}

static void say_body(const struct log_row *row, const cJSON *record, struct buf *out)
{
	const cJSON *body = log_member(log_member(record, "request"), "body");
	int bytes = log_number(body, "bytes", 0);

	say(out, "  > body: %d bytes", bytes);
	const char *type = log_text(body, "type");
	if (type) {
		say(out, ", ");
		say_raw(out, type);
	}
	if (row->model)
		say(out, ", model %s", row->model);
	if (row->stream >= 0)
		say(out, ", stream %s", row->stream ? "true" : "false");
	int messages = log_number(body, "messages", -1);
	if (messages >= 0)
		say(out, ", %d message%s", messages, messages == 1 ? "" : "s");
	int tools = log_number(body, "tools", -1);
	if (tools > 0)
		say(out, ", %d tool%s", tools, tools == 1 ? "" : "s");
	say(out, "\n");
}

static void say_answer(const struct log_row *row, const cJSON *record, struct buf *out)
{
	const cJSON *response = log_member(record, "response");
	const char *raw = log_text(log_member(response, "error"), "raw");

	if (!cJSON_IsObject(response)) {
		say(out, "  < no answer\n");
		return;
	}
	say(out, "  < %d\n", row->status);
	say_headers(response, "<", out);
	say(out, "  < body: %d bytes\n", log_number(response, "bytes", 0));
	if (row->message)
		say(out, "  < error: %s\n", row->message);
	if (row->provider)
		say(out, "  < provider: %s\n", row->provider);
	if (raw) {
		say(out, "  < provider's words: ");
		say_raw(out, raw);
		say(out, "\n");
	}
}

static void say_findings(const struct report *r, const struct log_row *row, const cJSON *record,
			 const struct text_style *style, struct buf *out)
{
	for (size_t i = 0; i < row->finding_count; i++) {
		const struct log_finding *f = &r->log->findings[row->findings + i];
		enum rule_id rule = rule_find(slice_of(f->rule));
		struct shown_field field;
		say(out, "\n");
		size_t start = out->n;
		say(out, "%s[%s]: %s", severity_name(f->severity), f->rule,
		    rule == RULE_NONE ? "" : rules[rule].title);
		say_end(out, style, start, 4);
		if (shown_field_of(&field, record, finding_named(record, f->rule)))
			say_field(out, style, &field);
		if (f->detail && *f->detail)
			say_paragraph(out, style, "  seen: ", slice_of(f->detail));
		if (rule == RULE_NONE)
			continue;
		say_paragraph(out, style,
			      "  why: ", slice_of(f->why ? f->why : rule_texts[rule].why));
		say_paragraph(out, style,
			      "  fix: ", slice_of(f->fix ? f->fix : rule_texts[rule].fix));
	}
}

void report_exchange(const struct report *r, const struct log_row *row,
		     const struct text_style *style, struct buf *out)
{
	cJSON *record = log_record(r->log, row);
	char ts[TIMESTAMP_SIZE];
	size_t start = out->n;

	record_timestamp(row->time_us, ts);
	say(out, "orshim: exchange %s, ", log_name(r->log, row));
	row_words(row, out);
	if (row_failed(row)) {
		say(out, ", ");
		refuser_words(row, out);
		say(out, ": %s", row->cause ? row->cause : "unexplained");
	}
	say_end(out, style, start, 8);
	say(out, "  at %s, connection %d, HTTP/%s\n", ts, row->conn, row->http ? row->http : "?");
	if (row->retry.n)
		say(out, "  retry %u of the same request (seen by its %s)\n", row->retry.n, row->retry.by);
	if (!record) {
		say(out, "  (the log has changed since: its line cannot be read any more)\n");
		return;
	}
	say_auth(r, row, record, style, out);
	say(out, "  > %s %s\n", row->method ? row->method : "?", row->path ? row->path : "?");
	say_headers(log_member(record, "request"), ">", out);
	say_body(row, record, out);
	say_answer(row, record, out);
	say_findings(r, row, record, style, out);
	cJSON_Delete(record);
}
