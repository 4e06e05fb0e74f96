/* SPDX-License-Identifier: MIT */
/* The right key at the wrong host, path or method. */
#include <string.h>

#include "diagnose/base_path.h"
#include "diagnose/answer_refusal.h"
#include "diagnose/checks/advice.h"
#include "diagnose/checks/checks.h"
#include "diagnose/claims.h"
#include "diagnose/credential_checks.h"
#include "diagnose/sign_in.h"

static const struct slice nowhere = { NULL, 0 };

static bool is_method(const struct check_input *in, const char *method)
{
	return slice_equal(in->x->request.method, slice_of(method));
}

/* Is C, in any header or the URL, where this vendor reads a key? Authorization is looked at everywhere. */
static bool is_read(const struct check_input *in, const struct credential *c)
{
	return c->location == LOCATION_AUTHORIZATION ||
	       vendor_reads(in->vendor, in->x->path, slice_of(location_name(c->location)));
}

/* The server accepted the key, which the request needed. */
static bool was_accepted(const struct check_input *in)
{
	return in->answer.status / 100 == 2 && !in->answer.failed && is_method(in, "POST");
}

bool check_key_wrong_vendor(const struct check_input *in, struct detail *d)
{
	const struct credential *c = in->credential;

	if (!c || !c->known || !in->vendor || !c->shape.vendor || c->shape.vendor == in->vendor)
		return false;
	if (in->vendor->gateway || was_accepted(in) || vendor_key_fits(in->vendor, c->shape.core) ||
	    (c->location == LOCATION_URL && !is_read(in, c)))
		return false;
	detail_f(d, "a key of %s was sent to %s (", c->shape.vendor->title, in->vendor->title);
	detail_masked(d, in->x->host, 80);
	detail_f(d, ")");
	point_at(d, c, c->shape.core, nowhere);
	advise_wrong_vendor(in, d);
	return true;
}

/* Did the host that refused accept this key before? Then it is a key for this host. */
static bool was_good_here(const struct check_input *in)
{
	const struct history_row *row;

	for (size_t at = 0; (row = history_of_host(in, &at));)
		if (row->fine && strcmp(row->fingerprint, in->fingerprint) == 0)
			return true;
	return false;
}

/* The answers to a key of another site: that it is unknown, or that there is none. */
static bool may_mean_unknown(enum saw saw)
{
	return saw == SAW_NOTHING || saw == SAW_NO_KEY || saw == SAW_NOT_RECOGNISED ||
	       saw == SAW_UNKNOWN_KEY || saw == SAW_WRONG_KIND || saw == SAW_BOUND_ELSEWHERE;
}

/* A whole key, in its place, which this vendor or none that we know issued. */
static bool may_be_bound(const struct check_input *in)
{
	enum { KEY_LEAST = 16 };
	const struct credential *c = in->credential;

	if (!c || !c->known || !is_read(in, c) || c->shape.core.n < KEY_LEAST ||
	    c->shape.scheme > SCHEME_CASE || c->shape.opening.n || c->shape.again.n)
		return false;
	if (c->shape.kind != TOKEN_PLAIN && c->shape.kind != TOKEN_JWT)
		return false;
	/* A login token is not made for one of the sites; its claims are reported elsewhere. */
	if (c->shape.kind == TOKEN_JWT &&
	    (slice_equal(slice_of(in->vendor->id), SLICE("azure")) || token_expired_for(in)))
		return false;
	return !c->shape.vendor || c->shape.vendor == in->vendor;
}

/* "a, b, c": the hosts of a list but the one that was asked. */
static void describe_hosts(struct detail *d, const char *list, struct slice but)
{
	struct slice rest = slice_of(list);
	const char *comma = "";
	struct slice host;

	while (list_next(&rest, &host)) {
		if (slice_equal_nocase(host, but))
			continue;
		detail_f(d, "%s%.*s", comma, SLICE_ARG(host));
		comma = ", ";
	}
}

static bool describe_plan(const struct check_input *in, struct detail *d)
{
	struct vendor_plan plan;

	if (!vendor_plan(in->vendor, in->credential->shape.core, in->x->host, &plan))
		return false;
	if (plan.is_of_plan) {
		detail_f(d, "a key that begins with %s belongs to ", plan.prefix);
	} else {
		detail_masked(d, in->x->host, LIMIT_SHOWN_NAME);
		detail_f(d, " takes keys that begin with %s, other keys of %s belong to ",
			 plan.prefix, in->vendor->title);
	}
	describe_hosts(d, plan.hosts, in->x->host);
	return true;
}

/* The answer itself says that the key, or its kind, is good for something else. */
static bool says_bound(const struct check_input *in, struct detail *d)
{
	bool kind = in->answer.saw == SAW_WRONG_KIND && !in->credential_explained;

	if (in->answer.refused_by == REFUSED_upstream ||
	    (in->answer.saw != SAW_BOUND_ELSEWHERE && !kind))
		return false;
	d->why = "The server knows this kind of credential and does not take it here: it is meant "
		 "for another endpoint, client or plan.";
	detail_fix(
	    d, "Use the kind of credential that this endpoint takes (the answer or the vendor's "
	       "documentation names it), or the endpoint and client that this one is meant for.");
	detail_f(d, "\"");
	detail_masked(d, in->answer.saw_words, 200);
	detail_f(d, "\"");
	return true;
}

bool check_key_bound_elsewhere(const struct check_input *in, struct detail *d)
{
	if (says_bound(in, d))
		return true;
	if (!in->vendor || !in->answer.failed || in->answer.about != REFUSAL_CREDENTIALS ||
	    !may_mean_unknown(in->answer.saw) || !may_be_bound(in) || was_good_here(in))
		return false;
	struct slice core = in->credential->shape.core;
	const struct vendor_bound *bound = vendor_bound(in->vendor, core, in->x->host);
	if (describe_plan(in, d)) {
		point_at(d, in->credential, core, nowhere);
		return true;
	}
	if (!bound)
		return false;
	/* A key that is wrong everywhere is refused with the same words, but for these. */
	d->aside = in->answer.saw != SAW_NO_KEY && in->answer.saw != SAW_BOUND_ELSEWHERE;
	detail_f(d, "%s. The request went to ", bound->says);
	detail_masked(d, in->x->host, 80);
	if (bound->where[0]) {
		detail_f(d, "; the key's host is %s", bound->where);
	} else {
		detail_f(d, "; the key may belong to ");
		describe_hosts(d, bound->hosts, in->x->host);
	}
	return true;
}

/* /api/v1, and /api/alpha where OpenRouter tries things out. */
static bool is_below_api(struct slice path)
{
	return slice_starts(path, SLICE("/api/v1/")) || slice_starts(path, SLICE("/api/alpha/"));
}

bool check_path_missing_api(const struct check_input *in, struct detail *d)
{
	struct slice path = in->x->path;

	while (slice_starts(path, SLICE("//"))) /* reported by path_doubled */
		path = slice_from(path, 1);
	if (!in->is_openrouter || is_below_api(path) || !path_is_endpoint(path))
		return false;
	/* The web site has pages of such names: /models, /credits. */
	if (!is_method(in, "POST") && !slice_starts(path, SLICE("/v1/")) &&
	    !slice_starts(path, SLICE("/api/")))
		return false;
	detail_f(d, "the path is ");
	detail_masked(d, path, 100);
	detail_f(d, "; OpenRouter's begin with /api/v1/");
	base_path_missing(in, d);
	return true;
}

static bool is_there_once(struct slice path, struct slice segment)
{
	long at = slice_find(path, segment, 0);

	return at >= 0 && slice_find(path, segment, (size_t)at + segment.n) < 0;
}

/* Where we do not know the paths: the server does not know this one, either. */
static bool is_version_doubled(const struct check_input *in)
{
	int status = in->answer.status;

	return !in->vendor && (status == 404 || status == 405) &&
	       slice_has(in->x->path, SLICE("/v1/v1/"));
}

bool check_path_doubled(const struct check_input *in, struct detail *d)
{
	struct slice repeated = in->repeated_segment;

	if (!repeated.p && is_version_doubled(in))
		repeated = SLICE("v1");
	if (!repeated.p)
		return false;
	if (repeated.n && is_there_once(in->x->path, repeated))
		detail_f(d, "two endpoints, one after the other, in ");
	else if (repeated.n)
		detail_f(d, "`%.*s` occurs twice in ", SLICE_ARG(repeated)); /* a word of ours */
	else
		detail_f(d, "two slashes in a row in ");
	detail_masked(d, in->x->path, 120);
	base_path_repeated(in, d);
	return true;
}

bool check_path_is_base(const struct check_input *in, struct detail *d)
{
	struct slice path = path_without_slash(in->x->path);

	if (!slice_equal(path, SLICE("/v1")) && !slice_equal(path, SLICE("/api/v1")))
		return false;
	struct slice type = field_value(&in->x->request, "content-type");
	if (!in->vendor || !is_method(in, "POST") ||
	    (type.p && !slice_has_nocase(type, SLICE("json"))))
		return false;
	detail_f(d, "the request goes to ");
	detail_masked(d, in->x->path, 40);
	detail_f(d, " itself: the endpoint (such as /chat/completions) is missing");
	return true;
}

static bool takes_post(enum endpoint_kind endpoint)
{
	return endpoint == ENDPOINT_CHAT || endpoint == ENDPOINT_MESSAGES ||
	       endpoint == ENDPOINT_RESPONSES || endpoint == ENDPOINT_EMBEDDINGS;
}

/* A WebSocket begins with GET (RFC 6455 section 4.1); the Responses API is spoken over it, too. */
static bool is_websocket(const struct check_input *in)
{
	return slice_has_nocase(field_value(&in->x->request, "upgrade"), SLICE("websocket"));
}

/* OpenAI lists the completions that it stored. */
static bool is_list_of_stored(const struct check_input *in)
{
	return in->endpoint == ENDPOINT_CHAT &&
	       (slice_equal(slice_of(in->vendor->id), SLICE("openai")) ||
		slice_equal(slice_of(in->vendor->id), SLICE("azure")));
}

bool check_path_wrong_method(const struct check_input *in, struct detail *d)
{
	if (!in->vendor || !is_method(in, "GET") || !takes_post(in->endpoint) || is_websocket(in) ||
	    is_list_of_stored(in) || redirect_turned_get(in))
		return false;
	detail_f(d, "GET ");
	detail_masked(d, in->x->path, 100);
	detail_f(d, "; this endpoint takes POST");
	return true;
}

bool check_host_alias(const struct check_input *in, struct detail *d)
{
	static const char aliases[][20] = { "www.openrouter.ai",  "api.openrouter.ai",
					    "openrouter.com",     "www.openrouter.com",
					    "api.openrouter.com", "openrouter.io",
					    "openrouter.dev",     "open-router.ai" };

	if (slice_equal(in->x->host, SLICE("openrouter.ai")))
		return false;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (!slice_equal_nocase(in->x->host, slice_of(aliases[i])))
			continue;
		detail_f(d, "the host is %s, the API's is openrouter.ai", aliases[i]);
		detail_point(d, "host", 0, -1);
		return true;
	}
	return false;
}

/* Numbers, dots, colons and brackets: no address is ever sent as a server name (RFC 6066, 3). */
static bool is_address(struct slice host)
{
	for (size_t i = 0; i < host.n; i++)
		if (!is_hex_byte(host.p[i]) && !memchr(".:[]", host.p[i], 4))
			return false;
	return slice_byte(host, ':', 0) >= 0 ||
	       (host.n && host.p[host.n - 1] >= '0' && host.p[host.n - 1] <= '9');
}

bool check_host_sni_mismatch(const struct check_input *in, struct detail *d)
{
	struct slice host = in->x->host;
	struct slice sni = in->x->sni;

	if (host.n && host.p[host.n - 1] == '.')
		host.n--;
	if (!host.n || !sni.n || slice_equal_nocase(host, sni) || is_address(host) ||
	    is_address(sni))
		return false;
	detail_f(d, "Host is ");
	detail_masked(d, host, 100);
	detail_f(d, ", the TLS server name was ");
	detail_masked(d, sni, 100);
	/* HTTP/2 may use one connection for all names of its certificate (RFC 9113 section 9.1.1). */
	d->lower = in->x->version == HTTP_2;
	detail_point(d, "host", 0, -1);
	return true;
}

static bool is_api_path(const struct check_input *in)
{
	struct slice path = in->x->path;

	if (is_method(in, "POST") || slice_starts(path, SLICE("/api/v1")) ||
	    slice_starts(path, SLICE("/v1")))
		return true;
	/* OpenRouter's web site has pages of such names too: /models, /credits. */
	return !in->is_openrouter && path_is_endpoint(path);
}

/* Cloudflare's own pages: a block, a challenge, a gateway error. */
static bool is_cloudflare_page(struct slice body)
{
	return slice_has_nocase(body, SLICE("cloudflare")) &&
	       (slice_has(body, SLICE("cf-error")) || slice_has(body, SLICE("cf-wrapper")) ||
		slice_has(body, SLICE("Attention Required")) ||
		slice_has(body, SLICE("Just a moment")) ||
		slice_has(body, SLICE("Sorry, you have been blocked")));
}

static struct slice page_title(struct slice body)
{
	long at = slice_find_nocase(slice_sub(body, 0, LIMIT_TITLE_SCAN), SLICE("<title>"), 0);

	if (at < 0)
		return nowhere;
	struct slice title = slice_from(body, (size_t)at + 7);
	long end = slice_byte(title, '<', 0);
	return end < 0 ? nowhere : slice_trim(slice_sub(title, 0, (size_t)end));
}

/* A login for people is in front of the server, and what it wants of a program. */
static bool describe_sign_in(const struct check_input *in, struct detail *d)
{
	struct slice host = sign_in_asked_for(in->x);

	if (!host.p)
		return false;
	detail_f(d, "status %d and the sign-in of ", in->answer.status);
	detail_masked(d, host, 80);
	d->why = "A sign-in for people is in front of the server. It sends whoever is not signed in "
		 "to its page, and does not know the key of the API. The server was not asked.";
	detail_fix(d,
		   "Ask whoever runs the server how programs get past the sign-in (Cloudflare "
		   "Access: a service token in CF-Access-Client-Id and CF-Access-Client-Secret; "
		   "oauth2-proxy: skip_auth_routes or a bearer token of the issuer), and set that "
		   "beside the key, where the tool has custom headers.");
	return true;
}

bool check_answered_by_web_page(const struct check_input *in, struct detail *d)
{
	struct slice body = buf_slice(&in->x->response.body.bytes);

	if (in->is_api && describe_sign_in(in, d))
		return true;

	/* A vendor's web server answers 401 with its own page: that is the key check. */
	if (!in->is_api || !in->answer.html || !is_api_path(in) ||
	    in->answer.about == REFUSAL_CREDENTIALS || in->answer.status == STATUS_PROXY_LOGIN ||
	    in->answer.saw == SAW_TOO_LARGE)
		return false;
	struct slice title = page_title(body);
	detail_f(d, "status %d and %s", in->answer.status,
		 is_cloudflare_page(body) ? "a page of Cloudflare's" : "a web page");
	if (title.n) {
		detail_f(d, " titled ");
		detail_masked(d, title, 80);
	}
	return true;
}
