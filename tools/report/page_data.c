/* SPDX-License-Identifier: MIT */
#include "tools/report/page_data.h"

#include <stdlib.h>
#include <string.h>

#include "report/json_out.h"
#include "tools/command.h"
#include "tools/diff.h"
#include "tools/log/log_row.h"
#include "tools/report/curl_command.h"
#include "tools/report/pool.h"

enum {
	KINDS_MAX = 64,      /* of requests for which one that succeeded is known */
	MEMBERS_MAX = 48,    /* of a body's outline */
	CURL_MAX = 24 << 20, /* bytes of all commands; later ones are left out */
	MEMBER_NAME_MAX = 64,
};

/* Requests of one kind, and the newest of them that succeeded. */
struct kind {
	const struct log_row *example;
	const struct log_row *good;
};

struct page {
	const struct report *r;
	struct pool *pool;
	struct buf piece;  /* that is being made */
	struct json_out j; /* into PIECE */
	struct buf words;
	struct kind kinds[KINDS_MAX];
	size_t kind_count;
	const struct log_row *good; /* whose record is GOOD_RECORD */
	cJSON *good_record;
	struct diff *diff;
	size_t curl_room;
	size_t kept, total;
	bool any;
};

static void begin(struct page *p)
{
	buf_reset(&p->piece);
	json_out_init(&p->j, &p->piece);
	json_array(&p->j, NULL);
}

static unsigned end(struct page *p)
{
	json_array_end(&p->j);
	if (!json_out_ok(&p->j))
		die("report: an exchange does not fit into the page");
	return pool_json(p->pool, buf_slice(&p->piece));
}

static void text(struct page *p, const char *s)
{
	json_text(&p->j, NULL, s);
}

/* What is in WORDS, or null if nothing is. */
static void words(struct page *p)
{
	json_slice(&p->j, NULL, p->words.n ? buf_slice(&p->words) : (struct slice){ NULL, 0 });
	buf_reset(&p->words);
}

/* Text of the record, not yet redacted. */
static void wire(struct page *p, const char *s)
{
	if (s)
		mask_text(&p->words, slice_of(s), LIMIT_SHOWN_MESSAGE);
	if (s && p->words.n == 0)
		text(p, "");
	else
		words(p);
}

static unsigned where(struct page *p, const struct log_row *row)
{
	begin(p);
	text(p, row->method);
	text(p, row->host);
	json_number(&p->j, NULL, row->port);
	text(p, row->path);
	text(p, row->http);
	return end(p);
}

static unsigned who(struct page *p, const struct log_row *row)
{
	begin(p);
	text(p, row->tool);
	json_number(&p->j, NULL, row->pid);
	row_process_words(row, &p->words);
	words(p);
	text(p, row->client);
	text(p, row->client_by);
	text(p, row->tool_version);
	text(p, row->machine);
	text(p, row->container);
	text(p, row->boot);
	text(p, row->ci);
	text(p, row->orshim);
	return end(p);
}

static unsigned auth(struct page *p, const struct log_row *row, const cJSON *record)
{

	if (!row->carrier && !row->key && !row->token)
		return 0;
	begin(p);
	text(p, row->carrier);
	text(p, row->scheme);
	text(p, row->token);
	json_number(&p->j, NULL, log_number(log_member(record, "auth"), "length", -1));
	text(p, row->key);
	origin_words(p->r->log, row, &p->words);
	words(p);
	base_words(p->r->log, row, &p->words);
	words(p);
	return end(p);
}

static unsigned verdict(struct page *p, const struct log_row *row)
{
	enum rule_id rule = row->cause ? rule_find(slice_of(row->cause)) : RULE_NONE;

	if (!row_failed(row))
		return 0;
	begin(p);
	text(p, row->refused_by);
	refuser_words(row, &p->words);
	words(p);
	text(p, row->category);
	text(p, row->cause);
	text(p, rule != RULE_NONE ? rules[rule].title : NULL);
	return end(p);
}

static unsigned headers(struct page *p, const cJSON *message)
{
	const cJSON *pair;
	struct json_out j;

	if (!cJSON_IsObject(message))
		return 0;
	buf_reset(&p->piece);
	json_out_init(&j, &p->piece);
	json_array(&j, NULL);
	cJSON_ArrayForEach(pair, log_member(message, "headers"))
	{
		const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
		const char *value = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1));
		json_number(&j, NULL, pool_wire(p->pool, name ? name : ""));
		json_number(&j, NULL, pool_wire(p->pool, value));
	}
	json_array_end(&j);
	if (!json_out_ok(&j))
		die("report: an exchange does not fit into the page");
	return pool_json(p->pool, buf_slice(&p->piece));
}

/* The scalar members of OBJECT by name and value, those of an object in it as "outer.inner". */
static void members(struct page *p, const cJSON *object, const char *before, int *room)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, object)
	{
		char name[MEMBER_NAME_MAX];
		if (!m->string || *room <= 0)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", before, *before ? "." : "", m->string);
		if (cJSON_IsObject(m) && !*before) {
			members(p, m, m->string, room);
			continue;
		}
		if (!cJSON_IsString(m) && !cJSON_IsNumber(m) && !cJSON_IsBool(m))
			continue;
		--*room;
		wire(p, name);
		if (cJSON_IsString(m))
			wire(p, m->valuestring);
		else if (cJSON_IsBool(m))
			json_bool(&p->j, NULL, cJSON_IsTrue(m));
		else if (m->valuedouble > -9e15 && m->valuedouble < 9e15)
			json_number(&p->j, NULL, (int64_t)m->valuedouble);
		else
			json_null(&p->j, NULL);
	}
}

static unsigned outline(struct page *p, const cJSON *object)
{
	int room = MEMBERS_MAX;

	if (!cJSON_IsObject(object))
		return 0;
	begin(p);
	members(p, object, "", &room);
	return end(p);
}

static unsigned finding(struct page *p, const struct log_finding *f, const cJSON *record)
{
	enum rule_id rule = rule_find(slice_of(f->rule));
	bool known = rule != RULE_NONE;
	struct shown_field field;

	begin(p);
	text(p, f->rule);
	text(p, severity_name(f->severity));
	text(p, known ? rules[rule].title : NULL);
	text(p, f->detail && *f->detail ? f->detail : NULL);
	text(p, f->why ? f->why : known ? rule_texts[rule].why : NULL);
	text(p, f->fix ? f->fix : known ? rule_texts[rule].fix : NULL);
	if (record && shown_field_of(&field, record, finding_named(record, f->rule))) {
		text(p, field.text);
		json_number(&p->j, NULL, field.caret);
		json_number(&p->j, NULL, field.caret_end);
	}
	return end(p);
}

static unsigned findings(struct page *p, const struct log_row *row, const cJSON *record)
{
	unsigned numbers[64];
	size_t count = row->finding_count < 64 ? row->finding_count : 64;

	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		numbers[i] = finding(p, &p->r->log->findings[row->findings + i], record);
	begin(p);
	for (size_t i = 0; i < count; i++)
		json_number(&p->j, NULL, numbers[i]);
	return end(p);
}

static unsigned curl(struct page *p, const struct log_row *row, const cJSON *record)
{
	struct curl_command command = { 0 };

	if (!record || p->curl_room < LIMIT_LINE)
		return 0;
	struct buf out;
	buf_init(&out, 1 << 20);
	curl_command(&command, row, record, &out);
	if (buf_add(&out, "", 1) != 0)
		die("out of memory");
	unsigned number = pool_text(p->pool, out.p);
	p->curl_room -= out.n;
	buf_release(&out);
	return number;
}

static struct kind *kind_of(struct page *p, const struct log_row *row)
{
	for (size_t i = 0; i < p->kind_count; i++)
		if (rows_are_alike(p->kinds[i].example, row))
			return &p->kinds[i];
	if (p->kind_count == KINDS_MAX)
		return NULL;
	p->kinds[p->kind_count] = (struct kind){ .example = row };
	return &p->kinds[p->kind_count++];
}

static void part(struct page *p, const struct difference *x, bool of_another)
{
	json_array(&p->j, NULL);
	text(p, x->what);
	text(p, x->a);
	text(p, x->b);
	json_number(&p->j, NULL, x->rank == RANK_NOISE);
	json_number(&p->j, NULL, of_another);
	json_array_end(&p->j);
}

/* The differences that `orshim diff` finds between ROW and GOOD. */
static unsigned differences(struct page *p, const struct log_row *good, const cJSON *record)
{
	if (good != p->good) {
		cJSON_Delete(p->good_record);
		p->good_record = log_record(p->r->log, good);
		p->good = good;
	}
	if (!p->good_record || !record)
		return 0;
	diff_requests(p->diff, p->good_record, record);
	begin(p);
	for (size_t i = 0; i < p->diff->count; i++) {
		part(p, &p->diff->all[i], false);
		for (size_t k = 0; p->diff->all[i].has_parts && k < p->diff->part_count; k++)
			part(p, &p->diff->parts[k], true);
	}
	return end(p);
}

static int64_t time_of(const struct log_row *row)
{
	return row->time_us < 0 ? -1 : row->time_us / 1000;
}

static void put_row(struct page *p, const struct log_row *row, int64_t start, struct buf *out)
{
	cJSON *record = log_record(p->r->log, row);
	const cJSON *request = log_member(record, "request"),
		    *response = log_member(record, "response");
	const struct log_row *good = NULL;
	int64_t c[PAGE_COLUMNS] = { 0 };

	c[PAGE_FILE] = row->file;
	c[PAGE_NUMBER] = row->number;
	c[PAGE_TIME] = time_of(row) < 0 ? -1 : time_of(row) - start;
	c[PAGE_MS] = row->ms;
	c[PAGE_STATUS] = row->status;
	c[PAGE_FLAGS] = (row_failed(row) ? PAGE_FAILED : 0) | (row->probe ? PAGE_PROBE : 0) |
			(record ? 0 : PAGE_CHANGED) | (row->retry.n ? PAGE_RETRY : 0);
	c[PAGE_WHERE] = where(p, row);
	c[PAGE_WHO] = who(p, row);
	c[PAGE_MODEL] = pool_text(p->pool, row->model);
	c[PAGE_AUTH] = auth(p, row, record);
	c[PAGE_VERDICT] = verdict(p, row);
	c[PAGE_PROVIDER] = pool_text(p->pool, row->provider);
	c[PAGE_REQUEST] = headers(p, request);
	c[PAGE_BODY] = outline(p, log_member(request, "body"));
	c[PAGE_RESPONSE] = headers(p, response);
	c[PAGE_ANSWER] = outline(p, response);
	c[PAGE_FINDINGS] = findings(p, row, record);
	c[PAGE_CONNECTION] = row->conn;
	c[PAGE_CURL] = curl(p, row, record);
	struct kind *kind = row_failed(row) && !row->probe ? kind_of(p, row) : NULL;
	good = kind ? kind->good : NULL;
	if (good) {
		c[PAGE_GOOD_FILE] = good->file;
		c[PAGE_GOOD_NUMBER] = good->number;
		c[PAGE_DIFFERENCES] = differences(p, good, record);
	}
	struct json_out j;
	json_out_init(&j, out);
	json_put_word(&j, p->any ? SLICE(",\n") : SLICE(""));
	json_array(&j, NULL);
	for (int i = 0; i < PAGE_COLUMNS; i++)
		json_number(&j, NULL, c[i]);
	json_array_end(&j);
	if (!json_out_ok(&j))
		die("report: the page does not fit into %d bytes", REPORT_MAX);
	p->any = true;
	cJSON_Delete(record);
}

static bool worked(const struct log_row *row)
{
	return row_is_request(row) && !row_is_public(row) && !row_failed(row) &&
	       row->status >= 200 && row->status < 300;
}

/* A request that failed before any succeeded is compared with the first success. */
static void find_first_good(struct page *p)
{
	for (size_t i = 0; i < p->r->log->count; i++) {
		const struct log_row *row = &p->r->log->rows[i];
		struct kind *kind = worked(row) ? kind_of(p, row) : NULL;
		if (kind && !kind->good)
			kind->good = row;
	}
}

static void put_rows(struct page *p, int64_t start, struct buf *out)
{
	const struct log *l = p->r->log;

	p->total = p->r->all_exchanges;
	for (size_t i = 0; i < l->count; i++) {
		const struct log_row *row = &l->rows[i];
		if (row->kind != LOG_EXCHANGE)
			continue;
		struct kind *kind = worked(row) ? kind_of(p, row) : NULL;
		if (kind)
			kind->good = row;
		put_row(p, row, start, out);
		p->kept++;
	}
}

static int64_t start_of(const struct log *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->rows[i].kind == LOG_EXCHANGE && l->rows[i].time_us >= 0)
			return time_of(&l->rows[i]);
	return -1;
}

/* The members whose size does not depend on the log's length. */
static void put_head(const struct page *p, int64_t start, struct buf *out)
{
	struct json_out j;
	struct buf head;

	buf_init(&head, REPORT_MAX);
	json_out_init(&j, &head);
	json_object(&j, NULL);
	if (start < 0)
		json_null(&j, "start");
	else
		json_number(&j, "start", start);
	json_array(&j, "files");
	for (size_t i = 0; i < p->r->log->file_count; i++)
		json_text(&j, NULL, p->r->log->files[i].path);
	json_array_end(&j);
	json_array(&j, "causes");
	for (size_t i = 0; i < p->r->cause_count; i++) {
		const struct cause *c = &p->r->causes[i];
		json_array(&j, NULL);
		json_text(&j, NULL, c->id);
		json_text(&j, NULL, cause_title(c));
		json_text(&j, NULL, severity_name(c->severity));
		json_array_end(&j);
	}
	json_array_end(&j);
	if (!json_out_ok(&j))
		die("report: the page does not fit into %d bytes", REPORT_MAX);
	put_inert(out, buf_slice(&head));
	buf_release(&head);
}

void page_data(const struct report *r, struct buf *out)
{
	struct page *p = calloc(1, sizeof(*p));
	int64_t start = start_of(r->log);

	if (!p)
		die("out of memory");
	p->r = r;
	p->pool = pool_new();
	p->curl_room = CURL_MAX;
	p->diff = malloc(sizeof(*p->diff));
	if (!p->diff)
		die("out of memory");
	buf_init(&p->piece, 16 * LIMIT_LINE);
	buf_init(&p->words, LIMIT_LINE);
	find_first_good(p);
	put_head(p, start, out);
	say(out, ",\n\"rows\":[");
	put_rows(p, start < 0 ? 0 : start, out);
	say(out, "],\n\"pool\":");
	pool_put(p->pool, out);
	say(out, ",\n\"total\":%zu,\"kept\":%zu}\n", p->total, p->kept);
	cJSON_Delete(p->good_record);
	buf_release(&p->piece);
	buf_release(&p->words);
	pool_free(p->pool);
	free(p->diff);
	free(p);
}
