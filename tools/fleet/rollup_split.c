/* SPDX-License-Identifier: MIT */
#include "tools/fleet/rollup_split.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/mask.h"
#include "tools/command.h"

#define STRONG_BELOW 0.01 /* as in outcome.c */
#define WEAK_BELOW 0.05
#define RATE_RATIO 2.0   /* a separation that matters: the rate inside against the rate outside */
#define PAIR_GAIN 1.25   /* a pair must gain so much more than one attribute alone */
#define ALSO_GAIN 0.9    /* attributes with nearly the same gain are named together */
#define EXPECTED_MIN 5.0 /* Cochran's rule for chi-square: less in a cell is merged */

enum {
	REFUSED_MIN = 20,
	EXACT_REFUSED_MAX = 100000, /* above it the exact chance of a separation takes too long */
	EXACT_VALUES_MAX = 1000,
};

struct counts {
	double n, refused;
};

/* Statistics of one attribute. */
struct candidate {
	struct rollup_split split;
	bool is_pair;
	bool complete; /* no value has both outcomes */
};

static double entropy(double p)
{
	return p <= 0 || p >= 1 ? 0 : -p * log2(p) - (1 - p) * log2(1 - p);
}

static double left_over(struct counts c)
{
	return c.n > 0 ? c.n * entropy(c.refused / c.n) : 0;
}

static double rate_of(struct counts c)
{
	return c.n > 0 ? c.refused / c.n : 0;
}

static struct counts counts_of(const struct rollup_value *v)
{
	return (struct counts){ (double)v->count, (double)v->refused };
}

static struct counts sum_of(const struct rollup_split *s, size_t from, size_t to)
{
	struct counts sum = { 0, 0 };

	for (size_t i = from; i < to; i++) {
		sum.n += (double)s->values[i]->count;
		sum.refused += (double)s->values[i]->refused;
	}
	return sum;
}

/* Information gain, in bits, of dividing ALL into INSIDE and the rest. */
static double gain_of_two(struct counts all, struct counts inside)
{
	struct counts rest = { all.n - inside.n, all.refused - inside.refused };

	return entropy(rate_of(all)) - (left_over(inside) + left_over(rest)) / all.n;
}

/*
 * Upper tail of chi-square: exact for one degree of freedom, else by Wilson and
 * Hilferty's cube root (PNAS 17, 1931), which is good to some percent at 0.01.
 */
static double chi_square_tail(double x, double degrees)
{
	if (x <= 0 || degrees < 1)
		return 1;
	if (degrees < 2)
		return erfc(sqrt(x / 2));
	double spread = 2 / (9 * degrees);
	return erfc((cbrt(x / degrees) - (1 - spread)) / sqrt(spread) / M_SQRT2) / 2;
}

/*
 * The G test of independence: 2 n ln 2 times the gain is chi-square, with one
 * degree of freedom less than there are cells. Values too rare for it share one
 * cell. *GAIN is the rest after the gain that chance alone explains is
 * subtracted.
 */
static double test_all(const struct rollup_split *s, struct counts all, double *gain)
{
	double rate = rate_of(all), least = rate < 0.5 ? rate : 1 - rate, left = 0;
	struct counts rare = { 0, 0 };
	size_t cells = 0;

	for (size_t i = 0; i < s->value_count; i++) {
		struct counts c = counts_of(s->values[i]);
		if (c.n * least < EXPECTED_MIN) {
			rare.n += c.n;
			rare.refused += c.refused;
			continue;
		}
		left += left_over(c);
		cells++;
	}
	left += left_over(rare);
	cells += rare.n > 0;
	double degrees = (double)cells - 1, bits = entropy(rate) - left / all.n;
	*gain = bits - degrees / (2 * all.n * M_LN2);
	return chi_square_tail(2 * all.n * M_LN2 * bits, degrees);
}

/* Hoeffding's bound (1963, theorem 1), which is also valid for draws without replacement. */
static double bound_of_one(struct counts all, struct counts one)
{
	double p = rate_of(all), q = rate_of(one);

	if (q <= p)
		return 1;
	double divergence = q * log(q / p) + (q < 1 ? (1 - q) * log((1 - q) / (1 - p)) : 0);
	return exp(-one.n * divergence);
}

static bool matters(struct counts all, struct counts inside)
{
	struct counts rest = { all.n - inside.n, all.refused - inside.refused };

	return rest.n > 0 && inside.refused >= REFUSED_MIN &&
	       rate_of(inside) >= RATE_RATIO * rate_of(rest);
}

static int by_rate(const void *a, const void *b)
{
	const struct rollup_value *x = *(const struct rollup_value *const *)a;
	const struct rollup_value *y = *(const struct rollup_value *const *)b;
	double rx = rate_of(counts_of(x)), ry = rate_of(counts_of(y));

	if (rx != ry)
		return rx < ry ? 1 : -1;
	return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp(x->name, y->name);
}

/*
 * Choose the values with the largest gain against the others: for two outcomes
 * a prefix of by_rate().
 */
static void choose_inside(struct rollup_split *s, struct counts all)
{
	struct counts head = { 0, 0 };
	double best = 0;

	for (size_t i = 0; i + 1 < s->value_count; i++) {
		head.n += (double)s->values[i]->count;
		head.refused += (double)s->values[i]->refused;
		double gain = gain_of_two(all, head);
		if (gain > best) {
			best = gain;
			s->inside = i + 1;
		}
	}
}

/* The single value that is least likely by chance comes first, alone. */
static void choose_one(struct rollup_split *s, size_t at)
{
	const struct rollup_value *one = s->values[at];

	memmove(s->values + 1, s->values, at * sizeof(*s->values));
	s->values[0] = one;
	s->inside = 1;
}

static size_t least_likely(const struct rollup_split *s, struct counts all, double *bound)
{
	size_t at = 0;

	*bound = 1;
	for (size_t i = 0; i < s->value_count; i++) {
		struct counts one = counts_of(s->values[i]);
		double p = matters(all, one) ? bound_of_one(all, one) : 1;
		if (p < *bound) {
			*bound = p;
			at = i;
		}
	}
	return at;
}

/* The same weight as outcome.c gives; -1 if that would take too long. */
static double exact_chance(const struct rollup_split *s, struct counts all)
{
	if (all.refused > EXACT_REFUSED_MAX || s->value_count > EXACT_VALUES_MAX)
		return -1;
	struct split_value *values = calloc(s->value_count, sizeof(*values));
	if (!values)
		die("out of memory");
	for (size_t i = 0; i < s->value_count; i++) {
		values[i].failed = s->values[i]->refused;
		values[i].fine = s->values[i]->count - s->values[i]->refused;
	}
	double chance = outcome_chance(values, s->value_count);
	free(values);
	return chance;
}

static bool is_complete(const struct rollup_split *s)
{
	for (size_t i = 0; i < s->value_count; i++)
		if (s->values[i]->refused && s->values[i]->refused < s->values[i]->count)
			return false;
	return true;
}

/* How many attributes, and how many of their values, can separate the outcomes at all. */
struct tries {
	double singles, pairs, values;
};

static void weigh_complete(struct candidate *c, struct counts all, const struct tries *tries)
{
	double chance = exact_chance(&c->split, all);

	if (chance < 0)
		return;
	chance *= c->is_pair ? tries->singles + tries->pairs : tries->singles;
	c->split.chance = chance < 1 ? chance : 1;
	c->split.strength = chance < STRONG_BELOW                ? SPLIT_STRONG
			    : chance < WEAK_BELOW && !c->is_pair ? SPLIT_WEAK
								 : SPLIT_NONE;
}

static void weigh(struct candidate *c, struct counts all, const struct tries *tries)
{
	struct rollup_split *s = &c->split;
	double gain, bound;

	choose_inside(s, all);
	double tail = test_all(s, all, &gain) * (tries->singles + tries->pairs);
	s->gain = gain;
	s->chance = 1;
	if (c->complete) {
		s->gain = entropy(rate_of(all));
		weigh_complete(c, all, tries);
		if (s->strength != SPLIT_NONE)
			return;
	}
	size_t one = least_likely(s, all, &bound);
	bound *= tries->values;
	/* Two tests: each gets half of the chance that is allowed. */
	if (2 * tail < STRONG_BELOW && matters(all, sum_of(s, 0, s->inside))) {
		s->strength = SPLIT_STRONG;
		s->chance = 2 * tail;
	} else if (2 * bound < STRONG_BELOW) {
		choose_one(s, one);
		s->strength = SPLIT_STRONG;
		s->chance = 2 * bound;
		double two = gain_of_two(all, counts_of(s->values[0])) - 1 / (2 * all.n * M_LN2);
		s->gain = two > gain ? two : gain;
	}
}

/*
 * A request that was refused before OpenRouter chose a provider has no
 * provider. That is a result of the refusal and explains nothing. V is a value
 * of A.
 */
static bool lacks_provider(const struct rollup_attribute *a, const struct rollup_value *v)
{
	static const char name[] = "provider";
	size_t n = strlen(a->name), length = sizeof(name) - 1;
	bool first = strncmp(a->name, name, length) == 0 &&
		     (a->name[length] == '\0' || a->name[length] == '+');
	bool last =
	    n > length && a->name[n - length - 1] == '+' && strcmp(a->name + n - length, name) == 0;

	return (first && (*v->name == '\0' || *v->name == '+')) ||
	       (last && (*v->name == '\0' || v->name[strlen(v->name) - 1] == '+'));
}

static const char retry_name[] = "retry";

/* A retry is the result of a refusal and explains nothing, neither alone nor in a pair. */
static bool tells_retries(const struct rollup_attribute *a)
{
	const char *plus = strchr(a->name, '+');
	size_t n = sizeof(retry_name) - 1;

	return (strncmp(a->name, retry_name, n) == 0 && (!a->name[n] || a->name[n] == '+')) ||
	       (plus && strcmp(plus + 1, retry_name) == 0);
}

int64_t rollup_retries(const struct rollup_vendor *v)
{
	int64_t retries = -1;

	for (size_t i = 0; i < v->attribute_count; i++) {
		const struct rollup_attribute *a = &v->attributes[i];
		if (strcmp(a->name, retry_name) != 0)
			continue;
		retries = 0;
		for (size_t k = 0; k < a->value_count; k++)
			if (strcmp(a->values[k].name, "true") == 0)
				retries += (int64_t)a->values[k].count;
	}
	return retries;
}

static void make_candidate(const struct rollup_attribute *a, struct candidate *c)
{
	*c = (struct candidate){ .is_pair = strchr(a->name, '+') != NULL };
	c->split.attribute = a;
	c->split.values = calloc(a->value_count + 1, sizeof(*c->split.values));
	if (!c->split.values)
		die("out of memory");
	for (size_t i = 0; i < a->value_count && !tells_retries(a); i++)
		if (a->values[i].count && !lacks_provider(a, &a->values[i]))
			c->split.values[c->split.value_count++] = &a->values[i];
	qsort(c->split.values, c->split.value_count, sizeof(*c->split.values), by_rate);
	c->complete = c->split.value_count > 1 && is_complete(&c->split);
	struct counts all = sum_of(&c->split, 0, c->split.value_count);
	c->split.refused = (uint64_t)all.refused;
	c->split.fine = (uint64_t)(all.n - all.refused);
}

/* A pair is named only if its gain is clearly larger than that of each attribute alone. */
static size_t best_of(const struct candidate *c, size_t count)
{
	size_t best = count;

	for (int pairs = 0; pairs < 2; pairs++) {
		double needed = best < count ? c[best].split.gain * PAIR_GAIN : 0;
		for (size_t i = 0; i < count; i++)
			if (c[i].is_pair == (pairs == 1) && c[i].split.strength != SPLIT_NONE &&
			    c[i].split.gain >= needed &&
			    (best == count || c[i].split.gain > c[best].split.gain))
				best = i;
	}
	return best;
}

static void note_also(struct rollup_split *s, const struct candidate *c, size_t count, size_t best)
{
	for (size_t i = 0; i < count; i++)
		if (i != best && !c[i].is_pair && c[i].split.strength >= s->strength &&
		    c[i].split.gain >= ALSO_GAIN * s->gain)
			s->also |= UINT64_C(1) << i;
}

void rollup_split(const struct rollup_vendor *v, struct rollup_split *s)
{
	struct candidate *c = calloc(v->attribute_count + 1, sizeof(*c));
	struct tries tries = { 0, 0, 0 };

	if (!c)
		die("out of memory");
	*s = (struct rollup_split){ .chance = 1 };
	for (size_t i = 0; i < v->attribute_count; i++) {
		make_candidate(&v->attributes[i], &c[i]);
		bool varies = c[i].split.value_count > 1;
		*(c[i].is_pair ? &tries.pairs : &tries.singles) += varies;
		tries.values += varies ? (double)c[i].split.value_count : 0;
	}
	for (size_t i = 0; i < v->attribute_count; i++) {
		struct counts all = sum_of(&c[i].split, 0, c[i].split.value_count);
		if (c[i].split.refused + c[i].split.fine > s->refused + s->fine) {
			s->refused = c[i].split.refused;
			s->fine = c[i].split.fine;
		}
		if (c[i].split.value_count > 1 && c[i].split.refused >= 2 && c[i].split.fine >= 2)
			weigh(&c[i], all, &tries);
	}
	/* An attribute that only some exchanges have explains only that share of all. */
	for (size_t i = 0; i < v->attribute_count; i++)
		if (s->refused + s->fine)
			c[i].split.gain *= (double)(c[i].split.refused + c[i].split.fine) /
					   (double)(s->refused + s->fine);
	size_t best = best_of(c, v->attribute_count);
	if (best < v->attribute_count) {
		*s = c[best].split;
		c[best].split.values = NULL;
		note_also(s, c, v->attribute_count, best);
	}
	for (size_t i = 0; i < v->attribute_count; i++)
		free(c[i].split.values);
	free(c);
}

void rollup_split_release(struct rollup_split *s)
{
	free(s->values);
	*s = (struct rollup_split){ 0 };
}

/* Names of attributes that fleets have and a single log lacks. */
static const struct {
	const char *name, *title;
} titles[] = {
	{ "machine", "the machine" },
	{ "container", "the container" },
	{ "ci", "the CI run" },
	{ "tool_version", "the tool's version" },
	{ "key_source", "the variable with the key" },
	{ "user_agent", "the User-Agent" },
};

/* One attribute, NAME of N bytes. */
static void say_title(const char *name, size_t n, struct buf *out)
{
	for (int a = 0; a < ATTRIBUTE_COUNT; a++)
		if (strlen(attribute_name(a)) == n && strncmp(attribute_name(a), name, n) == 0) {
			say(out, "%s", attribute_title(a));
			return;
		}
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (strlen(titles[i].name) == n && strncmp(titles[i].name, name, n) == 0) {
			say(out, "%s", titles[i].title);
			return;
		}
	mask_text(out, (struct slice){ name, n }, LIMIT_DETAIL);
}

static void say_titles(const char *name, struct buf *out)
{
	size_t n = strcspn(name, "+");

	say_title(name, n, out);
	if (name[n]) {
		say(out, " together with ");
		say_title(name + n + 1, strlen(name + n + 1), out);
	}
}

static void say_values(const struct rollup_split *s, struct buf *out)
{
	enum { VALUES_SHOWN = 6 };
	size_t shown = s->inside < VALUES_SHOWN ? s->inside : VALUES_SHOWN;
	struct counts rest = sum_of(s, shown, s->value_count);

	for (size_t i = 0; i < shown; i++) {
		const struct rollup_value *v = s->values[i];
		if (*v->name)
			mask_text(out, slice_of(v->name), LIMIT_DETAIL);
		else
			say(out, "(not recorded)");
		say(out, ": %" PRIu64 " refused, %" PRIu64 " fine; ", v->refused,
		    v->count - v->refused);
	}
	if (s->inside > shown)
		say(out, "and %zu more such values; ", s->inside - shown);
	say(out, "all others: %.0f refused, %.0f fine", rest.refused, rest.n - rest.refused);
}

void rollup_split_words(const struct rollup_vendor *v, const struct rollup_split *s,
			struct buf *out)
{
	const char *before = ". It goes together with ";

	if (s->refused < 2 || s->fine < 2) {
		say(out, "too few requests of one outcome to look for what separates them");
		return;
	}
	if (s->strength == SPLIT_NONE) {
		say(out,
		    "of %" PRIu64 " refused and %" PRIu64 " other requests, nothing that is "
		    "recorded separates them better than chance could",
		    s->refused, s->fine);
		return;
	}
	say_titles(s->attribute->name, out);
	say(out, " separates the refused requests from the others: ");
	say_values(s, out);
	if (s->strength == SPLIT_WEAK)
		say(out,
		    ". That is weak evidence: chance alone does as well in %.0f of 100 such "
		    "logs",
		    s->chance * 100 < 1 ? 1 : s->chance * 100);
	else
		say(out, ". Chance alone does that in less than one log of a hundred");
	for (size_t i = 0; i < v->attribute_count; i++) {
		if (!(s->also & UINT64_C(1) << i))
			continue;
		say(out, "%s", before);
		say_titles(v->attributes[i].name, out);
		before = ", ";
	}
	if (s->also)
		say(out, ": these counts cannot tell which of them it is");
}

static void put_names(struct json_out *j, const char *name)
{
	size_t n = strcspn(name, "+");

	json_slice(j, NULL, (struct slice){ name, n });
	if (name[n])
		json_text(j, NULL, name + n + 1);
}

static void put_masked(struct json_out *j, const char *name, const char *text)
{
	struct buf masked;

	buf_init(&masked, LIMIT_LINE);
	mask_text(&masked, slice_of(text), LIMIT_DETAIL);
	json_slice(j, name, buf_slice(&masked));
	buf_release(&masked);
}

void rollup_split_json(const struct rollup_vendor *v, const struct rollup_split *s,
		       struct json_out *j)
{
	static const char *const strengths[] = { "none", "weak", "strong" };
	enum { VALUES_MAX = 100 };
	char number[32];
	bool said = s->strength != SPLIT_NONE;

	json_object(j, "outcome_splits_on");
	json_text(j, "strength", strengths[s->strength]);
	json_number(j, "refused", (int64_t)s->refused);
	json_number(j, "fine", (int64_t)s->fine);
	json_array(j, "attributes");
	if (said)
		put_names(j, s->attribute->name);
	json_array_end(j);
	json_array(j, "also");
	for (size_t i = 0; i < v->attribute_count; i++)
		if (s->also & UINT64_C(1) << i)
			json_text(j, NULL, v->attributes[i].name);
	json_array_end(j);
	snprintf(number, sizeof(number), "%.3g", s->chance);
	json_text(j, "chance", said ? number : NULL);
	snprintf(number, sizeof(number), "%.4f", s->gain);
	json_text(j, "gain_bits", said ? number : NULL);
	json_array(j, "values");
	for (size_t i = 0; said && i < s->inside && i < VALUES_MAX; i++) {
		json_object(j, NULL);
		put_masked(j, "first", s->values[i]->name);
		json_number(j, "refused", (int64_t)s->values[i]->refused);
		json_number(j, "fine", (int64_t)(s->values[i]->count - s->values[i]->refused));
		json_object_end(j);
	}
	json_array_end(j);
	json_object_end(j);
}
