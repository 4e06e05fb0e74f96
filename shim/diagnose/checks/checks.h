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

/* At which hosts a credential is judged by a rule. */
enum check_at {
	AT_ANY_HOST,
	AT_KEYED_HOST,     /* not at a private server of no vendor's, until it refuses the key */
	AT_HOST_OF_OTHERS, /* not at a private server, nor at an unknown one that accepted it */
	AT_REMOTE_HOST,    /* the same, and not at a vendor's server in the own network either */
	AT_VENDOR,
	AT_OPENROUTER,
};

/* Small: the loader writes to these pointers in every process that a tool starts. */
struct check {
	check_function *check;
	shared_function *shared;
	/* Of the shared check: */
	describe_function *describe; /* NULL: SAYS is the detail */
	const char *says;            /* with the {fields} of check_say.h */
	unsigned short parameter;    /* an enum token_kind or body_trouble */
	unsigned short at;           /* enum check_at */
};

extern const struct check checks[RULE_COUNT];

/* Does RULE, which rule_is_checked(), fire for IN? */
static inline bool rule_fires(enum rule_id rule, const struct check_input *in, struct detail *d)
{
	const struct check *c = &checks[rule];

	return c->shared ? c->shared(in, c, d) : c->check(in, d);
}

#define FUNCTION(type, name) type##_function name;
#include "checks.def" /* made of the CHECK columns by the Makefile */
#undef FUNCTION

#endif
