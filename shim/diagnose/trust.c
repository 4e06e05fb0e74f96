/* SPDX-License-Identifier: MIT */
#include "diagnose/trust.h"

#include "diagnose/check_input.h"
#include "diagnose/detail.h"

#define PEM "/path/to/root-ca.pem"

/*
 * nodejs.org/api/cli.html, bun.com/docs/guides/http/proxy and its tls options,
 * docs.python.org/3/library/ssl.html (set_default_verify_paths),
 * requests.readthedocs.io (SSL Cert Verification), curl.se/docs/sslcerts.html,
 * git-scm.com/docs/git-config (http.sslCAInfo), docs.openssl.org (SSL_CERT_FILE).
 */
static const struct runtime {
	struct slice program; /* file names begin so, and then comes no letter */
	const char *title;
	struct slice reads[2]; /* variables, the most usual first */
	const char *fix;       /* lines to type */
} runtimes[] = {
	{ SLICE("node"),
	  "Node",
	  { SLICE("NODE_EXTRA_CA_CERTS") },
	  "export NODE_EXTRA_CA_CERTS=" PEM " (it is read when Node starts; from 22.15 on, "
	  "NODE_USE_SYSTEM_CA=1 or --use-system-ca takes the system's list)" },
	{ SLICE("bun"),
	  "Bun",
	  { SLICE("NODE_EXTRA_CA_CERTS") },
	  "export NODE_EXTRA_CA_CERTS=" PEM " (Bun reads it when it starts)" },
	{ SLICE("python"),
	  "Python",
	  { SLICE("SSL_CERT_FILE"), SLICE("REQUESTS_CA_BUNDLE") },
	  "export SSL_CERT_FILE=" PEM " for ssl, http.client, httpx (the OpenAI and Anthropic "
	  "SDKs) and aiohttp; export REQUESTS_CA_BUNDLE=" PEM " for requests; the file must "
	  "contain the public authorities, too" },
	{ SLICE("curl"),
	  "curl",
	  { SLICE("CURL_CA_BUNDLE"), SLICE("SSL_CERT_FILE") },
	  "export CURL_CA_BUNDLE=" PEM ", or curl --cacert " PEM },
	{ SLICE("git"), "git", { SLICE("GIT_SSL_CAINFO") }, "export GIT_SSL_CAINFO=" PEM },
	{ SLICE("ruby"), "Ruby", { SLICE("SSL_CERT_FILE") }, "export SSL_CERT_FILE=" PEM },
	{ SLICE("php"),
	  "PHP",
	  { SLICE("SSL_CERT_FILE") },
	  "export SSL_CERT_FILE=" PEM ", or openssl.cafile and curl.cainfo in php.ini" },
	{ SLICE("perl"),
	  "Perl",
	  { SLICE("PERL_LWP_SSL_CA_FILE"), SLICE("SSL_CERT_FILE") },
	  "export PERL_LWP_SSL_CA_FILE=" PEM },
	{ SLICE("code"),
	  "VS Code",
	  { SLICE("NODE_EXTRA_CA_CERTS") },
	  "add it to the system's list (update-ca-certificates), and for its extensions export "
	  "NODE_EXTRA_CA_CERTS=" PEM " before VS Code starts" },
};

/* Programs without a name above: a Bun inside, or whatever reads OpenSSL's own defaults. */
static const struct runtime built_with_bun = { { NULL, 0 },
					       "it (a program with BoringSSL inside, as Bun's are)",
					       { SLICE("NODE_EXTRA_CA_CERTS") },
					       "export NODE_EXTRA_CA_CERTS=" PEM
					       " (programs built with Bun read it)" };
static const struct runtime by_openssl = { { NULL, 0 },
					   "OpenSSL",
					   { SLICE("SSL_CERT_FILE") },
					   "export SSL_CERT_FILE=" PEM
					   ", if the tool has no setting for that" };

/* gnutls.org/manual, gnutls_certificate_set_x509_system_trust(): no variable names its list. */
static const struct runtime by_gnutls = {
	{ NULL, 0 },
	"GnuTLS",
	{ { NULL, 0 } },
	"its setting for the file (wget: --ca-certificate, pycurl: CAINFO, Emacs: "
	"gnutls-trustfiles); or add it to the system's list (update-ca-certificates, "
	"update-ca-trust)"
};

/* What people set where their runtime does not look. */
static const struct slice all_variables[] = {
	SLICE("NODE_EXTRA_CA_CERTS"),
	SLICE("SSL_CERT_FILE"),
	SLICE("REQUESTS_CA_BUNDLE"),
	SLICE("CURL_CA_BUNDLE"),
};

static const struct runtime *runtime_of(const struct trusting *t)
{
	bool named = !t->gnutls || slice_starts(t->tool, SLICE("git"));

	for (size_t i = 0; named && i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
		struct slice program = runtimes[i].program;
		char next = t->tool.n > program.n ? t->tool.p[program.n] : '0';
		if (slice_starts(t->tool, program) &&
		    !((next | 0x20) >= 'a' && (next | 0x20) <= 'z'))
			return &runtimes[i];
	}
	return t->gnutls ? &by_gnutls : t->hidden ? &built_with_bun : &by_openssl;
}

static bool reads(const struct runtime *r, struct slice name)
{
	return slice_equal(r->reads[0], name) || slice_equal(r->reads[1], name);
}

void trust_seen(const struct trusting *t, struct detail *d)
{
	const struct runtime *r = runtime_of(t);
	unsigned others = 0;

	for (size_t i = 0; i < 2; i++)
		if (r->reads[i].n && environment_value(t->environment, r->reads[i]).n) {
			detail_f(d,
				 "; %s is set, and does not help: its file lacks this authority "
				 "or cannot be read, or the tool was given another",
				 r->reads[i].p);
			return;
		}
	for (size_t i = 0; i < sizeof(all_variables) / sizeof(all_variables[0]); i++) {
		if (reads(r, all_variables[i]) ||
		    !environment_value(t->environment, all_variables[i]).n)
			continue;
		detail_f(d, "%s%s", others++ ? " and " : "; ", all_variables[i].p);
	}
	if (others)
		detail_f(d, " %s set, but %s reads %s", others > 1 ? "are" : "is", r->title,
			 r->reads[0].n ? r->reads[0].p : "no such variable");
	else if (r->reads[0].n)
		detail_f(d, "; %s is not set", r->reads[0].p);
}

void trust_fix(const struct trusting *t, struct detail *d)
{
	detail_fix(d,
		   "If the name is that of your company's proxy, save its root certificate as a "
		   "PEM file, and start the tool anew with: %s. If you do not know the name, "
		   "somebody may be reading your traffic: send no key.",
		   runtime_of(t)->fix);
}

/* By the organizations that sign for the hosts of the vendors' table, and the other large ones. */
static const char authorities[][16] = {
	"let's encrypt", "google trust", "digicert", "amazon",  "cloudflare", "sectigo",
	"globalsign",    "microsoft",    "entrust",  "godaddy", "go daddy",   "ssl corp",
	"starfield",     "certum",       "zerossl",  "comodo",  "usertrust",  "identrust",
	"isrg",          "harica",       "actalis",  "buypass", "quovadis",   "swisssign",
	"trustasia",     "wotrus",       "geotrust", "telia",
};

bool trust_is_public(const char *issuer)
{
	for (size_t i = 0; i < sizeof(authorities) / sizeof(authorities[0]); i++)
		if (slice_has_nocase(slice_of(issuer), slice_of(authorities[i])))
			return true;
	return false;
}
