/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_DIAGNOSE_H
#define ORSHIM_DIAGNOSE_H

/*
 * Exchanges in, findings and a verdict out. Pure: no I/O, no clock, no lock.
 */
#include "diagnose/check_input.h"
#include "diagnose/detail.h"

struct finding {
	enum rule_id rule;
	enum severity severity; /* in force: rulebook, one lower when the server tolerated it */
	struct detail detail;
};

/* Why and what to do: the rule's words, or those that fit this case better. */
const char *finding_why(const struct finding *f);
const char *finding_fix(const struct finding *f);

struct verdict {
	enum refused_by refused_by;
	enum category category;
	enum rule_id cause; /* RULE_NONE: nothing failed, or nothing explains it */
};

/* What the judgement depends on besides the exchange; immutable while in use. */
struct judge {
	struct rulebook book;
	struct host_list hosts;
	struct environment environment;
	struct found_keys found; /* in files, before the process started */
	bool lint;
	bool recorded; /* exchanges come from a recording, and the book is rulebook_for_recordings() */
};

struct diagnosis {
	struct check_input input; /* owns the trees; the exchange stays the caller's */
	struct finding
	    findings[LIMIT_FINDINGS]; /* cause first, then most severe, most certain, row order */
	size_t count;
	struct verdict verdict;
};

/* Is the exchange with this request head worth following? */
bool judge_wants(const struct judge *judge, const struct exchange *x);

/* X must outlive D. HISTORY holds what came before and is then extended. */
void diagnose(const struct judge *judge, struct history *history, const struct exchange *x,
	      struct diagnosis *d);
void diagnosis_release(struct diagnosis *d);

/* In force: the rule's, or less where this case was concluded from less. */
enum certainty finding_certainty(const struct finding *f);

#endif
