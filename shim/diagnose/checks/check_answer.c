/* SPDX-License-Identifier: MIT */
/*
 * Section 5. Who refused and about what was found out once (answer.c); the
 * checks are readings of that fact, so that two of them never claim one answer.
 */
#include <string.h>

#include "cJSON.h"
#include "diagnose/claims.h"
#include "diagnose/content.h"

enum { QUOTE_MAX = 200 };

static bool refused(const struct evidence *e, enum refused_by by, enum refusal about)
{
	return e->answer.refused_by == by && e->answer.about == about;
}

static void quote(struct detail *d, const char *before, struct slice text)
{
	if (!text.p || text.n == 0)
		return;
	detail_f(d, "%s\"", before);
	detail_bytes(d, text, QUOTE_MAX);
	detail_f(d, "\"");
}

/* The provider's name and its own words, or the message where it said none. */
static void quote_provider(struct detail *d, const struct evidence *e)
{
	if (e->answer.provider_name.p) {
		detail_bytes(d, e->answer.provider_name, 60);
		detail_f(d, ": ");
	}
	quote(d, "", e->answer.raw_message.p ? e->answer.raw_message : e->answer.message);
}

static bool says(const struct evidence *e, const char *words)
{
	return slice_has_nocase(e->answer.message, slice_of(words));
}

static bool is_missing_family(const struct evidence *e)
{
	return says(e, "Missing Authentication header") || says(e, "No auth credentials found") ||
	       says(e, "No cookie auth credentials found");
}

bool check_credential_not_recognised(const struct evidence *e, struct detail *d)
{
	if (!refused(e, REFUSED_openrouter_auth, REFUSAL_CREDENTIALS) || e->answer.user_id ||
	    !is_missing_family(e))
		return false;
	quote(d, "", e->answer.message);
	detail_f(d, " is what OpenRouter says both when the header is missing and when it holds no "
		    "OpenRouter key");
	return true;
}

bool check_key_unknown(const struct evidence *e, struct detail *d)
{
	if (!refused(e, REFUSED_openrouter_auth, REFUSAL_CREDENTIALS) ||
	    !says(e, "User not found") || !e->credential ||
	    !token_is_openrouter_shaped(e->credential->token))
		return false;
	char shown[TOKEN_SHOWN_MAX];
	struct detail before = { .text = "" };
	token_show(e->credential->token, shown);
	if (check_transient_401(e, &before))
		detail_f(d, "said of %s, which was accepted before", shown);
	else
		detail_f(d,
			 "%s is not an active key: it was deleted, disabled or mistyped, it has "
			 "expired, or it is a management key",
			 shown);
	return true;
}

bool check_management_key_required(const struct evidence *e, struct detail *d)
{
	if (!refused(e, REFUSED_openrouter_auth, REFUSAL_CREDENTIALS) ||
	    !(says(e, "management key") || says(e, "provisioning key")))
		return false;
	quote(d, "", e->answer.message);
	return true;
}

/* Texts that a rule above stands for. */
static bool is_known_openrouter_text(const struct evidence *e)
{
	return is_missing_family(e) || says(e, "management key") || says(e, "provisioning key") ||
	       (says(e, "User not found") && e->credential &&
		token_is_openrouter_shaped(e->credential->token));
}

static bool is_about_credentials_here(const struct evidence *e)
{
	return e->answer.about == REFUSAL_CREDENTIALS && e->answer.refused_by != REFUSED_upstream;
}

/* The message, or the status where there is none. */
static void quote_message(struct detail *d, const struct evidence *e)
{
	if (e->answer.message.n && !e->answer.html)
		quote(d, "", e->answer.message);
	else
		detail_f(d, "%d without a message", answer_code(&e->answer));
}

/* Answers that say more than that the credential is not good have a rule of their own. */
static bool is_special(enum saw saw)
{
	return saw == SAW_EXPIRED || saw == SAW_NO_PERMISSION;
}

/* A token that says itself that it had expired, where the answer does not say what is wrong. */
static long long silently_expired_for(const struct evidence *e)
{
	return is_special(e->answer.saw) || e->is_openrouter ? 0 : token_expired_for(e);
}

/* AWS takes a signature for five minutes before and after its own time (SigV4). */
static void tell_clock(const struct evidence *e, struct detail *d)
{
	enum { TOLERATED = 300 };
	long long behind = claims_signed_before(e);

	if (behind > -TOLERATED && behind < TOLERATED)
		return;
	detail_f(d, "; X-Amz-Date is ");
	claims_tell_span(d, behind < 0 ? -behind : behind);
	detail_f(d, " %s the server's clock", behind < 0 ? "ahead of" : "behind");
	d->why = "The request is signed with the time of this machine, and a signature is good for "
		 "five minutes only. The two clocks differ by more than that.";
	detail_fix(d,
		   "Set this machine's clock (timedatectl, NTP; a container or virtual machine "
		   "that slept is late). If the clock is right, the tool signed the request long "
		   "before it sent it.");
}

bool check_credential_rejected(const struct evidence *e, struct detail *d)
{
	if (!is_about_credentials_here(e) || is_special(e->answer.saw) || silently_expired_for(e) ||
	    (e->is_openrouter && is_known_openrouter_text(e)))
		return false;
	quote_message(d, e);
	tell_clock(e, d);
	if (e->answer.saw == SAW_NO_KEY && e->credential && e->credential->token.n)
		detail_f(d, "; a credential was sent in %s", carrier_name(e->credential->carrier));
	else if (e->credentials.absent)
		detail_f(d, "; no credential was sent");
	return true;
}

bool check_credential_expired(const struct evidence *e, struct detail *d)
{
	long long late = silently_expired_for(e);

	if (!is_about_credentials_here(e) || (e->answer.saw != SAW_EXPIRED && !late))
		return false;
	quote_message(d, e);
	if (late) {
		detail_f(d, "; the token says itself that it had expired ");
		claims_tell_span(d, late);
		detail_f(d, " before this answer");
	}
	return true;
}

bool check_key_lacks_permission(const struct evidence *e, struct detail *d)
{
	if (!is_about_credentials_here(e) || e->answer.saw != SAW_NO_PERMISSION ||
	    (e->is_openrouter && is_known_openrouter_text(e)))
		return false;
	quote_message(d, e);
	return true;
}

/* One of the API's own refusals, not OpenRouter's, which have rules of their own. */
static bool is_refusal_of_api(const struct evidence *e)
{
	return e->answer.refused_by == REFUSED_vendor || e->answer.refused_by == REFUSED_gateway ||
	       e->answer.refused_by == REFUSED_local_gateway;
}

static bool is_banned_signature(const struct evidence *e)
{
	return says(e, "error code: 1010") || says(e, "browser's signature") ||
	       slice_equal(e->answer.code_text, SLICE("1010"));
}

/* A header beside the key that such servers turn callers away for. */
static void tell_refused_header(const struct evidence *e, struct detail *d)
{
	struct slice origin = field_value(&e->x->request, "origin");

	if (is_banned_signature(e)) {
		quote(d, "; User-Agent: ", field_value(&e->x->request, "user-agent"));
		detail_fix(d,
			   "The network in front of the server (Cloudflare 1010) does not admit "
			   "this client's User-Agent or TLS library. Set another User-Agent in the "
			   "tool (extra headers), or ask the vendor to admit this one.");
	} else if (origin.n && !e->answer.message.n && !e->vendor) {
		quote(d, "; Origin: ", origin);
		d->fix[0] = '\0';
		detail_fix(d,
			   "Some local servers refuse origins that they do not know, without a "
			   "word. Allow this one there (Ollama: OLLAMA_ORIGINS, then restart it).");
	}
}

static void tell_no_reason(struct detail *d)
{
	detail_f(d, ": the server does not say why");
	d->why = "The server turns the caller away without a word. It may be the network, the "
		 "client, the account or the key.";
	detail_fix(d,
		   "Send the same request with curl (orshim curl N prints the command), then from "
		   "another network: what makes the difference is the reason.");
}

bool check_vendor_refused(const struct evidence *e, struct detail *d)
{
	if (!is_refusal_of_api(e) || e->answer.about != REFUSAL_POLICY)
		return false;
	quote_message(d, e);
	if (e->answer.saw == SAW_UNSAID && !e->answer.message.n)
		tell_no_reason(d);
	tell_refused_header(e, d);
	return true;
}

bool check_error_inside_200(const struct evidence *e, struct detail *d)
{
	if (e->answer.in_stream || !e->answer.error || e->answer.status / 100 != 2)
		return false;
	detail_f(d, "status %d with an error in the body: ", e->answer.status);
	quote_message(d, e);
	return true;
}

bool check_credential_rejected_unexplained(const struct evidence *e, struct detail *d)
{
	char shown[TOKEN_SHOWN_MAX];

	bool is_401 =
	    e->answer.status == 401 || (e->answer.in_stream && answer_code(&e->answer) == 401);
	if (!is_about_credentials_here(e) || !is_401 || e->credential_explained || !e->credential ||
	    !e->credential->known)
		return false;
	token_show(e->credential->token, shown);
	detail_f(d, "%s: %.*s%s%s, %zu bytes, %s", carrier_name(e->credential->carrier),
		 SLICE_ARG(e->credential->scheme), e->credential->scheme.n ? " " : "", shown,
		 e->credential->token.n, e->fingerprint);
	return true;
}

bool check_upstream_refused_credentials(const struct evidence *e, struct detail *d)
{
	if (!refused(e, REFUSED_upstream, REFUSAL_CREDENTIALS))
		return false;
	if (e->answer.provider_name.p)
		detail_bytes(d, e->answer.provider_name, 60);
	else
		detail_f(d, "the provider");
	detail_f(d, " refused");
	quote(d, ": ", e->answer.raw_message);
	if (e->answer.is_byok == 1)
		detail_f(d, ", is_byok: true, so it is the key stored in your account");
	else if (e->answer.is_byok == 0)
		detail_f(d,
			 ", is_byok: false, so it is OpenRouter's own key and not yours to mend");
	return true;
}

/* In the server's words or in those of the provider behind it. */
static bool is_too_large(const struct evidence *e)
{
	static const char words[][24] = { "maximum context length", "prompt is too long",
					  "context_length_exceeded", "context length" };

	if (answer_code(&e->answer) == 413 || e->answer.saw == SAW_TOO_LARGE ||
	    slice_equal(e->answer.error_type, SLICE("context_length_exceeded")) ||
	    slice_equal(e->answer.code_text, SLICE("context_length_exceeded")))
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (says(e, words[i]) || slice_has_nocase(e->answer.raw, slice_of(words[i])))
			return true;
	return false;
}

/* What was not kept of the request was not judged: no finding on it says nothing. */
static void tell_unseen(const struct evidence *e, struct detail *d)
{
	const struct body *body = &e->x->request.body;

	if (body->truncated)
		detail_f(d, "; only the first %zu bytes of the request's body were looked at",
			 body->bytes.n);
}

/* Some upstreams take these out before they count. */
static bool has_system_message(const struct evidence *e)
{
	const cJSON *message;

	cJSON_ArrayForEach(message, content_member(e->body, "messages"))
	{
		if (slice_equal(content_text(message, "role"), SLICE("system")))
			return true;
	}
	return false;
}

/* Point at the member of the body that the provider complains about, if it names one that is there. */
static void point_at_complaint(const struct evidence *e, struct detail *d)
{
	char path[JSON_PATH_MAX];

	if (!content_member_named(e->answer.raw_message, e->body, path, sizeof(path)) &&
	    !content_member_named(e->answer.raw, e->body, path, sizeof(path)))
		return;
	detail_f(d, "; in the request that is ");
	content_place(e, d, "%s", path);
	if (strncmp(path, "messages[", 9) == 0)
		detail_f(d, ", as the upstream counts%s",
			 has_system_message(e) ? " (perhaps without system messages)" : "");
}

bool check_upstream_error(const struct evidence *e, struct detail *d)
{
	if (!refused(e, REFUSED_upstream, REFUSAL_REQUEST) || is_too_large(e))
		return false;
	quote_provider(d, e);
	point_at_complaint(e, d);
	tell_unseen(e, d);
	return true;
}

/* No money or quota is left, whatever the status: no waiting changes that. */
static bool is_about_credits(const struct evidence *e)
{
	return e->answer.saw == SAW_NO_MONEY ||
	       (answer_code(&e->answer) == 402 && e->answer.saw != SAW_KEY_LIMIT &&
		e->answer.saw != SAW_RATE);
}

/* What a plan pays for is not paid for here: the key may be good at the path next door. */
static void tell_plan_path(const struct evidence *e, struct detail *d)
{
	const struct vendor_plan_path *p = vendor_plan_path(e->vendor, e->x->path);

	if (!p)
		return;
	detail_f(d, "; the %s is served below %s only, and this request went below %s", p->plan,
		 p->path, p->other);
	detail_fix(d,
		   "If you have the %s, set the base URL to https://%.*s%s. If you pay as you go, "
		   "add credit at the vendor.",
		   p->plan, SLICE_ARG(e->x->host), p->path);
}

bool check_credits_exhausted(const struct evidence *e, struct detail *d)
{
	if (e->answer.about != REFUSAL_QUOTA || e->answer.refused_by == REFUSED_upstream ||
	    !is_about_credits(e))
		return false;
	quote_message(d, e);
	tell_plan_path(e, d);
	return true;
}

bool check_upstream_credits_exhausted(const struct evidence *e, struct detail *d)
{
	if (!refused(e, REFUSED_upstream, REFUSAL_QUOTA) || !is_about_credits(e))
		return false;
	quote_provider(d, e);
	if (e->answer.is_byok >= 0)
		detail_f(d, ", is_byok: %s", e->answer.is_byok ? "true" : "false");
	return true;
}

bool check_key_limit_exceeded(const struct evidence *e, struct detail *d)
{
	if (e->answer.about != REFUSAL_QUOTA || e->answer.refused_by == REFUSED_upstream ||
	    !(e->answer.saw == SAW_KEY_LIMIT ||
	      (e->is_openrouter && answer_code(&e->answer) == 403 && !is_about_credits(e))))
		return false;
	quote_message(d, e);
	return true;
}

bool check_rate_limited(const struct evidence *e, struct detail *d)
{
	struct slice retry = field_value(&e->x->response, "retry-after");

	if (e->answer.about != REFUSAL_QUOTA || is_about_credits(e) ||
	    e->answer.saw == SAW_KEY_LIMIT ||
	    (answer_code(&e->answer) != 429 && e->answer.saw != SAW_RATE))
		return false;
	if (e->answer.provider_name.p)
		detail_bytes(d, e->answer.provider_name, 60);
	quote(d, e->answer.provider_name.p ? ": " : "",
	      e->answer.raw_message.p ? e->answer.raw_message : e->answer.message);
	quote(d, "; Retry-After: ", retry);
	return true;
}

/* The texts of an array member of metadata, quoted. */
static void quote_list(struct detail *d, const struct evidence *e, const char *member)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(e->answer.metadata, member);
	const cJSON *item;
	const char *between = "";

	if (!cJSON_IsArray(list))
		return;
	detail_f(d, "; %s: ", member);
	cJSON_ArrayForEach(item, list)
	{
		detail_f(d, "%s", between);
		detail_bytes(d, slice_of(cJSON_IsString(item) ? item->valuestring : "?"), 60);
		between = ", ";
	}
}

bool check_policy_blocked(const struct evidence *e, struct detail *d)
{
	if (!refused(e, REFUSED_openrouter_policy, REFUSAL_POLICY))
		return false;
	quote(d, "", e->answer.message);
	quote_list(d, e, "reasons");
	quote_list(d, e, "patterns");
	return true;
}

static bool is_privacy(const struct evidence *e)
{
	return says(e, "data policy") || says(e, "privacy") ||
	       slice_equal(answer_availability(&e->answer), SLICE("privacy_restricted")) ||
	       slice_equal(answer_availability(&e->answer), SLICE("free_variant_ended"));
}

bool check_privacy_excludes_endpoints(const struct evidence *e, struct detail *d)
{
	if (!refused(e, REFUSED_openrouter_routing, REFUSAL_ROUTING) || !is_privacy(e))
		return false;
	quote(d, "", e->answer.message);
	return true;
}

bool check_no_endpoint_supports_request(const struct evidence *e, struct detail *d)
{
	if (!refused(e, REFUSED_openrouter_routing, REFUSAL_ROUTING) || is_privacy(e))
		return false;
	quote(d, "", e->answer.message);
	quote_list(d, e, "available_providers");
	quote_list(d, e, "requested_providers");
	return true;
}

bool check_provider_unavailable(const struct evidence *e, struct detail *d)
{
	if (e->answer.about != REFUSAL_UNAVAILABLE || e->answer.refused_by == REFUSED_edge ||
	    e->answer.in_stream)
		return false;
	quote_provider(d, e);
	if (e->answer.saw == SAW_TROUBLE && e->answer.refused_by == REFUSED_openrouter_auth &&
	    !e->credential_explained)
		detail_f(d,
			 ": OpenRouter's own sign-in service failed, before it looked at any key");
	return true;
}

static bool is_request_refused_here(const struct evidence *e)
{
	return e->answer.about == REFUSAL_REQUEST && e->answer.refused_by != REFUSED_upstream;
}

bool check_request_too_large(const struct evidence *e, struct detail *d)
{
	if (e->answer.about != REFUSAL_REQUEST || !is_too_large(e))
		return false;
	quote_provider(d, e);
	return true;
}

/* Azure's versions are days, with or without "-preview", or words: v1, preview, latest. */
static bool is_api_version(struct slice version)
{
	static const char form[] = "0000-00-00";
	bool is_day = version.n >= sizeof(form) - 1;

	for (size_t i = 0; is_day && form[i]; i++)
		is_day = form[i] == '0' ? version.p[i] >= '0' && version.p[i] <= '9'
					: version.p[i] == form[i];
	if (is_day)
		return version.n == sizeof(form) - 1 || version.p[sizeof(form) - 1] == '-';
	return version.n && slice_byte(version, ':', 0) < 0 && slice_byte(version, '%', 0) < 0 &&
	       (version.p[0] < '0' || version.p[0] > '9');
}

/* A day that a reader of YAML made a time of (api-version: 2024-10-21 without quotation marks). */
static void tell_query(const struct evidence *e, struct detail *d)
{
	static const struct slice name = { "api-version=", 12 };
	struct slice rest = e->x->query;
	struct slice one;

	while (slice_cut(&rest, '&', &one)) {
		if (!slice_starts(one, name) || is_api_version(slice_from(one, name.n)))
			continue;
		detail_f(d, "; the query says ");
		detail_bytes(d, one, 80);
		detail_f(d, ", and a version is a day (2024-10-21) or a day with -preview");
		detail_fix(d,
			   "Write the version in quotation marks in the tool's settings: without "
			   "them YAML reads it as a date and hands on a time.");
		return;
	}
}

bool check_request_rejected(const struct evidence *e, struct detail *d)
{
	if (!is_request_refused_here(e) || is_too_large(e))
		return false;
	quote_message(d, e);
	tell_query(e, d);
	tell_unseen(e, d);
	return true;
}

bool check_stream_error_after_200(const struct evidence *e, struct detail *d)
{
	if (!e->answer.in_stream || e->answer.status / 100 != 2)
		return false;
	detail_f(d, "event %llu of the stream: ", (unsigned long long)e->x->events.events);
	quote_provider(d, e);
	detail_f(d, "; your tool may show an empty answer");
	return true;
}

bool check_error_wrapped(const struct evidence *e, struct detail *d)
{
	if (e->answer.wrapped) {
		detail_f(d, "found %d level%s deep in the message's text", e->answer.wrapped,
			 e->answer.wrapped > 1 ? "s" : "");
		return true;
	}
	if (e->answer.in_stream || e->answer.status < 400 || e->answer.code < 400 ||
	    e->answer.code >= 600 || e->answer.code == e->answer.status)
		return false;
	detail_f(d, "the status is %d, the error inside says %d", e->answer.status, e->answer.code);
	return true;
}

bool check_response_unreadable(const struct evidence *e, struct detail *d)
{
	const struct message *m = &e->x->response;

	if (!e->answer.answered || e->answer.status < 200)
		return false;
	if (m->body.coding == CODING_OPAQUE) {
		detail_f(d, "Content-Encoding: ");
		detail_bytes(d, field_value(m, "content-encoding"), 60);
		return true;
	}
	if (m->body.truncated && e->answer.failed) {
		detail_f(d, "the answer is longer than what is kept of it");
		return true;
	}
	if (e->x->end == END_ANSWERED || e->x->end == END_SWITCHED || m->body.complete)
		return false;
	detail_f(d, "the connection ended after %llu bytes of the answer's body",
		 (unsigned long long)m->body.total);
	return true;
}

bool check_no_response(const struct evidence *e, struct detail *d)
{
	if (e->answer.refused_by != REFUSED_nobody || e->lint || !e->x->request.head_complete)
		return false;
	const struct body *sent = &e->x->request.body;
	const char *what =
	    e->x->end == END_RESET ? "the stream was reset" : "the connection was closed";

	if (sent->complete || !sent->has_declared)
		detail_f(d, "%s after the request", what);
	else
		detail_f(d, "%s after %llu of the request's %llu body bytes", what,
			 (unsigned long long)sent->total, (unsigned long long)sent->declared);
	return true;
}
