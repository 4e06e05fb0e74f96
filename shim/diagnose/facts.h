/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_FACTS_H
#define ORSHIM_FACTS_H

/*
 * The five facts from which a verdict is reasoned, each with its evidence. They
 * are compared, not looked up: the words of the answer beat its status, and what
 * is certain about the request explains what the words leave open.
 *
 *   sent     what the request carried as a credential, and what is wrong with it
 *   saw      what the answer says it saw (answer.h, meaning.def)
 *   takes    what the host takes: does it check keys, is there a reason to think so?
 *   holds    what the environment contains that the wire does not show
 *   changed  what differs from the last request to this host that went well
 */
#include "diagnose/diagnose.h"

struct facts {
	struct {
		const struct finding *best; /* on the credential and the place; NULL: none */
		bool certain;               /* it is a certain error */
		const struct finding
		    *awaited; /* what the server waited for in vain; NULL: nothing */
	} sent;
	struct {
		enum saw what;
		enum refusal about;
		enum refused_by by;
		bool reason;   /* its words give a reason; false: the status alone speaks */
		bool specific; /* they say what happened to the credential, more than "not good" */
		const struct finding *rule; /* the best finding on the answer itself; NULL: none */
	} saw;
	struct {
		bool checks_keys; /* a vendor's host, or any public one */
		bool passed;      /* a provider behind it was asked: the key was accepted */
	} takes;
	struct {
		const struct finding *best; /* of the environment and of history; NULL: none */
	} holds;
	struct {
		bool
		    accepted; /* the same key was accepted in this log: the answer cannot be about it */
	} changed;
};

/* FINDINGS must outlive F. */
void facts_gather(struct facts *f, const struct check_input *in, const struct finding *findings,
		  size_t count);

/*
 * The best finding in the sections of SET, of section_bit(), that is a warning or
 * an error. What says what differs comes before what says what is absent, then
 * severity, certainty, row order.
 */
const struct finding *facts_best(const struct finding *findings, size_t count, unsigned set);

/* The one of two by which facts_best() goes; either may be NULL. */
const struct finding *facts_better(const struct finding *a, const struct finding *b);

#endif
