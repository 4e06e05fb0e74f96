/* SPDX-License-Identifier: MIT */
#include "tools/redirect/candidate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/program/elf.h"
#include "tools/program/program.h"
#include "tools/program/tls_stack.h"

static const struct {
	const char *library; /* as tls_survey() calls it */
	const char *program; /* how the file is called; NULL: any */
	enum runtime runtime;
} runtimes[] = {
	{ "rustls", "deno", RUNTIME_DENO }, { "rustls", "codex", RUNTIME_CODEX },
	{ "rustls", NULL, RUNTIME_RUSTLS }, { "Go crypto/tls", NULL, RUNTIME_GO },
	{ "GnuTLS", "git", RUNTIME_OTHER }, { "JSSE", NULL, RUNTIME_JAVA },
	{ "GnuTLS", NULL, RUNTIME_GNUTLS }, { "OpenSSL", "node", RUNTIME_NODE },
	{ "BoringSSL", NULL, RUNTIME_NODE }, /* Bun, and what is built with it */
};

static enum runtime runtime_of(const char *library, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;

	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++)
		if (strcmp(runtimes[i].library, library) == 0 &&
		    (!runtimes[i].program ||
		     strncmp(file, runtimes[i].program, strlen(runtimes[i].program)) == 0))
			return runtimes[i].runtime;
	return RUNTIME_OTHER;
}

static void judge(struct candidate *c, const struct tls_survey *s, const char *no_preload)
{
	const struct tls_stack *first = s->count ? &s->found[0] : NULL;
	bool tapped = false;

	for (size_t i = 0; i < s->count; i++)
		tapped |= s->found[i].tap != TAP_NONE;
	/* codex has OpenSSL, too, and speaks by rustls; curl has GnuTLS for RTMP, and speaks by OpenSSL. */
	for (size_t i = 0; i < s->count; i++)
		if ((s->found[i].tap == TAP_NONE) == (no_preload || !tapped)) {
			first = &s->found[i];
			break;
		}
	if (!first)
		c->kind = no_preload ? CANDIDATE_UNKNOWN : CANDIDATE_NO_TLS;
	else
		c->kind = tapped && !no_preload ? CANDIDATE_TAPPED : CANDIDATE_UNTAPPABLE;
	snprintf(c->library, sizeof(c->library), "%s", first ? first->library : "unknown");
	snprintf(c->version, sizeof(c->version), "%s", first ? first->version : "");
	snprintf(c->reason, sizeof(c->reason), "%s",
		 first && first->reason[0] ? first->reason
		 : no_preload                    ? no_preload
					   : "");
	c->runtime = runtime_of(c->library, c->path);
}

void candidate_look(struct candidate *c, const char *path)
{
	struct program program;
	struct tls_survey *survey = malloc(sizeof(*survey));
	const char *why;
	struct elf e;

	memset(c, 0, sizeof(*c));
	c->kind = CANDIDATE_NO_TLS;
	snprintf(c->library, sizeof(c->library), "unknown");
	if (survey && program_find(&program, path) == PROGRAM_FINE &&
	    realpath(program.interpreter, c->path) && elf_open(&e, c->path, &why)) {
		if (!program.no_preload && elf_exports(&e, "SSL_write") &&
		    elf_exports(&e, "SSL_CTX_new")) {
			/* Node: no need to look through 100 MB */
			survey->count = 1;
			survey->found[0] =
			    (struct tls_stack){ .library = "OpenSSL", .tap = TAP_METHOD_TABLE };
		} else {
			tls_survey(survey, &e, c->path, "",
				   getenv("LD_LIBRARY_PATH"));
		}
		judge(c, survey, program.no_preload);
		c->is_out_of_reach = program.gains_rights || program.is_foreign;
		elf_close(&e);
	}
	free(survey);
}
