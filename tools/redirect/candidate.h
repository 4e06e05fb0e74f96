/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_CANDIDATE_H
#define ORSHIM_REDIRECT_CANDIDATE_H

/*
 * What a program is to the relay, by what `orshim doctor` knows of its file:
 * whether its TLS can be tapped, and which runtime it is, whose variables say
 * whom it trusts.
 */
#include <limits.h>
#include <stdbool.h>

enum runtime {
	RUNTIME_OTHER, /* OpenSSL and what reads the same variables */
	RUNTIME_GO,
	RUNTIME_RUSTLS,
	RUNTIME_CODEX,
	RUNTIME_DENO,
	RUNTIME_NODE,
	RUNTIME_JAVA,
	RUNTIME_GNUTLS,
	RUNTIME_COUNT
};

enum candidacy {
	CANDIDATE_TAPPED,     /* the preloaded library sees it */
	CANDIDATE_UNTAPPABLE, /* it has TLS, which the library cannot see */
	CANDIDATE_NO_TLS,     /* none was recognised, and the library gets in */
	CANDIDATE_UNKNOWN,    /* none was recognised, and the library does not get in */
};

struct candidate {
	enum candidacy kind;
	enum runtime runtime;
	bool is_out_of_reach; /* of the relay, too: it gains rights, or is another machine's */
	char path[PATH_MAX];
	char library[32]; /* of its TLS: "Go crypto/tls"; "unknown" */
	char version[32];
	char reason[160]; /* why it cannot be tapped */
};

/* PATH is an ELF program, or a script that leads to one. */
void candidate_look(struct candidate *c, const char *path);

#endif
