/* SPDX-License-Identifier: MIT */
#include "tools/check/machine.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "tools/catalogue/settings_of_tools.h"
#include "tools/command.h"
#include "tools/editor/editors.h"
#include "tools/editor/login_shell.h"

static bool is_key_byte(char c)
{
	return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
}

/*
 * The first and last byte that no key can have, from the label; a label that
 * only names a class has none.
 */
static void set_carets(struct check_finding *f)
{
	size_t n = strlen(f->label);

	f->caret = f->caret_end = -1;
	if (strchr(f->label, '<'))
		return;
	for (size_t i = 0; i < n; i++) {
		if (is_key_byte(f->label[i]))
			continue;
		if (f->caret < 0)
			f->caret = (int)i;
		else
			f->caret_end = (int)i + 1;
	}
	/* A cut key is short at its end. */
	if (f->caret < 0 && strcmp(f->rule, "auth_token_length") == 0)
		f->caret = (int)n;
}

static struct check_finding *add(struct machine_check *c, enum severity severity, const char *rule)
{
	if (c->count == CHECK_FINDINGS_MAX)
		return NULL;
	struct check_finding *f = &c->findings[c->count++];
	*f = (struct check_finding){
		.severity = severity, .rule = rule, .caret = -1, .caret_end = -1
	};
	return f;
}

static void take_launch(struct machine_check *c)
{
	for (size_t i = 0; i < launch_count(c->launch); i++) {
		const struct finding *of = launch_finding(c->launch, i);
		const struct launch_subject *subject = launch_subject(c->launch, i);
		struct check_finding *f = add(c, of->severity, rules[of->rule].id);
		if (!f)
			return;
		snprintf(f->text, sizeof(f->text), "%s", of->detail.text);
		snprintf(f->why, sizeof(f->why), "%s", finding_why(of));
		snprintf(f->fix, sizeof(f->fix), "%s", finding_fix(of));
		memcpy(f->variable, subject->variable, sizeof(f->variable));
		memcpy(f->label, subject->label, sizeof(f->label));
		memcpy(f->file, subject->file, sizeof(f->file));
		f->line = subject->line;
		if (of->rule == RULE_key_variable_damaged || of->rule == RULE_auth_token_length)
			set_carets(f);
	}
}

/* An editor has another value than a shell, or lacks it. WHERE: "here", "in a new login shell". */
static void add_editor(struct machine_check *c, const struct editor *e, const char *where,
		       struct slice name, struct slice here, struct slice there)
{
	char mine[TOKEN_MASK_SIZE], its[TOKEN_MASK_SIZE];
	struct check_finding *f;

	for (size_t i = 0; i < c->count; i++) /* its processes are alike: the first is enough */
		if (c->findings[i].pid && slice_equal(slice_of(c->findings[i].variable), name))
			return;
	f = add(c, SEVERITY_WARNING, there.n ? "key_differs_from_variable" : "key_variable_unused");
	if (!f)
		return;
	f->pid = e->pid;
	snprintf(f->variable, sizeof(f->variable), "%.*s", SLICE_ARG(name));
	token_mask(here, mine);
	if (there.n)
		token_mask(there, its);
	snprintf(f->text, sizeof(f->text), "%.*s is %s %s, and %s in the %s %d", SLICE_ARG(name),
		 mine, where, there.n ? its : "is not set", editor_kind_name(e->kind), e->pid);
	snprintf(f->why, sizeof(f->why),
		 "An editor keeps the environment that it was started with; its extensions and "
		 "terminals inherit it.");
	snprintf(
	    f->fix, sizeof(f->fix),
	    "Close all its windows (stop a Remote server) and start it from a terminal that has "
	    "the key, or put the variable into ~/.config/environment.d/ and log in again.");
}

/* Compare E with the variables of ENV that are not in BEFORE, which E was compared with. */
static void compare_editor(struct machine_check *c, const struct editor *e, const char *where,
			   const struct environment *env, const struct environment *before)
{
	struct environment its = { .block = buf_slice(&e->environ) };
	struct slice name, value;

	for (size_t at = 0; e->readable && environment_next(env, &at, &name, &value);) {
		struct slice other = environment_value(&its, name);
		if (value.n && vendor_of_variable(name) && !slice_equal(value, other) &&
		    !environment_value(before, name).n)
			add_editor(c, e, where, name, value, other);
	}
}

static void look_at_editors(struct machine_check *c)
{
	struct editor *editors = calloc(CHECK_EDITORS_MAX, sizeof(*editors));
	struct environment shell = { .block = SLICE("") }, nothing = { .block = SLICE("") };
	const char *name;
	struct buf block;

	if (!editors)
		die("check: out of memory");
	buf_init(&block, LIMIT_ENVIRON);
	c->editors = editors_find(editors, CHECK_EDITORS_MAX);
	if (c->editors && login_shell_environment(&block, &name, &c->shell_trouble)) {
		c->shell_trouble = NULL;
		shell.block = buf_slice(&block);
	}
	for (size_t i = 0; i < c->editors; i++) {
		c->unreadable_editors += !editors[i].readable;
		compare_editor(c, &editors[i], "in a new login shell", &shell, &nothing);
		compare_editor(c, &editors[i], "here", launch_environment(c->launch), &shell);
		editor_release(&editors[i]);
	}
	if (block.n)
		explicit_bzero(block.p, block.n);
	buf_release(&block);
	free(editors);
}

static void add_tool(struct machine_check *c, const char *tool, const struct reach_key *key,
		     struct slice variable)
{
	for (size_t i = 0; i < c->tool_count; i++) {
		struct check_tool *t = &c->tools[i];
		if (strcmp(t->tool, tool) != 0)
			continue;
		if (t->key == key ||
		    (key && t->key && strcmp(t->key->fingerprint, key->fingerprint) == 0))
			return;
		if (!t->key) { /* one missing variable does not matter then */
			t->key = key;
			snprintf(t->variable, sizeof(t->variable), "%.*s", SLICE_ARG(variable));
			return;
		}
		if (!key)
			return;
	}
	if (c->tool_count == CHECK_TOOLS_MAX)
		return;
	struct check_tool *t = &c->tools[c->tool_count++];
	*t = (struct check_tool){ .tool = tool, .key = key };
	snprintf(t->variable, sizeof(t->variable), "%.*s", SLICE_ARG(variable));
}

static const struct reach_key *key_of(const struct machine_check *c, struct slice variable,
				      bool in_dotenv)
{
	const struct reach *r = launch_reach(c->launch);

	for (size_t i = 0; i < r->count; i++) {
		const struct reach_key *k = &r->keys[i];
		if (!k->base && !k->reading && slice_equal(slice_of(k->variable), variable) &&
		    (k->environment || (in_dotenv && k->kind == FOUND_DOTENV)))
			return k;
	}
	return NULL;
}

typedef const struct vendor *(*vendor_of_name)(struct slice name);

/* The next word of a setting that is the name of a variable; absent at the end. */
static struct slice next_variable(struct slice *rest, vendor_of_name vendor_of)
{
	while (rest->n) {
		size_t n = 0;
		while (n < rest->n && (is_digit(rest->p[n]) || rest->p[n] == '_' ||
				       (rest->p[n] >= 'A' && rest->p[n] <= 'Z')))
			n++;
		struct slice word = slice_sub(*rest, 0, n);
		*rest = slice_from(*rest, n ? n : 1);
		if (vendor_of(word))
			return word;
	}
	return (struct slice){ NULL, 0 };
}

static void look_at_tools(struct machine_check *c)
{
	const struct reach *r = launch_reach(c->launch);

	for (size_t f = 0; f < files_of_tools_count; f++)
		for (size_t i = 0; i < r->count; i++) {
			const struct reach_key *k = &r->keys[i];
			if (!k->environment && !k->base && !k->reading && k->kind == FOUND_TOOL &&
			    fnmatch(files_of_tools[f].path, k->file, 0) == 0)
				add_tool(c, files_of_tools[f].tool, k, SLICE(""));
		}
	for (size_t s = 0; s < settings_of_tools_count; s++) {
		const struct setting_of_tool *setting = &settings_of_tools[s];
		struct slice rest = slice_of(setting->setting);
		struct slice name;
		if (setting->subject != SUBJECT_KEY)
			continue;
		bool dotenv = slice_has(rest, SLICE(".env"));
		while ((name = next_variable(&rest, vendor_of_variable)).n)
			add_tool(c, setting->tool, key_of(c, name, dotenv), name);
	}
}

static bool is_file_of(const char *tool, const char *file)
{
	for (size_t f = 0; f < files_of_tools_count; f++)
		if (strcmp(files_of_tools[f].tool, tool) == 0 &&
		    fnmatch(files_of_tools[f].path, file, 0) == 0)
			return true;
	return false;
}

/* Does TOOL read its base URL from the environment variable NAME? */
static bool reads_base(const char *tool, const char *name)
{
	for (size_t s = 0; s < settings_of_tools_count; s++) {
		struct slice rest = slice_of(settings_of_tools[s].setting), word;
		if (settings_of_tools[s].subject != SUBJECT_BASE ||
		    strcmp(settings_of_tools[s].tool, tool) != 0)
			continue;
		while ((word = next_variable(&rest, vendor_of_base_url)).n)
			if (slice_equal(word, slice_of(name)))
				return true;
	}
	return false;
}

const struct reach_key *check_tool_base(const struct machine_check *c, const struct check_tool *t,
					size_t *at)
{
	const struct reach *r = launch_reach(c->launch);

	while (*at < r->count) {
		const struct reach_key *k = &r->keys[(*at)++];
		if (k->base && (k->environment ? reads_base(t->tool, k->variable)
					       : k->kind == FOUND_TOOL && is_file_of(t->tool, k->file)))
			return k;
	}
	return NULL;
}

static int by_severity(const void *a, const void *b)
{
	const struct check_finding *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	return strcmp(x->text, y->text);
}

struct machine_check *machine_check(void)
{
	struct machine_check *c = calloc(1, sizeof(*c));

	if (!c)
		die("check: out of memory");
	c->launch = launch_look();
	launch_look_closer(c->launch);
	take_launch(c);
	look_at_editors(c);
	look_at_tools(c);
	qsort(c->findings, c->count, sizeof(c->findings[0]), by_severity);
	return c;
}

void machine_check_release(struct machine_check *c)
{
	launch_release(c->launch);
	free(c);
}

enum severity machine_check_worst(const struct machine_check *c)
{
	return c->count ? c->findings[0].severity : SEVERITY_OFF;
}

void check_place_words(const struct reach_key *k, char *out, size_t size)
{
	if (k->environment)
		snprintf(out, size, "environment variable %s", k->variable);
	else
		snprintf(out, size, "%s line %u%s%s%s%s%s", k->file, k->line,
			 k->variable[0] ? ", " : "", k->variable, k->note[0] ? " (" : "", k->note,
			 k->note[0] ? ")" : "");
}
