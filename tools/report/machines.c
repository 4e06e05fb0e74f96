/* SPDX-License-Identifier: MIT */
/* The machines of a log: what was refused on each, and what is known of it. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "tools/command.h"
#include "tools/report/report_state.h"

enum { NAMES_SHOWN = 4, TOOL_MAX = 256 };

const char *const machine_list_names[MACHINE_LISTS] = { "containers", "boots", "ci", "tools",
							"orshim" };

static void add_to_list(struct report *r, struct machine_list *list, const char *text)
{
	if (!text)
		return;
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->texts[i], text) == 0)
			return;
	if (list->count < MACHINE_TEXTS_MAX)
		list->texts[list->count++] = report_text_of(r, text);
	else
		list->more = true;
}

/* The machine of ROW; NULL: there are too many. */
static struct machine_use *machine_of(struct report *r, const struct log_row *row)
{
	size_t last = r->state->machine_last;
	uint64_t hash = row->machine ? hash_of(slice_of(row->machine)) : 0;

	for (size_t i = 0; i < r->machine_count; i++) {
		size_t at = (last + i) % r->machine_count;
		if (r->machines[at].hash == hash && same_text(r->machines[at].id, row->machine)) {
			r->state->machine_last = at;
			return &r->machines[at];
		}
	}
	if (r->machine_count == MACHINES_MAX)
		return NULL;
	if (!r->machines && !(r->machines = calloc(MACHINES_MAX, sizeof(*r->machines))))
		die("out of memory");
	r->state->machine_last = r->machine_count;
	struct machine_use *m = &r->machines[r->machine_count++];
	*m = (struct machine_use){ .id = report_text_of(r, row->machine), .hash = hash };
	return m;
}

static void add_cause(struct report *r, struct machine_use *m, const char *cause)
{
	size_t at = 0;

	while (at < m->cause_count && !same_text(m->causes[at].id, cause))
		at++;
	if (at == MACHINE_CAUSES_MAX)
		at--;
	else if (at == m->cause_count)
		m->causes[m->cause_count++].id = report_text_of(r, cause);
	m->causes[at].count++;
}

void machines_take(struct report *r, const struct log_row *row)
{
	struct machine_use *m = machine_of(r, row);
	char tool[TOOL_MAX];

	if (!m) {
		r->machines_more++;
		return;
	}
	m->requests++;
	add_to_list(r, &m->lists[MACHINE_CONTAINERS], row->container);
	add_to_list(r, &m->lists[MACHINE_BOOTS], row->boot);
	add_to_list(r, &m->lists[MACHINE_CI], row->ci);
	add_to_list(r, &m->lists[MACHINE_ORSHIM], row->orshim);
	if (row->tool) {
		snprintf(tool, sizeof(tool), row->tool_version ? "%s %s" : "%s", row->tool,
			 row->tool_version);
		add_to_list(r, &m->lists[MACHINE_TOOLS], tool);
	}
	if (row_failed(row)) {
		m->refused++;
		add_cause(r, m, row->cause);
	}
}

void machines_add_to(struct report *r, struct cause *c, const struct log_row *row)
{
	const struct machine_use *m = row->machine ? machine_of(r, row) : NULL;

	if (!m)
		return;
	size_t at = (size_t)(m - r->machines);
	unsigned char bit = (unsigned char)(1u << at % 8);
	c->machine_count += !(c->machines[at / 8] & bit);
	c->machines[at / 8] |= bit;
}

static int by_refusals(const void *a, const void *b)
{
	const struct machine_use *x = a, *y = b;

	if (x->refused != y->refused)
		return x->refused > y->refused ? -1 : 1;
	if (x->requests != y->requests)
		return x->requests > y->requests ? -1 : 1;
	return strcmp(x->id ? x->id : "", y->id ? y->id : "");
}

/* Bits of causes are places of machines: they move with them. */
static void move_bits(struct cause *c, const size_t *place, size_t count)
{
	unsigned char moved[MACHINES_MAX / 8] = { 0 };

	for (size_t i = 0; i < count; i++)
		if (c->machines[i / 8] & 1u << i % 8)
			moved[place[i] / 8] |= (unsigned char)(1u << place[i] % 8);
	memcpy(c->machines, moved, sizeof(moved));
}

void machines_end(struct report *r)
{
	size_t place[MACHINES_MAX];

	for (size_t i = 0; i < r->machine_count; i++)
		r->machines[i].hash = i;
	if (r->machine_count)
		qsort(r->machines, r->machine_count, sizeof(*r->machines), by_refusals);
	for (size_t i = 0; i < r->machine_count; i++)
		place[r->machines[i].hash] = i;
	for (size_t i = 0; i < r->cause_count; i++)
		move_bits(&r->causes[i], place, r->machine_count);
}

size_t machines_named(const struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->machine_count; i++)
		n += r->machines[i].id != NULL;
	return n;
}

bool machines_are_several(const struct report *r)
{
	return r->machine_count > 1;
}

const char *machine_shown(const struct machine_use *m)
{
	return m->id ? m->id : "(not recorded)";
}

void cause_machine_words(const struct report *r, const struct cause *c, struct buf *out)
{
	size_t shown = 0;

	if (!machines_are_several(r) || !c->machine_count)
		return;
	say(out, "on %zu of %zu machines: ", c->machine_count, machines_named(r));
	for (size_t i = 0; i < r->machine_count && shown < NAMES_SHOWN; i++)
		if (c->machines[i / 8] & 1u << i % 8)
			say(out, "%s%s", shown++ ? ", " : "", machine_shown(&r->machines[i]));
	if (c->machine_count > shown)
		say(out, " and %zu more", c->machine_count - shown);
}

void machine_cause_words(const struct machine_use *m, struct buf *out)
{
	for (size_t i = 0; i < m->cause_count; i++)
		say(out, "%s%zu %s", i ? ", " : "", m->causes[i].count,
		    i + 1 == MACHINE_CAUSES_MAX ? "others"
		    : m->causes[i].id           ? m->causes[i].id
						: "unexplained");
}

static void say_list(const struct machine_list *list, const char *before, struct buf *out)
{
	for (size_t i = 0; i < list->count; i++)
		say(out, "%s%s", i ? ", " : before, list->texts[i]);
	if (list->more)
		say(out, " and others");
}

static void say_number(const struct machine_list *list, const char *one, const char *many,
		       struct buf *out)
{
	if (list->count)
		say(out, "; %zu%s %s", list->count, list->more ? " and more" : "",
		    list->count == 1 ? one : many);
}

void machine_words(const struct machine_use *m, struct buf *out)
{
	say(out, "%s: %zu request%s, ", machine_shown(m), m->requests, m->requests == 1 ? "" : "s");
	if (m->refused == 0) {
		say(out, "none refused");
	} else {
		say(out, "%zu refused (", m->refused);
		machine_cause_words(m, out);
		say(out, ")");
	}
	say_list(&m->lists[MACHINE_TOOLS], "; ", out);
	say_list(&m->lists[MACHINE_ORSHIM], "; orshim ", out);
	say_number(&m->lists[MACHINE_CONTAINERS], "container", "containers", out);
	say_number(&m->lists[MACHINE_BOOTS], "boot", "boots", out);
	say_list(&m->lists[MACHINE_CI], "; CI run ", out);
}
