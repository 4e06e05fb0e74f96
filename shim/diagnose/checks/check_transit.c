/* SPDX-License-Identifier: MIT */
/* Between the tool and the API: gateways, redirects, rewriting; and headers that came along. */
#include "diagnose/checks/checks.h"
#include "diagnose/answer_refusal.h"
#include "diagnose/credential_checks.h"
#include "diagnose/redirect.h"

static const struct slice nowhere = { NULL, 0 };

struct gateway {
	char name[20];
	char word[28]; /* in the answer's body */
};

/* Wording of gateways' own answers (BerriAI/litellm#20289, musistudio/claude-code-router#442). */
static const char *gateway_by_body(struct slice body)
{
	static const struct gateway gateways[] = {
		{ "LiteLLM", "LiteLLM" },
		{ "LiteLLM", "litellm." },
		{ "LiteLLM", "Invalid proxy server token" },
		{ "claude-code-router", "Error from provider" },
		{ "9router", "9router" },
		{ "Kilo", "kilocode" },
	};

	for (size_t i = 0; i < sizeof(gateways) / sizeof(gateways[0]); i++)
		if (slice_has(body, slice_of(gateways[i].word)))
			return gateways[i].name;
	return NULL;
}

static const char *gateway_by_header(const struct message *m)
{
	struct slice matched = field_value(m, "x-matched-path");

	if (slice_starts(matched, SLICE("/api/openrouter/")))
		return "Kilo's gateway";
	if (field_value(m, "x-goog-iap-generated-response").n)
		return "Google's Identity-Aware Proxy";
	for (size_t i = 0; i < m->field_count; i++)
		if (slice_starts_nocase(m->fields[i].name, SLICE("x-litellm-")))
			return "LiteLLM";
	return NULL;
}

bool check_answered_by_other_gateway(const struct check_input *in, struct detail *d)
{
	const char *name = gateway_by_header(&in->x->response);

	if (!in->is_api || !in->answer.failed)
		return false;
	if (!name && in->host_private)
		name = gateway_by_body(buf_slice(&in->x->response.body.bytes));
	if (!name)
		return false;
	detail_f(d, "the answer is worded as %s words it, at ", name);
	detail_masked(d, in->x->host, 80);
	return true;
}

bool check_redirect_dropped_auth(const struct check_input *in, struct detail *d)
{
	const struct redirect *r = &in->history->redirect;
	bool lost = redirect_lost_key(in);
	bool turned = redirect_turned_get(in);

	if (!lost && !turned)
		return false;
	detail_f(d, "%d from ", r->status);
	detail_masked(d, slice_of(r->from), 64);
	if (redirect_leaves_host(r)) {
		detail_f(d, " to ");
		detail_masked(d, in->x->host, 64);
	} else {
		detail_masked(d, slice_of(r->from_path), 80);
		detail_f(d, " to %s", r->plain ? "http://" : "");
		if (r->plain)
			detail_masked(d, slice_of(r->host), 64);
		detail_masked(d, slice_of(r->path), 80);
	}
	detail_f(d, ": %s%s%s", lost ? "the request that followed has no Authorization" : "",
		 lost && turned ? ", and " : "", turned ? "POST became GET" : "");
	if (redirect_moves_slash(r))
		detail_f(d, "; only the slash at the end of the path differs");
	return true;
}

/* A fragment of a key as error texts quote it: HEAD, masked bytes, TAIL. */
struct quoted_key {
	struct slice head;
	struct slice tail;
};

/* The word that follows "provided: " or "api key: " in the message, if it is masked. */
static bool quoted_key_find(struct slice message, struct quoted_key *quoted)
{
	static const char leads[][15] = { "key provided: ", "api key: " };
	long at = -1;

	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]) && at < 0; i++) {
		at = slice_find_nocase(message, slice_of(leads[i]), 0);
		if (at >= 0)
			at += (long)strlen(leads[i]);
	}
	if (at < 0)
		return false;
	struct slice word = slice_from(message, (size_t)at);
	size_t n = 0;
	while (n < word.n && !memchr(" \t\r\n,\"'", word.p[n], 7))
		n++;
	word.n = n;
	while (word.n && word.p[word.n - 1] == '.')
		word.n--;
	long mask = slice_find(word, SLICE("**"), 0);
	if (mask < 0)
		return false;
	quoted->head = slice_sub(word, 0, (size_t)mask);
	quoted->tail = slice_from(word, (size_t)mask);
	while (quoted->tail.n && (quoted->tail.p[0] == '*' || quoted->tail.p[0] == '.'))
		quoted->tail = slice_from(quoted->tail, 1);
	return quoted->head.n + quoted->tail.n >= 4;
}

static bool quoted_key_fits(const struct quoted_key *quoted, struct slice token)
{
	/* Of a short word both parts may show the same bytes. */
	return slice_starts(token, quoted->head) && slice_ends(token, quoted->tail);
}

/* Is it what was sent in base64, after Basic? */
static bool quoted_key_fits_basic(const struct quoted_key *quoted, const struct credential *c)
{
	char room[512];
	struct slice user;
	struct slice password;

	if (c->shape.scheme != SCHEME_BASIC || !basic_read(c, room, sizeof(room), &user, &password))
		return false;
	struct slice both = { user.p, user.n + 1 + password.n };
	return quoted_key_fits(quoted, password) || quoted_key_fits(quoted, user) ||
	       quoted_key_fits(quoted, both);
}

/* A gateway that has a vendor key of its own: the way to it is in order, that key is refused. */
static void describe_gateways_own_key(const struct check_input *in, struct detail *d)
{
	if (in->vendor ? !in->vendor->gateway : !answer_quotes_vendor(in->answer.message))
		return;
	d->why = "The host that was asked is a gateway. It took the request and asked the vendor "
		 "with a key of its own; the vendor's refusal, handed on here, quotes that key.";
	detail_fix(d, "Correct the vendor's key where the gateway has it (LiteLLM: config.yaml or "
		      "the environment of the proxy), or tell whoever runs the gateway. The key "
		      "that this tool sent is not the one that was refused.");
}

bool check_auth_rewritten_in_transit(const struct check_input *in, struct detail *d)
{
	struct quoted_key quoted;

	/* A private gateway and OpenRouter quote the key that they use further on. */
	if ((in->host_private && !in->vendor) || in->answer.provider_name.n ||
	    in->credentials.count == 0 || !quoted_key_find(in->answer.message, &quoted))
		return false;
	for (size_t i = 0; i < in->credentials.count; i++) {
		const struct credential *c = &in->credentials.all[i];
		if (!c->known || quoted_key_fits(&quoted, c->token) ||
		    quoted_key_fits(&quoted, c->shape.core) || quoted_key_fits(&quoted, c->value) ||
		    quoted_key_fits_basic(&quoted, c))
			return false;
	}
	detail_f(d, "the answer quotes a key that ");
	if (quoted.head.n) {
		detail_f(d, "begins `");
		detail_masked(d, slice_sub(quoted.head, 0, 8), 32);
		detail_f(d, "`%s", quoted.tail.n ? " and " : "");
	}
	if (quoted.tail.n) {
		detail_f(d, "ends `");
		detail_masked(d, slice_sub(quoted.tail, 0, 4), 16);
		detail_f(d, "`");
	}
	detail_f(d, ": not the one that was written");
	describe_gateways_own_key(in, d);
	if (in->credential)
		point_at(d, in->credential, in->credential->token, nowhere);
	return true;
}

/* Words about a vendor behind the gateway, which did refuse: BerriAI/litellm, claude-code-router. */
static bool is_vendors_refusal(const struct check_input *in)
{
	struct slice text = in->answer.message;
	struct quoted_key quoted;

	if (in->answer.provider_name.n || in->answer.raw.n || in->answer.wrapped ||
	    answer_quotes_vendor(text))
		return true;
	if (!quoted_key_find(text, &quoted))
		return false;
	for (size_t i = 0; i < in->credentials.count; i++)
		if (in->credentials.all[i].known &&
		    quoted_key_fits(&quoted, in->credentials.all[i].shape.core))
			return false;
	return true;
}

/* The header in which the gateway reads its own key; absent: not known. */
static struct slice gateways_header(const struct check_input *in)
{
	if (in->answer.header_wanted.n)
		return in->answer.header_wanted;
	if (in->vendor && in->vendor->gateway)
		return first_location(in);
	return slice_of(gateway_by_header(&in->x->response) ||
				gateway_by_body(buf_slice(&in->x->response.body.bytes))
			    ? "authorization"
			    : NULL);
}

/* What the header NAME of the gateway carries. */
static void describe_gateways_header(const struct check_input *in, struct slice name,
				     struct detail *d)
{
	char text[40];

	if (!name.n || name.n >= sizeof(text)) {
		detail_f(d, "; it wants one of its own keys");
		return;
	}
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	const struct field *field = message_field(&in->x->request, text, 0);
	struct slice word = field ? field->value : name;
	size_t n = 0;
	while (n < word.n && word.p[n] != ' ')
		n++;
	word.n = n;
	detail_f(d, "; it wants its own key in ");
	detail_masked(d, name, sizeof(text));
	detail_f(d, ", ");
	if (!field)
		detail_f(d, "which was not sent");
	else if (field->known && slice_starts_nocase(word, SLICE("bearer")) && word.n == 7)
		detail_f(d, "which begins with `%.*s` where `Bearer` and one space belong",
			 SLICE_ARG(word));
	else
		detail_f(d, "and what is there was not accepted");
	detail_point_field(d, field ? name : (struct slice){ NULL, 0 }, 0);
}

/* cloud.google.com/iap/docs/authentication-howto */
static void describe_identity_proxy(const struct check_input *in, struct detail *d)
{
	if (!slice_starts(in->answer.message, SLICE("Invalid IAP credentials")))
		return;
	detail_f(d, ": ");
	detail_masked(d, in->answer.message, 160);
	d->why =
	    "Google's Identity-Aware Proxy admits callers before the server sees them. It reads "
	    "its own token in Authorization and does not know the server's keys.";
	detail_fix(
	    d, "Send an OpenID Connect token for the proxy (its audience is the client id of "
	       "the proxy) in Proxy-Authorization: Bearer TOKEN, and the server's key in "
	       "Authorization as before; or ask whoever runs the server for a way past the proxy.");
}

bool check_gateway_refused_credentials(const struct check_input *in, struct detail *d)
{
	bool remote = in->answer.refused_by == REFUSED_gateway;

	if ((!remote && in->answer.refused_by != REFUSED_local_gateway) ||
	    in->answer.about != REFUSAL_CREDENTIALS || in->answer.saw == SAW_NO_PERMISSION ||
	    in->answer.saw == SAW_EXPIRED || is_vendors_refusal(in))
		return false;
	/* A model server on this machine is not a gateway: other rules report its refusal. */
	if (!remote && !gateways_header(in).n)
		return false;
	if (in->vendor && in->vendor->gateway)
		detail_f(d, "%s", in->vendor->title);
	else
		detail_f(d, remote ? "the gateway at " : "the server at ");
	if (!in->vendor || !in->vendor->gateway)
		detail_masked(d, in->x->host, 80);
	detail_f(d, " refused the request itself, no vendor was asked");
	describe_identity_proxy(in, d);
	describe_gateways_header(in, gateways_header(in), d);
	return true;
}

bool check_org_header_mismatch(const struct check_input *in, struct detail *d)
{
	static const char codes[][24] = { "mismatched_organization", "mismatched_project",
					  "invalid_organization" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (!slice_equal(in->answer.code_text, slice_of(codes[i])))
			continue;
		bool project = i == 1;
		bool sent = message_field(&in->x->request,
					  project ? "openai-project" : "openai-organization", 0);
		detail_f(d, "the server says %s", codes[i]);
		if (sent)
			detail_point(d, project ? "openai-project" : "openai-organization", 0, -1);
		return true;
	}
	return false;
}

bool check_org_header_leaked(const struct check_input *in, struct detail *d)
{
	static const char names[][20] = { "openai-organization", "openai-project" };

	for (size_t i = 0; i < 2 && in->is_openrouter; i++) {
		if (field_value(&in->x->request, names[i]).n == 0)
			continue;
		detail_f(d, "%s was sent to OpenRouter", names[i]);
		detail_point(d, names[i], 0, -1);
		return true;
	}
	return false;
}

static long first_high_byte(struct slice value)
{
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] > 0x7e)
			return (long)i;
	return -1;
}

bool check_referer_title_invalid(const struct check_input *in, struct detail *d)
{
	static const char names[][19] = { "http-referer", "x-title", "x-openrouter-title" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && in->is_openrouter; i++) {
		const struct field *field = message_field(&in->x->request, names[i], 0);
		if (!field || !field->known)
			continue;
		long at = first_high_byte(field->value);
		if (at < 0 && field->value.n)
			continue;
		if (at < 0)
			detail_f(d, "%s is empty", names[i]);
		else
			detail_f(d, "byte 0x%02X at offset %ld of %s",
				 (unsigned char)field->value.p[at], at, names[i]);
		detail_point(d, names[i], at < 0 ? 0 : at, -1);
		return true;
	}
	return false;
}
