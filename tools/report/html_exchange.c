/* SPDX-License-Identifier: MIT */
#include "tools/command.h"
#include "tools/log/log_row.h"
#include "tools/report/html.h"

static void put_raw(struct buf *out, const char *text)
{
	struct buf shown;

	buf_init(&shown, LIMIT_LINE);
	mask_text(&shown, slice_of(text ? text : ""), LIMIT_LINE);
	html_slice(out, buf_slice(&shown));
	buf_release(&shown);
}

static void put_headers(struct buf *out, const cJSON *message)
{
	const cJSON *pair;

	cJSON_ArrayForEach(pair, log_member(message, "headers"))
	{
		const char *value = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1));
		say(out, "\n");
		put_raw(out, cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0)));
		say(out, ": ");
		put_raw(out, value ? value : "(not seen)");
	}
}

static void put_request(struct buf *out, const struct report *r, const struct log_row *row,
			const cJSON *record)
{
	const cJSON *request = log_member(record, "request");

	say(out, "<p class=\"soft\">request</p><pre>");
	html_text(out, row->method);
	say(out, " ");
	html_text(out, row->path);
	put_headers(out, request);
	say(out, "\n\n(body: %d bytes)</pre><dl>",
	    log_number(log_member(request, "body"), "bytes", 0));
	html_pair(out, "key", row->carrier ? row->token : "none was sent");
	html_pair(out, "in", row->carrier);
	html_pair(out, "fingerprint", row->key);
	html_origin(out, r, row);
	html_pair(out, "model", row->model);
	say(out, "</dl>");
}

static void put_answer(struct buf *out, const struct log_row *row, const cJSON *record)
{
	const cJSON *response = log_member(record, "response");
	const char *raw = log_text(log_member(response, "error"), "raw");

	say(out, "<p class=\"soft\">answer</p>");
	if (!cJSON_IsObject(response)) {
		say(out, "<p>There was none.</p>");
		return;
	}
	say(out, "<pre>%d", row->status);
	put_headers(out, response);
	say(out, "\n\n(body: %d bytes)</pre><dl>", log_number(response, "bytes", 0));
	html_pair(out, "error", row->message);
	html_pair(out, "provider", row->provider);
	if (raw) {
		say(out, "<dt>provider&#39;s words</dt><dd>");
		put_raw(out, raw);
		say(out, "</dd>");
	}
	say(out, "</dl>");
}

static void put_findings(struct buf *out, const struct report *r, const struct log_row *row,
			 const cJSON *record)
{
	for (size_t i = 0; i < row->finding_count; i++) {
		const struct log_finding *f = &r->log->findings[row->findings + i];
		enum rule_id rule = rule_find(slice_of(f->rule));
		struct shown_field field;
		say(out, "<section class=\"card %s\"><h3><span class=\"badge\">",
		    severity_name(f->severity));
		html_text(out, f->rule);
		say(out, "</span> ");
		html_text(out, rule == RULE_NONE ? NULL : rules[rule].title);
		say(out, "</h3>");
		if (shown_field_of(&field, record, finding_named(record, f->rule)))
			html_field(out, &field);
		say(out, "<dl>");
		html_pair(out, "seen", f->detail);
		html_pair(out, "fix",
			  f->fix              ? f->fix
			  : rule == RULE_NONE ? NULL
					      : rule_texts[rule].fix);
		say(out, "</dl></section>");
	}
}

static void put_summary(struct buf *out, const struct report *r, const struct log_row *row)
{
	say(out, "<summary><span class=\"badge %s\">", row_failed(row) ? "bad" : "good");
	if (row->status > 0)
		say(out, "%d", row->status);
	else
		say(out, "no answer");
	say(out, "</span><span class=\"path\">");
	html_text(out, row->method);
	say(out, " ");
	html_text(out, row->host);
	html_text(out, row->path);
	say(out, "</span><span class=\"soft\">");
	html_text(out, row->cause ? row->cause : row_failed(row) ? "unexplained" : NULL);
	say(out, " ");
	html_text(out, log_name(r->log, row));
	say(out, "</span></summary>");
}

void html_exchange(const struct report *r, const struct log_row *row, struct buf *out)
{
	cJSON *record = log_record(r->log, row);
	char ts[TIMESTAMP_SIZE];
	struct buf who;

	record_timestamp(row->time_us, ts);
	say(out, "<details class=\"x%s\" id=\"x%u-%u\">", row_failed(row) ? " bad" : "", row->file,
	    row->number);
	put_summary(out, r, row);
	say(out, "<div><p class=\"soft\">%s, ", ts);
	buf_init(&who, LIMIT_LINE);
	row_process_words(row, &who);
	html_slice(out, buf_slice(&who));
	buf_release(&who);
	say(out, ", connection %d, HTTP/", row->conn);
	html_text(out, row->http);
	if (row->ms >= 0)
		say(out, ", %d ms", row->ms);
	say(out, "</p>");
	if (record) {
		put_findings(out, r, row, record);
		put_request(out, r, row, record);
		put_answer(out, row, record);
	} else {
		say(out, "<p>The log has changed since; this line cannot be read any more.</p>");
	}
	say(out, "</div></details>\n");
	cJSON_Delete(record);
}
