/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_MEANING_H
#define ORSHIM_MEANING_H

/*
 * What a refusal says: from its codes and its words to enum saw. The knowledge
 * is in meaning.def. Three kinds of evidence, strongest first:
 *
 *   codes    machine-readable names that mean one thing ("insufficient_quota")
 *   words    a sentence in which certain ideas come together ("api key" and "expired")
 *   nothing  SAW_NOTHING: the status alone speaks
 *
 * Names that the answer quotes, URLs, and texts that repeat the request's own
 * body are no words of the server: they are left out.
 */
#include "base/limits.h"
#include "base/slice.h"
#include "diagnose/answer.h"

enum { REFUSAL_TOKENS = 8 };

/* What a server answered, taken apart. All slices are borrowed and may be absent. */
struct refusal_text {
	int status; /* of HTTP, or the code inside a 2xx */
	struct slice message;
	struct slice tokens[REFUSAL_TOKENS]; /* its codes, types and reasons */
	struct slice param;                  /* the member of the request that it names as wrong */
	struct slice body; /* of the request: what it repeats of that is the user's */
};

/*
 * What TEXT says. *WORDS gets the piece of TEXT's message or the token that says
 * so; absent with SAW_NOTHING.
 */
enum saw refusal_meaning(const struct refusal_text *text, struct slice *words);

/* Is NAME, of a header, one in which servers read credentials? */
bool is_credential_header(struct slice name);

/* The header that MESSAGE names for the credential, as it spells it; absent if it names none. */
struct slice refusal_header(struct slice message);

#endif
