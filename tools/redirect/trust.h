/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_TRUST_H
#define ORSHIM_REDIRECT_TRUST_H

/*
 * Whom a tool trusts, in both directions. Towards the server: what its own
 * variables name, else the system's bundle, so that we refuse what it would
 * refuse. Towards the tool: files that hold the same and our authority, in
 * the variables that its runtime reads. One table, trust.def.
 */
#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/buf.h"
#include "tools/redirect/candidate.h"

struct trust {
	const char *folder; /* of this run; files are made in it */
	struct buf own;     /* our authority, PEM */
	SSL_CTX *contexts[RUNTIME_COUNT];
	char java[PATH_MAX]; /* its list of roots; "": no Java was seen */
	unsigned made;       /* bit of each variable whose file is there */
};

void trust_init(struct trust *t, const char *folder);

void trust_release(struct trust *t);

/* What was made in the run's FOLDER. */
void trust_remove_files(const char *folder);

/* A client's context that verifies by what RUNTIME trusts; NULL without memory. Borrowed. */
SSL_CTX *trust_context(struct trust *t, enum runtime runtime);

/*
 * Appends NAME=VALUE strings, each ended by NUL, for programs of all kinds (one
 * may start another), and makes the files. OWN must be there. False: a file
 * could not be made.
 */
bool trust_variables(struct trust *t, struct buf *out);

/* Does RUNTIME read no variable, so that its list can only be laid over in a namespace of its own? */
bool trust_needs_laying(enum runtime runtime);

/*
 * For such a one, whose program is PROGRAM: makes its list with OWN in it and
 * appends "@PLACE=FILE" and a NUL to OUT: FILE is to be laid over PLACE. False:
 * its list is not one that we can write.
 */
bool trust_lay_over(struct trust *t, enum runtime runtime, const char *program, X509 *own,
		    struct buf *out);

#endif
