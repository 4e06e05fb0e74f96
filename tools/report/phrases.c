/* SPDX-License-Identifier: MIT */
/* Sentences that several report formats share. */
#include <string.h>

#include "diagnose/vendors.h"
#include "tools/command.h"
#include "tools/report/report.h"

const char *cause_title(const struct cause *c)
{
	if (c->rule != RULE_NONE)
		return rules[c->rule].title;
	return c->id ? "a finding that this version of orshim does not know"
		     : "nothing in the bytes explains it";
}

const char *cause_why(const struct cause *c)
{
	if (c->why)
		return c->why;
	return c->rule != RULE_NONE ? rule_texts[c->rule].why : NULL;
}

const char *cause_fix(const struct cause *c)
{
	if (c->fix)
		return c->fix;
	return c->rule != RULE_NONE ? rule_texts[c->rule].fix : NULL;
}

void cause_signature(const struct cause *c, struct buf *out)
{
	if (c->status > 0)
		say(out, "%d", c->status);
	else
		say(out, "no answer");
	if (c->refused_by) {
		say(out, ", ");
		refuser_words(c->first, out);
	}
	say(out, ", %s", c->id ? c->id : "unexplained");
	if (c->message && *c->message)
		say(out, ", \"%.160s\"", c->message);
}

const char quic_words[] = "it spoke HTTP/3, whose bytes do not go through the TLS library; run the "
			  "tool with HTTP/2 instead (curl --http2 or --http1.1)";

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void say_unseen(const struct report *r, struct buf *out)
{
	say(out, "no API request was seen");
	if (r->cause_count && r->causes[0].rule == RULE_no_request_sent)
		say(out, ": a connection was made and nothing was sent on it");
	else if (r->cause_count && r->causes[0].rule == RULE_tls_handshake_failed)
		say(out, ": the TLS connection to %s could not be set up [%s]",
		    r->causes[0].first->host ? r->causes[0].first->host : "the API",
		    r->causes[0].id);
	else if (r->quic)
		say(out, ": HTTP/3 was spoken to %s, which is not seen",
		    r->quic->host ? r->quic->host : "an API");
	else if (r->untapped)
		say(out, ": %zu process%s with TLS could not be looked into", r->untapped,
		    r->untapped == 1 ? "" : "es");
	else if (r->processes)
		say(out, " in %zu process%s with TLS", r->processes, r->processes == 1 ? "" : "es");
	else
		say(out, ", nor any process with TLS");
	if (r->unfollowed)
		say(out, "; %zu program%s that it started could not be followed", r->unfollowed,
		    plural(r->unfollowed));
}

static void say_refused(const struct report *r, struct buf *out)
{
	const struct cause *c = &r->causes[0];

	if (r->refused == r->exchanges)
		say(out,
		    r->exchanges == 1   ? "the request was refused"
		    : r->exchanges == 2 ? "both requests were refused"
					: "all %zu requests were refused",
		    r->exchanges);
	else
		say(out, "%zu of %zu requests %s refused", r->refused, r->exchanges,
		    r->refused == 1 ? "was" : "were");
	if (r->refusal_causes > 1)
		say(out,
		    c->count > 1 ? ", for %zu reasons; most often (%zu times)"
				 : ", for %zu reasons; one of them",
		    r->refusal_causes, c->count);
	say(out, ": %s", cause_title(c));
	if (c->id)
		say(out, " [%s]", c->id);
}

void report_verdict(const struct report *r, struct buf *out)
{
	if (r->exchanges == 0) {
		say_unseen(r, out);
	} else if (r->refusal_causes) {
		say_refused(r, out);
	} else if (r->worst >= SEVERITY_WARNING) {
		say(out, "no request was refused (%zu seen), but: %s [%s]", r->exchanges,
		    cause_title(&r->causes[0]), r->causes[0].id);
	} else {
		say(out, "nothing is wrong: %zu request%s, none refused", r->exchanges,
		    plural(r->exchanges));
	}
}

static void say_value(const struct split_value *v, struct buf *out)
{
	say(out, "%s", v->first ? v->first : "(not recorded)");
	if (v->second)
		say(out, " with %s", v->second);
	say(out, ": %zu refused, %zu fine", v->failed, v->fine);
}

static void say_also(unsigned also, struct buf *out)
{
	bool first = true;

	for (int a = 0; a < ATTRIBUTE_COUNT; a++) {
		if (!(also & 1u << a))
			continue;
		say(out, "%s%s", first ? ". It goes together with " : ", ", attribute_title(a));
		first = false;
	}
	if (!first)
		say(out, ": this log cannot tell which of them it is");
}

/* False: that is all there is to say. */
static bool split_begin(const struct split *s, struct buf *out)
{
	if (s->failed < 2 || s->fine < 2) {
		say(out, "too few requests of one outcome to look for what separates them");
		return false;
	}
	if (s->strength == SPLIT_NONE) {
		say(out,
		    "of %zu refused and %zu other requests, nothing that is recorded separates "
		    "them "
		    "better than chance could",
		    s->failed, s->fine);
		return false;
	}
	say(out, "%s", attribute_title(s->first));
	if (s->second != ATTRIBUTE_COUNT)
		say(out, " together with %s", attribute_title(s->second));
	say(out, " separates the refused requests from the others");
	return true;
}

static void split_end(const struct split *s, struct buf *out)
{
	if (s->strength == SPLIT_WEAK)
		say(out, ". That is weak evidence: it is %.0f %% likely to be a coincidence",
		    s->chance * 100 < 1 ? 1 : s->chance * 100);
	else
		say(out, ". It is less than 1 %% likely to be a coincidence");
	say_also(s->also, out);
}

void split_summary(const struct split *s, struct buf *out)
{
	if (split_begin(s, out))
		split_end(s, out);
}

void split_words(const struct split *s, struct buf *out)
{
	enum { VALUES_SHOWN = 6 };

	if (!split_begin(s, out))
		return;
	say(out, ": ");
	for (size_t i = 0; i < s->value_count && i < VALUES_SHOWN; i++) {
		say(out, "%s", i ? "; " : "");
		say_value(&s->values[i], out);
	}
	if (s->value_count > VALUES_SHOWN)
		say(out, "; and %zu more", s->value_count - VALUES_SHOWN);
	split_end(s, out);
}

const char *split_value_label(const struct report *r, enum attribute a, const char *value)
{
	for (size_t i = 0; a == ATTRIBUTE_KEY && i < r->key_count; i++)
		if (same_text(r->keys[i].key, value) && r->keys[i].token)
			return r->keys[i].token;
	return value;
}

void refuser_words(const struct log_row *row, struct buf *out)
{
	const struct vendor *v = row->vendor ? vendor_named(slice_of(row->vendor)) : NULL;
	const char *words = row->refused_by ? text_refusal(row->refused_by) : NULL;

	if (same_text(row->refused_by, "vendor") && v)
		say(out, "refused by %s", v->title);
	else if (row->refused_by)
		say(out, "%s", words ? words : row->refused_by);
	if (row->provider && same_text(row->refused_by, "upstream"))
		say(out, ", %s", row->provider);
}

static const char *tap_words(const char *tap)
{
	if (!tap || strcmp(tap, "none") == 0)
		return "not observed";
	if (strcmp(tap, "method-table") == 0)
		return "observed through its method table";
	if (strcmp(tap, "relay") == 0)
		return "observed through the relay of orshim run";
	return strcmp(tap, "interposed") == 0 ? "observed through its exported functions" : tap;
}

bool row_is_tapped(const struct log *l, const struct log_row *row)
{
	for (size_t i = 0; i < row->library_count; i++) {
		const char *tap = l->libraries[row->libraries + i].tap;
		if (tap && strcmp(tap, "none") != 0)
			return true;
	}
	return false;
}

void coverage_words(const struct log *l, const struct log_row *row, struct buf *out)
{
	for (size_t i = 0; i < row->library_count; i++) {
		const struct log_library *c = &l->libraries[row->libraries + i];
		say(out, "%s%s", i ? "; " : "", c->library ? c->library : "a TLS library");
		if (c->version && *c->version)
			say(out, " %s", c->version);
		say(out, ", %s", tap_words(c->tap));
		if (c->reason && *c->reason)
			say(out, " (%s)", c->reason);
	}
	if (row->unfollowed)
		say(out, "not followed: %s", row->unfollowed);
	else if (row->library_count == 0)
		say(out, "no TLS library in it");
}

void row_process_words(const struct log_row *row, struct buf *out)
{
	say(out, row->pid ? "%s[%d]" : "%s", row->tool && *row->tool ? row->tool : "a process",
	    row->pid);
	if (row->role)
		say(out, " %s", row->role);
}

void row_origin(const struct log_row *row, struct buf *out)
{
	say(out, "http%s://%s", row->plain ? "" : "s", row->host ? row->host : "?");
	if (row->port != (row->plain ? PORT_HTTP : PORT_HTTPS))
		say(out, ":%d", row->port);
}

void row_words(const struct log_row *row, struct buf *out)
{
	if (row->tool && *row->tool) {
		row_process_words(row, out);
		say(out, " ");
	}
	say(out, "%s ", row->method ? row->method : "?");
	row_origin(row, out);
	say(out, "%s -> ", row->path ? row->path : "");
	if (row->status > 0)
		say(out, "%d", row->status);
	else
		say(out, "no answer");
	if (row->ms >= 0)
		say(out, ", %d ms", row->ms);
}
