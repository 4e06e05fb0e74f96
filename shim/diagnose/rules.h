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

/* Of the catalogue; the numbers are those of `orshim rules --json`. */
enum section {
	SECTION_CREDENTIAL = 1,
	SECTION_PLACE,
	SECTION_FRAMING,
	SECTION_CONTENT,
	SECTION_ANSWER,
	SECTION_HISTORY,
	SECTION_COUNT,
};

struct section_row {
	char title[40];
	bool explains_key; /* an error here makes a request fail whose key is good */
	bool needs_body;   /* its rules run only where the body was judged */
};

extern const struct section_row sections[SECTION_COUNT]; /* [0] is empty */

/* A set of sections is an OR of these. */
static inline unsigned section_bit(enum section section)
{
	return 1u << section;
}

/* When a rule is asked: the first two are about one exchange. */
enum rule_when {
	ON_EXCHANGE,
	ON_REFUSAL, /* refused, or the answer is unusable */
	ON_CONNECTION,
	ON_LOG,
};

/* Which line of the text about an exchange has a finding that is not the cause. */
enum rule_line {
	LINE_ALSO,   /* a paragraph with its title */
	LINE_ANSWER, /* the server's words, and what they mean */
	LINE_SENT,   /* the credential as it was sent */
	LINE_FROM,   /* where the credential came from */
};

/* What becomes of a rule where bytes come from a recording (HAR), which normalises them. */
enum rule_recorded {
	RECORDED_AS_SEEN, /* a recording shows all that it looks at */
	RECORDED_LESS,    /* the recorder may have made what it sees: one less certain */
	RECORDED_NEVER,   /* no recording has the bytes that it looks at: it is not asked */
};

enum rule_id {
	RULE_NONE = -1,
#define RULE_ID(id) RULE_##id,
#include "rule_ids.def" /* made of rules.def by the Makefile */
#undef RULE_ID
	RULE_COUNT
};

/*
 * Neither struct holds a pointer: the loader would write to each of them in every
 * process that a tool starts, and copy the pages they lie in.
 */
struct rule {
	char id[40];
	char title[73];
	enum section section;
	enum severity severity;
	enum certainty certainty;
	enum category category;
	enum rule_when when;
	enum rule_line line;
	enum rule_recorded recorded;
};

/* What is written for people; `orshim explain` has all of it. */
struct rule_text {
	char why[360];
	char fix[300];
	char example[160];
	char sources[160];
};

extern const struct rule rules[RULE_COUNT];
extern const struct rule_text rule_texts[RULE_COUNT];

/* Has RULE, a row of rules[], a check that is asked of exchanges? */
static inline bool rule_is_checked(const struct rule *rule)
{
	return rule->when <= ON_REFUSAL;
}

/* The texts of RULE, a row of rules[]. */
static inline const struct rule_text *rule_text(const struct rule *rule)
{
	return &rule_texts[rule - rules];
}

enum rule_id rule_find(struct slice id); /* RULE_NONE if there is none */

const char *severity_name(enum severity s); /* "error" "warning" "note" "off" */
const char *certainty_name(enum certainty c);
const char *category_name(enum category c); /* NULL for CATEGORY_none */

/* What must be so before a rule is asked of an exchange; bits. */
enum rule_need {
	NEED_REFUSAL = 1, /* ON_REFUSAL */
	NEED_BODY = 2,    /* the body was judged: its section needs it */
	NEED_NEVER = 4,   /* switched off, or not about exchanges */
};

/* What is in force: the table's severities, changed by ORSHIM_RULES; and what follows. */
struct rulebook {
	unsigned char severity[RULE_COUNT];
	unsigned char needs[RULE_COUNT]; /* enum rule_need */
};

/*
 * SPEC is the text of ORSHIM_RULES ("id=off,id=error"). False if an entry was
 * not understood; *WRONG is then the first such entry, the others are in force.
 */
bool rulebook_init(struct rulebook *book, const char *spec, struct slice *wrong);

/* Recordings are judged by it: rules that need more than they have are not asked. */
void rulebook_for_recordings(struct rulebook *book);

/* "same" "lower" "never" */
const char *recorded_name(enum rule_recorded r);

#endif
