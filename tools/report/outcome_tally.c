/* SPDX-License-Identifier: MIT */
#include "tools/report/outcome_tally.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "tools/command.h"

enum { TABLES = ATTRIBUTE_COUNT * (ATTRIBUTE_COUNT + 1) / 2, TEXT_MAX = 1024 };

/* The values of one attribute. */
struct values {
	char *texts[SPLIT_VALUES_MAX]; /* NULL: not recorded */
	uint64_t hashes[SPLIT_VALUES_MAX];
	size_t count;
	size_t tables; /* that still count it */
};

struct cell {
	uint16_t first, second; /* places in values */
	size_t failed, fine;
};

/* One attribute, or a pair. */
struct table {
	enum attribute first, second; /* the same: a single attribute */
	bool ended;
	struct cell *cells;
	size_t count, last; /* last: the cell of the outcome before */
};

struct outcome_tally {
	struct values values[ATTRIBUTE_COUNT];
	struct table tables[TABLES];
	size_t failed, fine;
};

struct outcome_tally *outcome_tally_new(void)
{
	struct outcome_tally *t = calloc(1, sizeof(*t));
	size_t n = 0;

	if (!t)
		die("out of memory");
	for (int a = 0; a < ATTRIBUTE_COUNT; a++) {
		for (int b = a; b < ATTRIBUTE_COUNT; b++)
			t->tables[n++] = (struct table){ .first = a, .second = b };
		t->values[a].tables = ATTRIBUTE_COUNT;
	}
	return t;
}

void outcome_tally_free(struct outcome_tally *t)
{
	for (int a = 0; t && a < ATTRIBUTE_COUNT; a++)
		for (size_t i = 0; i < t->values[a].count; i++)
			free(t->values[a].texts[i]);
	for (size_t i = 0; t && i < TABLES; i++)
		free(t->tables[i].cells);
	free(t);
}

/* The place of TEXT among the values; SPLIT_VALUES_MAX: there is no room for it. */
static size_t place_of(struct values *v, const char *text)
{
	struct slice s = { text, text ? strnlen(text, TEXT_MAX) : 0 };
	uint64_t hash = text ? hash_of(s) : 0;
	size_t i = 0;

	while (i < v->count && (v->hashes[i] != hash || !v->texts[i] != !text ||
				(text && strncmp(v->texts[i], text, TEXT_MAX) != 0)))
		i++;
	if (i < v->count || i == SPLIT_VALUES_MAX)
		return i;
	v->hashes[i] = hash;
	v->texts[i] = text ? strndup(text, s.n) : NULL;
	if (text && !v->texts[i])
		die("out of memory");
	v->count++;
	return i;
}

static struct cell *cell_of(struct table *t, size_t first, size_t second)
{
	size_t i = t->last;

	if (i < t->count && t->cells[i].first == first && t->cells[i].second == second)
		return &t->cells[i];
	for (i = 0; i < t->count; i++)
		if (t->cells[i].first == first && t->cells[i].second == second)
			break;
	if (i == SPLIT_VALUES_MAX)
		return NULL;
	t->last = i;
	if (i < t->count)
		return &t->cells[i];
	if (!t->cells && !(t->cells = calloc(SPLIT_VALUES_MAX, sizeof(*t->cells))))
		die("out of memory");
	t->cells[i] = (struct cell){ (uint16_t)first, (uint16_t)second, 0, 0 };
	return &t->cells[t->count++];
}

static void end_table(struct outcome_tally *t, struct table *table)
{
	table->ended = true;
	free(table->cells);
	table->cells = NULL;
	table->count = 0;
	t->values[table->first].tables--;
	if (table->second != table->first)
		t->values[table->second].tables--;
}

static void count_in(struct outcome_tally *t, struct table *table, const size_t *places,
		     bool failed)
{
	size_t first = places[table->first], second = places[table->second];
	struct cell *cell = first == SPLIT_VALUES_MAX || second == SPLIT_VALUES_MAX
				? NULL
				: cell_of(table, first, second);

	if (cell && failed)
		cell->failed++;
	else if (cell)
		cell->fine++;
	if (!cell || (cell->failed && cell->fine))
		end_table(t, table);
}

void outcome_tally_add(struct outcome_tally *t, const struct outcome *o)
{
	size_t places[ATTRIBUTE_COUNT] = { 0 };

	/* The second value is of interest even where no table counts the attribute. */
	for (int a = 0; a < ATTRIBUTE_COUNT; a++)
		if (t->values[a].tables || t->values[a].count < 2)
			places[a] = place_of(&t->values[a], o->values[a]);
	for (size_t i = 0; i < TABLES; i++)
		if (!t->tables[i].ended)
			count_in(t, &t->tables[i], places, o->failed);
	if (o->failed)
		t->failed++;
	else
		t->fine++;
}

size_t outcome_tally_failed(const struct outcome_tally *t)
{
	return t->failed;
}

size_t outcome_tally_fine(const struct outcome_tally *t)
{
	return t->fine;
}

size_t outcome_tally_values(const struct outcome_tally *t, enum attribute a)
{
	return t->values[a].count;
}

bool outcome_tally_separates(const struct outcome_tally *t, enum attribute first,
			     enum attribute second, struct split *s)
{
	enum attribute last = second == ATTRIBUTE_COUNT ? first : second;
	const struct table *table = t->tables;

	while (table->first != first || table->second != last)
		table++;
	s->value_count = 0;
	s->failed = t->failed;
	s->fine = t->fine;
	for (size_t i = 0; i < table->count; i++) {
		const struct cell *cell = &table->cells[i];
		s->values[s->value_count++] = (struct split_value){
			.first = t->values[first].texts[cell->first],
			.second = last == first ? NULL : t->values[last].texts[cell->second],
			.failed = cell->failed,
			.fine = cell->fine,
		};
	}
	return !table->ended;
}
