/* SPDX-License-Identifier: MIT */
/*
 * Joins the keys in reach when the tool was started with what it sent, by
 * fingerprint and variable.
 */
#include <stdlib.h>
#include <string.h>

#include "diagnose/vendors.h"
#include "tools/command.h"
#include "tools/report/report_state.h"
#include "tools/run/reach.h"

enum { PLACES_SHOWN = 4 };

void launches_take(struct report *r, const struct log *from, const struct log_row *launch)
{
	for (size_t i = 0; i < launch->finding_count; i++) {
		const struct log_finding *f = &from->findings[launch->findings + i];
		size_t at = 0;
		while (at < r->launch_finding_count &&
		       !(same_text(r->launch_findings[at].finding.rule, f->rule) &&
			 same_text(r->launch_findings[at].finding.detail, f->detail)))
			at++;
		if (at == LAUNCH_FINDINGS_MAX)
			continue;
		if (at == r->launch_finding_count) {
			struct launch_finding *kept =
			    &r->launch_findings[r->launch_finding_count++];
			*kept = (struct launch_finding){ .launch = report_pin(r, from, launch) };
			kept->finding =
			    (struct log_finding){ .rule = report_text_of(r, f->rule),
						  .severity = f->severity,
						  .detail = report_text_of(r, f->detail),
						  .why = report_text_of(r, f->why),
						  .fix = report_text_of(r, f->fix),
						  .variable = report_text_of(r, f->variable),
						  .key = report_text_of(r, f->key),
						  .file = report_text_of(r, f->file),
						  .line = f->line };
		}
		r->launch_findings[at].count++;
	}
}

/* The first refused request of each kind, as concerns() tells them apart. */
void launches_take_refused(struct report *r, const struct log *from, const struct log_row *row)
{
	struct report_state *s = r->state;

	for (size_t i = 0; i < s->refused_count; i++)
		if (same_text(s->refused[i]->key, row->key) &&
		    same_text(s->refused[i]->source, row->source) &&
		    same_text(s->refused[i]->vendor, row->vendor))
			return;
	if (s->refused_count < REFUSED_KINDS_MAX)
		s->refused[s->refused_count++] = report_pin(r, from, row);
}

/* Is NAME a usual variable of the key for ROW's host? */
static bool is_hosts_variable(const struct log_row *row, const char *name)
{
	const struct vendor *vendor = name ? vendor_of_variable(slice_of(name)) : NULL;

	return vendor && row->vendor && strcmp(vendor->id, row->vendor) == 0;
}

/* The request sent that key, or took it from that variable, or sent none where it belongs. */
static bool concerns(const struct log_finding *f, const struct log_row *row)
{
	if (f->key && same_text(f->key, row->key))
		return true;
	if (!f->variable)
		return false;
	return same_text(f->variable, row->source) ||
	       (!row->key && is_hosts_variable(row, f->variable));
}

void launches_end(struct report *r)
{
	struct report_state *s = r->state;

	for (size_t i = 0; i < r->launch_finding_count; i++) {
		struct launch_finding *f = &r->launch_findings[i];
		for (size_t j = 0; j < s->refused_count && !f->refused; j++)
			if (concerns(&f->finding, s->refused[j]))
				f->refused = s->refused[j];
	}
}

void launch_finding_words(const struct report *r, const struct launch_finding *f, struct buf *out)
{
	say(out, "%s", f->finding.detail ? f->finding.detail : "");
	if (!f->refused)
		return;
	const char *name = log_name(r->log, f->refused);
	if (f->finding.key && same_text(f->finding.key, f->refused->key))
		say(out, " (this is the key that request %s sent)", name);
	else if (!f->refused->key)
		say(out, " (request %s was sent without a key)", name);
	else
		say(out, " (the key that request %s sent is from this variable)", name);
}

/* "; the same key: ./.env line 1 (note)", and what comes behind it. */
static void say_place(struct buf *out, size_t shown, const char *before, const char *file, int line,
		      const char *note)
{
	say(out, "%s%s line %d", shown > 1 ? ", " : before, file, line);
	if (note && *note)
		say(out, " (%s)", note);
}

/* Search this machine's files now: for logs of tools that `orshim run` did not start. */
static const struct reach *reach_here(void)
{
	static struct reach *here;
	struct dotenv_list *files;

	if (here)
		return here;
	here = calloc(1, sizeof(*here));
	files = calloc(1, sizeof(*files));
	if (!here || !files)
		die("out of memory");
	dotenv_find(files, &here->reading);
	reach_find(here, &(struct environment){ .block = { "", 0 } }, files);
	dotenv_release(files);
	free(files);
	return here;
}

static size_t say_places_here(const struct log_row *row, struct buf *out)
{
	const struct reach *here = reach_here();
	size_t shown = 0;

	for (size_t i = 0; i < here->count; i++) {
		const struct reach_key *k = &here->keys[i];
		if (k->base || strcmp(k->fingerprint, row->key) != 0 || shown++ >= PLACES_SHOWN)
			continue;
		say_place(out, shown, row->source ? "; the same key is now in " : "now in ",
			  k->file, (int)k->line, k->note);
	}
	return shown;
}

void origin_words(const struct log *l, const struct log_row *row, struct buf *out)
{
	size_t shown = 0;

	if (row->source)
		say(out, "environment variable %s", row->source);
	if (!row->launched && row->key && row_failed(row))
		shown = say_places_here(row, out);
	for (size_t i = 0; row->key && i < row->origin_count; i++) {
		const struct log_origin *o = &l->origins[row->origins + i];
		if (o->file && same_text(o->key, row->key) && shown++ < PLACES_SHOWN)
			say_place(out, shown, row->source ? "; the same key: " : "", o->file,
				  o->line, o->note);
	}
	if (shown > PLACES_SHOWN)
		say(out, " and %zu more", shown - PLACES_SHOWN);
}

void base_words(const struct log *l, const struct log_row *row, struct buf *out)
{
	size_t shown = 0;

	if (!row->base_source)
		return;
	say(out, "environment variable %s", row->base_source);
	for (size_t i = 0; i < row->origin_count; i++) {
		const struct log_origin *o = &l->origins[row->origins + i];
		if (o->file && !o->key && same_text(o->variable, row->base_source) &&
		    same_text(o->label, row->host) && shown++ < PLACES_SHOWN)
			say_place(out, shown, "; ", o->file, o->line, o->note);
	}
}

static struct file_place file_place(const char *file, int line)
{
	while (strncmp(file, "./", 2) == 0)
		file += 2;
	return (struct file_place){ file, line > 0 ? line : 0 };
}

static struct file_place place_of_key(const struct log *l, const char *key)
{
	for (size_t i = 0; key && i < l->origin_count; i++)
		if (l->origins[i].file && same_text(l->origins[i].key, key))
			return file_place(l->origins[i].file, l->origins[i].line);
	return (struct file_place){ NULL, 0 };
}

struct file_place row_key_place(const struct log *l, const struct log_row *row)
{
	return place_of_key(l, row->key);
}

struct file_place launch_finding_place(const struct log *l, const struct log_finding *f)
{
	return f->file ? file_place(f->file, f->line) : place_of_key(l, f->key);
}
