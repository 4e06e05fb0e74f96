/* SPDX-License-Identifier: MIT */
#include "tools/har/har_exchange.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "diagnose/token_text.h"
#include "tools/har/redacted.h"
#include "wire/generation.h"
#include "wire/message.h"
#include "wire/sse.h"

/* Offsets of a field in a head that still grows. */
struct line {
	size_t name, name_n, value, value_n;
	bool known;
};

struct reading {
	struct exchange *x;
	struct har_gaps *gaps;
	struct slice authority; /* ":authority", else the URL's; absent: none */
	bool has_host;
	struct line lines[LIMIT_FIELDS];
	size_t count;
};

static struct slice text_of(const cJSON *object, const char *name)
{
	return slice_of(
	    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name)));
}

static double number_of(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

/* "HTTP/2.0", "h2", "h3", "http/1.1", "unknown". HTTP/3 has the fields of HTTP/2. */
static enum http_version version_of(struct slice text)
{
	if (slice_has(text, SLICE("1.0")))
		return HTTP_1_0;
	if (text.n && (slice_has(text, SLICE("2")) || slice_has(text, SLICE("3"))))
		return HTTP_2;
	return HTTP_1_1;
}

static bool is_credential_field(struct slice name)
{
	static const struct slice names[] = { SLICE("authorization"), SLICE("x-api-key"),
					      SLICE("api-key"), SLICE("x-goog-api-key") };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal_nocase(name, names[i]))
			return true;
	return false;
}

static bool has_credential(const struct message *m)
{
	for (size_t i = 0; i < m->field_count; i++)
		if (is_credential_field(m->fields[i].name))
			return true;
	return false;
}

/* Text that is decoded has U+FFFD in place of bytes that are none: then it is not what was sent. */
static bool is_lossy(struct slice text)
{
	return slice_has(text, SLICE("\xEF\xBF\xBD"));
}

static bool is_utf8(struct slice s)
{
	for (size_t i = 0; i < s.n;) {
		int n = (unsigned char)s.p[i] < 0x80 ? 1 : utf8_character(s, i, NULL);
		if (n < 1)
			return false;
		i += (size_t)n;
	}
	return true;
}

/*
 * Recorders read a header's bytes as Latin-1. Make the N bytes at P, UTF-8, those bytes again
 * if they are UTF-8 themselves; returns how many.
 */
static size_t undo_latin1(char *p, size_t n)
{
	struct slice text = { p, n };
	size_t bytes = 0;
	unsigned code;
	char *plain;

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] >= 0x80 && (utf8_character(text, i++, &code) != 2 || code > 0xff))
			return n;
	plain = malloc(n + 1);
	for (size_t i = 0; plain && i < n; i++) {
		code = (unsigned char)p[i];
		if (code >= 0x80)
			utf8_character(text, i++, &code);
		plain[bytes++] = (char)code;
	}
	if (plain && bytes < n && is_utf8((struct slice){ plain, bytes }))
		memcpy(p, plain, n = bytes);
	free(plain);
	return n;
}

/* Append a line to the head of M. -1: no room or no memory. */
static int add_line(struct reading *r, struct message *m, struct slice name, struct slice value)
{
	struct line *line = &r->lines[r->count];

	if (r->count == LIMIT_FIELDS) {
		m->fields_complete = false;
		return 0;
	}
	*line = (struct line){ .name = m->head.n, .name_n = name.n };
	if (buf_add_slice(&m->head, name) != 0 || buf_add(&m->head, ": ", 2) != 0)
		return -1;
	line->value = m->head.n;
	if (buf_add_slice(&m->head, value) != 0)
		return -1;
	line->value_n = value.n ? undo_latin1(m->head.p + line->value, value.n) : 0;
	m->head.n = line->value + line->value_n;
	value = slice_from(buf_slice(&m->head), line->value);
	line->known = !is_credential_field(name) || !(is_redacted(value) || is_lossy(value));
	r->gaps->redacted |= !line->known;
	if (buf_add(&m->head, "\r\n", 2) != 0)
		return -1;
	for (size_t i = 0; m->version == HTTP_2 && i < name.n; i++)
		m->head.p[line->name + i] = to_lower(m->head.p[line->name + i]);
	r->count++;
	return 0;
}

/*
 * One member of "headers"; Chrome writes fields of the same name as one, a line each. Of a
 * credential with a line break nobody can tell whether it was one or several.
 */
static int add_header(struct reading *r, struct message *m, const cJSON *header)
{
	struct slice name = text_of(header, "name"), rest = text_of(header, "value"), value;

	if (rest.n && slice_equal_nocase(name, SLICE(":authority")))
		r->authority = slice_trim(rest);
	if (!name.n || name.p[0] == ':')
		return 0;
	r->has_host |= slice_equal_nocase(name, SLICE("host"));
	if (!rest.n)
		return add_line(r, m, name, SLICE(""));
	if (is_credential_field(name) && slice_byte(rest, '\n', 0) >= 0)
		rest = SLICE("\xEF\xBF\xBD");
	while (slice_cut(&rest, '\n', &value)) {
		if (value.n && value.p[value.n - 1] == '\r')
			value.n--;
		if (add_line(r, m, name, slice_trim(value)) != 0)
			return -1;
	}
	return 0;
}

/* The head moves no more: make fields of the lines. */
static int make_fields(const struct reading *r, struct message *m)
{
	struct slice head = buf_slice(&m->head);

	for (size_t i = 0; i < r->count; i++) {
		const struct line *l = &r->lines[i];
		struct slice value = slice_sub(head, l->value, l->value_n);
		struct field f = { slice_sub(head, l->name, l->name_n), value, value, l->known };
		if (message_add_field(m, &f) != 0)
			return -1;
	}
	return 0;
}

/* Append FIRST, the start line or nothing, and all headers of MESSAGE to the head of M. */
static int read_head(struct reading *r, struct message *m, const cJSON *message)
{
	const cJSON *header;
	int failed = 0;

	r->count = 0;
	cJSON_ArrayForEach(header, cJSON_GetObjectItemCaseSensitive(message, "headers"))
		failed |= add_header(r, m, header);
	failed |= buf_add(&m->head, "\r\n", 2);
	m->head_complete = true;
	return failed ? -1 : make_fields(r, m);
}

/* Cut REST, a URL, into its authority and what follows; absent: it has none. */
static struct slice cut_authority(struct slice *rest)
{
	long mark = slice_find(*rest, SLICE("://"), 0);
	size_t end = 0;

	if (mark < 0)
		return (struct slice){ NULL, 0 };
	struct slice tail = slice_from(*rest, (size_t)mark + 3);
	while (end < tail.n && !strchr("/?#", tail.p[end]))
		end++;
	*rest = slice_from(tail, end);
	return slice_sub(tail, 0, end);
}

/* A query's key in place of which the recorder put something else is not taken over. */
static int add_target(struct reading *r, struct message *m, struct slice rest)
{
	struct slice piece;
	int failed = 0;
	char before = '?';

	slice_cut(&rest, '#', &piece);
	rest = piece;
	slice_cut(&rest, '?', &piece);
	if (!piece.n || piece.p[0] != '/')
		failed |= buf_add(&m->head, "/", 1);
	failed |= buf_add_slice(&m->head, piece);
	while (slice_cut(&rest, '&', &piece)) {
		struct slice value = slice_from(piece, (size_t)slice_byte(piece, '=', 0) + 1);
		if (is_redacted(value)) {
			r->gaps->redacted = true;
			m->fields_complete = false;
			continue;
		}
		failed |= buf_add(&m->head, &before, 1) | buf_add_slice(&m->head, piece);
		before = '&';
	}
	return failed;
}

static int64_t duration_us(double ms)
{
	return ms > 0 && ms < 1e9 ? (int64_t)(ms * 1000) : 0;
}

static int read_request(const struct har *h, struct reading *r, const cJSON *request)
{
	struct message *m = &r->x->request;
	struct slice method = text_of(request, "method");
	struct slice rest = text_of(request, "url");
	struct slice url = rest;
	size_t target;

	r->authority = cut_authority(&rest);
	r->x->plain = slice_starts_nocase(url, SLICE("http://"));
	if (!method.n || !r->authority.n)
		return -1;
	int failed = buf_add_slice(&m->head, method) | buf_add(&m->head, " ", 1);
	target = m->head.n;
	failed |= add_target(r, m, rest);
	size_t target_n = m->head.n - target;
	failed |= buf_add(&m->head, " HTTP/1.1\r\n", 11);
	if (failed || read_head(r, m, request) != 0)
		return -1;
	m->method = slice_sub(buf_slice(&m->head), 0, method.n);
	m->target = slice_sub(buf_slice(&m->head), target, target_n);
	r->x->memory = strndup(r->authority.p, r->authority.n);
	if (!r->x->memory)
		return -1;
	struct slice host = field_value(m, "host");
	exchange_set_address(r->x, host.n ? host : slice_of(r->x->memory));
	/* A request of HTTP/1 has a Host: these are not all fields that were sent. */
	if (h->sanitized || (m->version != HTTP_2 && !r->has_host))
		m->fields_complete = false;
	r->gaps->credential = !m->fields_complete && !has_credential(m);
	return 0;
}

/* Put the text of CONTENT into the body, at most MOST bytes. False without memory. */
static bool take_text(struct body *b, const cJSON *content, size_t most)
{
	struct slice text = text_of(content, "text");
	bool coded = slice_equal_nocase(text_of(content, "encoding"), SLICE("base64"));

	buf_init(&b->bytes, most);
	b->counted_only = !text.p || (!coded && is_lossy(text));
	if (!text.n)
		return true;
	char *decoded = coded ? malloc(text.n) : NULL;
	long n = decoded ? base64_decode(text, decoded, text.n) : -1;
	b->counted_only |= coded && n < 0;
	if (n >= 0)
		text = (struct slice){ decoded, (size_t)n };
	bool fits = buf_add_some(&b->bytes, text.p, text.n) == (text.n < most ? text.n : most);
	b->total = b->decoded = text.n;
	b->truncated = text.n > most;
	free(decoded);
	return fits;
}

static bool content_is_coded(const struct message *m)
{
	struct slice coding = field_value(m, "content-encoding");

	return coding.n && !slice_equal_nocase(coding, SLICE("identity"));
}

static bool read_body(struct reading *r, const cJSON *request)
{
	const cJSON *posted = cJSON_GetObjectItemCaseSensitive(request, "postData");
	struct message *m = &r->x->request;
	struct body *b = &m->body;
	unsigned long long length = 0;
	bool has_length = slice_number(field_value(m, "content-length"), &length);

	if (!take_text(b, posted, LIMIT_BODY_DEFAULT))
		return false;
	if (content_is_coded(m))
		b->coding = CODING_DECODED;
	b->complete = true;
	b->framing = b->total ? BODY_LENGTH : BODY_NONE;
	if (b->total == 0) { /* it had none only if it says so */
		bool none = has_length ? length == 0 : slice_equal(m->method, SLICE("GET"));
		b->counted_only = !none;
		b->total = none ? 0 : length;
	}
	r->gaps->body = b->counted_only;
	return true;
}

/* Feed the answer's text, a stream of events, to what reads them. */
static bool read_events(struct exchange *x)
{
	struct slice text = buf_slice(&x->response.body.bytes);
	struct sse *s = sse_new(&x->events);
	bool error = false;

	if (!s)
		return false;
	long taken = sse_take(s, text.p, text.n, &error);
	if (taken >= 0 && !error)
		sse_end(s);
	sse_free(s);
	return taken >= 0;
}

static bool read_response(struct reading *r, const cJSON *response)
{
	struct exchange *x = r->x;
	struct message *m = &x->response;
	double status = number_of(response, "status");

	x->end = END_CLOSED;
	buf_init(&m->body.bytes, LIMIT_ANSWER_BODY);
	if (status < 100 || status > 999) /* 0: no answer came */
		return true;
	m->status = (int)status;
	x->end = m->status == 101 ? END_SWITCHED : END_ANSWERED;
	if (buf_addf(&m->head, "HTTP/1.1 %d\r\n", m->status) != 0 ||
	    read_head(r, m, response) != 0)
		return false;
	if (!take_text(&m->body, cJSON_GetObjectItemCaseSensitive(response, "content"),
		       m->status >= 400 ? LIMIT_BODY_DEFAULT : LIMIT_ANSWER_BODY))
		return false;
	m->body.framing = BODY_UNTIL_END;
	m->body.complete = true;
	if (content_is_coded(m))
		m->body.coding = CODING_DECODED;
	if (m->status / 100 == 2 &&
	    slice_equal_nocase(message_media_type(m), SLICE("text/event-stream")))
		return read_events(x);
	return true;
}

static void set_times(struct exchange *x, const cJSON *entry, int64_t start_us)
{
	if (start_us < 0)
		return;
	int64_t end_us = start_us + duration_us(number_of(entry, "time"));
	x->request.first_us = x->request.last_us = start_us;
	if (x->response.status)
		x->response.first_us = x->response.last_us = end_us;
}

static bool read_entry(const struct har *h, struct reading *r, const cJSON *entry)
{
	const cJSON *request = cJSON_GetObjectItemCaseSensitive(entry, "request");
	const cJSON *response = cJSON_GetObjectItemCaseSensitive(entry, "response");
	struct slice version = text_of(request, "httpVersion");

	if (!version.n || slice_equal(version, SLICE("unknown")))
		version = text_of(response, "httpVersion");
	r->x->version = r->x->request.version = r->x->response.version = version_of(version);
	if (read_request(h, r, request) != 0 || !read_body(r, request))
		return false;
	return read_response(r, response);
}

struct exchange *har_exchange(const struct har *h, size_t i, const cJSON *entry,
			      struct har_gaps *gaps)
{
	struct reading *r = calloc(1, sizeof(*r));
	struct exchange *x = r ? exchange_new((uint32_t)i + 1, 1, (struct slice){ NULL, 0 }) : NULL;

	*gaps = (struct har_gaps){ false };
	if (!x) {
		free(r);
		return NULL;
	}
	r->x = x;
	r->gaps = gaps;
	if (read_entry(h, r, entry)) {
		set_times(x, entry, h->entries[i].start_us);
	} else {
		exchange_free(x);
		x = NULL;
	}
	free(r);
	return x;
}
