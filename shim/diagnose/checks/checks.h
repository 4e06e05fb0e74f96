/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CHECKS_H
#define ORSHIM_CHECKS_H

/*
 * The checks of the rules: the CHECK columns of rules.def. A rule has a check, or
 * it shares one with other rules, which reads from the row what it is to look for.
 */
#include "diagnose/check_input.h"
#include "diagnose/detail.h"

struct check;

/* Looks at IN, changes nothing; true if the rule fires, then D says what in particular. */
typedef bool check_function(const struct check_input *in, struct detail *d);

/* The same for several rules; CHECK is the row of the one that is asked. */
typedef bool shared_function(const struct check_input *in, const struct check *check,
			     struct detail *d);

/* Fill D for credential C, which the shared check found. */
typedef void describe_function(const struct credential *c, struct detail *d);

/* D's rule has fired: put a `why` and a `fix` in D where some fit better than the rule's. */
typedef void advise_function(const struct check_input *in, struct detail *d);

/* At which hosts a credential is judged by a rule. */
enum check_at {
	AT_ANY_HOST,
	AT_KEYED_HOST,     /* not at a private server of no vendor's, until it refuses the key */
	AT_HOST_OF_OTHERS, /* not at a private server, nor at an unknown one that accepted it */
	AT_REMOTE_HOST,    /* the same, and not at a vendor's server in the own network either */
	AT_VENDOR,
	AT_OPENROUTER,
};

struct check {
	check_function *check;
	shared_function *shared;
	describe_function *describe; /* NULL: SAYS is all */
	advise_function *advise;     /* NULL: the rule's texts always fit */
	int parameter;               /* of the shared check: an enum token_kind or body_trouble */
	enum check_at at;
	char says[80]; /* of the shared check: the detail, with the {fields} of check_say.h */
};

extern const struct check checks[RULE_COUNT];

/* Does RULE, which rule_is_checked(), fire for IN? */
static inline bool rule_fires(enum rule_id rule, const struct check_input *in, struct detail *d)
{
	const struct check *c = &checks[rule];
	bool fires = c->shared ? c->shared(in, c, d) : c->check(in, d);

	if (fires && c->advise)
		c->advise(in, d);
	return fires;
}

#define FUNCTION(type, name) type##_function name;
#include "checks.def" /* made of the CHECK columns by the Makefile */
#undef FUNCTION

#endif
