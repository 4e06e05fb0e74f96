/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ROLLUP_SPLIT_H
#define ORSHIM_ROLLUP_SPLIT_H

/*
 * What separates the refusals of a fleet. In one log the finder of outcome.h asks
 * for a complete separation; in a fleet some requests always fail for another
 * reason. Here an attribute is named if it tells more of the outcome than chance
 * could (information gain, with two tests that are corrected for all that was
 * tried), and if its values make a difference that matters: at least 20 refusals,
 * and at least twice the rate of all others. A complete separation counts as in
 * one log, by the same computation.
 */
#include <stdint.h>

#include "base/buf.h"
#include "report/json_out.h"
#include "tools/fleet/rollup.h"
#include "tools/report/outcome.h"

struct rollup_split {
	enum split_strength strength;
	uint64_t refused, fine; /* of all exchanges */
	double gain;            /* bits of the outcome that the attribute tells */
	double chance;          /* that chance tells as much, all tries counted; at most 1 */
	const struct rollup_attribute *attribute;
	/* Its values, those with the highest rate of refusals first; INSIDE of them separate. */
	const struct rollup_value **values;
	size_t value_count, inside;
	uint64_t also; /* a bit for each attribute of the vendor that tells as much */
};

/* Looks through the attributes of V. S is released by rollup_split_release(). */
void rollup_split(const struct rollup_vendor *v, struct rollup_split *s);
void rollup_split_release(struct rollup_split *s);

/* One paragraph, and the same as an object, in the words of outcome_splits_on. */
void rollup_split_words(const struct rollup_vendor *v, const struct rollup_split *s,
			struct buf *out);
void rollup_split_json(const struct rollup_vendor *v, const struct rollup_split *s,
		       struct json_out *j);

#endif
