/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOG_COUNTS_H
#define ORSHIM_LOG_COUNTS_H

/* Summarises a log in one line: how many exchanges, how many failed, and why. */
#include <sys/types.h>

#include "base/buf.h"
#include "tools/log/log_retry.h"

enum { LOG_COUNTS_PIDS = 64 };

struct log_counts {
	unsigned processes; /* that had TLS */
	unsigned untapped;  /* no TLS library could be tapped, and no relay observed them */
	int untapped_pids[LOG_COUNTS_PIDS]; /* of the first of them; 0: a relay observed it later */
	unsigned untapped_places;
	int relayed_pids[LOG_COUNTS_PIDS]; /* the first that a relay observed */
	unsigned relayed_places;
	unsigned exchanges;
	unsigned failed; /* refused_by is not null */
	struct retries retries;
	unsigned lines;
	struct buf causes;         /* ids, each ended by NUL, one for each failure */
	struct buf addon;          /* the first add-on whose own TLS was not seen */
	struct buf reason;         /* why the first untapped copy is not tapped */
	unsigned unfollowed_count; /* programs into which the library was not loaded */
	struct buf unfollowed;     /* the first of them, and the reason */
};

/*
 * The bytes of the log at PATH so far, behind which a report begins; 0: it is
 * not there yet. Dies if it is no regular file, of which nothing can be read again.
 */
off_t log_size(const char *path);

void log_counts_init(struct log_counts *t);
void log_counts_release(struct log_counts *t);

/* Count the records of LOG. Lines that are not records are skipped. */
void log_counts_add(struct log_counts *t, struct slice log);

/* "2 API exchanges, 1 refused: auth_token_quoted" */
void log_counts_say(const struct log_counts *t, struct buf *out);

#endif
