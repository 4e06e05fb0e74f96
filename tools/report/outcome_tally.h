/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_OUTCOME_TALLY_H
#define ORSHIM_OUTCOME_TALLY_H

/*
 * Counts outcomes by the values of each attribute, and of each pair of them, as
 * long as these separate the outcomes. Its size does not depend on how many
 * outcomes there are: an attribute with more than SPLIT_VALUES_MAX values, or a
 * value with both outcomes, ends the count.
 */
#include "tools/report/outcome.h"

struct outcome_tally;

/* Dies without memory. The caller frees it with outcome_tally_free(). */
struct outcome_tally *outcome_tally_new(void);
void outcome_tally_free(struct outcome_tally *t);

/* Add one outcome; its texts are copied. */
void outcome_tally_add(struct outcome_tally *t, const struct outcome *o);

/* Outcomes so far. */
size_t outcome_tally_failed(const struct outcome_tally *t);
size_t outcome_tally_fine(const struct outcome_tally *t);

/* How many values the attribute has, as far as it matters: 0, 1, or more. */
size_t outcome_tally_values(const struct outcome_tally *t, enum attribute a);

/*
 * The counts of FIRST, or of the pair with SECOND (ATTRIBUTE_COUNT: none), into
 * S, in the order of their first appearance; texts belong to T. False: it does
 * not separate the outcomes.
 */
bool outcome_tally_separates(const struct outcome_tally *t, enum attribute first,
			     enum attribute second, struct split *s);

#endif
