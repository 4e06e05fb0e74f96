/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_RULES_H
#define ORSHIM_RULES_H

/*
 * The table of rules: one row of rules.def is one diagnosis. The array is
 * immutable; severities as the user wants them live in a struct rulebook.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum severity { SEVERITY_OFF, SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };
enum certainty { CERTAINTY_hint, CERTAINTY_likely, CERTAINTY_certain };

/* The five of the trouble-shooting guide. */
enum category {
	CATEGORY_none,
	CATEGORY_account_auth,
	CATEGORY_quota_rate,
	CATEGORY_model_provider,
	CATEGORY_local_runtime,
	CATEGORY_deployment_config,
};

/*
 * When a rule is asked. The first three are about one exchange, and those after
 * the first only where they can fire at all: an exchange that went well costs
 * few questions.
 */
enum rule_when {
	ON_EXCHANGE,
	ON_ODD_KEY, /* a credential is not simply `Bearer` and a key, evidence.h */
	ON_REFUSAL, /* somebody refused, or the answer is no good */
	ON_CONNECTION,
	ON_LOG,
};

enum rule_id {
	RULE_NONE = -1,
#define RULE_ID(id, when) RULE_##id,
#include "rule_ids.def" /* made of rules.def by the Makefile */
#undef RULE_ID
	RULE_COUNT
};

struct check_input;
struct detail;

/* Looks at E, changes nothing; true if it fires, then D says what in particular. */
typedef bool rule_check(const struct check_input *in, struct detail *d);

/* A long text of the table, without a pointer to it: read it with prose(). */
struct prose {
	unsigned at;
};

/*
 * Holds no pointer: the loader would write to each of them in every process
 * that a tool starts, and copy the pages they lie in.
 */
struct rule {
	char id[40];
	char title[73];
	unsigned char section; /* of the catalogue, 1 to 6 */
	enum severity severity;
	enum certainty certainty;
	enum category category;
	enum rule_when when;
	struct prose why;
	struct prose fix;
	struct prose example;
	struct prose sources;
};

extern const struct rule rules[];

const char *prose(struct prose text);

static inline bool rule_is_checked(const struct rule *r)
{
	return r->when <= ON_REFUSAL;
}

/* Ask the check of RULE, which rule_is_checked(). */
bool rule_fires(enum rule_id rule, const struct check_input *in, struct detail *d);

enum rule_id rule_find(struct slice id); /* RULE_NONE if there is none */

const char *severity_name(enum severity s); /* "error" "warning" "note" "off" */
const char *certainty_name(enum certainty c);
const char *category_name(enum category c); /* NULL for CATEGORY_none */

/* What must be so before some rules can fire; bits. */
enum rule_need {
	NEED_ODD_KEY = 1, /* ON_ODD_KEY */
	NEED_REFUSAL = 2, /* ON_REFUSAL */
	NEED_BODY = 4,    /* the body was looked into (sections 3 and 4) */
	NEEDS_COUNT = 8,  /* of their combinations */
};

/* A bit for each rule, 64 in a word. */
struct rule_set {
	uint64_t words[(RULE_COUNT + 63) / 64];
};

/* What is in force: the table's severities, changed by ORSHIM_RULES; and what follows. */
struct rulebook {
	unsigned char severity[RULE_COUNT];
	struct rule_set
	    asked[NEEDS_COUNT]; /* of an exchange where these bits of rule_need are so */
};

/* Take the first rule out of SET; RULE_NONE: there is none left. */
static inline enum rule_id rule_set_take(struct rule_set *set)
{
	for (int i = 0; i < (RULE_COUNT + 63) / 64; i++)
		if (set->words[i]) {
			int bit = __builtin_ctzll(set->words[i]);
			set->words[i] &= set->words[i] - 1;
			return (enum rule_id)(i * 64 + bit);
		}
	return RULE_NONE;
}

/*
 * SPEC is the text of ORSHIM_RULES ("id=off,id=error"). False if an entry was
 * not understood; *WRONG is then the first such entry, the others are in force.
 */
bool rulebook_init(struct rulebook *book, const char *spec, struct slice *wrong);

#endif
