/* SPDX-License-Identifier: MIT */
/*
 * SARIF 2.1.0 (OASIS, docs.oasis-open.org/sarif/sarif/v2.1.0): each cause is a
 * result. Its location is the key's place in a file if that is known, else the
 * record in the log.
 */
#include <string.h>

#include "base/version.h"
#include "report/json_out.h"
#include "tools/command.h"
#include "tools/log/log_row.h"
#include "tools/report/report.h"

static const char unexplained[] = "unexplained_refusal"; /* the rule of a cause without one */

static const char *id_of(const char *id)
{
	return id ? id : unexplained;
}

/* Section 3.27.10. */
static const char *level_of(enum severity severity)
{
	return severity >= SEVERITY_ERROR     ? "error"
	       : severity == SEVERITY_WARNING ? "warning"
					      : "note";
}

static void put_message(struct json_out *j, const char *key, struct slice text)
{
	json_object(j, key);
	json_slice(j, "text", text);
	json_object_end(j);
}

static void put_rule(struct json_out *j, const char *id, const char *title, const char *why,
		     const char *fix, enum severity severity)
{
	json_object(j, NULL);
	json_text(j, "id", id);
	put_message(j, "shortDescription", slice_of(title));
	if (why && *why)
		put_message(j, "fullDescription", slice_of(why));
	if (fix && *fix)
		put_message(j, "help", slice_of(fix));
	json_object(j, "defaultConfiguration");
	json_text(j, "level", level_of(severity));
	json_object_end(j);
	json_object_end(j);
}

/* Each rule once; results refer to it by its id. */
static bool is_put(const struct report *r, size_t causes, size_t launches, const char *id)
{
	for (size_t i = 0; i < causes; i++)
		if (strcmp(id_of(r->causes[i].id), id) == 0)
			return true;
	for (size_t i = 0; i < launches; i++)
		if (strcmp(r->launch_findings[i].finding.rule, id) == 0)
			return true;
	return false;
}

static void put_rules(struct json_out *j, const struct report *r)
{
	json_array(j, "rules");
	for (size_t i = 0; i < r->cause_count; i++) {
		const struct cause *c = &r->causes[i];
		if (!is_put(r, i, 0, id_of(c->id)))
			put_rule(j, id_of(c->id), cause_title(c), cause_why(c), cause_fix(c),
				 c->severity);
	}
	for (size_t i = 0; i < r->launch_finding_count; i++) {
		const struct log_finding *f = &r->launch_findings[i].finding;
		struct cause c = { .id = f->rule, .rule = rule_find(slice_of(f->rule)) };
		if (!is_put(r, r->cause_count, i, f->rule))
			put_rule(j, f->rule, cause_title(&c), cause_why(&c), cause_fix(&c),
				 f->severity);
	}
	json_array_end(j);
}

/* PATH as the path of a URI reference (RFC 3986, 3.3). */
static void put_uri(struct json_out *j, const char *path)
{
	static const char plain[] = "-._~/";
	struct buf uri;

	buf_init(&uri, LIMIT_PATH * 3);
	for (const char *p = path; *p; p++) {
		unsigned char c = (unsigned char)*p;
		bool is_word = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
		say(&uri, is_word || strchr(plain, c) ? "%c" : "%%%02X", c);
	}
	json_object(j, "artifactLocation");
	json_slice(j, "uri", uri.n ? buf_slice(&uri) : SLICE("orshim.log"));
	json_object_end(j);
	buf_release(&uri);
}

static void put_place(struct json_out *j, const char *path, size_t line)
{
	json_object(j, "physicalLocation");
	put_uri(j, path);
	if (line) {
		json_object(j, "region");
		json_number(j, "startLine", (int64_t)line);
		json_object_end(j);
	}
	json_object_end(j);
}

/* The request as a place, besides the file. */
static void put_request(struct json_out *j, const struct log_row *row)
{
	struct buf name;

	if (row->kind != LOG_EXCHANGE)
		return;
	buf_init(&name, LIMIT_LINE);
	say(&name, "%s https://%s%s", row->method ? row->method : "", row->host ? row->host : "",
	    row->path ? row->path : "");
	json_array(j, "logicalLocations");
	json_object(j, NULL);
	json_slice(j, "fullyQualifiedName", buf_slice(&name));
	json_text(j, "kind", "resource");
	json_object_end(j);
	json_array_end(j);
	buf_release(&name);
}

/* PLACE: of the value at fault; if it is not known, ROW's line in its log. */
static void put_locations(struct json_out *j, const struct report *r, const struct log_row *row,
			  struct file_place place)
{
	json_array(j, "locations");
	json_object(j, NULL);
	if (place.file)
		put_place(j, place.file, (size_t)place.line);
	else
		put_place(j, r->log->file_count ? r->log->files[row->file].path : "orshim.log",
			  row->line);
	put_request(j, row);
	json_object_end(j);
	json_array_end(j);
}

/* A fingerprint that is the same in each run, so that a known result is not reported again. */
static void put_fingerprint(struct json_out *j, const char *id, const struct log_row *row)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	say(&words, "%s %s %s %s", id, row->method ? row->method : "-", row->host ? row->host : "-",
	    row->path ? row->path : "-");
	json_object(j, "partialFingerprints");
	json_slice(j, "orshimCause/v1", buf_slice(&words));
	json_object_end(j);
	buf_release(&words);
}

static void put_cause(struct json_out *j, const struct report *r, const struct cause *c)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	json_object(j, NULL);
	json_text(j, "ruleId", id_of(c->id));
	json_text(j, "level", level_of(c->severity));
	say(&words, "%s", cause_title(c));
	if (c->detail && *c->detail)
		say(&words, ": %s", c->detail);
	if (c->first->kind == LOG_EXCHANGE) {
		say(&words, " (");
		row_words(c->first, &words);
		say(&words, ")");
	}
	put_message(j, "message", buf_slice(&words));
	put_locations(j, r, c->first, row_key_place(r->log, c->first));
	put_fingerprint(j, id_of(c->id), c->first);
	json_number(j, "occurrenceCount", (int64_t)c->count);
	json_object(j, "properties");
	if (c->status > 0)
		json_number(j, "status", c->status);
	if (c->refused_by)
		json_text(j, "refusedBy", c->refused_by);
	if (c->category)
		json_text(j, "category", c->category);
	json_object_end(j);
	json_object_end(j);
	buf_release(&words);
}

static void put_launch(struct json_out *j, const struct report *r, const struct launch_finding *f)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	json_object(j, NULL);
	json_text(j, "ruleId", f->finding.rule);
	json_text(j, "level", level_of(f->finding.severity));
	launch_finding_words(r, f, &words);
	put_message(j, "message", buf_slice(&words));
	put_locations(j, r, f->launch, launch_finding_place(r->log, &f->finding));
	put_fingerprint(j, f->finding.rule, f->launch);
	json_number(j, "occurrenceCount", (int64_t)f->count);
	json_object_end(j);
	buf_release(&words);
}

void report_sarif(const struct report *r, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_object(&j, NULL);
	json_text(&j, "version", "2.1.0");
	json_text(&j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	json_array(&j, "runs");
	json_object(&j, NULL);
	json_object(&j, "tool");
	json_object(&j, "driver");
	json_text(&j, "name", "orshim");
	json_text(&j, "version", ORSHIM_VERSION);
	put_rules(&j, r);
	json_object_end(&j);
	json_object_end(&j);
	json_text(&j, "columnKind", "unicodeCodePoints");
	json_array(&j, "results");
	for (size_t i = 0; i < r->cause_count; i++)
		put_cause(&j, r, &r->causes[i]);
	for (size_t i = 0; i < r->launch_finding_count; i++)
		put_launch(&j, r, &r->launch_findings[i]);
	json_array_end(&j);
	json_object_end(&j);
	json_array_end(&j);
	json_object_end(&j);
	if (!json_out_ok(&j))
		die("out of memory");
	say(out, "\n");
}
