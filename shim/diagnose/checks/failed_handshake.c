/* SPDX-License-Identifier: MIT */
/*
 * A TLS handshake after which nothing was sent, and the reason in words. It comes from
 * the TLS library (verify result, alert, error). If the library has no getters, it is
 * guessed from the certificate and from what the client did next.
 */
#include "diagnose/checks/failed_handshake.h"
#include "diagnose/trust.h"

enum {
	/* x509_vfy.h */
	VERIFY_NOT_YET_VALID = 9,
	VERIFY_EXPIRED = 10,
	VERIFY_SELF_SIGNED = 18,
	VERIFY_SELF_SIGNED_IN_CHAIN = 19,
	VERIFY_NO_LOCAL_ISSUER = 20,
	VERIFY_NO_FIRST = 21,
	VERIFY_REVOKED = 23,
	VERIFY_HOSTNAME = 62,
	VERIFY_STRICT_FIRST = 85, /* X509_V_FLAG_X509_STRICT, Python 3.13's default */
	VERIFY_STRICT_LAST = 93,

	/* A client that closes a new connection so soon, unused, rejected it (microseconds). */
	AT_ONCE = 2000000,
};

/* Verify results as OpenSSL 3.0 spells them (crypto/x509/x509_txt.c). */
static const struct {
	int result;
	char words[56];
} results[] = {
	{ 1, "unspecified certificate verification error" },
	{ 2, "unable to get issuer certificate" },
	{ 7, "certificate signature failure" },
	{ VERIFY_NOT_YET_VALID, "certificate is not yet valid" },
	{ VERIFY_EXPIRED, "certificate has expired" },
	{ VERIFY_SELF_SIGNED, "self-signed certificate" },
	{ VERIFY_SELF_SIGNED_IN_CHAIN, "self-signed certificate in certificate chain" },
	{ VERIFY_NO_LOCAL_ISSUER, "unable to get local issuer certificate" },
	{ VERIFY_NO_FIRST, "unable to verify the first certificate" },
	{ 22, "certificate chain too long" },
	{ VERIFY_REVOKED, "certificate revoked" },
	{ 24, "invalid CA certificate" },
	{ 26, "unsuitable certificate purpose" },
	{ 27, "certificate not trusted" },
	{ 28, "certificate rejected" },
	{ 47, "permitted subtree violation" },
	{ VERIFY_HOSTNAME, "hostname mismatch" },
	{ 64, "IP address mismatch" },
	{ 66, "EE certificate key too weak" },
	{ 67, "CA certificate key too weak" },
	{ 68, "CA signature digest algorithm too weak" },
	{ 79, "invalid CA certificate" },
	{ VERIFY_STRICT_FIRST, "Missing Authority Key Identifier" },
	{ 86, "Missing Subject Key Identifier" },
	{ 89, "Basic Constraints of CA cert not marked critical" },
	{ 92, "CA cert does not include key usage extension" },
};

/* RFC 8446 section 6. */
static const struct {
	int alert;
	const char *words;
	const char *fix; /* NULL: what fits any alert */
} alerts[] = {
	{ 40, "handshake_failure",
	  "The server shares no cipher or TLS version with this tool, or wants none of its kind: "
	  "update the tool or its TLS library, and try the same host with curl." },
	{ 42, "bad_certificate", NULL },
	{ 46, "certificate_unknown", NULL },
	{ 48, "unknown_ca",
	  "The server wants a client's certificate that it can verify: give the "
	  "tool the one that belongs to this gateway." },
	{ 49, "access_denied", NULL },
	{ 70, "protocol_version",
	  "The server takes no TLS version that this tool offers: update the tool or its TLS "
	  "library, or allow the server's version." },
	{ 71, "insufficient_security", NULL },
	{ 80, "internal_error", NULL },
	{ 112, "unrecognized_name",
	  "What answers there does not know this host name: check the base URL, HTTPS_PROXY and "
	  "/etc/hosts." },
	{ 116, "certificate_required",
	  "The server wants a client's certificate: give the tool the "
	  "one that belongs to this gateway." },
	{ 120, "no_application_protocol",
	  "The server takes no version of HTTP that this tool offers (ALPN): check the base URL." },
};

/* All that the sentences are made of. */
struct handshake_case {
	const struct handshake *h;
	struct slice host;
	struct trusting trusting;
	int64_t now_s;
	struct detail *d;
	bool concluded; /* from what the client did next, without an alert */
};

static void put_host(struct handshake_case *s)
{
	detail_masked(s->d, s->host, LIMIT_SHOWN_NAME);
}

static void put_words(struct detail *d, const char *wire, size_t max)
{
	detail_masked(d, slice_of(wire), max);
}

static void put_issuer(struct handshake_case *s)
{
	if (!s->h->has_certificate || !s->h->certificate.issuer[0])
		return;
	if (s->h->certificate.self_signed) {
		detail_f(s->d, ", signed by itself");
		return;
	}
	detail_f(s->d, ", signed by \"");
	put_words(s->d, s->h->certificate.issuer, LIMIT_ISSUER);
	detail_f(s->d, "\"");
}

/* The library's own number: a reader compares it with what the tool printed. */
static void put_number(struct handshake_case *s)
{
	if (s->h->gnutls_status)
		detail_f(s->d, " (GnuTLS status 0x%x)", (unsigned)s->h->gnutls_status);
	else if (s->h->verify > VERIFY_OK)
		detail_f(s->d, " (verify result %d)", s->h->verify);
}

static void put_result(struct handshake_case *s)
{
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i].result == s->h->verify)
			detail_f(s->d, ": %s", results[i].words);
	put_number(s);
}

static bool misses_name(const struct handshake_case *s)
{
	return s->h->verify == VERIFY_HOSTNAME ||
	       (s->h->verify <= VERIFY_OK && s->h->has_certificate && !s->h->certificate.fits);
}

static void describe_name(struct handshake_case *s)
{
	detail_f(s->d, "the server's certificate is ");
	if (s->h->has_certificate && s->h->certificate.names[0]) {
		detail_f(s->d, "for ");
		put_words(s->d, s->h->certificate.names, LIMIT_CERT_NAMES);
		detail_f(s->d, ", ");
	}
	detail_f(s->d, "not for ");
	put_host(s);
	put_issuer(s);
	put_result(s);
	s->d->why = "Another server answers under this name: a proxy, a sign-in page of the "
		    "network, an entry of /etc/hosts, or a base URL whose host name is not the "
		    "server's. The tool refused to send the key there.";
	detail_fix(s->d,
		   "Check the host name in the tool's base URL, HTTPS_PROXY and /etc/hosts; on a "
		   "network with a sign-in page sign in first. Do not turn verification off.");
}

static void describe_dates(struct handshake_case *s, bool expired)
{
	const char *date = expired ? s->h->certificate.to : s->h->certificate.from;

	detail_f(s->d, "the certificate of ");
	put_host(s);
	put_issuer(s);
	detail_f(s->d, expired ? ", has expired" : ", is not valid yet");
	if (s->h->has_certificate && date[0])
		detail_f(s->d, expired ? " on %s" : " before %s", date);
	put_number(s);
	s->d->why = "A certificate is valid from one date to another. Either the server's was not "
		    "renewed, or the clock of this machine is wrong (containers, WSL, a VM that "
		    "slept). The tool refused to send the key.";
	detail_fix(s->d, "Compare `date -u` with the real time and set the clock; if it is right, "
			 "whoever runs the server or proxy has to renew its certificate.");
}

static void describe_strict(struct handshake_case *s)
{
	detail_f(s->d, "the certificate of ");
	put_host(s);
	put_issuer(s);
	detail_f(s->d, ", lacks what strict verification asks for");
	put_result(s);
	s->d->why = "Python 3.13 and later verify strictly (VERIFY_X509_STRICT), and this "
		    "certificate, most often a company's inspecting proxy's, does not follow RFC "
		    "5280. The tool refused to send the key.";
	detail_fix(s->d, "Have the proxy's authority reissued with the missing extension; until "
			 "then run the tool with Python 3.12, or clear "
			 "ssl.VERIFY_X509_STRICT in its SSLContext.verify_flags.");
}

/* The library judged the certificate, or the client did by its own lists. */
static void describe_untrusted(struct handshake_case *s)
{
	detail_f(s->d, "%s does not trust the certificate of ",
		 s->concluded
		     ? "the tool dropped the connection right after it saw the certificate: "
		       "most likely it"
		     : "the tool");
	put_host(s);
	put_issuer(s);
	put_result(s);
	trust_seen(&s->trusting, s->d);
	s->d->why = "This tool does not trust the authority that signed the server's certificate. "
		    "A company's proxy that inspects TLS signs with its own authority. Each "
		    "runtime has its own list: the system's or the browser's may have what the "
		    "tool's lacks. Nothing was sent, not even the key.";
	trust_fix(&s->trusting, s->d);
}

static void describe_certificate(struct handshake_case *s)
{
	int v = s->h->verify;
	const struct certificate *c = &s->h->certificate;
	bool guess = v == VERIFY_UNKNOWN && s->h->has_certificate;

	if (misses_name(s))
		describe_name(s);
	else if (v == VERIFY_EXPIRED || (guess && s->now_s > c->not_after))
		describe_dates(s, true);
	else if (v == VERIFY_NOT_YET_VALID || (guess && s->now_s < c->not_before))
		describe_dates(s, false);
	else if (v >= VERIFY_STRICT_FIRST && v <= VERIFY_STRICT_LAST)
		describe_strict(s);
	else
		describe_untrusted(s);
}

static void describe_alert(struct handshake_case *s)
{
	const char *fix = NULL;
	size_t i = 0, count = sizeof(alerts) / sizeof(alerts[0]);

	while (i < count && alerts[i].alert != s->h->alert)
		i++;
	put_host(s);
	detail_f(s->d, " ended the handshake with the alert ");
	if (i < count)
		detail_f(s->d, "%s (%d)", alerts[i].words, s->h->alert);
	else
		detail_f(s->d, "%d", s->h->alert);
	if (i < count)
		fix = alerts[i].fix;
	s->d->why = "The server, or a proxy in its place, refused the connection before any HTTP. "
		    "That is about TLS versions, ciphers, host names or client certificates, never "
		    "about the API key, which was not sent.";
	detail_fix(
	    s->d, "%s",
	    fix ? fix
		: "Try the same host with curl -v from the same machine; if that fails, too, "
		  "ask who runs the gateway or proxy in between.");
}

static const char blocked[] =
    "A firewall, a proxy or a filter of the network ends connections to this host before TLS is "
    "set up; some do so by the host name in the client's first message. The key was not sent.";

static void describe_broken(struct handshake_case *s)
{
	bool cut = s->h->end == HANDSHAKE_CUT;
	bool reset = s->h->broken == BREAK_RESET, closed = s->h->broken == BREAK_CLOSED;

	detail_f(s->d, "the connection to ");
	put_host(s);
	detail_f(s->d, "%s",
		 reset    ? " was reset"
		 : closed ? " was closed by the server"
			  : " ended");
	detail_f(s->d, " during the handshake");
	if (!s->h->answered)
		detail_f(s->d, ", before the server's first byte of TLS");
	if (s->h->us >= 1000)
		detail_f(s->d, ", after %lld ms", (long long)(s->h->us / 1000));
	if (cut)
		detail_f(s->d, ": reset or closed from outside, or the tool gave it up");
	s->d->why = blocked;
	detail_fix(s->d, "Try curl -v https://");
	detail_fix_masked(s->d, s->host, LIMIT_SHOWN_NAME);
	detail_fix(s->d,
		   "/ from the same machine and from another network; where the network wants "
		   "a proxy, set HTTPS_PROXY for the tool; ask who runs the firewall to let "
		   "this host pass.");
}

static void describe_not_tls(struct handshake_case *s)
{
	detail_f(s->d, "what answers for ");
	put_host(s);
	detail_f(s->d, " does not speak TLS");
	s->d->why = "The client began a TLS handshake and got bytes of another protocol: a plain "
		    "http server or proxy on that port. The key was not sent.";
	detail_fix(s->d,
		   "Correct the scheme or the port in the base URL (http:// for a plain "
		   "local gateway), or in HTTPS_PROXY: most proxies are spoken to as http://.");
}

static void describe_error(struct handshake_case *s)
{
	detail_f(s->d, "the handshake with ");
	put_host(s);
	detail_f(s->d, " ended in an error of the TLS library");
	if (s->h->reason)
		detail_f(s->d, " (reason %d)", s->h->reason);
	s->d->why =
	    "Client and server did not agree on how to speak TLS. Nothing was sent, not even the "
	    "key.";
	detail_fix(s->d,
		   "The tool's own message names the reason; compare with curl -v against the "
		   "same host, and update the tool or its TLS library.");
}

static void describe(struct handshake_case *s)
{
	const struct handshake *h = s->h;

	if (h->alert != ALERT_NONE)
		describe_alert(s);
	else if (h->not_tls)
		describe_not_tls(s);
	else if (h->refused_certificate || h->end == HANDSHAKE_FINISHED ||
		 (h->end == HANDSHAKE_CUT && h->has_certificate))
		describe_certificate(s);
	else if (h->broken != BREAK_NONE || h->end == HANDSHAKE_CUT)
		describe_broken(s);
	else
		describe_error(s);
}

/* A finished one, whose client then sent nothing: is there a reason in it? */
static bool is_reason(const struct handshake_case *s)
{
	const struct certificate *c = &s->h->certificate;

	if (s->h->verify > VERIFY_OK)
		return true;
	if (!s->h->has_certificate)
		return false;
	if (!c->fits)
		return true;
	return s->h->verify == VERIFY_UNKNOWN && s->h->us < AT_ONCE &&
	       (c->self_signed || s->now_s > c->not_after || s->now_s < c->not_before ||
		!trust_is_public(c->issuer));
}

size_t failed_handshake_diagnose(const struct judge *judge, const struct failed_handshake *failed,
				 struct finding *findings, size_t max)
{
	const struct handshake *h = failed->handshake;
	struct finding *f = findings;
	enum severity severity = (enum severity)judge->book.severity[RULE_tls_handshake_failed];
	struct handshake_case s = { .h = h,
				    .host = failed->host,
				    .trusting = { .environment = &judge->environment,
						  .tool = slice_of(failed->tool),
						  .hidden = h->verify == VERIFY_UNKNOWN &&
							    h->has_certificate,
						  .gnutls = h->gnutls },
				    .now_s = failed->now_us / 1000000,
				    .d = &f->detail };

	if (max == 0 || severity == SEVERITY_OFF ||
	    (h->end == HANDSHAKE_FINISHED && !is_reason(&s)))
		return 0;
	f->rule = RULE_tls_handshake_failed;
	f->severity = severity;
	detail_init(&f->detail);
	s.concluded = h->end == HANDSHAKE_CUT || (h->end == HANDSHAKE_FINISHED &&
						  h->verify == VERIFY_UNKNOWN && !misses_name(&s));
	f->detail.likely = s.concluded;
	describe(&s);
	return 1;
}
