/* SPDX-License-Identifier: MIT */
#include "tools/editor/doctor_editor.h"

#include <stdlib.h>
#include <string.h>

#include "diagnose/credential.h"
#include "diagnose/environment.h"
#include "report/json_out.h"
#include "tools/command.h"
#include "tools/editor/editors.h"
#include "tools/editor/login_shell.h"

enum { EDITORS_MAX = 64, KEYS_MAX = 32, SHOWN_NAME = 60 };

/* How a variable of the process compares with the login shell's. */
enum key_state {
	KEY_SAME,
	KEY_DIFFERS,
	KEY_ONLY_HERE,
	KEY_ONLY_IN_SHELL,
	KEY_UNCOMPARED, /* the shell's environment is not known */
};

struct key {
	struct slice name;
	struct slice value;       /* of the process; of the shell with KEY_ONLY_IN_SHELL */
	struct slice shell_value; /* with KEY_DIFFERS */
	enum key_state state;
};

struct key_list {
	struct key keys[KEYS_MAX];
	size_t count;
};

struct checkup {
	struct editor editors[EDITORS_MAX];
	size_t count;
	struct buf shell_block;
	const char *shell;
	const char *shell_trouble; /* why its environment could not be read; NULL */
};

static bool is_vendors_variable(struct slice name)
{
	for (size_t i = 0; i < vendor_count; i++) {
		struct slice rest = slice_of(vendors[i].variables);
		struct slice one;
		while (slice_cut(&rest, ' ', &one))
			if (slice_equal(one, name))
				return true;
	}
	return false;
}

static bool is_key(struct slice name, struct slice value)
{
	return value.n && (is_vendors_variable(name) || vendor_of_key(value));
}

static void add_key(struct key_list *list, struct key key)
{
	if (list->count < KEYS_MAX)
		list->keys[list->count++] = key;
}

static void compare_keys(struct key_list *list, const struct editor *e, const struct checkup *c)
{
	struct environment here = { .block = buf_slice(&e->environ) };
	struct environment shell = { .block = buf_slice(&c->shell_block) };
	struct slice name, value;

	list->count = 0;
	for (size_t at = 0; environment_next(&here, &at, &name, &value);) {
		struct slice other = environment_value(&shell, name);
		if (!is_key(name, value))
			continue;
		add_key(list, (struct key){ .name = name,
					    .value = value,
					    .shell_value = other,
					    .state = c->shell_trouble            ? KEY_UNCOMPARED
						     : !other.p                  ? KEY_ONLY_HERE
						     : slice_equal(value, other) ? KEY_SAME
										 : KEY_DIFFERS });
	}
	for (size_t at = 0; e->readable && environment_next(&shell, &at, &name, &value);) {
		struct slice mine = environment_value(&here, name);
		if (is_key(name, value) && mine.n == 0)
			add_key(list, (struct key){ .name = name,
						    .value = value,
						    .state = KEY_ONLY_IN_SHELL });
	}
}

static void say_key(const struct key *k, struct buf *out)
{
	char here[TOKEN_MASK_SIZE], there[TOKEN_MASK_SIZE];

	token_mask(k->value, here);
	say(out, "  %.*s: ", SLICE_ARG(slice_sub(k->name, 0, SHOWN_NAME)));
	switch (k->state) {
	case KEY_SAME:
		say(out, "%s, as in the login shell\n", here);
		break;
	case KEY_DIFFERS:
		token_mask(k->shell_value, there);
		say(out, "%s; the login shell has %s\n", here, there);
		break;
	case KEY_ONLY_HERE:
		say(out, "%s; the login shell does not set it\n", here);
		break;
	case KEY_ONLY_IN_SHELL:
		say(out, "not set; the login shell has %s\n", here);
		break;
	case KEY_UNCOMPARED:
		say(out, "%s\n", here);
		break;
	}
	const char *damage =
	    k->state == KEY_ONLY_IN_SHELL ? NULL : environment_damage(k->name, k->value);
	if (damage)
		say(out, "    that variable %s\n", damage);
}

/* List the names of keys in that state, separated by commas; returns how many. */
static size_t names_in(const struct key_list *list, enum key_state state, struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->keys[i].state == state)
			say(out, "%s%.*s", n++ ? ", " : "",
			    SLICE_ARG(slice_sub(list->keys[i].name, 0, SHOWN_NAME)));
	return n;
}

/* Advice about E, one line for each step, into OUT; nothing if all is well. */
static void advise(const struct editor *e, const struct key_list *list, struct buf *out)
{
	struct buf names;

	if (!e->has_shim && e->kind == EDITOR_EXTENSION_HOST)
		say(out,
		    "to see what its extensions send: orshim attach %d; or close the editor and "
		    "start it with orshim-code (a Remote server: orshim-code --remote)\n",
		    e->pid);
	if (e->kind != EDITOR_EXTENSION_HOST)
		return;
	buf_init(&names, LIMIT_LINE);
	if (names_in(list, KEY_ONLY_IN_SHELL, &names))
		say(out,
		    "%.*s: your terminal has it and the editor has not, so curl works and the "
		    "extension sends no key: start the editor from a terminal, or put it into "
		    "~/.config/environment.d/ and log in again\n",
		    SLICE_ARG(buf_slice(&names)));
	buf_reset(&names);
	if (names_in(list, KEY_DIFFERS, &names))
		say(out,
		    "%.*s: the editor has another value than your terminal, mostly the one of when "
		    "it was started: close all its windows (a Remote server: kill it) and start it "
		    "anew\n",
		    SLICE_ARG(buf_slice(&names)));
	buf_release(&names);
}

static void write_text(const struct checkup *c, struct buf *out)
{
	struct key_list list;
	struct buf advice;

	buf_init(&advice, LIMIT_LINE);
	for (size_t i = 0; i < c->count; i++) {
		const struct editor *e = &c->editors[i];
		compare_keys(&list, e, c);
		say(out, "%s %d: %s, %s\n", editor_kind_name(e->kind), e->pid,
		    e->has_shim ? "carries the shim" : "without the shim", e->program);
		if (!e->readable)
			say(out, "  its environment cannot be read\n");
		for (size_t k = 0; k < list.count; k++)
			say_key(&list.keys[k], out);
		buf_reset(&advice);
		advise(e, &list, &advice);
		struct slice rest = buf_slice(&advice), line;
		while (slice_cut(&rest, '\n', &line))
			if (line.n)
				say(out, "  so: %.*s\n", SLICE_ARG(line));
	}
	buf_release(&advice);
	if (c->count == 0)
		say(out, "no editor of yours is running; open a window of it, or start it with "
			 "orshim-code\n");
	if (c->shell_trouble)
		say(out, "the login shell %s could not be asked for its keys: %s\n", c->shell,
		    c->shell_trouble);
}

static void put_key(struct json_out *j, const struct key *k)
{
	static const char *const states[] = { "same", "differs", "only_here", "only_in_shell",
					      "unknown" };
	char shown[TOKEN_MASK_SIZE];

	json_object(j, NULL);
	json_slice(j, "name", slice_sub(k->name, 0, SHOWN_NAME));
	token_mask(k->value, shown);
	json_text(j, "token", k->state == KEY_ONLY_IN_SHELL ? NULL : shown);
	if (k->state == KEY_DIFFERS)
		token_mask(k->shell_value, shown);
	json_text(j, "login_shell",
		  k->state == KEY_ONLY_HERE || k->state == KEY_UNCOMPARED ? NULL : shown);
	json_text(j, "state", states[k->state]);
	json_text(j, "damage",
		  k->state == KEY_ONLY_IN_SHELL ? NULL : environment_damage(k->name, k->value));
	json_object_end(j);
}

static void put_editor(struct json_out *j, const struct editor *e, const struct checkup *c)
{
	struct slice rest, line;
	struct key_list list;
	struct buf advice;

	compare_keys(&list, e, c);
	json_object(j, NULL);
	json_number(j, "pid", e->pid);
	json_text(j, "kind", editor_kind_name(e->kind));
	json_text(j, "program", e->program);
	json_bool(j, "shim", e->has_shim);
	json_bool(j, "environment", e->readable);
	json_array(j, "keys");
	for (size_t k = 0; k < list.count; k++)
		put_key(j, &list.keys[k]);
	json_array_end(j);
	buf_init(&advice, LIMIT_LINE);
	advise(e, &list, &advice);
	json_array(j, "next");
	for (rest = buf_slice(&advice); slice_cut(&rest, '\n', &line);)
		if (line.n)
			json_slice(j, NULL, line);
	json_array_end(j);
	json_object_end(j);
	buf_release(&advice);
}

static void write_json(const struct checkup *c, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_object(&j, NULL);
	json_array(&j, "processes");
	for (size_t i = 0; i < c->count; i++)
		put_editor(&j, &c->editors[i], c);
	json_array_end(&j);
	json_object(&j, "login_shell");
	json_text(&j, "program", c->shell);
	json_text(&j, "trouble", c->shell_trouble);
	json_object_end(&j);
	json_object_end(&j);
	if (!json_out_ok(&j))
		die("doctor: the answer does not fit");
	say(out, "\n");
}

/* Is every extension host observed, and does each have the keys that a terminal has? */
static bool all_is_well(const struct checkup *c)
{
	bool hosts = false;

	for (size_t i = 0; i < c->count; i++) {
		struct key_list list;
		if (c->editors[i].kind != EDITOR_EXTENSION_HOST)
			continue;
		hosts = true;
		compare_keys(&list, &c->editors[i], c);
		if (!c->editors[i].has_shim)
			return false;
		for (size_t k = 0; k < list.count; k++)
			if (list.keys[k].state == KEY_DIFFERS ||
			    list.keys[k].state == KEY_ONLY_IN_SHELL)
				return false;
	}
	return hosts;
}

int doctor_editor(bool json)
{
	struct checkup *c = calloc(1, sizeof(*c));
	const char *why = NULL;
	struct buf out;

	if (!c)
		die("doctor: out of memory");
	c->count = editors_find(c->editors, EDITORS_MAX);
	buf_init(&c->shell_block, 2 << 20);
	if (c->count && !login_shell_environment(&c->shell_block, &c->shell, &why)) {
		buf_reset(&c->shell_block);
		c->shell_trouble = why;
	}
	buf_init(&out, 4 << 20);
	if (json)
		write_json(c, &out);
	else
		write_text(c, &out);
	print_out(&out);
	int status = all_is_well(c) ? EXIT_CLEAN : EXIT_FINDINGS;
	buf_release(&out);
	for (size_t i = 0; i < c->count; i++)
		editor_release(&c->editors[i]);
	buf_release(&c->shell_block);
	free(c);
	return status;
}
