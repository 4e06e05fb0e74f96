/* SPDX-License-Identifier: MIT */
#include "report/record.h"

#include <string.h>

#include "base/version.h"
#include "report/echo.h"
#include "report/json_wire.h"
#include "report/field_display.h"
#include "report/machine.h"
#include "wire/generation.h"
#include "wire/handshake.h"

enum {
	SHOWN_NAME = 64,  /* bytes kept of a method, scheme or member that should be short */
	SHOWN_PATH = 512, /* of a path or host */
	VERSION_MAX = 32, /* of a tool's version */
	SCHEME_MAX = 16,  /* longer words in the scheme's place may be secrets themselves */
};

static char *put_digits(char *to, unsigned value, int count)
{
	for (int i = count; i-- > 0; value /= 10)
		to[i] = (char)('0' + value % 10);
	return to + count;
}

/* The Gregorian date of DAYS since 1970: years begin in March, so that the leap day is their last. */
static char *put_date(char *to, int64_t days)
{
	int64_t shifted = days + 719468; /* from 0000-03-01 */
	unsigned era = (unsigned)(shifted / 146097);
	unsigned day = (unsigned)(shifted % 146097);
	unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	unsigned day_of_year = day - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * day_of_year + 2) / 153; /* 0: March */

	to = put_digits(to, era * 400 + year + (month >= 10), 4);
	*to++ = '-';
	to = put_digits(to, month < 10 ? month + 3 : month - 9, 2);
	*to++ = '-';
	return put_digits(to, day_of_year - (153 * month + 2) / 5 + 1, 2);
}

void record_timestamp(int64_t time_us, char out[TIMESTAMP_SIZE])
{
	static const int64_t last = 253402300799999; /* of the year 9999 */
	int64_t ms = time_us / 1000;

	if (ms < 0 || ms > last)
		ms = 0;
	unsigned of_day = (unsigned)(ms % 86400000);
	char *to = put_date(out, ms / 86400000);
	*to++ = 'T';
	to = put_digits(to, of_day / 3600000, 2);
	*to++ = ':';
	to = put_digits(to, of_day / 60000 % 60, 2);
	*to++ = ':';
	to = put_digits(to, of_day / 1000 % 60, 2);
	*to++ = '.';
	to = put_digits(to, of_day % 1000, 3);
	*to++ = 'Z';
	*to = '\0';
}

static void begin(struct json_out *j, const char *record, const struct origin *o)
{
	char ts[TIMESTAMP_SIZE];

	record_timestamp(o->time_us, ts);
	json_object(j, NULL);
	json_number(j, "v", 1);
	json_ours(j, "record", record);
	json_plain(j, "ts", slice_of(ts));
	json_number(j, "pid", o->pid);
}

static void put_known(struct json_out *j, const char *key, const char *text)
{
	json_ours(j, key, *text ? text : NULL);
}

static void put_machine(struct json_out *j, const struct machine *m)
{
	if (!m)
		return;
	json_object(j, "machine");
	put_known(j, "id", m->id);
	put_known(j, "container", m->container);
	put_known(j, "boot", m->boot);
	put_known(j, "ci", m->ci);
	json_object_end(j);
	put_known(j, "start", m->start);
	json_ours(j, "orshim", ORSHIM_VERSION);
}

static void begin_process(struct json_out *j, const struct origin *o)
{
	begin(j, "process", o);
	json_number(j, "ppid", o->ppid);
	json_text(j, "exe", o->exe);
	put_machine(j, o->machine);
}

/* The line is whole, or LINE is as long as before. */
static int end(struct json_out *j, struct buf *line, size_t start)
{
	json_object_end(j);
	if (json_out_ok(j) && buf_add(line, "\n", 1) == 0)
		return 0;
	line->n = start;
	return -1;
}

static void put_libraries(struct json_out *j, const struct origin *o, const struct tls_library *libraries,
		       size_t count)
{
	static const char taps[][13] = { "none", "method-table", "interposed", "relay" };

	json_text(j, "argv0", o->argv0);
	if (o->role)
		json_text(j, "role", o->role);
	json_array(j, "tls");
	for (size_t i = 0; i < count; i++) {
		json_object(j, NULL);
		json_text(j, "object", libraries[i].object);
		json_text(j, "library", libraries[i].library);
		json_text(j, "version", libraries[i].version);
		json_text(j, "tap", taps[libraries[i].tap]);
		json_text(j, "reason", libraries[i].reason);
		json_object_end(j);
	}
	json_array_end(j);
}

int record_process(struct buf *line, const struct origin *o, const struct tls_library *libraries,
		   size_t count)
{
	size_t start = line->n;
	struct json_out j;

	json_out_init(&j, line);
	begin_process(&j, o);
	put_libraries(&j, o, libraries, count);
	return end(&j, line, start);
}

/* Names come off the wire: redacted like everything that does. */
static void put_relayed(struct json_out *j, const struct relayed_host *hosts, size_t count)
{
	json_object(j, "relay");
	json_array(j, "spliced");
	for (size_t i = 0; i < count; i++)
		if (!hosts[i].why)
			json_wire(j, NULL, slice_of(hosts[i].host), SHOWN_PATH);
	json_array_end(j);
	json_array(j, "refused");
	for (size_t i = 0; i < count; i++) {
		if (!hosts[i].why)
			continue;
		json_object(j, NULL);
		json_wire(j, "host", slice_of(hosts[i].host), SHOWN_PATH);
		json_text(j, "why", hosts[i].why);
		json_object_end(j);
	}
	json_array_end(j);
	json_object_end(j);
}

int record_relayed(struct buf *line, const struct origin *o, const struct tls_library *copy,
		   const struct relayed_host *hosts, size_t count)
{
	size_t start = line->n;
	struct json_out j;

	json_out_init(&j, line);
	begin_process(&j, o);
	put_libraries(&j, o, copy, 1);
	put_relayed(&j, hosts, count);
	return end(&j, line, start);
}

int record_not_preloaded(struct buf *line, const struct origin *o, const char *why)
{
	size_t start = line->n;
	struct json_out j;

	json_out_init(&j, line);
	begin_process(&j, o);
	json_array(&j, "tls");
	json_array_end(&j);
	json_text(&j, "unfollowed", why);
	return end(&j, line, start);
}

static void put_carriers(struct json_out *j, const struct credentials *c)
{
	json_array(j, "carriers");
	for (size_t i = 0; i < c->count; i++)
		json_ours(j, NULL, location_name(c->all[i].location));
	json_array_end(j);
}

static void put_scheme(struct json_out *j, struct slice scheme)
{
	char shown[TOKEN_MASK_SIZE];

	if (slice_equal(scheme, SLICE("Bearer"))) {
		json_plain(j, "scheme", scheme);
		return;
	}
	if (!scheme.p || scheme_is_clear(scheme)) {
		json_wire(j, "scheme", scheme, SHOWN_NAME);
		return;
	}
	token_mask(scheme, shown);
	json_text(j, "scheme", shown);
}

/* Of variables. */
static void put_names(struct json_out *j, const char *key, const struct slice *names, size_t count)
{
	json_array(j, key);
	for (size_t i = 0; i < count; i++)
		json_wire(j, NULL, names[i], SHOWN_NAME);
	json_array_end(j);
}

static void put_auth(struct json_out *j, const struct check_input *e)
{
	const struct credential *c = e->credential;

	if (!c) {
		json_null(j, "auth");
		return;
	}
	json_object(j, "auth");
	put_carriers(j, &e->credentials);
	put_scheme(j, c->scheme);
	json_ours(j, "vendor", e->key_vendor ? e->key_vendor->id : NULL);
	if (c->known) {
		json_text(j, "token", e->shown);
		json_number(j, "length", (int64_t)c->token.n);
	} else {
		json_null(j, "token");
		json_null(j, "length");
	}
	json_ours(j, "fingerprint", e->fingerprint[0] ? e->fingerprint : NULL);
	put_names(j, "source", e->sources, e->source_count);
	json_object_end(j);
}

static void put_count(struct json_out *j, const char *key, long count)
{
	if (count < 0)
		json_null(j, key);
	else
		json_number(j, key, count);
}

static void put_flag(struct json_out *j, const char *key, int flag)
{
	if (flag < 0)
		json_null(j, key);
	else
		json_bool(j, key, flag);
}

static void put_request(struct json_out *j, const struct diagnosis *d, enum fullness fullness,
			struct kept_pairs *kept)
{
	const struct message *m = &d->input.x->request;
	const struct json_outline *outline = &d->input.outline;

	json_object(j, "request");
	json_headers(j, m, d->input.x->host, fullness, kept ? kept->request : NULL);
	json_object(j, "body");
	json_number(j, "bytes", (int64_t)m->body.total);
	json_wire_pair(j, (struct wire_member){ "type", message_media_type(m), SHOWN_NAME },
		       (struct wire_member){ "model", outline->model, SHOWN_PATH },
		       kept ? &kept->body : NULL);
	put_flag(j, "stream", outline->stream);
	put_count(j, "messages", outline->messages);
	put_count(j, "tools", outline->is_object && outline->tools < 0 ? 0 : outline->tools);
	json_object_end(j);
	json_object_end(j);
}

static void put_error(struct json_out *j, const struct answer *a)
{
	if (!a->error && !a->message.p) {
		json_null(j, "error");
		return;
	}
	json_object(j, "error");
	if (a->code != 0 || !a->code_text.p)
		put_count(j, "code", a->code != 0 ? a->code : -1);
	else
		json_wire(j, "code", a->code_text, SHOWN_NAME);
	json_wire(j, "message", a->message, LIMIT_SHOWN_MESSAGE);
	json_wire(j, "provider_name", a->provider_name, SHOWN_NAME);
	json_wire(j, "raw", a->raw, LIMIT_SHOWN_MESSAGE);
	put_flag(j, "is_byok", a->is_byok);
	json_bool(j, "user_id", a->user_id);
	json_wire(j, "type", a->type, SHOWN_NAME);
	json_wire(j, "error_type", a->error_type, SHOWN_NAME);
	json_bool(j, "in_stream", a->in_stream);
	json_object_end(j);
}

/* A name from the wire, unless it looks like a secret: masked, it would name nothing. */
static void put_name(struct json_out *j, const char *key, const char *name)
{
	char room[LIMIT_GENERATION_NAME + 1];
	struct buf masked = { .p = room, .cap = sizeof(room), .max = sizeof(room) };

	mask_text(&masked, slice_of(name), sizeof(room));
	if (*name && slice_equal(buf_slice(&masked), slice_of(name)))
		json_text(j, key, name);
}

/* Members that old records do not have: written where the answer says something. */
static void put_generation(struct json_out *j, const struct exchange *x)
{
	struct generation c;

	generation_of(x, &c);
	put_name(j, "model", c.model);
	put_name(j, "id", c.id);
	if (c.input_tokens < 0 && c.output_tokens < 0)
		return;
	json_object(j, "usage");
	put_count(j, "input", (long)c.input_tokens);
	put_count(j, "output", (long)c.output_tokens);
	json_object_end(j);
}

static void put_response(struct json_out *j, const struct diagnosis *d, enum fullness fullness,
			 struct kept_pairs *kept)
{
	const struct message *m = &d->input.x->response;

	if (m->status == 0) {
		json_null(j, "response");
		return;
	}
	json_object(j, "response");
	json_headers(j, m, d->input.x->host, fullness, kept ? kept->response : NULL);
	json_number(j, "bytes", (int64_t)m->body.total);
	if (d->input.answer.provider.p)
		json_wire(j, "provider", d->input.answer.provider, SHOWN_NAME);
	put_generation(j, d->input.x);
	put_error(j, &d->input.answer);
	json_object_end(j);
}

static void put_finding(struct json_out *j, const struct finding *f)
{
	const struct rule *rule = &rules[f->rule];

	json_object(j, NULL);
	json_ours(j, "rule", rule->id);
	json_ours(j, "severity", severity_name(f->severity));
	json_ours(j, "certainty", certainty_name(finding_certainty(f)));
	json_ours(j, "category", category_name(rule->category));
	json_text(j, "detail", f->detail.text);
	if (f->detail.why)
		json_text(j, "why", f->detail.why);
	if (f->detail.fix[0])
		json_text(j, "fix", f->detail.fix);
	if (f->detail.header[0])
		json_text(j, "header", f->detail.header);
	if (f->detail.offset >= 0)
		json_number(j, "offset", f->detail.offset);
	if (f->detail.offset >= 0 && f->detail.offset_end >= 0)
		json_number(j, "offset_end", f->detail.offset_end);
	if (f->detail.in_body)
		json_bool(j, "in_body", true);
	json_object_end(j);
}

/* Null for a probe, which is not judged, whatever its status. */
static void put_verdict(struct json_out *j, const struct verdict *v, bool probe)
{
	if (probe) {
		json_null(j, "verdict");
		return;
	}
	json_object(j, "verdict");
	json_ours(j, "refused_by", refused_by_name(v->refused_by));
	json_ours(j, "category", category_name(v->category));
	json_ours(j, "cause", v->cause == RULE_NONE ? NULL : rules[v->cause].id);
	json_object_end(j);
}

static const char *version_name(enum http_version v)
{
	static const char *const names[] = { NULL, "1.0", "1.1", "2" };
	return names[v];
}

static const char *end_name(enum exchange_end e)
{
	static const char names[][9] = { "answered", "closed", "reset", "switched", "unparsed" };
	return names[e];
}

/* From the request's first byte to the answer's last; null while either is unknown. */
static void put_duration(struct json_out *j, const struct exchange *x)
{
	if (x->request.first_us == 0 || x->response.last_us < x->request.first_us)
		json_null(j, "ms");
	else
		json_number(j, "ms", (x->response.last_us - x->request.first_us) / 1000);
}

static void put_coordinates(struct json_out *j, const struct exchange *x, const struct vendor *v,
			    struct kept_pairs *kept)
{
	struct slice host = x->host.p ? x->host : x->sni;

	json_number(j, "conn", x->connection);
	json_number(j, "seq", x->seq);
	json_ours(j, "http", version_name(x->version));
	if (x->plain)
		json_bool(j, "plain", true);
	json_wire(j, "method", x->request.method, SHOWN_NAME);
	json_wire_pair(j, (struct wire_member){ "host", host, SHOWN_PATH },
		       (struct wire_member){ "path", x->path, SHOWN_PATH },
		       kept ? &kept->place : NULL);
	json_ours(j, "vendor", v ? v->id : NULL);
	put_count(j, "status", x->response.status ? x->response.status : -1);
	put_duration(j, x);
}

/* The version in a User-Agent that names the tool itself: "curl/7.88.1", "claude-cli/2.1.0". */
static struct slice tool_version(const struct exchange *x, struct slice tool)
{
	const struct field *f = message_field(&x->request, "user-agent", 0);
	struct slice rest;

	if (!f || !f->known || tool.n == 0 || f->value.n <= tool.n ||
	    strncasecmp(f->value.p, tool.p, tool.n) != 0)
		return (struct slice){ NULL, 0 };
	rest = slice_from(f->value, tool.n);
	if (slice_starts(rest, SLICE("-cli")))
		rest = slice_from(rest, 4);
	if (!slice_starts(rest, SLICE("/")))
		return (struct slice){ NULL, 0 };
	rest = slice_from(rest, 1);
	size_t n = 0;
	while (n < rest.n && n < VERSION_MAX && rest.p[n] != ' ')
		n++;
	return n < rest.n && rest.p[n] != ' ' ? (struct slice){ NULL, 0 } : slice_sub(rest, 0, n);
}

static void put_where(struct json_out *j, const struct origin *o, const struct exchange *x)
{
	struct slice version;

	if (!o->machine)
		return;
	put_known(j, "machine", o->machine->id);
	put_known(j, "start", o->machine->start);
	version = tool_version(x, slice_of(o->tool));
	if (version.n)
		json_wire(j, "tool_version", version, VERSION_MAX);
}

static void put_retry(struct json_out *j, const struct retry *retry)
{
	if (retry->n == 0)
		return;
	json_object(j, "retry");
	json_number(j, "n", retry->n);
	json_ours(j, "by", retry->by);
	json_object_end(j);
}

static int put_exchange(struct buf *line, const struct origin *o, const struct diagnosis *d,
			enum fullness fullness, struct kept_pairs *kept)
{
	const struct exchange *x = d->input.x;
	size_t start = line->n;
	struct json_out j;

	json_out_init(&j, line);
	begin(&j, "exchange", o);
	json_text(&j, "tool", o->tool);
	put_coordinates(&j, x, d->input.vendor, kept);
	put_auth(&j, &d->input);
	put_request(&j, d, fullness, kept);
	put_response(&j, d, fullness, kept);
	json_array(&j, "findings");
	for (size_t i = 0; i < d->count; i++)
		put_finding(&j, &d->findings[i]);
	json_array_end(&j);
	put_verdict(&j, &d->verdict, d->input.probe);
	if (d->input.base_source_count)
		put_names(&j, "base_source", d->input.base_sources,
			  d->input.base_source_count);
	if (o->exchange)
		json_number(&j, "exchange", o->exchange);
	put_retry(&j, &d->input.retry);
	json_ours(&j, "end", end_name(x->end));
	if (x->port)
		json_number(&j, "port", x->port);
	if (x->stream)
		json_number(&j, "stream", x->stream);
	if (x->informational)
		json_number(&j, "informational", x->informational);
	if (x->events.seen) {
		json_number(&j, "events", (int64_t)x->events.events);
		json_bool(&j, "events_done", x->events.done);
	}
	put_where(&j, o, x);
	return end(&j, line, start);
}

int record_exchange(struct buf *line, const struct origin *o, const struct diagnosis *d,
		    struct kept_pairs *kept)
{
	size_t start = line->n;
	int failed = -1;

	for (int f = WITH_VALUES; f < FULLNESS_COUNT && failed; f++)
		failed = put_exchange(line, o, d, (enum fullness)f, kept);
	if (!failed)
		scrub_echo(&d->input, line->p + start, line->n - start);
	return failed;
}

static void put_handshake(struct json_out *j, const struct handshake *h)
{
	static const char *const ends[] = { "finished", "failed", "cut" };

	json_object(j, "handshake");
	json_ours(j, "end", ends[h->end]);
	put_count(j, "verify", h->verify);
	if (h->gnutls_status)
		json_number(j, "gnutls_status", h->gnutls_status);
	put_count(j, "alert", h->alert);
	json_wire(j, "issuer", slice_of(h->has_certificate ? h->certificate.issuer : NULL),
		  SHOWN_PATH);
	json_object_end(j);
}

int record_connection(struct buf *line, const struct origin *o, const struct connection_record *c)
{
	size_t start = line->n;
	struct json_out j;

	json_out_init(&j, line);
	begin(&j, "connection", o);
	json_text(&j, "tool", o->tool);
	json_number(&j, "conn", c->number);
	json_wire(&j, "host", c->host, SHOWN_PATH);
	json_text(&j, "blind", c->blind);
	if (o->machine) {
		put_known(&j, "machine", o->machine->id);
		put_known(&j, "start", o->machine->start);
	}
	if (c->handshake)
		put_handshake(&j, c->handshake);
	json_array(&j, "findings");
	for (size_t i = 0; i < c->count; i++)
		put_finding(&j, &c->findings[i]);
	json_array_end(&j);
	if (c->handshake && c->count) {
		struct verdict v = { REFUSED_nobody, rules[c->findings[0].rule].category,
				     c->findings[0].rule };
		put_verdict(&j, &v, false);
	}
	return end(&j, line, start);
}
