/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_COUNTS_H
#define ORSHIM_LOG_COUNTS_H

/* One line about a log: how much was seen, how much failed, and of what. */
#include "base/buf.h"

enum { LOG_COUNTS_PIDS = 64 };

struct log_counts {
	unsigned processes; /* that had TLS */
	unsigned untapped;  /* of which no copy could be tapped, and no relay saw them */
	int untapped_pids[LOG_COUNTS_PIDS]; /* of the first of them; 0: seen by a relay since */
	unsigned untapped_places;
	int relayed_pids[LOG_COUNTS_PIDS]; /* the first that a relay saw */
	unsigned relayed_places;
	unsigned exchanges;
	unsigned failed; /* refused_by is not null */
	unsigned lines;
	struct buf causes;         /* ids ended by NUL, one for each failure */
	struct buf reason;         /* why the first untapped copy is not tapped */
	unsigned unfollowed_count; /* programs that the library does not get into */
	struct buf unfollowed;     /* the first, and why */
};

void log_counts_init(struct log_counts *t);
void log_counts_release(struct log_counts *t);

/* Count the records of LOG. Lines that are no records are passed over. */
void log_counts_add(struct log_counts *t, struct slice log);

/* "2 API exchanges, 1 refused: auth_token_quoted" */
void log_counts_say(const struct log_counts *t, struct buf *out);

#endif
