/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_OUTCOME_H
#define ORSHIM_OUTCOME_H

/*
 * The answer to "it randomly alternates": which recorded attribute, or pair of
 * attributes, separates the exchanges that failed from those that did not.
 *
 * Only a complete separation counts: no value has both outcomes. How much such
 * a separation is worth follows from how many ways of dealing out the same
 * outcomes would have been separated as well (a permutation test, exact), and
 * from how many attributes were tried.
 */
#include <stdbool.h>
#include <stddef.h>

enum attribute {
	ATTRIBUTE_KEY,     /* fingerprint of the credential, or "none" */
	ATTRIBUTE_CARRIER, /* the header it was in, or "absent" */
	ATTRIBUTE_HOST,
	ATTRIBUTE_PATH,
	ATTRIBUTE_MODEL,
	ATTRIBUTE_PROVIDER, /* that OpenRouter picked */
	ATTRIBUTE_STREAM,
	ATTRIBUTE_HTTP, /* version */
	ATTRIBUTE_PROCESS,
	ATTRIBUTE_TOOL,
	ATTRIBUTE_TOOL_VERSION, /* of the tool, whose name is part of the value */
	ATTRIBUTE_MACHINE,
	ATTRIBUTE_CONTAINER,
	ATTRIBUTE_BOOT,
	ATTRIBUTE_CI,
	ATTRIBUTE_ORSHIM, /* its version */
	ATTRIBUTE_COUNT,
};

/* As a text names it: "the key", "the HTTP version", … */
const char *attribute_title(enum attribute a);
const char *attribute_name(enum attribute a); /* in JSON: "key", "http", … */

struct outcome {
	const char *values[ATTRIBUTE_COUNT]; /* NULL: not recorded, which counts as a value */
	bool failed;
};

enum split_strength {
	SPLIT_NONE,
	SPLIT_WEAK,   /* complete, but so few cases that chance could have done it */
	SPLIT_STRONG, /* chance explains it in less than one log of a hundred */
};

enum { SPLIT_VALUES_MAX = 1024 };

/* One value (or pair of values) and its outcomes. */
struct split_value {
	const char *first;
	const char *second; /* of the pair; NULL for a single attribute */
	size_t failed;
	size_t fine;
};

struct split {
	enum split_strength strength;
	enum attribute first;
	enum attribute second; /* ATTRIBUTE_COUNT: a single attribute */
	size_t failed;         /* exchanges of each outcome */
	size_t fine;
	double chance; /* probability that chance separates as well, all tries counted; at most 1 */
	struct split_value values[SPLIT_VALUES_MAX]; /* most exchanges first */
	size_t value_count;
	/*
	 * Single attributes (1u << attribute) that separate as well: from the
	 * log they cannot be told apart.
	 */
	unsigned also;
};

/*
 * What separates the outcomes that T counted. SPLIT_NONE when there are less
 * than two of each, or nothing separates them. Texts of S are those of T.
 */
struct outcome_tally;
void outcome_split(const struct outcome_tally *t, struct split *s);

/*
 * Probability that outcomes dealt out at random are separated by these values, too,
 * each of which has failures only or none. 1 without memory: then nothing is claimed.
 */
double outcome_chance(const struct split_value *values, size_t count);

#endif
