/* SPDX-License-Identifier: MIT */
#include "diagnose/checks/check_framing.h"

#include "diagnose/checks/check_say.h"
#include "diagnose/checks/checks.h"
#include "diagnose/content.h"
#include "diagnose/check_input.h"
#include "diagnose/detail.h"

#include <cJSON.h>
#include <string.h>

static const struct message *request(const struct check_input *in)
{
	return &in->x->request;
}

static bool is_post(const struct check_input *in)
{
	return slice_equal(request(in)->method, SLICE("POST"));
}

/* A request to which these endpoints answer only if its body is a JSON object. */
static bool wants_json(const struct check_input *in)
{
	switch (in->endpoint) {
	case ENDPOINT_CHAT:
	case ENDPOINT_COMPLETIONS:
	case ENDPOINT_RESPONSES:
	case ENDPOINT_MESSAGES:
	case ENDPOINT_EMBEDDINGS:
		return is_post(in);
	default:
		return false;
	}
}

/*
 * The server answered before the body was over, or was asked to speak first: then a
 * short body is what its refusal led to, not what led to its refusal.
 */
static bool refused_early(const struct check_input *in)
{
	int status = in->x->response.status;

	if (field_times(request(in), "expect") && !in->x->informational)
		return true;
	return status && status != 400 && status != 408;
}

/*
 * The connection ended in the middle of a body. Up to LIMIT_ROOM bytes the client could
 * write at once, so it had no more; with more it may be an abandoned upload.
 */
static bool was_given_up(const struct check_input *in)
{
	return !in->x->response.status && !in->lint && in->x->version != HTTP_2 &&
	       request(in)->body.total >= LIMIT_ROOM;
}

/*
 * The answer came before the announced body was whole, and the client had sent
 * nothing more for long, though it could: the server waited for the rest in vain.
 * A server that judges the head alone does not wait, or says another thing.
 */
static bool was_waited_for(const struct check_input *in)
{
	const struct message *m = request(in);
	int status = in->x->response.status;

	if (!m->head_complete || !m->body.has_declared || m->body.complete ||
	    m->body.counted_only || m->body.total >= m->body.declared ||
	    m->body.total >= LIMIT_ROOM)
		return false;
	if (field_times(m, "expect") && !in->x->informational)
		return false;
	return (status == 400 || status == 408 || status == 500 ||
		(status >= 502 && status <= 504)) &&
	       m->last_us && in->x->response.first_us - m->last_us >= LIMIT_STALL_US;
}

static const struct fault *short_fault(const struct check_input *in)
{
	const struct fault *f = message_fault(request(in), FAULT_body_short);

	return f && !refused_early(in) && !was_given_up(in) ? f : NULL;
}

static const struct fault *unfinished_fault(const struct check_input *in)
{
	const struct fault *f = message_fault(request(in), FAULT_chunks_unfinished);

	return f && !refused_early(in) ? f : NULL;
}

static bool framing_is_broken(const struct message *m)
{
	static const enum fault_id ids[] = { FAULT_length_bad,       FAULT_lengths_differ,
					     FAULT_chunk_size_bad,   FAULT_chunk_end_bad,
					     FAULT_body_short,       FAULT_body_long,
					     FAULT_chunks_unfinished };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (message_fault(m, ids[i]))
			return true;
	return false;
}

/* The Content-Encoding that is not "identity"; absent if there is none. */
static struct slice content_coding(const struct message *m)
{
	struct slice coding = field_value(m, "content-encoding");

	return slice_equal_nocase(coding, SLICE("identity")) || coding.n == 0 ? slice_of(NULL)
									      : coding;
}

static const char *compressed_magic(struct slice body)
{
	if (slice_starts(body, SLICE("\x28\xB5\x2F\xFD")))
		return "zstd";
	if (slice_starts(body, SLICE("\x1F\x8B")))
		return "gzip";
	return NULL;
}

/* A member of a chat-style request as a form's name: "model=", "messages[0][role]=", "&prompt=". */
static bool is_form_name(struct slice name)
{
	size_t n = 0;

	while (n < name.n && name.p[n] != '[' && name.p[n] != '%')
		n++;
	return is_chat_member(slice_sub(name, 0, n));
}

static bool is_form(struct slice body)
{
	struct slice rest = slice_sub(body, 0, LIMIT_FORM_SCAN);
	struct slice pair, name;

	if (slice_starts_nocase(body, SLICE("%7B%22")) ||
	    slice_starts_nocase(body, SLICE("%7B%0A")))
		return true;
	for (size_t i = 0; i < body.n && i < LIMIT_FORM_NAME && body.p[i] != '='; i++)
		if (body.p[i] <= ' ' || body.p[i] == '"' || body.p[i] == '{')
			return false;
	while (slice_cut(&rest, '&', &pair)) {
		struct slice value = pair;
		if (slice_cut(&value, '=', &name) && name.n < pair.n && is_form_name(name))
			return true;
	}
	return false;
}

/* A JSON string that contains a JSON object: serialised twice. */
static bool is_double_encoded(const struct check_input *in)
{
	struct json_verdict inner;

	if (!cJSON_IsString(in->body))
		return false;
	struct slice text = slice_of(in->body->valuestring);
	if (!slice_starts(slice_trim(text), SLICE("{")))
		return false;
	json_judge(text, &inner);
	return inner.fault == JSON_FINE;
}

static enum body_trouble json_trouble(const struct check_input *in)
{
	const struct message *m = request(in);
	bool whole = m->body.complete && !m->body.truncated && !m->body.counted_only &&
		     !framing_is_broken(m);

	switch (in->json.fault) {
	case JSON_BOM:
		return TROUBLE_BOM;
	case JSON_NOT_UTF8:
		return TROUBLE_NOT_UTF8;
	case JSON_NAN:
		return TROUBLE_NAN;
	case JSON_LONE_SURROGATE:
		return TROUBLE_SURROGATE;
	case JSON_INVALID:
		return TROUBLE_INVALID;
	case JSON_CUT:
	case JSON_EMPTY:
		return whole ? TROUBLE_INVALID : TROUBLE_NONE;
	default:
		return TROUBLE_NONE;
	}
}

static bool is_missing(const struct check_input *in)
{
	const struct body *b = &request(in)->body;

	return wants_json(in) && request(in)->head_complete && b->total == 0 && !b->counted_only &&
	       b->complete && !(b->has_declared && b->declared > 0);
}

static enum body_trouble trouble(const struct check_input *in)
{
	const struct message *m = request(in);
	struct slice body = buf_slice(&m->body.bytes);

	if (is_missing(in))
		return TROUBLE_MISSING;
	if (!wants_json(in) || m->body.total == 0)
		return TROUBLE_NONE;
	if (message_fault(m, FAULT_chunk_size_bad) || message_fault(m, FAULT_chunk_end_bad))
		return TROUBLE_FRAMING;
	if (content_coding(m).n || compressed_magic(body))
		return TROUBLE_COMPRESSED;
	if (!in->body_judged || m->body.counted_only)
		return TROUBLE_NONE;
	if (slice_starts_nocase(message_media_type(m), SLICE("multipart/")))
		return TROUBLE_MULTIPART;
	if (in->json.fault != JSON_FINE && is_form(body))
		return TROUBLE_FORM;
	if (is_double_encoded(in))
		return TROUBLE_DOUBLE;
	if (slice_starts(body, SLICE("\xEF\xBB\xBF")))
		return TROUBLE_BOM;
	return json_trouble(in);
}

static void point_at_body(struct detail *d, size_t at)
{
	d->in_body = true;
	d->offset = (int)at;
}

/* "byte 52 (line 3, column 5) in messages[0].content: found; expected". */
static void describe_json(const struct check_input *in, struct detail *d)
{
	const struct json_verdict *v = &in->json;

	point_at_body(d, v->at);
	detail_f(d, "byte %zu (line %zu, column %zu)", v->at, v->line, v->column);
	if (v->path[0]) {
		detail_f(d, " in ");
		detail_masked(d, slice_of(v->path), JSON_PATH_MAX);
	}
	detail_f(d, ": %s; expected %s", v->found, v->expected);
	if (v->fault == JSON_CUT)
		detail_f(d, "; what began at byte %zu is still open", v->opened);
	if (request(in)->body.truncated)
		detail_f(d, "; what comes after the first %zu bytes was not seen",
			 request(in)->body.bytes.n);
}

bool check_body_missing(const struct check_input *in, struct detail *d)
{
	if (trouble(in) != TROUBLE_MISSING)
		return false;
	detail_f(d, request(in)->body.has_declared ? "Content-Length is 0"
						   : "the request ends with its head");
	return true;
}

bool check_body_length_mismatch(const struct check_input *in, struct detail *d)
{
	const struct message *m = request(in);

	if (message_fault(m, FAULT_length_bad)) {
		detail_f(d, "Content-Length is not a number");
		detail_point(d, "content-length", 0, -1);
		return true;
	}
	if (!m->body.has_declared)
		return false;
	d->awaited = was_waited_for(in);
	if (short_fault(in) || d->awaited) {
		detail_f(d, "Content-Length says %llu bytes, %llu were written",
			 (unsigned long long)m->body.declared, (unsigned long long)m->body.total);
		return true;
	}
	if (!message_fault(m, FAULT_body_long))
		return false;
	detail_f(d, "Content-Length says %llu bytes, more were written",
		 (unsigned long long)m->body.declared);
	return true;
}

bool check_body_chunks_broken(const struct check_input *in, struct detail *d)
{
	const struct message *m = request(in);
	const struct fault *f = message_fault(m, FAULT_chunk_size_bad);

	if (!f)
		f = message_fault(m, FAULT_chunk_end_bad);
	if (!f)
		f = unfinished_fault(in);
	if (!f)
		return false;
	detail_f(d, "%s, at byte %llu of the request", fault_seen(f->id),
		 (unsigned long long)f->at);
	return true;
}

bool check_framing_conflict(const struct check_input *in, struct detail *d)
{
	const struct fault *f = message_fault(request(in), FAULT_lengths_differ);

	if (!f)
		f = message_fault(request(in), FAULT_length_with_chunked);
	if (!f)
		return false;
	detail_f(d, "%s", fault_seen(f->id));
	return true;
}

static bool has_body(const struct check_input *in)
{
	return in->is_api && is_post(in) && request(in)->body.total > 0;
}

bool check_content_type_missing(const struct check_input *in, struct detail *d)
{
	(void)d;
	return has_body(in) && request(in)->fields_complete &&
	       field_times(request(in), "content-type") == 0;
}

bool check_content_type_wrong(const struct check_input *in, struct detail *d)
{
	const struct field *f = message_field(request(in), "content-type", 0);
	struct slice type = message_media_type(request(in));

	if (!wants_json(in) || !has_body(in) || !f || !f->known ||
	    field_times(request(in), "content-type") > 1 || trouble(in) == TROUBLE_FORM)
		return false;
	if (slice_starts_nocase(type, SLICE("application/json")) ||
	    slice_equal_nocase(type, SLICE("text/json")) ||
	    (type.n > 5 && slice_equal_nocase(slice_from(type, type.n - 5), SLICE("+json"))))
		return false;
	detail_f(d, "Content-Type is ");
	if (type.n)
		detail_masked(d, type, 80);
	else
		detail_f(d, "empty");
	detail_point(d, "content-type", 0, -1);
	return true;
}

bool check_body_compressed(const struct check_input *in, struct detail *d)
{
	const struct message *m = request(in);
	struct slice coding = content_coding(m);

	/* ChatGPT's own back end, to which Codex speaks, takes zstd. */
	if (trouble(in) != TROUBLE_COMPRESSED || slice_ends(in->x->host, SLICE("chatgpt.com")))
		return false;
	if (coding.n == 0) {
		detail_f(d, "the body begins like %s, and no Content-Encoding says so",
			 compressed_magic(buf_slice(&m->body.bytes)));
		point_at_body(d, 0);
		return true;
	}
	detail_f(d, "Content-Encoding is ");
	detail_masked(d, coding, 40);
	detail_f(d, ", %llu bytes", (unsigned long long)m->body.total);
	if (m->body.coding == CODING_OPAQUE)
		detail_f(d, " that could not be decoded here either");
	detail_point(d, "content-encoding", 0, -1);
	return true;
}

bool check_body_trouble(const struct check_input *in, const struct check *check, struct detail *d)
{
	if (trouble(in) != (enum body_trouble)check->parameter)
		return false;
	if (check->says) {
		check_say(check, in, NULL, d);
		point_at_body(d, 0);
	} else {
		describe_json(in, d);
	}
	return true;
}

bool check_body_duplicate_member(const struct check_input *in, struct detail *d)
{
	enum body_trouble t = trouble(in);

	if (!wants_json(in) || !in->body_judged || !in->json.duplicate ||
	    (t != TROUBLE_NONE && t != TROUBLE_BOM))
		return false;
	detail_masked(d, slice_of(in->json.duplicate_path), JSON_PATH_MAX);
	detail_f(d, " for the second time at byte %zu", in->json.duplicate_at);
	point_at_body(d, in->json.duplicate_at);
	return true;
}

static bool carries_credential(struct slice name)
{
	return slice_equal_nocase(name, SLICE("authorization")) ||
	       slice_equal_nocase(name, SLICE("x-api-key")) ||
	       slice_equal_nocase(name, SLICE("api-key")) ||
	       slice_equal_nocase(name, SLICE("x-goog-api-key"));
}

/* What is wrong with a credential's line, or with the one after it, is reported by SECTION_CREDENTIAL. */
static bool concerns_credential(const struct message *m, const struct fault *f)
{
	if (f->field < 0 || (size_t)f->field >= m->field_count)
		return false;
	return carries_credential(m->fields[f->field].name) ||
	       (f->field > 0 && carries_credential(m->fields[f->field - 1].name));
}

static bool is_head_fault(enum fault_id id)
{
	switch (id) {
	case FAULT_field_without_colon:
	case FAULT_field_name_empty:
	case FAULT_field_name_space:
	case FAULT_field_name_byte:
	case FAULT_field_folded:
	case FAULT_field_bare_lf:
	case FAULT_field_bare_cr:
	case FAULT_field_control:
		return true;
	default:
		return false;
	}
}

bool check_header_malformed(const struct check_input *in, struct detail *d)
{
	const struct message *m = request(in);

	for (size_t i = 0; i < m->fault_count; i++) {
		const struct fault *f = &m->faults[i];
		if (!is_head_fault(f->id) || concerns_credential(m, f))
			continue;
		detail_f(d, "%s, at byte %llu of the request", fault_seen(f->id),
			 (unsigned long long)f->at);
		if (f->field >= 0 && (size_t)f->field < m->field_count) {
			detail_f(d, ", %s ",
				 f->id == FAULT_field_without_colon ? "after the field" : "in");
			detail_masked(d, m->fields[f->field].name, 60);
		}
		return true;
	}
	return false;
}
