/* SPDX-License-Identifier: MIT */
#include "tools/redirect/passed.h"

#include "diagnose/credential.h"
#include "tools/command.h"

struct passed_row {
	struct slice program, host, why;
};

/* The next row of *REST, which the first line is no part of. */
static bool next_row(struct slice *rest, struct passed_row *row)
{
	struct slice line;

	while (slice_cut(rest, '\n', &line))
		if (slice_cut(&line, '\t', &row->program) && slice_cut(&line, '\t', &row->host)) {
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
		if (slice_equal(other.host, row->host) && (other.why.n > 0) == (row->why.n > 0))
			return true;
	return false;
}

static void say_names(struct slice report, struct buf *out)
{
	struct slice rest = report, first = { NULL, 0 };
	struct passed_row row;

	while (next_row(&rest, &row)) {
		if (row.why.n || is_known(report, &row))
			continue;
		say(out,
		    first.p ? ", " : "not looked into, passed through the relay as they are: ");
		mask_text(out, row.host, LIMIT_SHOWN_VALUE);
		if (!first.p)
			first = row.host;
	}
	if (!first.p)
		return;
	say(out, "; to look into one: ORSHIM_HOSTS=");
	mask_text(out, first, LIMIT_SHOWN_VALUE);
	say(out, "\n");
}

void passed_say(struct slice report, struct buf *out)
{
	struct slice rest = report;
	struct passed_row row;

	say_names(report, out);
	while (next_row(&rest, &row)) {
		if (!row.why.n || is_known(report, &row))
			continue;
		mask_text(out, row.host, LIMIT_SHOWN_VALUE);
		say(out, " was not seen: ");
		mask_text(out, row.why, LIMIT_SHOWN_VALUE);
		say(out, "\n");
	}
}
