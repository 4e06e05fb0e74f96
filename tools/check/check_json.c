/* SPDX-License-Identifier: MIT */
/* The schema is in docs/check.md. */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/version.h"
#include "report/json_out.h"
#include "tools/check/machine.h"
#include "tools/command.h"

static void text_or_null(struct json_out *j, const char *key, const char *text)
{
	json_text(j, key, text && text[0] ? text : NULL);
}

static void number_or_null(struct json_out *j, const char *key, int64_t n, bool known)
{
	if (known)
		json_number(j, key, n);
	else
		json_null(j, key);
}

static void put_finding(struct json_out *j, const struct check_finding *f)
{
	json_object(j, NULL);
	json_text(j, "severity", severity_name(f->severity));
	json_text(j, "rule", f->rule);
	json_text(j, "text", f->text);
	text_or_null(j, "why", f->why);
	text_or_null(j, "fix", f->fix);
	text_or_null(j, "variable", f->variable);
	text_or_null(j, "label", f->label);
	number_or_null(j, "caret", f->caret, f->caret >= 0);
	text_or_null(j, "file", f->file);
	number_or_null(j, "line", f->line, f->line > 0);
	number_or_null(j, "pid", f->pid, f->pid > 0);
	json_object_end(j);
}

static void put_place(struct json_out *j, const struct reach_key *k)
{
	json_text(j, "variable", k->variable[0] ? k->variable : NULL);
	json_text(j, "kind", k->environment ? "environment" : found_kind_name(k->kind));
	json_text(j, "file", k->environment ? NULL : k->file);
	number_or_null(j, "line", k->line, !k->environment);
	text_or_null(j, "note", k->note);
}

static void put_base(struct json_out *j, const struct reach_key *k)
{
	json_object(j, NULL);
	json_text(j, "host", k->label);
	put_place(j, k);
	json_object_end(j);
}

static void put_keys(struct json_out *j, const struct reach *r)
{
	json_array(j, "keys");
	for (size_t i = 0; i < r->count; i++) {
		const struct reach_key *k = &r->keys[i];
		if (k->base)
			continue;
		json_object(j, NULL);
		json_text(j, "label", k->label);
		json_text(j, "fingerprint", k->fingerprint);
		json_text(j, "owner", k->owner);
		json_bool(j, "whole", k->whole);
		put_place(j, k);
		json_object_end(j);
	}
	json_array_end(j);
	json_array(j, "base_urls");
	for (size_t i = 0; i < r->count; i++)
		if (r->keys[i].base)
			put_base(j, &r->keys[i]);
	json_array_end(j);
}

static void put_tools(struct json_out *j, const struct machine_check *c)
{
	const struct reach_key *base;
	json_array(j, "tools");
	for (size_t i = 0; i < c->tool_count; i++) {
		const struct check_tool *t = &c->tools[i];
		json_object(j, NULL);
		json_text(j, "tool", t->tool);
		text_or_null(j, "reads", t->variable);
		json_text(j, "label", t->key ? t->key->label : NULL);
		json_text(j, "fingerprint", t->key ? t->key->fingerprint : NULL);
		if (t->key)
			put_place(j, t->key);
		json_array(j, "base_urls");
		for (size_t at = 0; (base = check_tool_base(c, t, &at));)
			put_base(j, base);
		json_array_end(j);
		json_object_end(j);
	}
	json_array_end(j);
}

void check_json(const struct machine_check *c, struct buf *out)
{
	const struct reach *r = launch_reach(c->launch);
	char here[PATH_MAX];
	struct json_out j;

	json_out_init(&j, out);
	json_object(&j, NULL);
	json_number(&j, "v", 1);
	json_text(&j, "record", "check");
	json_text(&j, "version", ORSHIM_VERSION);
	json_text(&j, "cwd", getcwd(here, sizeof(here)));
	json_array(&j, "findings");
	for (size_t i = 0; i < c->count; i++)
		put_finding(&j, &c->findings[i]);
	json_array_end(&j);
	put_keys(&j, r);
	put_tools(&j, c);
	json_object(&j, "editors");
	json_number(&j, "processes", (int64_t)c->editors);
	json_number(&j, "unreadable", (int64_t)c->unreadable_editors);
	text_or_null(&j, "shell_trouble", c->shell_trouble);
	json_object_end(&j);
	json_object(&j, "skipped");
	json_number(&j, "too_large", r->reading.too_large);
	json_number(&j, "too_many", r->reading.too_many);
	json_number(&j, "no_files", r->reading.no_files);
	json_number(&j, "unreadable", r->reading.unreadable);
	json_number(&j, "keys", (int64_t)r->left_out);
	json_object_end(&j);
	json_object_end(&j);
	if (!json_out_ok(&j))
		die("check: the answer does not fit");
	say(out, "\n");
}
