/* SPDX-License-Identifier: MIT */
#include "tools/report/report_stream.h"

#include <stdlib.h>
#include <string.h>

#include "tools/command.h"
#include "tools/log/log_strings.h"
#include "tools/log/processes.h"
#include "tools/report/report_state.h"

enum { ALIVE_MAX = 1 << 20 };

/* Copies of rows, the oldest first; the oldest go when there are too many. */
struct ring {
	struct row_copy **copies;
	size_t max, at, count, bytes;
};

struct keeper {
	struct report *r;
	const struct log_filter *filter;
	unsigned number;
	struct row_copy *asked; /* the exchange of that number */
	struct ring newest, failed, processes, launches;
	size_t taken;
};

static void ring_init(struct ring *ring, size_t max)
{
	*ring = (struct ring){ .copies = calloc(max, sizeof(struct row_copy *)), .max = max };
	if (!ring->copies)
		die("out of memory");
}

static struct row_copy *ring_pop(struct ring *ring)
{
	struct row_copy *oldest = ring->copies[ring->at];

	ring->at = (ring->at + 1) % ring->max;
	ring->count--;
	ring->bytes -= oldest->size;
	return oldest;
}

/* Add COPY; what must go for it, the oldest first, is passed to GO. */
static void ring_push(struct ring *ring, struct row_copy *copy,
		      void (*go)(struct keeper *k, struct row_copy *copy), struct keeper *k)
{
	while (ring->count == ring->max ||
	       (ring->count && ring->bytes + copy->size > KEPT_BYTES_MAX / 2))
		go(k, ring_pop(ring));
	ring->copies[(ring->at + ring->count++) % ring->max] = copy;
	ring->bytes += copy->size;
}

static void drop(struct keeper *k, struct row_copy *copy)
{
	(void)k;
	free(copy);
}

/* No longer among the newest. */
static void grow_old(struct keeper *k, struct row_copy *copy)
{
	if (row_failed(&copy->row))
		ring_push(&k->failed, copy, drop, k);
	else
		free(copy);
}

static uint64_t name_of_alive(const struct log_row *row)
{
	return name_of_process(row->machine ? row->machine : "", row->pid, "");
}

/* A process is of interest if one of its requests or connections is. */
static bool is_taken(const struct log_filter *filter, const struct name_set *alive,
		     const struct log_row *row)
{
	if (!filter || row->kind == LOG_LAUNCH)
		return true;
	if (row->kind == LOG_PROCESS)
		return name_set_get(alive, name_of_alive(row)) >= 0 || name_set_is_full(alive);
	return log_filter_takes_row(filter, row);
}

static void find_alive(void *set, const struct log *from, const struct log_row *row)
{
	struct report_source *source = set;

	(void)from;
	if ((row->kind == LOG_EXCHANGE || row->kind == LOG_CONNECTION) &&
	    log_filter_takes_row(source->filter, row)) {
		name_set_put(&source->alive, name_of_alive(row), false);
		name_set_put(&source->alive, name_of_process("", row->pid, ""), false);
	}
}

static void keep(void *keeper, const struct log *from, const struct log_row *row)
{
	struct keeper *k = keeper;

	if (!is_taken(k->filter, &k->r->source->alive, row))
		return;
	report_take(k->r, from, row);
	if (row->kind == LOG_PROCESS) {
		ring_push(&k->processes, row_copy(from, row), drop, k);
	} else if (row->kind == LOG_LAUNCH) {
		ring_push(&k->launches, row_copy(from, row), drop, k);
	} else if (row->kind == LOG_EXCHANGE) {
		ring_push(&k->newest, row_copy(from, row), grow_old, k);
		if (k->number && row->file == 0 && row->number == k->number)
			k->asked = row_copy(from, row);
	}
	k->taken += row->kind == LOG_EXCHANGE || row->kind == LOG_CONNECTION;
}

/* Make rows of L of what was kept. */
static void empty(struct ring *ring, struct log *l)
{
	while (ring->count) {
		struct row_copy *copy = ring_pop(ring);
		log_add_copy(l, copy);
		free(copy);
	}
	free(ring->copies);
}

static void forget_rows(struct log *l)
{
	free(l->rows);
	free(l->findings);
	free(l->libraries);
	free(l->origins);
	l->rows = NULL;
	l->findings = NULL;
	l->libraries = NULL;
	l->origins = NULL;
	l->count = l->finding_count = l->library_count = l->origin_count = 0;
	log_strings_free(l->strings);
	l->strings = log_strings_new();
}

size_t report_stream(struct report *r, struct log *l, const struct log_filter *filter,
		     unsigned number)
{
	struct keeper k = { .r = r, .filter = filter, .number = number };

	forget_rows(l);
	report_begin(r, l);
	r->source = calloc(1, sizeof(*r->source));
	if (!r->source)
		die("out of memory");
	r->source->filter = filter;
	name_set_init(&r->source->alive, ALIVE_MAX);
	ring_init(&k.newest, KEPT_MAX);
	ring_init(&k.failed, KEPT_MAX);
	ring_init(&k.processes, KEPT_PROCESSES_MAX);
	ring_init(&k.launches, KEPT_LAUNCHES_MAX);
	if (filter)
		log_stream(l, LOG_KIND(LOG_EXCHANGE) | LOG_KIND(LOG_CONNECTION), find_alive,
			   r->source);
	log_stream(l, LOG_KINDS, keep, &k);
	empty(&k.failed, l);
	empty(&k.newest, l);
	empty(&k.processes, l);
	empty(&k.launches, l);
	if (k.asked)
		log_add_copy(l, k.asked);
	free(k.asked);
	log_sort(l);
	report_end(r);
	return k.taken;
}

/* One kind of rows of a report's source. */
struct each {
	const struct report_source *source;
	enum log_kind kind;
	log_taker *take;
	void *context;
};

static void pass_on(void *each, const struct log *from, const struct log_row *row)
{
	const struct each *e = each;

	if (row->kind == e->kind && is_taken(e->source->filter, &e->source->alive, row))
		e->take(e->context, from, row);
}

void report_each(const struct report *r, enum log_kind kind, log_taker *take, void *context)
{
	struct each e = { r->source, kind, take, context };

	if (r->source) {
		log_stream(r->log, LOG_KIND(kind), pass_on, &e);
		return;
	}
	for (size_t i = 0; i < r->log->count; i++)
		if (r->log->rows[i].kind == kind)
			take(context, r->log, &r->log->rows[i]);
}
