/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REPORT_STATE_H
#define ORSHIM_REPORT_STATE_H

/*
 * What a report remembers while rows come, so that it can be made of a log of
 * any length: sets of hashes and first rows, each with a ceiling.
 */
#include "tools/log/log_copy.h"
#include "tools/log/name_set.h"
#include "tools/report/outcome_tally.h"
#include "tools/report/report.h"

enum {
	ASKED_MAX = 1 << 18,    /* processes and hosts: 4 MiB */
	ANSWERED_MAX = 1 << 18, /* keys and endpoints */
	PENDING_MAX = 4096,     /* connections that wait for the end */
	REFUSED_KINDS_MAX = 256,
	TIMELINE_KINDS_MAX = 8,
	TIMELINE_CELLS = 4096,
};

/* Requests of the same method, host and path, in the order of time. */
struct timeline_kind {
	const struct log_row *example;
	size_t refused, fine;
	bool mixed; /* contains other kinds, too */
	unsigned cells_refused[TIMELINE_CELLS], cells_fine[TIMELINE_CELLS];
};

struct timeline {
	struct timeline_kind kinds[TIMELINE_KINDS_MAX];
	size_t kind_count;
	size_t per_cell, at; /* requests */
	int64_t first_us, last_us;
};

/* A connection with findings: whether it was a spare one is known at the end. */
struct pending {
	struct row_copy *copy;     /* NULL: the row stays */
	const struct log_row *row; /* without COPY */
};

struct report_state {
	struct log_row **pins; /* rows that were copied; ours */
	size_t pin_count;
	struct name_set asked;    /* process and host to which something was asked */
	struct name_set answered; /* key and endpoint: was the last request accepted? */
	struct pending pending[PENDING_MAX];
	size_t pending_count;
	const struct log_row *refused[REFUSED_KINDS_MAX]; /* the first by key, its source, vendor */
	size_t refused_count;
	struct outcome_tally *by_provider, *by_all;
	bool lacks_provider; /* a failure that names none */
	bool worked;         /* a success at an endpoint that needs a key */
	struct log_row *public_mark;
	struct timeline *timeline;
	size_t machine_last;
};

/* ROW of FROM, for as long as R lives. */
const struct log_row *report_pin(const struct report *r, const struct log *from,
				 const struct log_row *row);

/* The same of its place alone, in *MARK, which is made at the first use and ours. */
const struct log_row *report_mark(struct report *r, const struct log *from,
				  const struct log_row *row, struct log_row **mark);

/* TEXT, or NULL, of any log, for as long as R lives. */
const char *report_text_of(struct report *r, const char *text);

/* Is A before B in the order of the report? */
bool row_is_before(const struct log_row *a, const struct log_row *b);

/* causes.c */
void add_finding(struct report *r, const struct log *from, const struct log_row *row,
		 const struct log_finding *f);
/* TOLERATED: the tool succeeded nevertheless, so every severity is one step lower. */
void add_findings(struct report *r, const struct log *from, const struct log_row *row,
		  bool tolerated);

/* connections.c */
void connections_take(struct report *r, const struct log *from, const struct log_row *row);
void connections_end(struct report *r);

/* splits.c */
void splits_take(struct report *r, const struct log_row *row);
void splits_end(struct report *r);

/* keys.c, senders.c, machines.c, coverage.c, timeline.c: of requests, or processes. */
void keys_take(struct report *r, const struct log_row *row);
void senders_take(struct report *r, const struct log *from, const struct log_row *row);
void machines_take(struct report *r, const struct log_row *row);
void machines_end(struct report *r);
void machines_add_to(struct report *r, struct cause *c, const struct log_row *row);
void coverage_take(struct report *r, const struct log *from, const struct log_row *row);
void timeline_take(struct report *r, const struct log *from, const struct log_row *row);

/* origins.c */
void launches_take(struct report *r, const struct log *from, const struct log_row *launch);
void launches_take_refused(struct report *r, const struct log *from, const struct log_row *row);
void launches_end(struct report *r);

#endif
