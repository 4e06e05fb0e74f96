/* SPDX-License-Identifier: MIT */
#include "diagnose/checks/advice.h"

#include "diagnose/base_url.h"
#include "diagnose/own_key.h"

/* No credential was sent: what the process could have sent. */
void advise_missing(const struct check_input *in, struct detail *d)
{
	if (!in->answer.failed)
		return;
	if (history_had_key(in)) {
		d->why = "This request carries no key, although earlier ones of this process to "
			 "this host did: the "
			 "key is loaded, and it is left out here.";
		detail_fix(d, "Look at what differs from the requests that carried it (auth_lost), "
			      "and report "
			      "that to the tool's authors.");
		return;
	}
	switch (in->own.state) {
	case OWN_GOOD:
		d->why = "The variable for this host's key is set in this process and has a "
			 "well-formed key. So the key was there and was not sent: the tool does "
			 "not read this variable, or the code that makes this request adds no "
			 "Authorization header.";
		detail_fix(
		    d,
		    "Enter the key in the tool's own setting, or find out which variable it reads "
		    "(%.*s is set here). If it reads this one, the request's code leaves the "
		    "header "
		    "out: report it to the tool's authors.",
		    SLICE_ARG(in->own.name));
		break;
	case OWN_DAMAGED:
		d->why = "The variable for this host's key is set in this process, but its value "
			 "is not just a key. Many HTTP libraries refuse to put such text into a "
			 "header, and some tools then send the request without it.";
		detail_fix(d, "Set %.*s again to the key alone: now it %s.",
			   SLICE_ARG(in->own.name), in->own.damage);
		break;
	case OWN_UNSET:
		if (!in->vendor || !in->vendor->variables[0] || !in->environment->block.n)
			return;
		d->why = "The tool made the request without any key, so the server cannot tell who "
			 "is calling. "
			 "No usual variable for this host's key is set in this process.";
		struct slice rest = slice_of(in->vendor->variables), usual;
		slice_cut(&rest, ' ', &usual);
		detail_fix(
		    d,
		    "Enter the key in the tool's settings, or set %.*s where this process gets its "
		    "environment (export in the shell, docker --env-file, systemd Environment=, VS "
		    "Code "
		    "settings), then restart the tool. A variable of one terminal is not seen by "
		    "programs that were started elsewhere.",
		    SLICE_ARG(usual));
		break;
	case OWN_OTHER:
		break;
	}
}

/* A key of another vendor: from where, and what is wrong there. */
void advise_wrong_vendor(const struct check_input *in, struct detail *d)
{
	struct base_url base;
	struct own_key own;

	own_key_find(&own, in);
	if (base_url_unused(in, &base)) {
		d->why =
		    "The prefix says who issued a key, and nobody else accepts it. The environment "
		    "names "
		    "another base URL than the host that was asked: the key is meant for that one.";
		detail_fix(d,
			   "Make this request go where %.*s points: it is the base URL that is "
			   "wrong here, "
			   "not the key. Set the base URL in this tool's own settings.",
			   SLICE_ARG(base.name));
	} else if (own.sent != MATCH_NONE && in->key_vendor) {
		d->why = "The prefix says who issued a key, and nobody else accepts it. The key "
			 "was taken from "
			 "the variable for this host's key: the variable has the wrong content.";
		detail_fix(d,
			   "Replace the value of %.*s: it is a key of %s, and %s needs its own.",
			   SLICE_ARG(own.name), in->key_vendor->title, in->vendor->title);
	}
}

/* A test must be made with the key that was sent, not with the value of the variable. */
void advise_test(const struct check_input *in, struct detail *d)
{
	if (!in->credential || !in->credential->known || in->own.state != OWN_GOOD ||
	    in->own.sent != MATCH_NONE)
		return;
	detail_fix(d,
		   "A test with $%.*s proves nothing: it has another key than %s, which was sent. "
		   "Find where the tool has that one from, and remove or replace it there. Compare "
		   "its label with the list of your keys. orshim curl N prints the request with a "
		   "place for the key that was sent.",
		   SLICE_ARG(in->own.name), in->shown);
}

/* A server on this machine or network has its own keys, which no vendor knows. */
void advise_local(const struct check_input *in, struct detail *d)
{
	if (in->answer.refused_by != REFUSED_local_gateway)
		return;
	d->why =
	    "The server that answered is on this machine or network. It checks its own key, which "
	    "no vendor knows.";
	detail_fix(d, "Look in the configuration of the server at ");
	detail_fix_masked(d, in->x->host, 80);
	detail_fix(d, " for the key that it expects, and enter that one in the tool.");
}
