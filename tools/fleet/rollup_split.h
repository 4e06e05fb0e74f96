/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ROLLUP_SPLIT_H
#define ORSHIM_ROLLUP_SPLIT_H

/*
 * Finds the attribute that separates the refusals of a fleet. In one log,
 * outcome.h requires a complete separation; in a fleet some requests always
 * fail for another reason. Here an attribute is named if two conditions are
 * met. It explains more of the outcome than chance could (information gain,
 * with two tests that are corrected for all attributes tried). And its values
 * make a difference that matters: at least 20 refusals, and at least twice the
 * rate of all others. A complete separation counts as in one log, by the same
 * computation.
 */
#include <stdint.h>

#include "base/buf.h"
#include "report/json_out.h"
#include "tools/fleet/rollup.h"
#include "tools/report/outcome.h"

struct rollup_split {
	enum split_strength strength;
	uint64_t refused, fine; /* of all exchanges */
	double gain;            /* information gain about the outcome, in bits */
	double chance;          /* probability of as much by chance, all tries counted; at most 1 */
	const struct rollup_attribute *attribute;
	/*
	 * The attribute's values, highest rate of refusals first; the first
	 * INSIDE of them separate.
	 */
	const struct rollup_value **values;
	size_t value_count, inside;
	uint64_t also; /* bit set: attributes of the vendor with about the same gain */
};

/*
 * How many exchanges are retries: attribute "retry", value "true". -1: the
 * roll-up does not count them.
 */
int64_t rollup_retries(const struct rollup_vendor *v);

/* Search the attributes of V. rollup_split_release() releases S. */
void rollup_split(const struct rollup_vendor *v, struct rollup_split *s);
void rollup_split_release(struct rollup_split *s);

/* The result as one paragraph, and as an object in the words of outcome_splits_on. */
void rollup_split_words(const struct rollup_vendor *v, const struct rollup_split *s,
			struct buf *out);
void rollup_split_json(const struct rollup_vendor *v, const struct rollup_split *s,
		       struct json_out *j);

#endif
