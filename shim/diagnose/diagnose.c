/* SPDX-License-Identifier: MIT */
#include "diagnose/diagnose.h"

#include <stdlib.h>
#include <string.h>

#include "cJSON.h"
#include "diagnose/advice.h"
#include "diagnose/base_url.h"
#include "diagnose/stray.h"

/*
 * A path alone makes an API of a host that nobody named only when the request
 * looks like a call of it: /messages and /key are words of the whole web.
 */
static bool looks_like_a_call(const struct exchange *x)
{
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
static bool is_public(const struct evidence *e)
{
	static const struct slice paths[] = { SLICE("/models"),        SLICE("/models/count"),
					      SLICE("/providers"),     SLICE("/embeddings/models"),
					      SLICE("/images/models"), SLICE("/endpoints") };

	if (!slice_equal(e->x->request.method, SLICE("GET")) &&
	    !slice_equal(e->x->request.method, SLICE("HEAD")) &&
	    !slice_equal(e->x->request.method, SLICE("OPTIONS")))
		return false;
	if (!e->is_openrouter)
		return slice_equal(e->x->request.method, SLICE("OPTIONS"));
	if (!slice_starts(e->x->path, SLICE("/api/v1/")))
		return true; /* the web site */
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (slice_ends(e->x->path, paths[i]))
			return true;
	return slice_starts(e->x->path, SLICE("/api/v1/model"));
}

/* The first of the carriers that the vendor reads here, in its order; else the first that came. */
static const struct credential *credential_that_counts(const struct evidence *e)
{
	const struct credentials *c = &e->credentials;
	struct slice rest = slice_of(e->vendor ? vendor_carriers(e->vendor, e->x->path) : "");
	struct slice name;

	if (c->count == 0)
		return NULL;
	while (list_next(&rest, &name))
		for (size_t i = 0; i < c->count; i++)
			if (slice_equal(slice_of(carrier_name(c->all[i].carrier)), name))
				return &c->all[i];
	return &c->all[0];
}

/* Find out about the credential that counts, and keep that for when it comes again. */
static void learn_key(struct known_key *key, const struct credential *c)
{
	key->n = 0;
	key->sourced = false;
	token_show(c->token, key->shown);
	key->fingerprint[0] = '\0';
	if (c->token.n)
		token_fingerprint(c->token, key->fingerprint);
	if (c->value.n > sizeof(key->value) || c->carrier == CARRIER_URL)
		return;
	memcpy(key->value, c->value.p, c->value.n);
	key->n = c->value.n;
	key->credential = credential_moved(c, (struct slice){ key->value, key->n });
}

/* The variables that hold the token: looked for again when the environment has changed. */
static void find_sources(struct known_key *key, const struct evidence *e)
{
	struct slice block = e->environment->block;

	if (key->n && key->sourced && key->block.p == block.p && key->block.n == block.n)
		return;
	key->source_count = environment_sources(e->environment, e->credential->token, e->vendor,
						key->sources, LIMIT_SOURCES);
	key->block = block;
	key->sourced = true;
}

static bool is_known(const struct known_key *key, const struct credential *c)
{
	return key->n && c->carrier == key->credential.carrier &&
	       slice_equal(c->value, (struct slice){ key->value, key->n });
}

static void read_credentials(struct history *h, struct evidence *e)
{
	struct known_key *key = &h->key;
	const struct message *m = &e->x->request;

	credentials_find(&e->credentials, e->x, key->n ? &key->credential : NULL);
	e->credential = credential_that_counts(e);
	e->key_odd = e->credentials.count != 1 || m->fault_count > 0 ||
		     !credential_is_plain(e->credential, m);
	if (!e->credential || !e->credential->known)
		return;
	if (!is_known(key, e->credential))
		learn_key(key, e->credential);
	memcpy(e->shown, key->shown, sizeof(e->shown));
	if (e->credential->token.n == 0)
		return;
	memcpy(e->fingerprint, key->fingerprint, sizeof(e->fingerprint));
	e->key_vendor = e->credential->shape.vendor;
	find_sources(key, e);
	memcpy(e->sources, key->sources, sizeof(e->sources));
	e->source_count = key->source_count;
}

/* The base URL itself: a tool that forgot the endpoint sends its call there. */
static bool is_base(struct slice path)
{
	return slice_ends(path, SLICE("/v1")) || slice_ends(path, SLICE("/v1/"));
}

/*
 * Tools knock at an API without a key, and without a call, to see whether it is
 * there (Claude Code's HEAD /api), or send it what is no call: whatever is answered
 * is no refusal, and nothing is wrong with them. A WebSocket's handshake
 * with a vendor is a call.
 */
static bool is_probe(const struct evidence *e)
{
	return e->credentials.absent && !has_key_elsewhere(e) && e->endpoint == ENDPOINT_OTHER &&
	       !path_is_endpoint(e->x->path) && !is_base(e->x->path) && !e->path_twice.p &&
	       !(e->vendor && message_field(&e->x->request, "sec-websocket-key", 0));
}

/* Endpoints whose requests are JSON: there the body is judged as such. */
static bool takes_json(const struct evidence *e)
{
	return e->endpoint >= ENDPOINT_CHAT && e->endpoint <= ENDPOINT_EMBEDDINGS &&
	       slice_equal(e->x->request.method, SLICE("POST"));
}

static void read_body(struct evidence *e)
{
	const struct body *body = &e->x->request.body;
	struct slice text = buf_slice(&body->bytes);

	json_outline(text, &e->outline);
	e->body_judged = e->lint || e->answer.failed;
	if (!e->body_judged || !takes_json(e) || body->total == 0)
		return;
	json_judge(text, &e->json);
	if (e->json.fault == JSON_FINE)
		e->body = json_tree(text);
}

static void read_place(const struct judge *judge, struct history *h, struct evidence *e)
{
	struct place place;

	place_read(&place, &judge->hosts, e->x, &h->place);
	e->vendor = place.vendor;
	e->is_openrouter = place.is_openrouter;
	e->host_private = place.is_private;
	e->is_api = place.is_api;
	e->endpoint = place.endpoint;
	e->path_twice = place.twice;
}

static void gather(const struct judge *judge, struct history *history, const struct exchange *x,
		   struct evidence *e)
{
	memset(e, 0, offsetof(struct evidence, credentials));
	e->x = x;
	e->lint = judge->lint;
	e->environment = &judge->environment;
	e->found = &judge->found;
	e->history = history;
	read_place(judge, history, e);
	e->is_public = is_public(e);
	read_credentials(history, e);
	answer_read(&e->answer, x, e->vendor);
	e->probe = is_probe(e);
	if ((judge->lint && !e->answer.answered) || e->probe) {
		e->answer.failed = false;
		e->answer.refused_by = REFUSED_NOT;
		e->answer.about = REFUSAL_NONE;
	}
	if (e->answer.failed) {
		own_key_find(&e->own, e);
		e->base_source_count =
		    base_url_sources(e->environment, x->host, e->base_sources, LIMIT_SOURCES);
	}
	read_body(e);
}

/*
 * How severe a finding of RULE is here. The user's word counts as it is; what
 * the server tolerated, or the check called the lesser case, is one lower.
 */
static enum severity severity_of(const struct judge *judge, const struct evidence *e,
				 enum rule_id rule, const struct detail *d)
{
	enum severity s = (enum severity)judge->book.severity[rule];

	if (s != rules[rule].severity)
		return s;
	if (d->lower && s > SEVERITY_NOTE)
		s--;
	if (e->answer.answered && !e->answer.failed && e->answer.status / 100 == 2 &&
	    s > SEVERITY_NOTE)
		s--;
	return s;
}

/* What the rules may need and is so. */
static unsigned what_is_so(const struct evidence *e)
{
	bool refused = e->answer.failed || e->answer.refused_by != REFUSED_NOT;

	return (e->key_odd ? NEED_ODD_KEY : 0) | (refused ? NEED_REFUSAL : 0) |
	       (e->body_judged ? NEED_BODY : 0);
}

static void run_checks(const struct judge *judge, struct diagnosis *d)
{
	struct evidence *e = &d->evidence;
	struct rule_set asked = judge->book.asked[what_is_so(e)];
	enum rule_id id;

	while (d->count < LIMIT_FINDINGS && (id = rule_set_take(&asked)) != RULE_NONE) {
		struct finding *f = &d->findings[d->count];

		detail_init(&f->detail);
		if (!rule_fires(id, e, &f->detail))
			continue;
		f->rule = id;
		advice_add(e, f);
		f->severity = severity_of(judge, e, id, &f->detail);
		d->count++;
		if (rules[id].section <= 2 && rules[id].severity == SEVERITY_ERROR &&
		    !f->detail.lower)
			e->credential_explained = true;
	}
}

/* The cause first, then most severe, most certain, row order. Few: insertion keeps it stable. */
static bool stands_before(const struct finding *a, const struct finding *b, enum rule_id cause)
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
		for (size_t j = i;
		     j > 0 && stands_before(&d->findings[j], &d->findings[j - 1], d->verdict.cause);
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
	gather(judge, history, x, &d->evidence);
	if (!d->evidence.probe)
		run_checks(judge, d);
	verdict_reach(&d->evidence, d->findings, d->count, &d->verdict);
	sort_findings(d);
	if (!d->evidence.probe)
		history_add(history, &d->evidence);
}

const char *finding_why(const struct finding *f)
{
	return f->detail.why ? f->detail.why : prose(rules[f->rule].why);
}

const char *finding_fix(const struct finding *f)
{
	return f->detail.fix[0] ? f->detail.fix : prose(rules[f->rule].fix);
}

enum certainty finding_certainty(const struct finding *f)
{
	enum certainty c = rules[f->rule].certainty;

	return f->detail.likely && c == CERTAINTY_certain ? CERTAINTY_likely : c;
}

void diagnosis_release(struct diagnosis *d)
{
	cJSON_Delete(d->evidence.body);
	d->evidence.body = NULL;
	answer_release(&d->evidence.answer);
}
