/* SPDX-License-Identifier: MIT */
#include "report/capture_copy.h"

#include <zlib.h>

#include "report/anonymise_body.h"
#include "report/anonymise_text.h"
#include "report/echo.h"
#include "report/field_display.h"

static bool is_inside(struct slice whole, struct slice part)
{
	return part.p && part.n && part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

/* The bytes in the copy that were PART in the original head; NULL: PART is not in the head. */
static char *in_copy(const struct message_copy *c, struct slice part)
{
	struct slice head = buf_slice(&c->m->head);

	if (!is_inside(head, part))
		return NULL;
	return c->head.p + (part.p - head.p);
}

static void remember_key(struct pseudonym_keys *keys, struct slice was, const char *now)
{
	if (was.n >= 8 && keys->count < LIMIT_CREDENTIALS)
		keys->all[keys->count++] =
		    (struct pseudonym_key){ was, (struct slice){ now, was.n } };
}

/* User and password of a Basic credential, both of which a server may quote. */
static void remember_basic(struct exchange_copy *x, struct slice was, struct slice now)
{
	long n = base64_decode(was, x->basic_was, sizeof(x->basic_was));
	long colon = n < 0 ? -1 : slice_byte((struct slice){ x->basic_was, (size_t)n }, ':', 0);

	if (colon < 0 || base64_decode(now, x->basic_now, sizeof(x->basic_now)) != n)
		return;
	size_t user = (size_t)colon, rest = user + 1;
	remember_key(&x->keys, (struct slice){ x->basic_was, user }, x->basic_now);
	remember_key(&x->keys, (struct slice){ x->basic_was + rest, (size_t)n - rest },
		     x->basic_now + rest);
}

static void copy_credential(struct exchange_copy *x, struct pseudonyms *names,
			    const struct check_input *e, const struct credential *c)
{
	char *scheme = in_copy(&x->request, c->scheme);
	char *token = in_copy(&x->request, c->token);
	enum scheme_form form = c->shape.scheme;

	if (scheme && !scheme_is_clear(c->scheme) && form != SCHEME_FOREIGN)
		anonymise_opaque(names, scheme, c->scheme.n);
	if (!token || (e->outline.model.n && slice_equal(c->shape.core, e->outline.model)))
		return;
	if (form == SCHEME_BASIC) {
		anonymise_basic(names, token, c->token.n);
		remember_basic(x, c->token, (struct slice){ token, c->token.n });
	} else if (form == SCHEME_FOREIGN) {
		/* Another grammar: AWS's signature follows the id of the key. */
		const char *end = c->value.p + c->value.n;
		anonymise_opaque(names, token, c->token.n);
		anonymise_secrets(names, NULL, token + c->token.n,
				  (size_t)(end - c->token.p) - c->token.n, false);
	} else {
		anonymise_token(names, token, c->token.n);
	}
	char *core = in_copy(&x->request, c->shape.core);
	if (core)
		remember_key(&x->keys, c->shape.core, core);
}

static const struct credential *credential_in(const struct check_input *e, size_t field)
{
	for (size_t i = 0; i < e->credentials.count; i++)
		if (e->credentials.all[i].field == (int)field && e->credentials.all[i].known)
			return &e->credentials.all[i];
	return NULL;
}

/* Fields that field_show() hides but that a rule reads, and that are no secret. */
static bool is_read_by_rule(const struct field *f)
{
	/* Bearer's parameters say why; those of other schemes can be tokens. */
	if (slice_equal_nocase(f->name, SLICE("www-authenticate")))
		return slice_starts_nocase(f->value, SLICE("Bearer "));
	return slice_equal_nocase(f->name, SLICE("x-matched-path"));
}

static void copy_value(struct exchange_copy *x, struct message_copy *c, struct pseudonyms *names,
		       const struct field *f, struct slice host)
{
	char *value = in_copy(c, f->value);
	long query;

	if (!value)
		return;
	if ((!field_is_clear(f->name) && !is_read_by_rule(f)) ||
	    field_is_other_host(f, host)) {
		anonymise_opaque(names, value, f->value.n);
		return;
	}
	anonymise_secrets(names, &x->keys, value, f->value.n, false);
	query = slice_byte(f->value, '?', 0);
	if (query >= 0 && slice_equal_nocase(f->name, SLICE("location")))
		anonymise_text(value + query, f->value.n - (size_t)query);
}

static bool is_in_field(const struct message *m, const char *at)
{
	for (size_t i = 0; i < m->field_count; i++)
		if (at >= m->fields[i].name.p && at <= m->fields[i].raw.p + m->fields[i].raw.n)
			return true;
	return false;
}

/* HTTP/1: lines of the head that are no field may be the rest of a broken one. */
static void copy_stray_lines(struct message_copy *c, struct pseudonyms *names)
{
	struct slice head = buf_slice(&c->m->head);
	long lf = slice_byte(head, '\n', 0);

	while (lf >= 0 && (size_t)lf + 1 < head.n) {
		size_t at = (size_t)lf + 1;
		lf = slice_byte(head, '\n', at);
		size_t end = lf < 0 ? head.n : (size_t)lf;
		if (!is_in_field(c->m, head.p + at))
			anonymise_opaque(names, c->head.p + at, end - at);
	}
}

/* HTTP/1: what follows the target is a version only if the line is well formed. */
static void copy_start_line(struct exchange_copy *x, struct message_copy *c,
			    struct pseudonyms *names, const char *target)
{
	long lf = slice_byte(buf_slice(&c->head), '\n', 0);
	size_t end = lf < 0 ? c->head.n : (size_t)lf;
	size_t at = target ? (size_t)(target - c->head.p) + c->m->target.n : 0;

	if (at < end)
		anonymise_secrets(names, &x->keys, c->head.p + at, end - at, false);
}

/* Parameters that choose the API; they have nothing of the user's in them. */
static bool is_public_parameter(struct slice name)
{
	static const char names[][12] = { "alt", "api-version", "beta", "limit", "stream" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal_nocase(name, slice_of(names[i])))
			return true;
	return false;
}

/* The bytes between the percent-encoded ones are the key; P: those of VALUE in the copy. */
static void copy_encoded_key(struct pseudonyms *names, char *p, struct slice value)
{
	memcpy(p, value.p, value.n); /* `22AIza` of `%22AIza` was taken for a secret */
	for (size_t i = 0; i < value.n;) {
		size_t n = 0;
		if (value.p[i] == '%' && i + 2 < value.n) {
			i += 3;
			continue;
		}
		while (i + n < value.n && (value.p[i + n] != '%' || n == 0))
			n++;
		anonymise_token(names, p + i, n);
		i += n;
	}
}

static void copy_query(struct message_copy *c, struct pseudonyms *names,
		       const struct check_input *e)
{
	const struct credential *key = credentials_by(&e->credentials, LOCATION_URL);
	struct slice rest = e->x->query;
	struct slice value, name;

	while (slice_cut(&rest, '&', &value)) {
		slice_cut(&value, '=', &name);
		char *p = value.n ? in_copy(c, value) : NULL;
		bool is_key =
		    p && key && key->token.p >= value.p && key->token.p < value.p + value.n;
		if (p && value.p == e->credentials.encoded.p)
			copy_encoded_key(names, p, value);
		else if (p && !is_key && !is_public_parameter(name))
			anonymise_text(p, value.n);
	}
}

static int copy_head(struct exchange_copy *x, struct message_copy *c, struct pseudonyms *names,
		     const struct check_input *e)
{
	const struct message *m = c->m;
	bool request = c == &x->request;
	char *target;

	if (m->head.n && buf_add_slice(&c->head, buf_slice(&m->head)) != 0)
		return -1;
	for (size_t i = 0; request && i < e->credentials.count; i++)
		if (e->credentials.all[i].known)
			copy_credential(x, names, e, &e->credentials.all[i]);
	for (size_t i = 0; i < m->field_count; i++) {
		char *name = in_copy(c, m->fields[i].name);
		if (name)
			anonymise_secrets(names, &x->keys, name, m->fields[i].name.n, false);
		if (!request || !credential_in(e, i))
			copy_value(x, c, names, &m->fields[i], e->x->host);
	}
	target = request ? in_copy(c, m->target) : NULL;
	if (target)
		anonymise_secrets(names, &x->keys, target, m->target.n, false);
	if (target)
		copy_query(c, names, e);
	if (m->version != HTTP_2) {
		copy_start_line(x, c, names, target);
		copy_stray_lines(c, names);
	}
	return 0;
}

/* Append IN as gzip (RFC 1952) that compresses nothing. CUT: without its end. */
static int store_gzip(struct buf *out, struct slice in, bool cut)
{
	enum { GZIP = 16, LEAST_MEMORY = 1, SYNC_BLOCK = 16 };
	z_stream z = { .next_in = (unsigned char *)in.p, .avail_in = (unsigned)in.n };

	if (deflateInit2(&z, Z_NO_COMPRESSION, Z_DEFLATED, MAX_WBITS + GZIP, LEAST_MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -1;
	size_t room = deflateBound(&z, in.n) + SYNC_BLOCK;
	int code = Z_MEM_ERROR;
	z.next_out = (unsigned char *)buf_room(out, room);
	if (z.next_out) {
		z.avail_out = (unsigned)room;
		code = deflate(&z, cut ? Z_SYNC_FLUSH : Z_FINISH);
		out->n -= z.avail_out;
	}
	deflateEnd(&z);
	return code == (cut ? Z_OK : Z_STREAM_END) ? 0 : -1;
}

static void change_value(const struct message_copy *c, struct field_change *change,
			 const char *name, struct slice value)
{
	change->field = message_field(c->m, name, 0);
	change->n = value.n;
	memcpy(change->value, value.p, value.n);
}

struct slice message_copy_changed(const struct message_copy *c, const struct field *f)
{
	const struct field_change *change = f == c->coding.field   ? &c->coding
					    : f == c->length.field ? &c->length
								   : NULL;

	return change ? (struct slice){ change->value, change->n } : (struct slice){ NULL, 0 };
}

int message_copy_head(struct buf *out, const struct message_copy *c)
{
	struct slice rest = buf_slice(&c->head);
	int failed = 0;

	for (size_t i = 0; i < c->m->field_count; i++) {
		const struct field *f = &c->m->fields[i];
		struct slice changed = message_copy_changed(c, f);
		if (!changed.p)
			continue;
		size_t at = (size_t)(f->value.p - c->m->head.p), before = at - (c->head.n - rest.n);
		failed |=
		    buf_add_slice(out, slice_sub(rest, 0, before)) | buf_add_slice(out, changed);
		rest = slice_from(rest, before + f->value.n);
	}
	return rest.n ? failed | buf_add_slice(out, rest) : failed;
}

static int append_text(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

/*
 * An event stream longer than what was kept: its whole events, a comment that
 * reaches over the ceiling, then what was noted of the rest.
 */
static int shorten_stream(struct buf *b, const struct stream_report *r)
{
	size_t kept = b->n;
	int failed = 0;

	while (b->n >= 2 && memcmp(b->p + b->n - 2, "\n\n", 2) != 0)
		b->n--;
	b->n = b->n < 2 ? 0 : b->n;
	failed |= append_text(b, ":");
	while (b->n <= kept && !failed)
		failed = append_text(b, "x");
	failed |= append_text(b, "\n\n");
	if (r->finish[0] && !r->error.n)
		failed |=
		    buf_addf(b, "data: {\"choices\":[{\"finish_reason\":\"%s\"}]}\n\n", r->finish);
	if (r->error_event.n)
		failed |= buf_addf(b, "event: %.*s\n", SLICE_ARG(buf_slice(&r->error_event)));
	if (r->error.n)
		failed |= append_text(b, "data: ") | buf_add_slice(b, buf_slice(&r->error)) |
			  append_text(b, "\n\n");
	if (r->done)
		failed |= append_text(b, "data: [DONE]\n\n");
	return failed;
}

/* In place of what was not kept: filling, so that the body is again above the ceiling. */
static int add_filling(struct buf *b, const struct message *m)
{
	uint64_t lacking = m->body.coding == CODING_DECODED  ? LIMIT_CAPTURE_FILL
			   : m->body.total > m->body.bytes.n ? m->body.total - m->body.bytes.n
							     : 0;

	for (uint64_t i = 0; i < lacking && i < LIMIT_CAPTURE_FILL; i++)
		if (buf_add(b, "x", 1) != 0)
			return -1;
	return 0;
}

static int recode(struct message_copy *c)
{
	struct buf plain = c->body;
	bool cut = !c->m->body.complete || message_fault(c->m, FAULT_coding_broken);

	buf_init(&c->body, LIMIT_CAPTURE_FILE);
	int failed = store_gzip(&c->body, buf_slice(&plain), cut);
	change_value(c, &c->coding, "content-encoding", SLICE("gzip"));
	buf_release(&plain);
	return failed;
}

/* Keep the difference between the declared length and the bytes that came. */
static void copy_length(struct message_copy *c)
{
	const struct body *b = &c->m->body;
	char text[FIELD_CHANGE];

	if (!b->has_declared || b->framing == BODY_CHUNKED)
		return;
	uint64_t lacking = b->declared > b->total ? b->declared - b->total : 0;
	uint64_t over = b->total > b->declared ? b->total - b->declared : 0;
	if (c->stream_error)
		lacking = 0;
	else if (lacking > LIMIT_CAPTURE_FILL && !message_fault(c->m, FAULT_body_short))
		lacking = LIMIT_CAPTURE_FILL;
	c->rest = (size_t)lacking;
	uint64_t length = c->body.n + lacking - (over < c->body.n ? over : 0);
	if (b->framing == BODY_NONE || length == b->declared)
		return;
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)length);
	change_value(c, &c->length, "content-length", (struct slice){ text, (size_t)n });
}

/* Where a server repeats a key it gets to repeat the pseudonym. */
static void replace_echoes(const struct pseudonym_keys *keys, char *p, size_t n)
{
	struct secret_echo all[LIMIT_CREDENTIALS];

	for (size_t i = 0; i < keys->count; i++)
		all[i] = (struct secret_echo){ keys->all[i].was, keys->all[i].now.p };
	echo_replace(all, keys->count, NULL, 0, p, n);
}

static void copy_bytes(struct message_copy *c, struct pseudonyms *names,
		       const struct pseudonym_keys *keys, enum body_kind kind, bool events)
{
	char *p = c->body.p;
	size_t n = c->body.n;

	if (events)
		anonymise_events(names, keys, p, n);
	else if (c->m->body.coding == CODING_OPAQUE && *p != '{')
		anonymise_coded(p, n);
	else
		anonymise_body(names, keys, kind, p, n);
	if (kind != KIND_REQUEST)
		replace_echoes(keys, p, n);
}

static int copy_body(struct message_copy *c, struct pseudonyms *names,
		     const struct pseudonym_keys *keys, enum body_kind kind,
		     const struct stream_report *events)
{
	const struct body *b = &c->m->body;

	if (b->bytes.n && buf_add_slice(&c->body, buf_slice(&b->bytes)) != 0)
		return -1;
	bool streams = events && events->seen;
	if (streams && b->truncated && shorten_stream(&c->body, events) != 0)
		return -1;
	if (c->body.n)
		copy_bytes(c, names, keys, kind, streams);
	if (!streams && b->truncated && add_filling(&c->body, c->m) != 0)
		return -1;
	if (b->coding == CODING_DECODED && recode(c) != 0)
		return -1;
	copy_length(c);
	return 0;
}

static void message_copy_init(struct message_copy *c, const struct message *m)
{
	*c = (struct message_copy){ .m = m };
	buf_init(&c->head, LIMIT_HEAD);
	buf_init(&c->body, LIMIT_CAPTURE_FILE);
}

/* The last check: is a key left anywhere? */
static bool holds_key(const struct exchange_copy *copy)
{
	for (size_t i = 0; i < copy->keys.count; i++) {
		const struct pseudonym_key *k = &copy->keys.all[i];
		if (slice_equal(k->was, k->now) || k->was.n < 20)
			continue;
		if (slice_has(buf_slice(&copy->request.head), k->was) ||
		    slice_has(buf_slice(&copy->request.body), k->was) ||
		    slice_has(buf_slice(&copy->response.head), k->was) ||
		    slice_has(buf_slice(&copy->response.body), k->was))
			return true;
	}
	return false;
}

int exchange_copy_make(struct exchange_copy *copy, struct pseudonyms *names,
		       const struct diagnosis *d)
{
	const struct exchange *x = d->input.x;
	struct message_copy *request = &copy->request;
	struct message_copy *response = &copy->response;

	copy->keys.count = 0;
	message_copy_init(request, &x->request);
	message_copy_init(response, &x->response);
	response->stream_error = x->end == END_ANSWERED && !x->response.body.complete;
	/* A capture cannot express bytes and fields that were not seen. */
	if (x->request.body.counted_only || (x->version == HTTP_2 && !x->request.fields_complete))
		return -1;
	enum body_kind kind = x->response.status >= 400    ? KIND_REFUSAL
			      : d->input.answer.inside_200 ? KIND_FAILED
							   : KIND_ANSWER;
	int failed = copy_head(copy, request, names, &d->input) ||
		     copy_head(copy, response, names, &d->input) ||
		     copy_body(request, names, &copy->keys, KIND_REQUEST, NULL) ||
		     copy_body(response, names, &copy->keys, kind, &x->events);
	return failed || holds_key(copy) ? -1 : 0;
}

void exchange_copy_release(struct exchange_copy *copy)
{
	buf_release(&copy->request.head);
	buf_release(&copy->request.body);
	buf_release(&copy->response.head);
	buf_release(&copy->response.body);
}
