/* SPDX-License-Identifier: MIT */
#include "diagnose/verdict.h"
#include "diagnose/diagnose.h"

#include <stdlib.h>
#include <string.h>

#include "cJSON.h"
#include "diagnose/base_url.h"
#include "diagnose/checks/checks.h"
#include "diagnose/credential_checks.h"
#include "diagnose/stray_key.h"

/* A model server's own API on this machine or network: at its usual port, or by Ollama's clients. */
static bool is_local_call(const struct exchange *x)
{
	if (!slice_equal(x->request.method, SLICE("POST")) || !host_is_private(x->host))
		return false;
	return path_is_local_call(x->path, x->port) ||
	       (path_is_everyday(x->path) &&
		slice_starts(field_value(&x->request, "user-agent"), SLICE("ollama")));
}

/*
 * A path alone makes an API of an unknown host only when the request
 * looks like a call of it: /messages and /key are words of the whole web.
 */
static bool looks_like_a_call(const struct exchange *x)
{
	if (is_local_call(x))
		return true;
	if (!path_is_endpoint(x->path) ||
	    (path_is_everyday(x->path) && field_times(&x->request, "authorization") == 0))
		return false;
	if (slice_equal(x->request.method, SLICE("POST")))
		return slice_has_nocase(field_value(&x->request, "content-type"), SLICE("json")) ||
		       slice_ends(x->path, SLICE("/chat/completions"));
	return slice_equal(x->request.method, SLICE("GET")) && slice_has(x->path, SLICE("/v1/")) &&
	       field_times(&x->request, "authorization") > 0;
}

bool judge_wants(const struct judge *judge, const struct exchange *x)
{
	const struct vendor *vendor;

	return hosts_find(&judge->hosts, x->host, x->port, x->path, &vendor) ||
	       (!x->host.n && hosts_find(&judge->hosts, x->sni, x->port, x->path, &vendor)) ||
	       looks_like_a_call(x);
}

/* GET of what OpenRouter gives to anybody (accomplish-ai/coworker#208). */
static bool is_public(const struct check_input *in)
{
	static const struct slice paths[] = { SLICE("/models"),        SLICE("/models/count"),
					      SLICE("/providers"),     SLICE("/embeddings/models"),
					      SLICE("/images/models"), SLICE("/endpoints") };

	if (!slice_equal(in->x->request.method, SLICE("GET")) &&
	    !slice_equal(in->x->request.method, SLICE("HEAD")) &&
	    !slice_equal(in->x->request.method, SLICE("OPTIONS")))
		return false;
	if (!in->is_openrouter)
		return slice_equal(in->x->request.method, SLICE("OPTIONS"));
	if (!slice_starts(in->x->path, SLICE("/api/v1/")))
		return true; /* the web site */
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (slice_ends(in->x->path, paths[i]))
			return true;
	return slice_starts(in->x->path, SLICE("/api/v1/model"));
}

/* The first of the locations that the vendor reads here, in its order; else the first that came. */
static const struct credential *credential_that_counts(const struct check_input *in)
{
	const struct credentials *c = &in->credentials;
	struct slice rest = slice_of(in->locations);
	struct slice name;

	if (c->count == 0)
		return NULL;
	while (list_next(&rest, &name))
		for (size_t i = 0; i < c->count; i++)
			if (slice_equal(slice_of(location_name(c->all[i].location)), name))
				return &c->all[i];
	return &c->all[0];
}

/* Find out about the credential that counts, and keep that for when it comes again. */
static void learn_key(struct cached_key *key, const struct credential *c)
{
	key->n = 0;
	key->sourced = false;
	token_mask(c->token, key->shown);
	key->fingerprint[0] = '\0';
	if (c->token.n)
		fingerprint_of(c->token, key->fingerprint);
	if (c->value.n > sizeof(key->value) || c->location == LOCATION_URL)
		return;
	memcpy(key->value, c->value.p, c->value.n);
	key->n = c->value.n;
	key->credential = credential_moved(c, (struct slice){ key->value, key->n });
}

/* The variables whose value is the token: looked up again when the environment has changed. */
static void find_sources(struct cached_key *key, const struct check_input *in)
{
	struct slice block = in->environment->block;

	if (key->n && key->sourced && key->block.p == block.p && key->block.n == block.n)
		return;
	key->source_count = environment_sources(in->environment, in->credential->token, in->vendor,
						key->sources, LIMIT_SOURCES);
	key->block = block;
	key->sourced = true;
}

static bool is_known(const struct cached_key *key, const struct credential *c)
{
	return key->n && c->location == key->credential.location &&
	       slice_equal(c->value, (struct slice){ key->value, key->n });
}

static void read_credentials(struct history *h, struct check_input *in)
{
	struct cached_key *key = &h->key;

	credentials_find(&in->credentials, in->x, key->n ? &key->credential : NULL);
	in->credential = credential_that_counts(in);
	in->token_kinds = credential_kinds(in);
	if (!in->credential || !in->credential->known)
		return;
	if (!is_known(key, in->credential))
		learn_key(key, in->credential);
	memcpy(in->shown, key->shown, sizeof(in->shown));
	if (in->credential->token.n == 0)
		return;
	memcpy(in->fingerprint, key->fingerprint, sizeof(in->fingerprint));
	in->key_vendor = in->credential->shape.vendor;
	find_sources(key, in);
	memcpy(in->sources, key->sources, sizeof(in->sources));
	in->source_count = key->source_count;
}

/* The base URL itself: a tool that forgot the endpoint sends its call there. */
static bool is_base(struct slice path)
{
	return slice_ends(path, SLICE("/v1")) || slice_ends(path, SLICE("/v1/"));
}

/*
 * Tools knock at an API without a key, and without a call, to see whether it is
 * there (Claude Code's HEAD /api), or send it what is not an API call: no answer
 * to that is a refusal, and nothing is wrong with them. A WebSocket's handshake
 * with a vendor is a call.
 */
static bool is_probe(const struct check_input *in)
{
	return in->credentials.absent && !has_key_elsewhere(in) && in->endpoint == ENDPOINT_OTHER &&
	       !path_is_endpoint(in->x->path) && !is_base(in->x->path) && !in->repeated_segment.p &&
	       !(in->vendor && message_field(&in->x->request, "sec-websocket-key", 0));
}

/* Endpoints whose requests are JSON: there the body is checked as JSON. */
static bool takes_json(const struct check_input *in)
{
	return in->endpoint >= ENDPOINT_CHAT && in->endpoint <= ENDPOINT_EMBEDDINGS &&
	       slice_equal(in->x->request.method, SLICE("POST"));
}

static void read_body(struct check_input *in)
{
	const struct body *body = &in->x->request.body;
	struct slice text = buf_slice(&body->bytes);

	json_outline(text, &in->outline);
	in->body_judged = in->lint || in->answer.failed;
	if (!in->body_judged || !takes_json(in) || body->total == 0)
		return;
	json_judge(text, &in->json);
	if (in->json.fault == JSON_FINE)
		in->body = json_tree(text);
}

static void read_endpoint(const struct judge *judge, struct history *h, struct check_input *in)
{
	struct endpoint endpoint;

	endpoint_read(&endpoint, &judge->hosts, in->x, &h->endpoint);
	in->vendor = endpoint.vendor;
	in->is_openrouter = endpoint.is_openrouter;
	in->host_private = endpoint.is_private;
	in->is_api = endpoint.is_api;
	in->endpoint = endpoint.kind;
	in->locations = endpoint.locations;
	in->repeated_segment = endpoint.repeated_segment;
}

static void gather(const struct judge *judge, struct history *history, const struct exchange *x,
		   struct check_input *in)
{
	memset(in, 0, offsetof(struct check_input, credentials));
	in->x = x;
	in->lint = judge->lint;
	in->environment = &judge->environment;
	in->found = &judge->found;
	in->history = history;
	read_endpoint(judge, history, in);
	in->is_public = is_public(in);
	read_credentials(history, in);
	answer_read(&in->answer, x, in->vendor);
	in->probe = is_probe(in);
	if ((judge->lint && !in->answer.answered) || in->probe) {
		in->answer.failed = false;
		in->answer.refused_by = REFUSED_NOT;
		in->answer.about = REFUSAL_NONE;
	}
	if (in->answer.failed) {
		own_key_find(&in->own, in);
		in->base_source_count =
		    base_url_sources(in->environment, x->host, in->base_sources, LIMIT_SOURCES);
	}
	read_body(in);
}

/*
 * How severe a finding of RULE is here. The user's word counts as it is; what
 * the server tolerated, or the check called the lesser case, is one lower.
 */
static enum severity severity_of(const struct judge *judge, const struct check_input *in,
				 enum rule_id rule, const struct detail *d)
{
	enum severity s = (enum severity)judge->book.severity[rule];

	if (s != rules[rule].severity)
		return s;
	if (d->lower && s > SEVERITY_NOTE)
		s--;
	if (in->answer.answered && !in->answer.failed && in->answer.status / 100 == 2 &&
	    s > SEVERITY_NOTE)
		s--;
	return s;
}

/* RULE fired for the exchange of D, and has written F's detail. */
static void add_finding(const struct judge *judge, struct diagnosis *d, struct finding *f,
			const struct rule *rule)
{
	f->rule = (enum rule_id)(rule - rules);
	f->severity = severity_of(judge, &d->input, f->rule, &f->detail);
	f->detail.recorded = judge->recorded && rule->recorded == RECORDED_LESS;
	d->count++;
	if (sections[rule->section].explains_key && rule->severity == SEVERITY_ERROR &&
	    !f->detail.lower)
		d->input.credential_explained = true;
}

static void run_checks(const struct judge *judge, struct diagnosis *d)
{
	const struct check_input *in = &d->input;
	bool refused = in->answer.failed || in->answer.refused_by != REFUSED_NOT;
	unsigned unmet =
	    NEED_NEVER | (refused ? 0 : NEED_REFUSAL) | (in->body_judged ? 0 : NEED_BODY);

	for (int id = 0; id < RULE_COUNT && d->count < LIMIT_FINDINGS; id++) {
		if (judge->book.needs[id] & unmet)
			continue;
		struct finding *f = &d->findings[d->count];
		detail_init(&f->detail);
		if (rule_fires((enum rule_id)id, in, &f->detail))
			add_finding(judge, d, f, &rules[id]);
	}
}

/* The cause first, then most severe, most certain, row order. Few: insertion keeps it stable. */
static bool finding_precedes(const struct finding *a, const struct finding *b, enum rule_id cause)
{
	if ((a->rule == cause) != (b->rule == cause))
		return a->rule == cause;
	if (a->severity != b->severity)
		return a->severity > b->severity;
	if (rules[a->rule].certainty != rules[b->rule].certainty)
		return rules[a->rule].certainty > rules[b->rule].certainty;
	return a->rule < b->rule;
}

static void sort_findings(struct diagnosis *d)
{
	for (size_t i = 1; i < d->count; i++)
		for (size_t j = i; j > 0 && finding_precedes(&d->findings[j], &d->findings[j - 1],
							     d->verdict.cause);
		     j--) {
			struct finding f = d->findings[j];
			d->findings[j] = d->findings[j - 1];
			d->findings[j - 1] = f;
		}
}

void diagnose(const struct judge *judge, struct history *history, const struct exchange *x,
	      struct diagnosis *d)
{
	d->count = 0;
	gather(judge, history, x, &d->input);
	if (!d->input.probe)
		run_checks(judge, d);
	verdict_reach(&d->input, d->findings, d->count, &d->verdict);
	sort_findings(d);
	if (d->input.probe)
		return;
	retry_find(&history->failed, &d->input, &d->input.retry);
	history_add(history, &d->input);
}

const char *finding_why(const struct finding *f)
{
	return f->detail.why ? f->detail.why : rule_texts[f->rule].why;
}

const char *finding_fix(const struct finding *f)
{
	return f->detail.fix[0] ? f->detail.fix : rule_texts[f->rule].fix;
}

enum certainty finding_certainty(const struct finding *f)
{
	enum certainty c = rules[f->rule].certainty;

	if (f->detail.likely && c == CERTAINTY_certain)
		c = CERTAINTY_likely;
	if (f->detail.recorded && c > CERTAINTY_hint)
		c--;
	return c;
}

void diagnosis_release(struct diagnosis *d)
{
	cJSON_Delete(d->input.body);
	d->input.body = NULL;
	answer_release(&d->input.answer);
}
