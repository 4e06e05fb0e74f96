/* SPDX-License-Identifier: MIT */
#include "report/text.h"

#include <stdio.h>
#include <string.h>

#include "report/echo.h"
#include "report/paragraph.h"
#include "report/field_display.h"

enum {
	SHOWN_SHORT = 128,       /* bytes shown of a host, path, method */
	SHOWN_ANSWER = 400,      /* of the server's message */
	REPEATED_FIELDS_MAX = 4, /* of one name shown below each other */
};

/* Columns at which a broken line goes on: below what its label is about. */
enum { VERDICT_INDENT = 8, TITLE_INDENT = 4, WHERE_INDENT = 6, SOURCE_INDENT = 8 };

/* One block being written. */
struct text_block {
	struct buf *out;
	const struct text_style *style;
	const struct origin *origin;
	const struct diagnosis *d;
	struct buf scratch; /* one piece at a time */
	bool failed;
};

static void put(struct text_block *b, const char *text)
{
	if (!b->failed && buf_add(b->out, text, strlen(text)) != 0)
		b->failed = true;
}

static void put_slice(struct text_block *b, struct slice s)
{
	if (!b->failed && buf_add(b->out, s.p, s.n) != 0)
		b->failed = true;
}

/* Bytes from the wire. */
static void put_wire(struct text_block *b, struct slice s, size_t max)
{
	buf_reset(&b->scratch);
	mask_text(&b->scratch, s, max);
	put_slice(b, buf_slice(&b->scratch));
}

static void put_number(struct text_block *b, long long n)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%lld", n);
	put(b, digits);
}

/* ECMA-48 SGR: bold red, bold yellow, bold cyan. */
static const char severity_colour[][8] = { "", "\033[1;36m", "\033[1;33m", "\033[1;31m" };

static void put_coloured(struct text_block *b, const char *colour, const char *text)
{
	if (b->style->colour)
		put(b, colour);
	put(b, text);
	if (b->style->colour)
		put(b, "\033[0m");
}

static void put_paragraph(struct text_block *b, const char *label, struct slice text)
{
	struct paragraph p = { .to = b->out, .width = b->style->width, .failed = b->failed };

	paragraph_add(&p, label, text);
	b->failed = p.failed;
}

/* End the line that begins at START; it is broken where it does not fit. */
static void end_line(struct text_block *b, size_t start, size_t indent)
{
	struct paragraph p = { .to = b->out, .width = b->style->width, .failed = b->failed };

	paragraph_fold(&p, start, indent);
	b->failed = p.failed;
	put(b, "\n");
}

static void block_init(struct text_block *b, struct buf *out, const struct text_style *style,
		       const struct origin *o, const struct diagnosis *d)
{
	*b = (struct text_block){ .out = out, .style = style, .origin = o, .d = d };
	buf_init(&b->scratch, LIMIT_BLOCK);
}

/* All of the block, or OUT is as long as before. */
static int block_end(struct text_block *b, size_t start)
{
	buf_release(&b->scratch);
	if (b->failed)
		b->out->n = start;
	return b->failed ? -1 : 0;
}

static const char *refusal_words(enum refused_by r)
{
	static const char *const words[] = {
		[REFUSED_NOT] = "",
		[REFUSED_openrouter_auth] = "refused by OpenRouter's key check",
		[REFUSED_openrouter_quota] = "refused by OpenRouter for credits or limits",
		[REFUSED_openrouter_policy] = "refused by OpenRouter's policy check",
		[REFUSED_openrouter_routing] = "OpenRouter found no endpoint for it",
		[REFUSED_openrouter_request] = "refused by OpenRouter as a request",
		[REFUSED_upstream] = "refused by the provider behind it",
		[REFUSED_vendor] = "refused by the API",
		[REFUSED_edge] = "refused by a web server or firewall in front of the API",
		[REFUSED_local_gateway] = "refused by a gateway in between",
		[REFUSED_gateway] = "refused by a gateway, before the API was asked",
		[REFUSED_client] = "nothing was sent",
		[REFUSED_nobody] = "refused by an unknown server",
	};
	return words[r];
}

const char *text_refusal(const char *refused_by)
{
	for (int r = REFUSED_NOT + 1; r <= REFUSED_nobody; r++)
		if (strcmp(refused_by_name((enum refused_by)r), refused_by) == 0)
			return refusal_words((enum refused_by)r);
	return NULL;
}

/* "  [account/auth]" */
static void put_category(struct text_block *b, enum category c)
{
	const char *name = category_name(c);

	if (!name)
		return;
	put(b, "  [");
	for (; *name; name++)
		put(b, *name == '_' ? "/" : (char[]){ *name, 0 });
	put(b, "]");
}

static struct slice host_of(const struct exchange *x)
{
	return x->host.p ? x->host : x->sni;
}

static void put_host(struct text_block *b, struct slice host)
{
	if (host.n)
		put_wire(b, host, SHOWN_SHORT);
	else
		put(b, "an unnamed host");
}

static size_t count_severity(const struct diagnosis *d, enum severity s)
{
	size_t n = 0;

	for (size_t i = 0; i < d->count; i++)
		n += d->findings[i].severity == s;
	return n;
}

static void put_counted(struct text_block *b, size_t n, const char *what, bool *first)
{
	if (n == 0)
		return;
	if (!*first)
		put(b, ", ");
	*first = false;
	put_number(b, (long long)n);
	put(b, " ");
	put(b, what);
	put(b, n > 1 ? "s" : "");
}

/* Nothing was refused: how much was found. */
static void put_tally(struct text_block *b)
{
	bool first = true;

	put_counted(b, count_severity(b->d, SEVERITY_ERROR), "error", &first);
	put_counted(b, count_severity(b->d, SEVERITY_WARNING), "warning", &first);
	put_counted(b, count_severity(b->d, SEVERITY_NOTE), "note", &first);
}

static void put_verdict_words(struct text_block *b)
{
	const struct check_input *e = &b->d->input;
	const struct verdict *v = &b->d->verdict;

	if (v->refused_by == REFUSED_nobody && e->answer.answered) {
		put(b, ", answer not whole");
		return;
	}
	put(b, ", ");
	if (v->refused_by == REFUSED_vendor && e->vendor) {
		put(b, "refused by ");
		put(b, e->vendor->title);
	} else if (v->refused_by == REFUSED_upstream && e->answer.about == REFUSAL_UNAVAILABLE) {
		put(b, "failed at the provider behind it");
	} else {
		put(b, refusal_words(v->refused_by));
	}
	if (v->refused_by == REFUSED_upstream && e->answer.provider_name.n) {
		put(b, ", ");
		put_wire(b, e->answer.provider_name, SHOWN_SHORT);
	}
}

static void put_verdict(struct text_block *b)
{
	const struct check_input *e = &b->d->input;
	const struct verdict *v = &b->d->verdict;
	size_t start = b->out->n;

	put_coloured(b, "\033[1m", "orshim: ");
	if (e->x->response.status) {
		put_number(b, e->x->response.status);
		put(b, " from ");
	} else {
		put(b, v->refused_by == REFUSED_NOT ? "request to " : "no answer from ");
	}
	put_host(b, host_of(e->x));
	if (v->refused_by == REFUSED_NOT) {
		put(b, ", ");
		put_tally(b);
	} else if (e->x->response.status) {
		put_verdict_words(b);
	}
	put_category(b, v->category);
	end_line(b, start, VERDICT_INDENT);
}

/* "node[4711]", and which of its processes it is: "code[4711] --type=extensionHost" */
static void put_process(struct text_block *b, const struct origin *o)
{
	put_wire(b, slice_of(o->tool ? o->tool : ""), SHOWN_SHORT);
	put(b, "[");
	put_number(b, o->pid);
	put(b, "]");
	if (o->role) {
		put(b, " ");
		put(b, o->role);
	}
}

/* "  --> node[4711] POST https://openrouter.ai/api/v1/chat/completions  (exchange 3)" */
static void put_where(struct text_block *b)
{
	const struct exchange *x = b->d->input.x;
	const struct origin *o = b->origin;
	size_t start = b->out->n;

	put(b, "  --> ");
	if (o->tool && o->tool[0] && o->pid) {
		put_process(b, o);
		put(b, " ");
	}
	put_wire(b, x->request.method, SHOWN_SHORT);
	put(b, " https://");
	put_host(b, host_of(x));
	if (x->port && x->port != 443) {
		put(b, ":");
		put_number(b, x->port);
	}
	put_wire(b, x->path, LIMIT_SHOWN_VALUE);
	put(b, x->query.n ? "?..." : "");
	put(b, "  (exchange ");
	put_number(b, o->exchange ? (long long)o->exchange : x->seq);
	put(b, ")");
	end_line(b, start, WHERE_INDENT);
}

static void put_spaces(struct text_block *b, size_t n)
{
	for (size_t i = 0; i < n && !b->failed; i++)
		put(b, " ");
}

/* The carets below VALUE, whose first column is COLUMN of the line. */
static void put_carets(struct text_block *b, const struct field *f, const struct detail *at,
		       size_t column)
{
	struct slice shown = buf_slice(&b->scratch);

	if (at->offset < 0 || (size_t)at->offset > f->value.n)
		return;
	size_t first = display_column(f->value, shown, (size_t)at->offset);
	put_spaces(b, column + first);
	put_coloured(b, severity_colour[SEVERITY_ERROR], "^");
	if (at->offset_end > at->offset && (size_t)at->offset_end <= f->value.n) {
		size_t second = display_column(f->value, shown, (size_t)at->offset_end);
		if (second > first) {
			put_spaces(b, second - first - 1);
			put_coloured(b, severity_colour[SEVERITY_ERROR], "^");
		}
	}
	put(b, "\n");
}

static void put_field(struct text_block *b, const struct field *f, const struct detail *at)
{
	size_t start = b->out->n;

	put(b, "      ");
	put_wire(b, f->name, SHOWN_SHORT);
	put(b, ": ");
	size_t column = columns_of(slice_from(buf_slice(b->out), start));
	buf_reset(&b->scratch);
	field_show(&b->scratch, f, LIMIT_SHOWN_VALUE);
	put_slice(b, buf_slice(&b->scratch));
	put(b, "\n");
	if (at)
		put_carets(b, f, at, column);
}

/* The header lines that a finding is about; its offsets count in the first. */
static void put_fields(struct text_block *b, const struct detail *detail)
{
	const struct message *m = &b->d->input.x->request;

	if (!detail->header[0] || detail->in_body)
		return;
	for (size_t i = 0; i < REPEATED_FIELDS_MAX; i++) {
		const struct field *f = message_field(m, detail->header, i);
		if (!f)
			return;
		put_field(b, f, i == 0 ? detail : NULL);
	}
}

static void put_title(struct text_block *b, enum rule_id rule, enum severity severity)
{
	char head[96];
	size_t start = b->out->n;

	snprintf(head, sizeof(head), "%s[%s]:", severity_name(severity), rules[rule].id);
	put_coloured(b, severity_colour[severity], head);
	put(b, " ");
	put(b, rules[rule].title);
	end_line(b, start, TITLE_INDENT);
}

/* The first one in full; the others without the reason, which `orshim explain` has. */
static void put_finding(struct text_block *b, const struct finding *f, bool first)
{
	put_title(b, f->rule, f->severity);
	if (first)
		put_where(b);
	put_fields(b, &f->detail);
	if (f->detail.text[0])
		put_paragraph(b, "  seen: ", slice_of(f->detail.text));
	if (first)
		put_paragraph(b, "  why: ", slice_of(finding_why(f)));
	if (first || f->severity > SEVERITY_NOTE)
		put_paragraph(b, "  fix: ", slice_of(finding_fix(f)));
}

/* "./.env line 1 (the quotation marks are in the file)" */
static void put_place(struct text_block *b, const struct found_key *key)
{
	put_wire(b, key->file, LIMIT_SHOWN_VALUE);
	put(b, " line ");
	put_number(b, key->line);
	if (!key->note.n)
		return;
	put(b, " (");
	put_wire(b, key->note, SHOWN_SHORT);
	put(b, ")");
}

static void put_names(struct text_block *b, const struct slice *names, size_t count)
{
	put(b, count > 1 ? "environment variables " : "environment variable ");
	for (size_t i = 0; i < count; i++) {
		put(b, i ? ", " : "");
		put_wire(b, names[i], SHOWN_SHORT);
	}
	put(b, " of this process");
}

/* Where the key came from. */
static void put_source(struct text_block *b)
{
	const struct check_input *e = &b->d->input;
	size_t start = b->out->n;
	struct found_key key;
	size_t n = 0;

	if (e->source_count) {
		put(b, "  from: ");
		put_names(b, e->sources, e->source_count);
	}
	for (size_t at = 0;
	     n < LIMIT_FOUND_SHOWN && found_next_of(e->found, e->fingerprint, &at, &key); n++) {
		put(b, n ? ", " : e->source_count ? "; the same key: " : "  from: ");
		put_place(b, &key);
	}
	if (n || e->source_count)
		end_line(b, start, SOURCE_INDENT);
}

/* Where the destination came from. */
static void put_base_source(struct text_block *b)
{
	const struct check_input *e = &b->d->input;
	size_t start = b->out->n;
	struct found_key key;
	size_t n = 0;

	if (e->base_source_count == 0)
		return;
	put(b, "  base URL: ");
	put_names(b, e->base_sources, e->base_source_count);
	for (size_t at = 0;
	     n < LIMIT_FOUND_SHOWN && found_next_base(e->found, e->x->host, &at, &key); n++) {
		put(b, n ? ", " : "; ");
		put_place(b, &key);
	}
	end_line(b, start, SOURCE_INDENT);
}

/* The finding about the answer that is not printed in full but explains the answer's text. */
static const struct finding *answer_finding(const struct diagnosis *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (rules[d->findings[i].rule].line == LINE_ANSWER &&
		    d->findings[i].rule != d->verdict.cause)
			return &d->findings[i];
	return NULL;
}

static void add_quoted(struct buf *line, const char *before, struct slice text)
{
	buf_add_some(line, before, strlen(before));
	buf_add_some(line, "\"", 1);
	mask_text(line, text, SHOWN_ANSWER);
	buf_add_some(line, "\"", 1);
}

/* Is TEXT in MEANING, or in the detail of the cause? */
static bool is_quoted(const struct diagnosis *d, const char *meaning, struct slice text)
{
	return slice_has(slice_of(meaning), text) ||
	       (d->count && d->findings[0].rule == d->verdict.cause &&
		slice_has(slice_of(d->findings[0].detail.text), text));
}

/* The server's words and their meaning; not twice, if the meaning quotes them. */
static void put_answer(struct text_block *b)
{
	const struct answer *a = &b->d->input.answer;
	const struct finding *about = answer_finding(b->d);
	const char *meaning = "";
	struct buf line;

	if (!a->failed)
		return;
	if (about)
		meaning = about->detail.text[0] ? about->detail.text : rules[about->rule].title;
	buf_init(&line, LIMIT_BLOCK);
	bool page = a->html && !a->error;
	if (page)
		buf_add_some(&line, "a web page", 10);
	if (a->message.n && !is_quoted(b->d, meaning, a->message))
		add_quoted(&line, page ? " titled " : "", a->message);
	else if (a->answered && !a->message.n && b->d->input.x->response.body.total == 0)
		buf_add_some(&line, "no words, only the status", 25);
	if (a->raw_message.n && !slice_equal(a->raw_message, a->message) &&
	    !is_quoted(b->d, meaning, a->raw_message))
		add_quoted(&line, line.n ? ", inside it " : "", a->raw_message);
	unsigned long long status;
	if (slice_number(slice_of(meaning), &status)) /* it is in the verdict line */
		meaning = "";
	if (line.n && meaning[0])
		buf_add_some(&line, " \xe2\x80\x94 ", 5);
	buf_add_some(&line, meaning, strlen(meaning));
	if (line.n)
		put_paragraph(b, "  answer: ", buf_slice(&line));
	buf_release(&line);
}

/* Findings that the lines "from" and "answer" already have. */
static bool is_told_elsewhere(const struct diagnosis *d, const struct finding *f)
{
	enum rule_line line = rules[f->rule].line;

	if (f->rule == d->verdict.cause)
		return false;
	return line == LINE_FROM || line == LINE_SENT || f == answer_finding(d);
}

/* The credential as it was sent, where nothing is wrong with it. */
static void put_sent(struct text_block *b)
{
	for (size_t i = 0; i < b->d->count; i++)
		if (rules[b->d->findings[i].rule].line == LINE_SENT &&
		    b->d->findings[i].rule != b->d->verdict.cause)
			put_paragraph(b, "  sent: ", slice_of(b->d->findings[i].detail.text));
}

static bool has_something_to_say(const struct diagnosis *d)
{
	if (d->verdict.refused_by != REFUSED_NOT)
		return true;
	for (size_t i = 0; i < d->count; i++)
		if (d->findings[i].severity >= SEVERITY_WARNING || d->input.lint)
			return true;
	return false;
}

int text_diagnosis(struct buf *out, const struct text_style *style, const struct origin *o,
		   const struct diagnosis *d)
{
	struct text_block b;
	size_t start = out->n;
	bool first = true;

	if (!has_something_to_say(d))
		return 0;
	block_init(&b, out, style, o, d);
	put_verdict(&b);
	for (size_t i = 0; i < d->count; i++) {
		if (is_told_elsewhere(d, &d->findings[i]))
			continue;
		put_finding(&b, &d->findings[i], first);
		first = false;
	}
	if (first)
		put_where(&b);
	put_sent(&b);
	put_source(&b);
	put_base_source(&b);
	put_answer(&b);
	if (block_end(&b, start) != 0)
		return -1;
	if (out->n > start)
		scrub_echo(&d->input, out->p + start, out->n - start);
	return 0;
}

int text_again(struct buf *out, const struct text_style *style, const struct origin *o,
	       const struct diagnosis *d, enum rule_id cause, unsigned times)
{
	const struct check_input *e = &d->input;
	struct text_block b;
	size_t start = out->n;

	block_init(&b, out, style, o, d);
	put_coloured(&b, "\033[1m", "orshim: ");
	if (e->x->response.status) {
		put_number(&b, e->x->response.status);
		put(&b, " from ");
	} else {
		put(&b, "no answer from ");
	}
	put_host(&b, host_of(e->x));
	put(&b, " again, ");
	put_number(&b, times);
	put(&b, " times now: ");
	put(&b, rules[cause].id);
	if (e->shown[0])
		put(&b, ", with the same key ");
	else if (e->credentials.absent)
		put(&b, ", without a key");
	put(&b, e->shown);
	end_line(&b, start, VERDICT_INDENT);
	put_where(&b);
	if (block_end(&b, start) != 0)
		return -1;
	scrub_echo(e, out->p + start, out->n - start);
	return 0;
}

/* Findings without an exchange: what was seen of each, a rule's why and fix once. */
static void put_findings(struct text_block *b, const struct finding *findings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct finding *f = &findings[i];
		if (i == 0 || f->rule != f[-1].rule)
			put_title(b, f->rule, f->severity);
		if (f->detail.text[0])
			put_paragraph(b, "  seen: ", slice_of(f->detail.text));
		if (i + 1 < count && f[1].rule == f->rule)
			continue;
		put_paragraph(b, "  why: ", slice_of(finding_why(f)));
		put_paragraph(b, "  fix: ", slice_of(finding_fix(f)));
	}
}

int text_connection(struct buf *out, const struct text_style *style, const struct origin *o,
		    const struct connection_record *c)
{
	struct text_block b;
	size_t start = out->n;

	block_init(&b, out, style, o, NULL);
	put_coloured(&b, "\033[1m", "orshim: ");
	put_process(&b, o);
	put(&b, ", connection ");
	put_number(&b, c->number);
	put(&b, " to ");
	put_host(&b, c->host);
	put_category(&b, rules[c->findings[0].rule].category);
	end_line(&b, start, VERDICT_INDENT);
	put_findings(&b, c->findings, c->count);
	return block_end(&b, start);
}

int text_launch(struct buf *out, const struct text_style *style, const char *tool,
		const struct finding *findings, size_t count)
{
	struct text_block b;
	size_t start = out->n;

	block_init(&b, out, style, NULL, NULL);
	put_coloured(&b, "\033[1m", "orshim: ");
	put(&b, "before ");
	put_wire(&b, slice_of(tool), SHOWN_SHORT);
	put(&b, " starts");
	put_category(&b, rules[findings[0].rule].category);
	end_line(&b, start, VERDICT_INDENT);
	put_findings(&b, findings, count);
	return block_end(&b, start);
}

int text_rule(struct buf *out, const struct text_style *style, enum rule_id rule)
{
	const struct rule *r = &rules[rule];
	struct text_block b;
	size_t start = out->n;

	block_init(&b, out, style, NULL, NULL);
	put_title(&b, rule, r->severity);
	put(&b, "  ");
	put(&b, certainty_name(r->certainty));
	put_category(&b, r->category);
	put(&b, "\n");
	put_paragraph(&b, "  why:     ", slice_of(rule_text(r)->why));
	put_paragraph(&b, "  fix:     ", slice_of(rule_text(r)->fix));
	put_paragraph(&b, "  example: ", slice_of(rule_text(r)->example));
	put_paragraph(&b, "  sources: ", slice_of(rule_text(r)->sources));
	return block_end(&b, start);
}
