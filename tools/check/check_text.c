/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "report/paragraph.h"
#include "tools/check/machine.h"
#include "tools/command.h"

enum { PLACE_MAX = 400 };

static void paragraph(struct buf *out, const struct text_style *style, const char *label,
		      const char *text)
{
	struct paragraph p = { .to = out, .width = style->width };

	if (!text[0])
		return;
	paragraph_add(&p, label, slice_of(text));
	if (p.failed)
		die("check: out of memory");
}

/* ECMA-48 SGR, as in all our texts. */
static const char *colour_of(enum severity s)
{
	return s == SEVERITY_ERROR     ? "\033[1;31m"
	       : s == SEVERITY_WARNING ? "\033[1;33m"
				       : "\033[1;36m";
}

static void say_finding(const struct check_finding *f, const struct text_style *style,
			struct buf *out)
{
	char head[128];

	snprintf(head, sizeof(head), "%s[%s]: ", severity_name(f->severity), f->rule);
	struct paragraph p = { .to = out, .width = style->width };
	size_t start = out->n;
	if (style->colour)
		say(out, "%s%s\033[0m%s", colour_of(f->severity), head, f->text);
	else
		say(out, "%s%s", head, f->text);
	paragraph_fold(&p, start, 4);
	say(out, "\n");
	if (f->caret >= 0) {
		say(out, "      %s\n%*s^", f->label, 6 + f->caret, "");
		if (f->caret_end > f->caret)
			say(out, "%*s^", f->caret_end - f->caret - 2, "");
		say(out, "\n");
	}
	paragraph(out, style, "  why: ", f->why);
	paragraph(out, style, "  fix: ", f->fix);
	say(out, "\n");
}

static bool was_said(const struct reach *r, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (!r->keys[i].base &&
		    strcmp(r->keys[i].fingerprint, r->keys[at].fingerprint) == 0)
			return true;
	return false;
}

/* One key with all its places. */
static void say_key(const struct reach *r, size_t at, struct buf *out)
{
	const struct reach_key *k = &r->keys[at];
	char place[PLACE_MAX];

	say(out, "  %s  %s, %s  %.19s\n", k->label, k->owner ? k->owner : "owner unknown",
	    k->whole ? "a whole key" : "not a whole key", k->fingerprint);
	for (size_t i = at; i < r->count; i++) {
		if (r->keys[i].base || strcmp(r->keys[i].fingerprint, k->fingerprint) != 0)
			continue;
		check_place_words(&r->keys[i], place, sizeof(place));
		say(out, "      %s\n", place);
	}
}

static void say_bases(const struct reach *r, struct buf *out)
{
	bool first = true;

	for (size_t i = 0; i < r->count; i++) {
		const struct reach_key *k = &r->keys[i];
		if (!k->base)
			continue;
		say(out, "%s  %s: %s", first ? "\nbase URLs\n" : "", k->variable, k->label);
		if (!k->environment)
			say(out, ", %s line %u", k->file, k->line);
		say(out, "\n");
		first = false;
	}
}

static void say_tool_bases(const struct machine_check *c, const struct check_tool *t,
			   struct buf *out)
{
	const struct reach_key *base;
	char place[PLACE_MAX];
	size_t at = 0;

	while ((base = check_tool_base(c, t, &at))) {
		check_place_words(base, place, sizeof(place));
		say(out, "      base URL at %s, from %s\n", base->label, place);
	}
}

static void say_tools(const struct machine_check *c, struct buf *out)
{
	char place[PLACE_MAX];

	if (c->tool_count)
		say(out,
		    "\nwhat known tools would take, unless a setting of theirs says otherwise\n");
	for (size_t i = 0; i < c->tool_count; i++) {
		const struct check_tool *t = &c->tools[i];
		say(out, "  %s: ", t->tool);
		if (!t->key) {
			say(out, "nothing; %s is not set\n", t->variable);
			continue;
		}
		check_place_words(t->key, place, sizeof(place));
		say(out, "%s from %s\n", t->key->label, place);
		if (i == 0 || strcmp(c->tools[i - 1].tool, t->tool) != 0)
			say_tool_bases(c, t, out);
	}
}

static void say_skipped(const struct machine_check *c, struct buf *out)
{
	const struct reach *r = launch_reach(c->launch);
	unsigned skipped = r->reading.too_large + r->reading.too_many + r->reading.no_files +
			   r->reading.unreadable;

	if (skipped)
		say(out,
		    "%u file%s could not be read: too large, too many, no permission, or no file\n",
		    skipped, skipped == 1 ? "" : "s");
	if (r->left_out)
		say(out, "%zu more keys are not listed\n", r->left_out);
	if (c->unreadable_editors)
		say(out, "the environment of %zu process%s of editors cannot be read\n",
		    c->unreadable_editors, c->unreadable_editors == 1 ? "" : "es");
	if (c->shell_trouble)
		say(out, "editors were not compared with a new login shell: %s\n",
		    c->shell_trouble);
}

static void say_end(const struct machine_check *c, struct buf *out)
{
	size_t counts[SEVERITY_ERROR + 1] = { 0 };

	for (size_t i = 0; i < c->count; i++)
		counts[c->findings[i].severity]++;
	say(out, "\norshim: ");
	if (c->count == 0 && launch_reach(c->launch)->count == 0)
		say(out,
		    "no API key was found: not in the environment, .env, start files of shells "
		    "or settings of known tools\n");
	else if (c->count == 0)
		say(out, "no problem was found with the keys in reach\n");
	else
		say(out, "%zu error%s, %zu warning%s, %zu note%s\n", counts[SEVERITY_ERROR],
		    counts[SEVERITY_ERROR] == 1 ? "" : "s", counts[SEVERITY_WARNING],
		    counts[SEVERITY_WARNING] == 1 ? "" : "s", counts[SEVERITY_NOTE],
		    counts[SEVERITY_NOTE] == 1 ? "" : "s");
}

void check_text(const struct machine_check *c, const struct text_style *style, struct buf *out)
{
	const struct reach *r = launch_reach(c->launch);
	bool first = true;

	for (size_t i = 0; i < c->count; i++)
		say_finding(&c->findings[i], style, out);
	for (size_t i = 0; i < r->count; i++) {
		if (r->keys[i].base || was_said(r, i))
			continue;
		say(out, "%s", first ? "keys in reach\n" : "");
		say_key(r, i, out);
		first = false;
	}
	say_bases(r, out);
	say_tools(c, out);
	say_skipped(c, out);
	say_end(c, out);
}
