/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_TEXT_H
#define ORSHIM_TEXT_H

/*
 * The diagnosis for people: verdict line, where, caret under the byte, why, fix.
 * Escapes everything that came from the wire.
 */
#include "base/buf.h"
#include "report/record.h"

struct text_style {
	bool colour;
	int width; /* columns; 0: do not wrap */
};

/* Append the block of D; nothing if D has nothing to report. -1 at the ceiling. */
int text_diagnosis(struct buf *out, const struct text_style *style, const struct origin *o,
		   const struct diagnosis *d);

/* Briefly: D was refused for CAUSE as before, with the same key at the same place, TIMES times now. */
int text_again(struct buf *out, const struct text_style *style, const struct origin *o,
	       const struct diagnosis *d, enum rule_id cause, unsigned times);

/* A connection without an exchange: at least one finding, those of one rule side by side. */
int text_connection(struct buf *out, const struct text_style *style, const struct origin *o,
		    const struct connection_record *c);

/* Before TOOL starts: findings about its keys, those of one rule side by side. */
int text_launch(struct buf *out, const struct text_style *style, const char *tool,
		const struct finding *findings, size_t count);

/* Who refused, as the verdict's line says it, by the name in records; NULL: no such name. */
const char *text_refusal(const char *refused_by);

/* `orshim explain`: one row of the table, whole. */
int text_rule(struct buf *out, const struct text_style *style, enum rule_id rule);

#endif
