/* SPDX-License-Identifier: MIT */
#include "tools/redirect/passed.h"

#include "diagnose/credential.h"
#include "tools/command.h"

struct passed_row {
	struct slice program, host, note, why;
};

/* The next row of *REST, which the first line is no part of. */
static bool next_row(struct slice *rest, struct passed_row *row)
{
	struct slice line;

	while (slice_cut(rest, '\n', &line))
		if (slice_cut(&line, '\t', &row->program) && slice_cut(&line, '\t', &row->host) &&
		    slice_cut(&line, '\t', &row->note)) {
			row->why = line;
			return true;
		}
	return false;
}

/* Was HOST in a row before the one that ROWS starts with? */
static bool is_known(struct slice report, const struct passed_row *row)
{
	struct passed_row other;

	while (next_row(&report, &other) && other.host.p != row->host.p)
		if (slice_equal(other.host, row->host) &&
		    (row->host.n || slice_equal(other.program, row->program)) &&
		    (other.why.n > 0) == (row->why.n > 0))
			return true;
	return false;
}

/* A name of those that TLS was not looked into, else absent. */
static struct slice say_names(struct slice report, struct buf *out)
{
	struct slice rest = report, first = { NULL, 0 };
	struct passed_row row;
	bool any = false;

	while (next_row(&rest, &row)) {
		if (row.why.n || is_known(report, &row))
			continue;
		say(out, any ? ", " : "not looked into, passed through the relay as they are: ");
		any = true;
		mask_text(out, row.host, LIMIT_SHOWN_VALUE);
		if (row.note.n)
			say(out, " (%.*s)", SLICE_ARG(row.note));
		else if (!first.p)
			first = row.host;
	}
	if (any && !first.p)
		say(out, "\n");
	return first;
}

bool passed_with_reason(struct slice report)
{
	struct passed_row row;

	while (next_row(&report, &row))
		if (row.why.n)
			return true;
	return false;
}

void passed_say(struct slice report, struct buf *out)
{
	struct slice rest = report;
	struct passed_row row;

	struct slice first = say_names(report, out);
	if (first.p) {
		say(out, "; to look into one: ORSHIM_HOSTS=");
		mask_text(out, first, LIMIT_SHOWN_VALUE);
		say(out, "\n");
	}
	while (next_row(&rest, &row)) {
		if (!row.why.n || is_known(report, &row))
			continue;
		mask_text(out, row.host.n ? row.host : row.program, LIMIT_SHOWN_VALUE);
		say(out, row.host.n ? " was not seen: " : " was not relayed: ");
		mask_text(out, row.why, LIMIT_SHOWN_VALUE);
		say(out, "\n");
	}
}
