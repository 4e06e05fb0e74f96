/* SPDX-License-Identifier: MIT */
#include "tools/report/outcome.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/report/outcome_tally.h"

/*
 * Probability of a split by chance, all tries counted, below which it is stated
 * firmly, or at all.
 */
#define STRONG_BELOW 0.01
#define WEAK_BELOW 0.05

/*
 * If only one attribute differs in the whole log, there was one try and no
 * other candidate: then two failures and two successes (1 in 3) are enough for
 * a weak statement.
 */
#define WEAK_BELOW_ALONE 0.34

/* More failures are not dealt out one by one: 8 MiB. */
enum { FAILED_EXACT = 1 << 20 };

static const struct {
	const char *name;
	const char *title;
} attributes[ATTRIBUTE_COUNT] = {
	[ATTRIBUTE_KEY] = { "key", "the key" },
	[ATTRIBUTE_CARRIER] = { "carrier", "the header that carries the key" },
	[ATTRIBUTE_HOST] = { "host", "the host" },
	[ATTRIBUTE_PATH] = { "path", "the path" },
	[ATTRIBUTE_MODEL] = { "model", "the model" },
	[ATTRIBUTE_PROVIDER] = { "provider", "the provider that OpenRouter picked" },
	[ATTRIBUTE_STREAM] = { "stream", "streaming" },
	[ATTRIBUTE_HTTP] = { "http", "the HTTP version" },
	[ATTRIBUTE_PROCESS] = { "process", "the process" },
	[ATTRIBUTE_TOOL] = { "tool", "the tool" },
	[ATTRIBUTE_TOOL_VERSION] = { "tool_version", "the tool's version" },
	[ATTRIBUTE_MACHINE] = { "machine", "the machine" },
	[ATTRIBUTE_CONTAINER] = { "container", "the container" },
	[ATTRIBUTE_BOOT] = { "boot", "the boot of the machine" },
	[ATTRIBUTE_CI] = { "ci", "the run of the CI system" },
	[ATTRIBUTE_ORSHIM] = { "orshim", "the version of orshim" },
};

const char *attribute_title(enum attribute a)
{
	return attributes[a].title;
}

const char *attribute_name(enum attribute a)
{
	return attributes[a].name;
}

static double log_choose(size_t n, size_t k)
{
	return lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1);
}

/* The ways to pick whole values whose exchanges sum up to the failures, over all ways to pick. */
double outcome_chance(const struct split_value *values, size_t count)
{
	size_t failed = 0, total = 0;

	for (size_t i = 0; i < count; i++) {
		failed += values[i].failed;
		total += values[i].failed + values[i].fine;
	}
	/* No more than all ways to pick values: of so many outcomes that says enough. */
	if (failed > FAILED_EXACT)
		return exp(fmin(0, (double)count * log(2) - log_choose(total, failed)));
	double *ways = calloc(failed + 1, sizeof(*ways));
	if (!ways)
		return 1;
	ways[0] = 1;
	for (size_t i = 0; i < count; i++) {
		size_t size = values[i].failed + values[i].fine;
		for (size_t sum = failed; sum >= size && sum > 0; sum--)
			ways[sum] += ways[sum - size];
	}
	double p = exp(log(ways[failed]) - log_choose(total, failed));
	free(ways);
	return p < 1 ? p : 1;
}

static int by_size(const void *a, const void *b)
{
	const struct split_value *x = a;
	const struct split_value *y = b;
	size_t nx = x->failed + x->fine;
	size_t ny = y->failed + y->fine;

	return (nx < ny) - (nx > ny);
}

/* Try one attribute or pair; keep it in BEST if it is less likely by chance. */
static void try_attributes(struct split *best, const struct outcome_tally *t, enum attribute first,
			   enum attribute second)
{
	struct split s = { .first = first, .second = second };

	if (!outcome_tally_separates(t, first, second, &s) || s.value_count < 2)
		return;
	s.chance = outcome_chance(s.values, s.value_count);
	if (best->strength == SPLIT_NONE || s.chance < best->chance) {
		s.strength = SPLIT_WEAK;
		*best = s;
	}
}

/* How many attributes have more than one value: those are the tries that can succeed. */
static size_t varying(const struct outcome_tally *t, bool *varies)
{
	size_t n = 0;

	for (int a = 0; a < ATTRIBUTE_COUNT; a++) {
		varies[a] = outcome_tally_values(t, a) > 1;
		n += varies[a];
	}
	return n;
}

/* Correct the best split for the number of tries; drop it if chance explains it as well. */
static void weigh(struct split *s, size_t tries)
{
	if (s->strength == SPLIT_NONE)
		return;
	double corrected = s->chance * (double)tries;
	if (corrected < STRONG_BELOW)
		s->strength = SPLIT_STRONG;
	else if (corrected < (tries == 1 ? WEAK_BELOW_ALONE : WEAK_BELOW))
		s->strength = SPLIT_WEAK;
	else
		s->strength = SPLIT_NONE;
	s->chance = corrected < 1 ? corrected : 1;
}

/* What goes together with the attribute that was found, value by value or not. */
static unsigned equally_good(const struct split *best, const struct outcome_tally *t,
			     const bool *varies, size_t tries)
{
	unsigned also = 0;

	for (int a = 0; a < ATTRIBUTE_COUNT; a++) {
		struct split s = { .first = a, .second = ATTRIBUTE_COUNT };
		if (!varies[a] || (enum attribute)a == best->first ||
		    !outcome_tally_separates(t, a, ATTRIBUTE_COUNT, &s))
			continue;
		s.strength = SPLIT_WEAK;
		s.chance = outcome_chance(s.values, s.value_count);
		weigh(&s, tries);
		if (s.strength >= best->strength)
			also |= 1u << a;
	}
	return also;
}

void outcome_split(const struct outcome_tally *t, struct split *s)
{
	size_t failed = outcome_tally_failed(t), fine = outcome_tally_fine(t);
	bool varies[ATTRIBUTE_COUNT];

	*s = (struct split){ .strength = SPLIT_NONE };
	size_t singles = varying(t, varies);
	if (failed >= 2 && fine >= 2) {
		for (int a = 0; a < ATTRIBUTE_COUNT; a++)
			if (varies[a])
				try_attributes(s, t, a, ATTRIBUTE_COUNT);
		weigh(s, singles);
		if (s->strength != SPLIT_NONE) {
			s->also = equally_good(s, t, varies, singles);
		} else {
			for (int a = 0; a < ATTRIBUTE_COUNT; a++)
				for (int b = a + 1; varies[a] && b < ATTRIBUTE_COUNT; b++)
					if (varies[b])
						try_attributes(s, t, a, b);
			weigh(s, singles + singles * (singles - 1) / 2);
			/* Two attributes explain anything small: only name a strong one. */
			if (s->strength != SPLIT_STRONG)
				s->strength = SPLIT_NONE;
		}
	}
	qsort(s->values, s->value_count, sizeof(s->values[0]), by_size);
	s->failed = failed;
	s->fine = fine;
}
