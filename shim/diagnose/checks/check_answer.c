/* SPDX-License-Identifier: MIT */
/*
 * Section 5. Who refused and about what was found out once (answer.c); the
 * checks are readings of that fact, so that two of them never claim one answer.
 */
#include <string.h>

#include "diagnose/checks/advice.h"
#include "diagnose/answer_refusal.h"
#include "cJSON.h"
#include "diagnose/claims.h"
#include "diagnose/content.h"
#include "diagnose/credential_checks.h"
#include "diagnose/endpoint_paths.h"
#include "diagnose/stray_key.h"

enum { QUOTE_MAX = 200 };

static bool refused(const struct check_input *in, enum refused_by by, enum refusal about)
{
	return in->answer.refused_by == by && in->answer.about == about;
}

static void quote(struct detail *d, const char *before, struct slice text)
{
	if (!text.p || text.n == 0)
		return;
	detail_f(d, "%s\"", before);
	detail_masked(d, text, QUOTE_MAX);
	detail_f(d, "\"");
}

/* The provider's name and words, or the message where there are none. */
static void quote_provider(struct detail *d, const struct check_input *in)
{
	if (in->answer.provider_name.p) {
		detail_masked(d, in->answer.provider_name, 60);
		detail_f(d, ": ");
	}
	quote(d, "", in->answer.raw_message.p ? in->answer.raw_message : in->answer.message);
}

static bool says(const struct check_input *in, const char *words)
{
	return slice_has_nocase(in->answer.message, slice_of(words));
}

static bool is_missing_family(const struct check_input *in)
{
	return says(in, "Missing Authentication header") || says(in, "No auth credentials found") ||
	       says(in, "No cookie auth credentials found");
}

bool check_credential_not_recognised(const struct check_input *in, struct detail *d)
{
	if (!refused(in, REFUSED_openrouter_auth, REFUSAL_CREDENTIALS) || in->answer.user_id ||
	    !is_missing_family(in))
		return false;
	quote(d, "", in->answer.message);
	detail_f(d, " is OpenRouter's message both for a missing header and for one without an "
		    "OpenRouter key");
	return true;
}

bool check_key_unknown(const struct check_input *in, struct detail *d)
{
	if (!refused(in, REFUSED_openrouter_auth, REFUSAL_CREDENTIALS) ||
	    !says(in, "User not found") || !in->credential ||
	    !token_is_openrouter_shaped(in->credential->token))
		return false;
	char shown[TOKEN_MASK_SIZE];
	struct detail before = { .text = "" };
	token_mask(in->credential->token, shown);
	if (check_transient_401(in, &before))
		detail_f(d, "said of %s, which was accepted before", shown);
	else
		detail_f(d,
			 "%s is not an active key: it was deleted, disabled or mistyped, it has "
			 "expired, or it is a management key",
			 shown);
	advise_test(in, d);
	return true;
}

bool check_management_key_required(const struct check_input *in, struct detail *d)
{
	if (!refused(in, REFUSED_openrouter_auth, REFUSAL_CREDENTIALS) ||
	    !(says(in, "management key") || says(in, "provisioning key")))
		return false;
	quote(d, "", in->answer.message);
	return true;
}

/* Texts that have a rule above. */
static bool is_known_openrouter_text(const struct check_input *in)
{
	return is_missing_family(in) || says(in, "management key") ||
	       says(in, "provisioning key") ||
	       (says(in, "User not found") && in->credential &&
		token_is_openrouter_shaped(in->credential->token));
}

static bool is_about_credentials_here(const struct check_input *in)
{
	return in->answer.about == REFUSAL_CREDENTIALS && in->answer.refused_by != REFUSED_upstream;
}

/* The message, or the status where there is none. */
static void quote_message(struct detail *d, const struct check_input *in)
{
	if (in->answer.message.n && !in->answer.html)
		quote(d, "", in->answer.message);
	else
		detail_f(d, "%d without a message", answer_code(&in->answer));
}

/* Answers that say more than that the credential is not good have a rule of their own. */
static bool is_special(enum saw saw)
{
	return saw == SAW_EXPIRED || saw == SAW_NO_PERMISSION;
}

/* A token that says itself that it had expired, where the answer does not say what is wrong. */
static long long silently_expired_for(const struct check_input *in)
{
	return is_special(in->answer.saw) || in->is_openrouter ? 0 : token_expired_for(in);
}

/* AWS takes a signature for five minutes before and after its own time (SigV4). */
static void describe_clock(const struct check_input *in, struct detail *d)
{
	enum { TOLERATED = 300 };
	long long behind = claims_signed_before(in);

	if (behind > -TOLERATED && behind < TOLERATED)
		return;
	detail_f(d, "; X-Amz-Date is ");
	claims_describe_duration(d, behind < 0 ? -behind : behind);
	detail_f(d, " %s the server's clock", behind < 0 ? "ahead of" : "behind");
	d->why = "The request is signed with the time of this machine, and the signature is valid "
		 "for five minutes only. The two clocks differ by more than that.";
	detail_fix(d,
		   "Set this machine's clock (timedatectl, NTP; a container or virtual machine "
		   "that slept is late). If the clock is right, the tool signed the request long "
		   "before it sent it.");
}

/* Whose key was refused, where it is not the one of the vendor. */
static void describe_refuser(const struct check_input *in, struct detail *d)
{
	if (server_wants_sign_in(in)) {
		d->why = "The server on this machine has cloud models, and it is not signed in "
			 "where they run. The keys of this tool are not asked.";
		detail_fix(d, "Sign the server in (ollama signin, as the user under whom it runs; "
			      "in a container: there), or choose a model that is on this machine.");
		return;
	}
	if (in->vendor && in->vendor->gateway && says(in, in->vendor->title)) {
		d->why = "The words name the gateway's own key, not that of the vendor behind it.";
		detail_fix(d,
			   "Create or renew the key of %s, and set it where the tool has the "
			   "gateway's key. The vendor's key is another one.",
			   in->vendor->title);
		return;
	}
	advise_local(in, d);
}

bool check_credential_rejected(const struct check_input *in, struct detail *d)
{
	if (!is_about_credentials_here(in) || is_special(in->answer.saw) ||
	    silently_expired_for(in) || (in->is_openrouter && is_known_openrouter_text(in)))
		return false;
	quote_message(d, in);
	describe_clock(in, d);
	if (in->answer.saw == SAW_NO_KEY && in->credential && in->credential->token.n)
		detail_f(d, "; a credential was sent in %s",
			 location_name(in->credential->location));
	else if (in->credentials.absent && !has_key_elsewhere(in))
		detail_f(d, "; no credential was sent");
	describe_refuser(in, d);
	return true;
}

bool check_credential_expired(const struct check_input *in, struct detail *d)
{
	long long late = silently_expired_for(in);

	if (!is_about_credentials_here(in) || (in->answer.saw != SAW_EXPIRED && !late))
		return false;
	quote_message(d, in);
	if (late) {
		detail_f(d, "; the token says itself that it had expired ");
		claims_describe_duration(d, late);
		detail_f(d, " before this answer");
	}
	return true;
}

bool check_key_lacks_permission(const struct check_input *in, struct detail *d)
{
	if (!is_about_credentials_here(in) || in->answer.saw != SAW_NO_PERMISSION ||
	    (in->is_openrouter && is_known_openrouter_text(in)))
		return false;
	quote_message(d, in);
	return true;
}

/* One of the API's own refusals, not OpenRouter's, which have rules of their own. */
static bool is_refusal_of_api(const struct check_input *in)
{
	return in->answer.refused_by == REFUSED_vendor ||
	       in->answer.refused_by == REFUSED_gateway ||
	       in->answer.refused_by == REFUSED_local_gateway;
}

static bool is_banned_signature(const struct check_input *in)
{
	return says(in, "error code: 1010") || says(in, "browser's signature") ||
	       slice_equal(in->answer.code_text, SLICE("1010"));
}

/* A header beside the key that such servers turn callers away for. */
static void describe_refused_header(const struct check_input *in, struct detail *d)
{
	struct slice origin = field_value(&in->x->request, "origin");

	if (is_banned_signature(in)) {
		quote(d, "; User-Agent: ", field_value(&in->x->request, "user-agent"));
		detail_fix(d,
			   "The network in front of the server (Cloudflare 1010) does not admit "
			   "this client's User-Agent or TLS library. Set another User-Agent in the "
			   "tool (extra headers), or ask the vendor to admit this one.");
	} else if (origin.n && !in->answer.message.n && !in->vendor) {
		quote(d, "; Origin: ", origin);
		d->fix[0] = '\0';
		detail_fix(d,
			   "Some local servers silently refuse origins that they do not know. "
			   "Allow this one there (Ollama: OLLAMA_ORIGINS, then restart it).");
	}
}

/* No words, or those of the status alone. */
static bool gives_no_reason(struct slice message)
{
	static const char phrases[][20] = { "Forbidden", "403 Forbidden", "Access denied",
					    "Permission denied" };

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (slice_equal_nocase(slice_trim(message), slice_of(phrases[i])))
			return true;
	return !message.n;
}

static void describe_no_reason(const struct check_input *in, struct detail *d)
{
	detail_f(d, ": the server does not say why");
	d->why = "The server turns the caller away and does not say why. It may be the network, "
		 "the client, the account or the key.";
	detail_fix(d,
		   "Send the same request with curl (orshim curl N prints the command), then from "
		   "another network: what makes the difference is the reason.");
	/* repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden */
	if (field_value(&in->x->response, "x-amz-apigw-id").n) {
		d->fix[0] = '\0';
		detail_fix(d,
			   "AWS's API Gateway says so where x-api-key is missing or belongs to no "
			   "usage plan of this API, and where a resource policy or a firewall "
			   "forbids the caller. Ask whoever runs it which of these applies.");
	}
}

/* OpenRouter's 403 is moderation where it says so; it has other reasons, too. */
static bool is_moderation(const struct check_input *in)
{
	return cJSON_HasObjectItem(in->answer.metadata, "reasons") ||
	       cJSON_HasObjectItem(in->answer.metadata, "flagged_input") ||
	       cJSON_HasObjectItem(in->answer.metadata, "patterns") ||
	       in->answer.saw == SAW_POLICY || says(in, "moderation") || says(in, "flagged") ||
	       says(in, "guardrail") || says(in, "violat");
}

/* A proxy on the way wants to know who uses it; the API's key is not its business. */
static bool describe_proxy_login(const struct check_input *in, struct detail *d)
{
	if (in->answer.status != STATUS_PROXY_LOGIN)
		return false;
	detail_f(d, "a proxy on the way asks for a login of its own");
	quote(d, "; Proxy-Authenticate: ", field_value(&in->x->response, "proxy-authenticate"));
	d->why = "407 comes from a proxy between the tool and the API. It does not know the user. "
		 "The API was not asked, and its key is not what the proxy wants.";
	detail_fix(d, "Give the proxy's user and password in the tool's proxy settings, or in "
		      "HTTPS_PROXY: USER:PASSWORD@ before the proxy's name. Or add the API's host "
		      "to NO_PROXY. For NTLM or Kerberos put a local helper such as px or cntlm "
		      "in between.");
	return true;
}

/* What was asked is refused, not who asks or how. */
static void describe_content_filter(const struct check_input *in, struct detail *d)
{
	if (in->answer.saw != SAW_POLICY)
		return;
	d->why = "A filter for content refused the prompt or what the model wrote. Neither the key "
		 "nor the form of the request is what it speaks of.";
	detail_fix(d, "Change the prompt, the tools' texts or what they returned; the answer may "
		      "name the category. Filters of Azure and others can be adjusted in the "
		      "vendor's console.");
}

bool check_vendor_refused(const struct check_input *in, struct detail *d)
{
	bool others = in->answer.refused_by == REFUSED_edge ||
		      (in->answer.refused_by == REFUSED_openrouter_policy && !is_moderation(in));

	if ((!is_refusal_of_api(in) && !others) || in->answer.about != REFUSAL_POLICY)
		return false;
	if (describe_proxy_login(in, d))
		return true;
	quote_message(d, in);
	describe_content_filter(in, d);
	if (in->answer.saw == SAW_NOTHING && gives_no_reason(in->answer.message))
		describe_no_reason(in, d);
	describe_refused_header(in, d);
	return true;
}

bool check_error_inside_200(const struct check_input *in, struct detail *d)
{
	if (in->answer.in_stream || !in->answer.error || in->answer.status / 100 != 2)
		return false;
	detail_f(d, "status %d with an error in the body: ", in->answer.status);
	quote_message(d, in);
	return true;
}

bool check_credential_rejected_unexplained(const struct check_input *in, struct detail *d)
{
	char shown[TOKEN_MASK_SIZE];

	bool is_401 =
	    in->answer.status == 401 || (in->answer.in_stream && answer_code(&in->answer) == 401);
	if (!is_about_credentials_here(in) || !is_401 || in->credential_explained ||
	    !in->credential || !in->credential->known)
		return false;
	token_mask(in->credential->token, shown);
	detail_f(d, "%s: ", location_name(in->credential->location));
	detail_masked(d, in->credential->scheme, LIMIT_SHOWN_NAME);
	detail_f(d, "%s%s, %zu bytes, %s", in->credential->scheme.n ? " " : "", shown,
		 in->credential->token.n, in->fingerprint);
	advise_test(in, d);
	return true;
}

bool check_upstream_refused_credentials(const struct check_input *in, struct detail *d)
{
	if (!refused(in, REFUSED_upstream, REFUSAL_CREDENTIALS))
		return false;
	if (in->answer.provider_name.p)
		detail_masked(d, in->answer.provider_name, 60);
	else
		detail_f(d, "the provider");
	detail_f(d, " refused");
	quote(d, ": ", in->answer.raw_message);
	if (in->answer.is_byok == 1)
		detail_f(d, ", is_byok: true, so it is the key stored in your account");
	else if (in->answer.is_byok == 0)
		detail_f(d,
			 ", is_byok: false, so it is OpenRouter's own key and not yours to fix");
	if (in->answer.saw == SAW_NO_PERMISSION && in->answer.is_byok) {
		d->why = "OpenRouter accepted your key. The provider knows the key that OpenRouter "
			 "uses there, and says that a right is missing, in the words quoted.";
		detail_fix(d,
			   "Give the account of the stored provider key that right at the "
			   "provider (model access, role, scope), or remove the key at "
			   "openrouter.ai/settings/integrations so that OpenRouter's own is used.");
	}
	return true;
}

/* In the server's words or in those of the provider behind it. */
static bool is_too_large(const struct check_input *in)
{
	static const char words[][24] = { "maximum context length", "prompt is too long",
					  "context_length_exceeded", "context length" };

	if (answer_code(&in->answer) == 413 || in->answer.saw == SAW_TOO_LARGE ||
	    slice_equal(in->answer.error_type, SLICE("context_length_exceeded")) ||
	    slice_equal(in->answer.code_text, SLICE("context_length_exceeded")))
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (says(in, words[i]) || slice_has_nocase(in->answer.raw, slice_of(words[i])))
			return true;
	return false;
}

/* What was not kept of the request was not judged: no finding on it says nothing. */
static void describe_truncation(const struct check_input *in, struct detail *d)
{
	const struct body *body = &in->x->request.body;

	if (body->truncated)
		detail_f(d, "; only the first %zu bytes of the request's body were looked at",
			 body->bytes.n);
}

/* Some upstreams take these out before they count. */
static bool has_system_message(const struct check_input *in)
{
	const cJSON *message;

	cJSON_ArrayForEach(message, content_member(in->body, "messages"))
	{
		if (slice_equal(content_text(message, "role"), SLICE("system")))
			return true;
	}
	return false;
}

/* Point at the member of the body that the provider complains about, if it names one that is there. */
static void point_at_complaint(const struct check_input *in, struct detail *d)
{
	char path[JSON_PATH_MAX];

	if (!content_member_named(in->answer.raw_message, in->body, path, sizeof(path)) &&
	    !content_member_named(in->answer.raw, in->body, path, sizeof(path)))
		return;
	detail_f(d, "; in the request that is ");
	content_point(in, d, "%s", path);
	if (strncmp(path, "messages[", 9) == 0)
		detail_f(d, ", as the upstream counts%s",
			 has_system_message(in) ? " (perhaps without system messages)" : "");
}

bool check_upstream_error(const struct check_input *in, struct detail *d)
{
	if (!refused(in, REFUSED_upstream, REFUSAL_REQUEST) || is_too_large(in))
		return false;
	quote_provider(d, in);
	point_at_complaint(in, d);
	describe_truncation(in, d);
	return true;
}

/* No money or quota is left, whatever the status: no waiting changes that. */
static bool is_about_credits(const struct check_input *in)
{
	return in->answer.saw == SAW_NO_MONEY ||
	       (answer_code(&in->answer) == 402 && in->answer.saw != SAW_KEY_LIMIT &&
		in->answer.saw != SAW_RATE);
}

/* What a plan pays for is not paid for here: the key may be good at the path next door. */
static void describe_plan_path(const struct check_input *in, struct detail *d)
{
	const struct vendor_plan_path *p = vendor_plan_path(in->vendor, in->x->path);

	if (!p)
		return;
	detail_f(d, "; the %s is served below %s only, and this request went below %s", p->plan,
		 p->path, p->other);
	detail_fix(d, "If you have the %s, set the base URL to https://", p->plan);
	detail_fix_masked(d, in->x->host, LIMIT_SHOWN_NAME);
	detail_fix(d, "%s. If you pay as you go, add credit at the vendor.", p->path);
}

bool check_credits_exhausted(const struct check_input *in, struct detail *d)
{
	if (in->answer.about != REFUSAL_QUOTA || in->answer.refused_by == REFUSED_upstream ||
	    !is_about_credits(in))
		return false;
	quote_message(d, in);
	describe_plan_path(in, d);
	return true;
}

bool check_upstream_credits_exhausted(const struct check_input *in, struct detail *d)
{
	if (!refused(in, REFUSED_upstream, REFUSAL_QUOTA) || !is_about_credits(in))
		return false;
	quote_provider(d, in);
	if (in->answer.is_byok >= 0)
		detail_f(d, ", is_byok: %s", in->answer.is_byok ? "true" : "false");
	return true;
}

bool check_key_limit_exceeded(const struct check_input *in, struct detail *d)
{
	if (in->answer.about != REFUSAL_QUOTA || in->answer.refused_by == REFUSED_upstream ||
	    !(in->answer.saw == SAW_KEY_LIMIT ||
	      (in->is_openrouter && answer_code(&in->answer) == 403 && !is_about_credits(in))))
		return false;
	quote_message(d, in);
	return true;
}

bool check_rate_limited(const struct check_input *in, struct detail *d)
{
	struct slice retry = field_value(&in->x->response, "retry-after");

	if (in->answer.about != REFUSAL_QUOTA || is_about_credits(in) ||
	    in->answer.saw == SAW_KEY_LIMIT ||
	    (answer_code(&in->answer) != 429 && in->answer.saw != SAW_RATE))
		return false;
	if (in->answer.provider_name.p)
		detail_masked(d, in->answer.provider_name, 60);
	quote(d, in->answer.provider_name.p ? ": " : "",
	      in->answer.raw_message.p ? in->answer.raw_message : in->answer.message);
	quote(d, "; Retry-After: ", retry);
	return true;
}

/* The texts of an array member of metadata, quoted. */
static void quote_list(struct detail *d, const struct check_input *in, const char *member)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(in->answer.metadata, member);
	const cJSON *item;
	const char *between = "";

	if (!cJSON_IsArray(list))
		return;
	detail_f(d, "; %s: ", member);
	cJSON_ArrayForEach(item, list)
	{
		detail_f(d, "%s", between);
		detail_masked(d, slice_of(cJSON_IsString(item) ? item->valuestring : "?"), 60);
		between = ", ";
	}
}

bool check_policy_blocked(const struct check_input *in, struct detail *d)
{
	if (!refused(in, REFUSED_openrouter_policy, REFUSAL_POLICY) || !is_moderation(in))
		return false;
	quote(d, "", in->answer.message);
	quote_list(d, in, "reasons");
	quote_list(d, in, "patterns");
	return true;
}

static bool is_privacy(const struct check_input *in)
{
	return says(in, "data policy") || says(in, "privacy") ||
	       slice_equal(answer_availability(&in->answer), SLICE("privacy_restricted")) ||
	       slice_equal(answer_availability(&in->answer), SLICE("free_variant_ended"));
}

bool check_privacy_excludes_endpoints(const struct check_input *in, struct detail *d)
{
	if (!refused(in, REFUSED_openrouter_routing, REFUSAL_ROUTING) || !is_privacy(in))
		return false;
	quote(d, "", in->answer.message);
	return true;
}

bool check_no_endpoint_supports_request(const struct check_input *in, struct detail *d)
{
	if (!refused(in, REFUSED_openrouter_routing, REFUSAL_ROUTING) || is_privacy(in))
		return false;
	quote(d, "", in->answer.message);
	if (says(in, "requiring a key to")) {
		d->why = "OpenRouter accepted the key. The provider of this model serves only "
			 "callers that have a key of its own stored at OpenRouter.";
		detail_fix(d, "Add a key of that provider at openrouter.ai/settings/integrations, "
			      "or choose the other model that the message names.");
	}
	quote_list(d, in, "available_providers");
	quote_list(d, in, "requested_providers");
	return true;
}

bool check_provider_unavailable(const struct check_input *in, struct detail *d)
{
	if (in->answer.about != REFUSAL_UNAVAILABLE || in->answer.refused_by == REFUSED_edge ||
	    in->answer.in_stream)
		return false;
	quote_provider(d, in);
	if (in->answer.saw == SAW_UNCONFIGURED && in->answer.refused_by != REFUSED_upstream) {
		d->why = "The words are about the key that the server itself uses for the provider "
			 "behind it: it has none, or none that works now. The key of this request "
			 "is another matter.";
		detail_fix(d, "Give the server (gateway, proxy) its provider's key, in its own "
			      "configuration or environment, and start it again. Accounts that it "
			      "signs in with may have to be signed in again there.");
	}
	if (in->answer.saw == SAW_TROUBLE && in->answer.refused_by == REFUSED_openrouter_auth &&
	    !in->credential_explained)
		detail_f(d,
			 ": OpenRouter's own sign-in service failed, before it looked at any key");
	return true;
}

static bool is_request_refused_here(const struct check_input *in)
{
	return in->answer.about == REFUSAL_REQUEST && in->answer.refused_by != REFUSED_upstream;
}

bool check_request_too_large(const struct check_input *in, struct detail *d)
{
	if (in->answer.about != REFUSAL_REQUEST || !is_too_large(in))
		return false;
	quote_provider(d, in);
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
static void describe_query(const struct check_input *in, struct detail *d)
{
	static const struct slice name = { "api-version=", 12 };
	struct slice rest = in->x->query;
	struct slice one;

	while (slice_cut(&rest, '&', &one)) {
		if (!slice_starts(one, name) || is_api_version(slice_from(one, name.n)))
			continue;
		detail_f(d, "; the query says ");
		detail_masked(d, one, 80);
		detail_f(d, ", and a version is a day (2024-10-21) or a day with -preview");
		detail_fix(d,
			   "Write the version in quotation marks in the tool's settings: without "
			   "them YAML reads it as a date and hands on a time.");
		return;
	}
}

/* The end of a login with OpenRouter: no key is wanted there, but the login's code. */
static void describe_code_exchange(const struct check_input *in, struct detail *d)
{
	if (!in->is_openrouter || !path_is_code_exchange(in->x->path))
		return;
	d->why = "This request exchanges the code of a login (OAuth PKCE) for a key. It needs no "
		 "key; its code, code_verifier or code_challenge_method is not accepted.";
	detail_fix(d, "Start the login again and let the tool exchange the code once, at once. "
		      "code_verifier and code_challenge_method have to be those of that login "
		      "(S256 or plain); without a challenge leave both out.");
}

/* The words of AWS's API Gateway speak of a token, and mean the path. */
static void describe_no_route(const struct check_input *in, struct detail *d)
{
	if (in->answer.saw != SAW_NO_ROUTE)
		return;
	detail_f(d, " to ");
	detail_masked(d, in->x->request.method, LIMIT_SHOWN_NAME);
	detail_f(d, " ");
	detail_masked(d, in->x->path, 100);
	d->why = "AWS's API Gateway says so of a path or method that it does not have, whatever key "
		 "comes with it. The other reason is a route that takes AWS signatures only.";
	detail_fix(d,
		   "Compare the base URL with the one that whoever runs the gateway names: host, "
		   "stage (often /prod) and path, letter by letter. Another key of the same kind "
		   "does not help.");
}

bool check_request_rejected(const struct check_input *in, struct detail *d)
{
	if (!is_request_refused_here(in) || is_too_large(in))
		return false;
	quote_message(d, in);
	describe_content_filter(in, d);
	describe_no_route(in, d);
	describe_code_exchange(in, d);
	describe_query(in, d);
	describe_truncation(in, d);
	return true;
}

bool check_stream_error_after_200(const struct check_input *in, struct detail *d)
{
	if (!in->answer.in_stream || in->answer.status / 100 != 2)
		return false;
	detail_f(d, "event %llu of the stream: ", (unsigned long long)in->x->events.events);
	quote_provider(d, in);
	detail_f(d, "; your tool may show an empty answer");
	return true;
}

bool check_error_wrapped(const struct check_input *in, struct detail *d)
{
	if (in->answer.wrapped) {
		detail_f(d, "found %d level%s deep in the message's text", in->answer.wrapped,
			 in->answer.wrapped > 1 ? "s" : "");
		return true;
	}
	if (in->answer.in_stream || in->answer.status < 400 || in->answer.code < 400 ||
	    in->answer.code >= 600 || in->answer.code == in->answer.status)
		return false;
	detail_f(d, "the status is %d, the error inside says %d", in->answer.status,
		 in->answer.code);
	return true;
}

bool check_response_unreadable(const struct check_input *in, struct detail *d)
{
	const struct message *m = &in->x->response;

	if (!in->answer.answered || in->answer.status < 200)
		return false;
	if (m->body.coding == CODING_OPAQUE) {
		detail_f(d, "Content-Encoding: ");
		detail_masked(d, field_value(m, "content-encoding"), 60);
		return true;
	}
	if (m->body.truncated && in->answer.failed) {
		detail_f(d, "the answer is longer than what is kept of it");
		return true;
	}
	if (in->x->end == END_ANSWERED || in->x->end == END_SWITCHED || m->body.complete)
		return false;
	detail_f(d, "the connection ended after %llu bytes of the answer's body",
		 (unsigned long long)m->body.total);
	return true;
}

bool check_no_response(const struct check_input *in, struct detail *d)
{
	if (in->answer.refused_by != REFUSED_nobody || in->lint || !in->x->request.head_complete)
		return false;
	const struct body *sent = &in->x->request.body;
	const char *what =
	    in->x->end == END_RESET ? "the stream was reset" : "the connection was closed";

	if (sent->complete || !sent->has_declared)
		detail_f(d, "%s after the request", what);
	else
		detail_f(d, "%s after %llu of the request's %llu body bytes", what,
			 (unsigned long long)sent->total, (unsigned long long)sent->declared);
	return true;
}
