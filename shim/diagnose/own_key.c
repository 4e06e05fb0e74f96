/* SPDX-License-Identifier: MIT */
#include "diagnose/own_key.h"

#include "diagnose/check_input.h"
#include "diagnose/detail.h"
#include "diagnose/shape.h"

/* Shorter values are words: the vendors' keys have 32 bytes and more. */
enum { SHORTEST_KEY = 20 };

bool could_be_key(struct slice token)
{
	struct token_shape shape;

	if (token.n < SHORTEST_KEY || !slice_has_digit(token))
		return false;
	shape_read(&shape, token);
	return shape.kind == TOKEN_PLAIN || shape.kind == TOKEN_JWT || shape.kind > TOKEN_ENCODED;
}

/* Has VALUE the form of a key of VENDOR's? */
static bool is_key_of(const struct vendor *vendor, struct slice value)
{
	struct token_shape shape;

	if (value.n < SHORTEST_KEY || !slice_has_digit(value))
		return false;
	shape_read(&shape, value);
	if (shape.kind != TOKEN_PLAIN && shape.kind != TOKEN_JWT)
		return false;
	return shape.vendor == vendor || (!shape.vendor && !vendor->keys_certain);
}

bool is_well_formed_key(const struct vendor *vendor, struct slice name, struct slice value)
{
	return vendor && is_key_of(vendor, value) && !environment_key_damage(name, value);
}

/* Is A, of two variables, the one to speak of? */
static bool is_better(const struct own_key *a, const struct own_key *b)
{
	if ((a->sent != MATCH_NONE) != (b->sent != MATCH_NONE))
		return a->sent != MATCH_NONE;
	return a->state > b->state;
}

void own_key_find(struct own_key *own, const struct check_input *in)
{
	struct slice rest = slice_of(in->vendor ? in->vendor->variables : NULL);
	struct slice name;

	*own = (struct own_key){ .state = OWN_UNSET };
	while (list_next(&rest, &name)) {
		struct own_key found = { .state = OWN_OTHER, .name = name };
		found.value = environment_value(in->environment, name);
		if (!found.value.n)
			continue;
		found.damage = environment_key_damage(name, found.value);
		if (found.damage)
			found.state = OWN_DAMAGED;
		else if (is_key_of(in->vendor, found.value))
			found.state = OWN_GOOD;
		if (in->credential && in->credential->known)
			found.sent = environment_compare(found.value, in->credential->token);
		if (is_better(&found, own))
			*own = found;
	}
}
