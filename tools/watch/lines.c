/* SPDX-License-Identifier: MIT */
#include "tools/watch/lines.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/paragraph.h"
#include "tools/command.h"
#include "tools/report/layout.h"

static bool is_news(struct lines *w, const char *cause)
{
	for (size_t i = 0; i < w->seen_count; i++)
		if (strcmp(w->seen[i], cause) == 0)
			return false;
	char *copy = w->seen_count < LINES_SEEN_MAX ? strdup(cause) : NULL;
	if (copy)
		w->seen[w->seen_count++] = copy;
	return true;
}

/* Print why and how to mend it, the first time. */
static void say_rule(struct lines *w, const struct log_finding *f, struct buf *out)
{
	enum rule_id rule = rule_find(slice_of(f->rule));

	if (rule == RULE_NONE || !is_news(w, f->rule))
		return;
	size_t start = out->n;
	say(out, "  %s[%s]: %s", severity_name(rules[rule].severity), f->rule, rules[rule].title);
	say_end(out, &w->style, start, 6);
	if (f->detail && *f->detail)
		say_paragraph(out, &w->style, "    seen: ", slice_of(f->detail));
	say_paragraph(out, &w->style,
		      "    why: ", slice_of(f->why ? f->why : rule_texts[rule].why));
	say_paragraph(out, &w->style,
		      "    fix: ", slice_of(f->fix ? f->fix : rule_texts[rule].fix));
}

void say_clock(const struct log_row *row, struct buf *out)
{
	time_t seconds = (time_t)(row->time_us / 1000000);
	struct tm here;

	if (row->time_us < 0 || !localtime_r(&seconds, &here))
		say(out, "--:--:--");
	else
		say(out, "%02d:%02d:%02d", here.tm_hour, here.tm_min, here.tm_sec);
}

static void say_exchange(struct lines *w, const struct tally *tally, const struct log *l,
			 const struct log_row *row, struct buf *out)
{
	bool coloured = w->style.colour && row_failed(row);

	say(out, "%s", coloured ? "\033[1;31m" : "");
	row_words(row, out);
	if (row->retry.n)
		say(out, ", retry %u", row->retry.n);
	if (row_failed(row))
		say(out, ", %s", row->cause ? row->cause : "refused, unexplained");
	say(out, "%s", coloured ? "\033[0m" : "");
	if (!row->probe)
		say(out, "  (%zu of %zu refused)", tally->refused, tally->requests);
	say(out, "\n");
	for (size_t i = 0; i < row->finding_count; i++) {
		const struct log_finding *f = &l->findings[row->findings + i];
		bool cause = row->cause && strcmp(row->cause, f->rule) == 0;
		if (cause || (!row_failed(row) && f->severity >= SEVERITY_WARNING))
			say_rule(w, f, out);
	}
}

void lines_say(struct lines *w, const struct tally *tally, const struct log *l,
	       const struct log_row *row, struct buf *out)
{
	say_clock(row, out);
	say(out, "  ");
	if (row->kind == LOG_EXCHANGE) {
		say_exchange(w, tally, l, row, out);
		return;
	}
	if (row->kind != LOG_LAUNCH)
		row_process_words(row, out);
	say(out, " ");
	if (row->kind == LOG_LAUNCH)
		say(out, "started: %s", row->command ? row->command : "");
	else if (row->kind == LOG_PROCESS)
		coverage_words(l, row, out);
	else
		say(out, "connection to %s%s%s", row->host ? row->host : "an unnamed host",
		    row->blind ? ", not read: " : "",
		    row_is_quic(row) ? quic_words
		    : row->blind     ? row->blind
				     : "");
	say(out, "\n");
	for (size_t i = 0; i < row->finding_count; i++)
		say_rule(w, &l->findings[row->findings + i], out);
}

void lines_release(struct lines *w)
{
	for (size_t i = 0; i < w->seen_count; i++)
		free(w->seen[i]);
}

/* RFC 3339 with the local offset: "2026-11-27T16:43:28.123+01:00". */
static void put_local(struct json_out *j, int64_t time_us)
{
	time_t seconds = (time_t)(time_us / 1000000);
	char clock[64], zone[16], text[96];
	struct tm here;

	if (time_us < 0 || !localtime_r(&seconds, &here) ||
	    strftime(clock, sizeof(clock), "%Y-%m-%dT%H:%M:%S", &here) == 0 ||
	    strftime(zone, sizeof(zone), "%z", &here) != 5) {
		json_null(j, "local");
		return;
	}
	snprintf(text, sizeof(text), "%s.%03d%.3s:%s", clock, (int)(time_us / 1000 % 1000), zone,
		 zone + 3);
	json_text(j, "local", text);
}

static void put_findings(struct json_out *j, const struct log *l, const struct log_row *row)
{
	json_array(j, "findings");
	for (size_t i = 0; i < row->finding_count; i++) {
		const struct log_finding *f = &l->findings[row->findings + i];
		json_object(j, NULL);
		json_text(j, "rule", f->rule);
		json_text(j, "severity", severity_name(f->severity));
		json_text(j, "detail", f->detail);
		json_object_end(j);
	}
	json_array_end(j);
}

void lines_json(const struct tally *tally, const struct log *l, const struct log_row *row,
		struct buf *out)
{
	static const char *const kinds[] = { "process", "exchange", "connection", "launch" };
	char ts[TIMESTAMP_SIZE];
	struct json_out j;

	record_timestamp(row->time_us, ts);
	json_out_init(&j, out);
	json_object(&j, NULL);
	json_number(&j, "v", 1);
	json_text(&j, "record", "watch");
	json_text(&j, "kind", kinds[row->kind]);
	json_text(&j, "ts", ts);
	put_local(&j, row->time_us);
	report_row_json(&j, row);
	if (row->kind == LOG_LAUNCH)
		json_text(&j, "command", row->command);
	if (row->kind == LOG_CONNECTION)
		json_text(&j, "blind", row->blind);
	put_findings(&j, l, row);
	tally_json(tally, &j);
	json_object_end(&j);
	if (json_out_ok(&j))
		say(out, "\n");
	else
		buf_reset(out);
}
