/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_OWN_KEY_H
#define ORSHIM_OWN_KEY_H

/*
 * The key that the environment has for the host that was asked: its
 * vendor's own variables (vendors.def).
 */
#include "diagnose/environment.h"

enum own_state {
	OWN_UNSET,   /* none of them is set, or the host has no known vendor */
	OWN_OTHER,   /* set to something else than a key of this vendor */
	OWN_DAMAGED, /* set, but its value is not a key */
	OWN_GOOD,    /* set and well formed */
};

struct own_key {
	enum own_state state;
	struct slice name;     /* of the variable; absent with OWN_UNSET */
	struct slice value;    /* borrowed, secret */
	const char *damage;    /* with OWN_DAMAGED: "contains a line break" */
	enum value_match sent; /* how it equals the token that was sent */
};

struct check_input;

/*
 * The variable whose value is the token that was sent; else the first good one;
 * else the first damaged one. For a failed exchange it is in check_input.own.
 */
void own_key_find(struct own_key *own, const struct check_input *in);

/* Is VALUE a key that VENDOR could have issued? NAME: of its variable. */
bool is_well_formed_key(const struct vendor *vendor, struct slice name, struct slice value);

/* Could TOKEN be anybody's key, and no word, marker or reference in the place of one? */
bool could_be_key(struct slice token);

#endif
