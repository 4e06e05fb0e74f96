/* SPDX-License-Identifier: MIT */
/*
 * One self-contained file. All that comes from a log goes through put(), which
 * leaves no character that HTML knows; the page's policy allows its own script
 * and style by their hashes, and nothing else.
 */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "tools/command.h"
#include "tools/log/log_row.h"
#include "tools/report/html.h"
#include "tools/report/page.h"
#include "tools/report/report.h"
#include "base/version.h"

enum { EXCHANGES_MAX = 2000, CHART_MIN = 40, CHART_MAX = 400 };

/* Entries of a list that stand open; the others are folded behind one line. */
enum { CAUSES_OPEN = 3, ENTRIES_OPEN = 5, EXCHANGES_OPEN = 20 };

struct fold {
	const char *what; /* "more keys" */
	size_t count, open, at;
	bool in_dl; /* the entries are of a <dl> */
};

/* Before each entry. One alone is not folded: the line would be as long. */
static void fold_next(struct fold *f, struct buf *out)
{
	if (f->at++ != f->open || f->count <= f->open + 1)
		return;
	say(out, "%s<details class=\"more\"><summary>%zu %s</summary>%s", f->in_dl ? "</dl>" : "",
	    f->count - f->open, f->what, f->in_dl ? "<dl>" : "");
}

static void fold_end(const struct fold *f, struct buf *out)
{
	say(out, "%s%s", f->in_dl ? "</dl>" : "", f->count > f->open + 1 ? "</details>\n" : "");
}

void html_slice(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case '<':
			say(out, "&lt;");
			break;
		case '>':
			say(out, "&gt;");
			break;
		case '&':
			say(out, "&amp;");
			break;
		case '"':
			say(out, "&quot;");
			break;
		case '\'':
			say(out, "&#39;");
			break;
		default:
			if (buf_add(out, s.p + i, 1) != 0)
				die("report: the page does not fit into %d bytes", REPORT_MAX);
		}
	}
}

void html_text(struct buf *out, const char *text)
{
	html_slice(out, slice_of(text ? text : ""));
}

/* "'sha256-…'" of Content Security Policy. */
static void put_hash(struct buf *out, struct slice s)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	unsigned char text[64];

	SHA256((const unsigned char *)s.p, s.n, digest);
	EVP_EncodeBlock(text, digest, sizeof(digest));
	say(out, "'sha256-%s'", (const char *)text);
}

void html_begin(struct buf *out, struct slice title, const char *tone)
{
	say(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		 "<meta name=\"referrer\" content=\"no-referrer\">\n"
		 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		 "img-src data:; style-src ");
	put_hash(out, page_style());
	say(out, "; script-src ");
	put_hash(out, page_script());
	say(out, "\">\n<link rel=\"icon\" href=\"data:,\">\n<title>orshim: ");
	html_slice(out, title);
	say(out, "</title>\n<style>%.*s</style>\n</head>\n<body>\n", SLICE_ARG(page_style()));
	say(out,
	    "<header><div class=\"top\"><span class=\"kicker\">orshim %s</span>"
	    "<button id=\"theme\" type=\"button\" title=\"key: t\">light / dark</button></div>\n"
	    "<div class=\"verdict %s\"><h1>",
	    ORSHIM_VERSION, tone);
	html_slice(out, title);
	say(out, "</h1></div></header>\n<main>\n");
}

void html_end(struct buf *out)
{
	say(out,
	    "</main>\n<footer>No key, cookie or body text is in this page. "
	    "<span class=\"keys\"><kbd>/</kbd> search, <kbd>f</kbd> refused only, <kbd>j</kbd> "
	    "<kbd>k</kbd> next and previous request, <kbd>t</kbd> light or dark.</span></footer>\n"
	    "<script>%.*s</script>\n</body>\n</html>\n",
	    SLICE_ARG(page_script()));
}

static void put_head(const struct report *r, struct buf *out)
{
	struct buf verdict;

	buf_init(&verdict, LIMIT_LINE);
	report_verdict(r, &verdict);
	html_begin(out, buf_slice(&verdict),
		   r->refused || r->worst >= SEVERITY_ERROR            ? "bad"
		   : r->worst >= SEVERITY_WARNING || r->exchanges == 0 ? "warn"
								       : "good");
	buf_release(&verdict);
}

void html_pair(struct buf *out, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	say(out, "<dt>%s</dt><dd>", name);
	html_text(out, value);
	say(out, "</dd>");
}

/* The field, and the carets below it. */
void html_field(struct buf *out, const struct shown_field *f)
{
	say(out, "<pre>");
	html_text(out, f->text);
	if (f->caret >= 0) {
		say(out, "\n%*s<span class=\"caret\">^</span>", (int)f->caret, "");
		if (f->caret_end > f->caret)
			say(out, "%*s<span class=\"caret\">^</span>",
			    (int)(f->caret_end - f->caret - 1), "");
	}
	say(out, "</pre>");
}

void html_origin(struct buf *out, const struct report *r, const struct log_row *row)
{
	struct buf words;

	buf_init(&words, LIMIT_LINE);
	origin_words(r->log, row, &words);
	if (words.n) {
		say(out, "<dt>from</dt><dd>");
		html_slice(out, buf_slice(&words));
		say(out, "</dd>");
	}
	buf_reset(&words);
	base_words(r->log, row, &words);
	if (words.n) {
		say(out, "<dt>base URL</dt><dd>");
		html_slice(out, buf_slice(&words));
		say(out, "</dd>");
	}
	buf_release(&words);
}

void html_link(struct buf *out, const struct report *r, const struct log_row *row)
{
	say(out, "<a href=\"#x%u-%u\">", row->file, row->number);
	html_text(out, log_name(r->log, row));
	say(out, "</a>");
}

static void put_cause(const struct report *r, const struct cause *c, struct buf *out)
{
	struct shown_field field;

	say(out, "<section class=\"card %s\"><h3><span class=\"badge\">",
	    severity_name(c->severity));
	html_text(out, c->id ? c->id : "unexplained");
	say(out, "</span> ");
	html_text(out, cause_title(c));
	say(out, "</h3><p class=\"soft\">%zu time%s", c->count, c->count == 1 ? "" : "s");
	if (c->first->kind == LOG_EXCHANGE) {
		say(out, ", first ");
		html_link(out, r, c->first);
		say(out, ", last ");
		html_link(out, r, c->last);
	}
	say(out, "</p>");
	cJSON *record = c->first->kind == LOG_EXCHANGE ? log_record(r->log, c->first) : NULL;
	if (record && shown_field_of(&field, record, finding_named(record, c->id)))
		html_field(out, &field);
	cJSON_Delete(record);
	say(out, "<dl>");
	html_pair(out, "seen", c->detail);
	html_pair(out, "why", cause_why(c));
	html_pair(out, "fix", cause_fix(c));
	if (c->refusal) {
		html_pair(out, "refused by", c->refused_by);
		html_origin(out, r, c->first);
		html_pair(out, "answer", c->message);
	}
	say(out, "</dl></section>\n");
}

static void put_split(const struct report *r, struct buf *out)
{
	struct buf words;

	if (r->refused == 0 || r->refused == r->exchanges)
		return;
	buf_init(&words, LIMIT_LINE);
	split_words(&r->split, &words);
	say(out, "<h2>What separates failures from successes</h2><section class=\"card\"><p>");
	html_slice(out, buf_slice(&words));
	say(out, "</p>");
	if (r->public_success) {
		say(out, "<p>");
		html_text(out, rule_texts[RULE_curl_compared_public_endpoint].why);
		say(out, "</p>");
	}
	say(out, "</section>\n");
	buf_release(&words);
}

/* A card of paragraphs, the I-th as WORDS says it; all but the first few are folded away. */
static void put_paragraphs(struct buf *out, const struct report *r, const char *title,
			   const char *more, size_t count,
			   void (*words)(const struct report *r, size_t i, struct buf *out))
{
	struct fold fold = { more, count, ENTRIES_OPEN, 0, false };
	struct buf paragraph;

	buf_init(&paragraph, LIMIT_LINE);
	say(out, "<h2>%s</h2><section class=\"card\">", title);
	for (size_t i = 0; i < count; i++) {
		fold_next(&fold, out);
		buf_reset(&paragraph);
		words(r, i, &paragraph);
		say(out, "<p>");
		html_slice(out, buf_slice(&paragraph));
		say(out, "</p>");
	}
	fold_end(&fold, out);
	say(out, "</section>\n");
	buf_release(&paragraph);
}

static void words_of_launch(const struct report *r, size_t i, struct buf *out)
{
	const struct launch_finding *f = &r->launch_findings[i];

	say(out, "%s: ", f->finding->rule);
	launch_finding_words(r, f, out);
}

static void put_launch(const struct report *r, struct buf *out)
{
	if (r->launch_finding_count)
		put_paragraphs(out, r, "Found before the tool started", "more findings",
			       r->launch_finding_count, words_of_launch);
}

static void words_of_key(const struct report *r, size_t i, struct buf *out)
{
	key_words(r, &r->keys[i], out);
}

static void words_of_sender(const struct report *r, size_t i, struct buf *out)
{
	sender_words(&r->senders[i], out);
}

static void put_keys(const struct report *r, struct buf *out)
{
	if (keys_are_remarkable(r))
		put_paragraphs(out, r, "Keys in use", "more keys", r->key_count, words_of_key);
}

static void put_senders(const struct report *r, struct buf *out)
{
	if (senders_are_remarkable(r))
		put_paragraphs(out, r, "Who sent the requests", "more senders", r->sender_count,
			       words_of_sender);
}

/* One bar a request, or a run of them; refused ones reach to the top. */
static void put_chart(const struct report *r, struct buf *out)
{
	size_t bars = r->exchanges < CHART_MAX ? r->exchanges : CHART_MAX;
	size_t wide = bars < CHART_MIN ? CHART_MIN : bars;
	size_t at = 0, bar = 0;
	size_t refused = 0, fine = 0;
	const struct log_row *first = NULL;

	if (r->exchanges < 2)
		return;
	say(out,
	    "<h2>Timeline</h2><svg viewBox=\"0 0 %zu 100\" preserveAspectRatio=\"none\" "
	    "role=\"img\" aria-label=\"%zu requests in order of time, %zu refused\">",
	    wide * 10, r->exchanges, r->refused);
	for (size_t i = 0; i < r->log->count; i++) {
		const struct log_row *row = &r->log->rows[i];
		if (row->kind != LOG_EXCHANGE)
			continue;
		first = first && !(row_failed(row) && refused == 0) ? first : row;
		refused += row_failed(row);
		fine += !row_failed(row);
		at++;
		if (at * bars / r->exchanges == bar)
			continue;
		int high = refused ? 60 + (int)(40 * refused / (refused + fine)) : 30;
		say(out,
		    "<a href=\"#x%u-%u\"><rect class=\"%s\" x=\"%zu\" y=\"%d\" width=\"9\" "
		    "height=\"%d\"><title>",
		    first->file, first->number, refused ? "bad" : "good", bar * 10, 100 - high,
		    high);
		html_text(out, log_name(r->log, first));
		say(out, ": %zu refused, %zu not</title></rect></a>", refused, fine);
		bar = at * bars / r->exchanges;
		refused = fine = 0;
		first = NULL;
	}
	say(out,
	    "</svg><p class=\"soft\">Each bar is %s, in order of time; high bars were "
	    "refused.</p>\n",
	    bars == r->exchanges ? "one request" : "a run of requests");
}

static void put_coverage(const struct report *r, struct buf *out)
{
	struct buf words;

	if (r->processes + r->unfollowed == 0)
		return;
	buf_init(&words, LIMIT_LINE);
	struct fold fold = { "more processes", 0, ENTRIES_OPEN, 0, true };
	for (size_t i = 0; i < r->log->count; i++)
		fold.count += r->log->rows[i].kind == LOG_PROCESS;
	say(out, "<h2>What was observed</h2><section class=\"card\"><dl>");
	for (size_t i = 0; i < r->log->count; i++) {
		const struct log_row *row = &r->log->rows[i];
		if (row->kind != LOG_PROCESS)
			continue;
		fold_next(&fold, out);
		buf_reset(&words);
		say(out, "<dt>");
		row_process_words(row, &words);
		html_slice(out, buf_slice(&words));
		buf_reset(&words);
		say(out, "</dt><dd><span class=\"badge %s\">%s</span> ",
		    row_is_tapped(r->log, row) ? "good" : "bad",
		    row_is_tapped(r->log, row) ? "observed" : "not observed");
		coverage_words(r->log, row, &words);
		html_slice(out, buf_slice(&words));
		say(out, "</dd>");
	}
	fold_end(&fold, out);
	say(out, "</section>\n");
	buf_release(&words);
}

static void put_exchanges(const struct report *r, struct buf *out)
{
	size_t spare = r->refused < EXCHANGES_MAX ? EXCHANGES_MAX - r->refused : 0;
	size_t refused = 0, left_out = 0;

	if (r->exchanges == 0)
		return;
	say(out,
	    "<h2>Requests</h2><div class=\"bar\"><input id=\"search\" type=\"search\" "
	    "placeholder=\"search: 401, host, model, key …\" aria-label=\"search requests\">"
	    "<button id=\"refused\" type=\"button\" aria-pressed=\"false\">refused only</button>"
	    "<span id=\"shown\" class=\"soft\" role=\"status\"></span></div>\n");
	struct fold fold = { "more requests",
			     r->exchanges < EXCHANGES_MAX ? r->exchanges : EXCHANGES_MAX,
			     EXCHANGES_OPEN, 0, false };
	for (size_t i = 0; i < r->log->count; i++) {
		const struct log_row *row = &r->log->rows[i];
		if (row->kind != LOG_EXCHANGE)
			continue;
		bool fits = row_failed(row) ? refused++ < EXCHANGES_MAX : spare > 0;
		if (!row_failed(row) && spare)
			spare--;
		left_out += !fits;
		if (!fits)
			continue;
		fold_next(&fold, out);
		html_exchange(r, row, out);
	}
	fold_end(&fold, out);
	if (left_out)
		say(out,
		    "<p class=\"soft\">%zu more requests are not on this page; "
		    "<code>orshim report N</code> shows each.</p>\n",
		    left_out);
}

static void put_steps(const struct report *r, struct buf *out)
{
	if (r->step_count == 0)
		return;
	say(out, "<h2>What to try next, one thing at a time</h2><ol>");
	for (size_t i = 0; i < r->step_count; i++) {
		say(out, "<li>");
		html_text(out, r->steps[i]);
		say(out, "</li>");
	}
	say(out, "</ol>\n");
}

void report_html(const struct report *r, struct buf *out)
{
	struct buf faults;

	struct fold fold = { "more causes and findings", r->cause_count, CAUSES_OPEN, 0, false };

	put_head(r, out);
	for (size_t i = 0; i < r->cause_count; i++) {
		fold_next(&fold, out);
		put_cause(r, &r->causes[i], out);
	}
	fold_end(&fold, out);
	put_launch(r, out);
	put_steps(r, out);
	put_split(r, out);
	put_keys(r, out);
	put_senders(r, out);
	put_chart(r, out);
	put_exchanges(r, out);
	put_coverage(r, out);
	buf_init(&faults, LIMIT_LINE);
	say_faults(r->log, "", &faults);
	if (faults.n) {
		say(out, "<h2>Lines that could not be read</h2><pre>");
		html_slice(out, buf_slice(&faults));
		say(out, "</pre>");
	}
	buf_release(&faults);
	html_end(out);
}
