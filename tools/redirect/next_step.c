/* SPDX-License-Identifier: MIT */
#include "tools/redirect/next_step.h"

#include <string.h>

#include "diagnose/credential.h"
#include "report/record.h"
#include "tools/command.h"
#include "tools/program/program.h"
#include "tools/redirect/passed.h"

/* The Ith number of the report's first line; 0 without one. */
static unsigned counted(struct slice report, int i)
{
	struct slice first, word;
	unsigned long long n = 0;

	if (!slice_cut(&report, '\n', &first))
		return 0;
	while (i-- >= 0 && slice_cut(&first, ' ', &word))
		if (!slice_number(word, &n))
			return 0;
	return (unsigned)n;
}

static void say_tls(const struct candidate *c, struct buf *out)
{
	if (strcmp(c->library, "unknown") == 0)
		say(out, "no TLS library was recognised in it");
	else
		say(out, "its TLS is %s%s%s", c->library, c->version[0] ? " " : "", c->version);
	if (c->reason[0])
		say(out, " (%s)", c->reason);
}

/* A child that the library did not get into, for U's reason. */
static void say_unfollowed(const struct run_relay *r, const struct unseen *u, struct buf *out)
{
	char library[PATH_MAX];

	if (slice_has(u->unfollowed, SLICE(NOT_PRELOADED_HIDDEN))) {
		library_find(library);
		say(out,
		    "; give the sandbox %s at the same path, as with bwrap's --ro-bind %s %s, or "
		    "copy it there",
		    library, library, library);
	} else if (r->mode != RELAY_ALL) {
		say(out, "; it started a program that was not seen: `orshim run --relay all -- ");
		mask_text(out, slice_of(u->command), LIMIT_SHOWN_VALUE);
		say(out, "` looks at all that it starts");
	}
}

void next_step_say(const struct run_relay *r, const struct unseen *u, struct buf *out)
{
	const struct candidate *c = &r->program;
	bool untappable = c->kind == CANDIDATE_UNTAPPABLE || c->kind == CANDIDATE_UNKNOWN;

	if (u->untapped && !untappable)
		return;
	say(out, "; ");
	mask_text(out, slice_of(u->tool), LIMIT_SHOWN_VALUE);
	say(out, ": ");
	say_tls(c, out);
	if (untappable && r->mode == RELAY_OFF)
		say(out, "; without --relay off orshim sees it through a relay");
	else if (c->is_out_of_reach)
		say(out, "; neither the library nor the relay gets into it: `orshim relay` gives a "
			 "base URL for it");
	else if (untappable && !counted(u->report, REPORT_FILTERS) &&
		 !counted(u->report, REPORT_PROXIED))
		say(out, "; the relay was not possible: `orshim relay` gives a base URL for it");
	else if (counted(u->report, REPORT_RELAYED))
		say(out, "; it connected to no host that is known as an API's; ORSHIM_HOSTS=NAME "
			 "names a further one");
	else if (untappable && !counted(u->report, REPORT_FILTERS))
		say(out, "; no filter was possible here, and it took no notice of HTTPS_PROXY: "
			 "`orshim relay` gives a base URL for it");
	else if (untappable && passed_with_reason(u->report))
		say(out, "; `orshim relay` gives a base URL for it");
	else if (untappable)
		say(out, "; it made no TLS connection that left this machine");
	else if (u->unfollowed.n && !u->tapped)
		say_unfollowed(r, u, out);
	else if (u->tapped && u->addon.n)
		say(out, "; the TLS in %.*s is not seen: `orshim relay` gives a base URL for it",
		    SLICE_ARG(u->addon));
	else if (u->tapped)
		say(out, "; it asked no host that is known as an API's; ORSHIM_HOSTS=NAME names a "
			 "further one");
	else
		say(out, "; it made no connection with that (`orshim doctor %s` tells more)", c->path);
}
