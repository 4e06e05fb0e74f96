/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LINES_H
#define ORSHIM_LINES_H

/* `orshim watch` as lines: for people, or one JSON object a line. */
#include "report/text.h"
#include "tools/log/log_read.h"
#include "tools/watch/tally.h"

enum { LINES_SEEN_MAX = 256 };

struct lines {
	char *seen[LINES_SEEN_MAX]; /* causes that were already explained */
	size_t seen_count;
	struct text_style style;
};

/* Append what is to be said of ROW, the only one of L; TALLY already counts it. */
void lines_say(struct lines *w, const struct tally *tally, const struct log *l,
	       const struct log_row *row, struct buf *out);
void lines_release(struct lines *w);

/* The same as JSON (docs/schema/watch.schema.json). */
void lines_json(const struct tally *tally, const struct log *l, const struct log_row *row,
		struct buf *out);

/* "14:43:28", the local time of day; "--:--:--" if it is not known. */
void say_clock(const struct log_row *row, struct buf *out);

#endif
