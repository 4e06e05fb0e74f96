/* SPDX-License-Identifier: MIT */
/*
 * Only variables that are known to hold an API vendor's key are looked at:
 * what another program keeps in SOME_API_KEY is not for us to judge.
 */
#include "tools/run/launch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/command.h"

extern char **environ;

enum { FINDINGS_MAX = 12, SHOWN_PATH = 160, SHOWN_NAME = 60 };

struct launch {
	const struct environment *env;
	const struct dotenv_list *files;
	const struct rulebook *book;
	struct finding findings[FINDINGS_MAX];
	size_t count;
};

/* A new finding of RULE, or NULL: it is switched off, or there is no room. */
static struct detail *find(struct launch *l, enum rule_id rule)
{
	struct finding *f = &l->findings[l->count];

	if (l->count == FINDINGS_MAX || l->book->severity[rule] == SEVERITY_OFF)
		return NULL;
	*f = (struct finding){ .rule = rule,
			       .severity = (enum severity)l->book->severity[rule],
			       .detail = { .offset = -1, .offset_end = -1 } };
	l->count++;
	return &f->detail;
}

static void add_label(struct detail *d, struct slice token)
{
	char shown[TOKEN_SHOWN_MAX];

	token_show(token, shown);
	detail_f(d, "%s", shown);
}

static void add_place(struct detail *d, const struct dotenv *file, unsigned line)
{
	detail_f(d, "line %u of ", line);
	detail_bytes(d, slice_of(file->path), SHOWN_PATH);
}

static void check_damage(struct launch *l)
{
	struct slice name;
	struct slice value;

	for (size_t at = 0; environment_next(l->env, &at, &name, &value);) {
		const char *damage = environment_key_damage(name, value);
		struct detail *d = damage ? find(l, RULE_key_variable_damaged) : NULL;
		if (!d)
			continue;
		detail_f(d, "%.*s %s: ", SLICE_ARG(slice_sub(name, 0, SHOWN_NAME)), damage);
		add_label(d, value);
	}
}

/* Files may refer to other variables, and hold what their author has yet to fill in. */
static bool is_judged(const struct dotenv_entry *entry)
{
	return entry->value.n > 0 && slice_byte(entry->value, '$', 0) < 0;
}

static void check_file_damage(struct launch *l, const struct dotenv *file,
			      const struct dotenv_entry *entry)
{
	const char *damage = environment_key_damage(entry->name, entry->value);
	struct detail *d = damage ? find(l, RULE_key_variable_damaged) : NULL;
	if (!d)
		return;
	detail_f(d, "%.*s %s: ", SLICE_ARG(slice_sub(entry->name, 0, SHOWN_NAME)), damage);
	add_label(d, entry->value);
	detail_f(d, ", in ");
	add_place(d, file, entry->line);
}

static void check_shadow(struct launch *l, const struct dotenv *file,
			 const struct dotenv_entry *entry, struct slice set)
{
	if (slice_equal(set, entry->value) || environment_compare(set, entry->value) != MATCH_NONE)
		return;
	struct detail *d = find(l, RULE_key_shadows_dotenv);
	if (!d)
		return;
	detail_f(d, "%.*s is ", SLICE_ARG(slice_sub(entry->name, 0, SHOWN_NAME)));
	add_label(d, set);
	detail_f(d, " in the environment; ");
	add_place(d, file, entry->line);
	detail_f(d, " has ");
	add_label(d, entry->value);
}

/* Has a file nearer than FILE, or a later line of it, the last word on NAME? */
static bool is_overruled(const struct launch *l, const struct dotenv *file,
			 const struct dotenv_entry *entry)
{
	for (const struct dotenv *f = l->files->files; f <= file; f++) {
		struct dotenv_entry other = { 0 };
		for (size_t at = 0; dotenv_next(buf_slice(&f->text), &at, &other);)
			if (slice_equal(other.name, entry->name) &&
			    (f < file || other.line > entry->line))
				return true;
	}
	return false;
}

static void check_file(struct launch *l, const struct dotenv *file)
{
	struct dotenv_entry entry = { 0 };

	for (size_t at = 0; dotenv_next(buf_slice(&file->text), &at, &entry);) {
		if (!vendor_of_variable(entry.name) || !is_judged(&entry) ||
		    is_overruled(l, file, &entry))
			continue;
		struct slice set = environment_value(l->env, entry.name);
		if (set.n)
			check_shadow(l, file, &entry, set);
		else
			check_file_damage(l, file, &entry);
	}
}

/* The right name in some file: then the tool finds it there. */
static bool is_in_files(const struct launch *l, struct slice name)
{
	for (size_t i = 0; i < l->files->count; i++) {
		struct dotenv_entry entry = { 0 };
		for (size_t at = 0; dotenv_next(buf_slice(&l->files->files[i].text), &at, &entry);)
			if (slice_equal(entry.name, name))
				return true;
	}
	return false;
}

static struct detail *find_near_miss(struct launch *l, struct slice name)
{
	struct detail *d = find(l, RULE_key_variable_near_miss);

	if (!d)
		return NULL;
	/* No request without a key was seen yet. */
	if (l->findings[l->count - 1].severity > SEVERITY_NOTE)
		l->findings[l->count - 1].severity = SEVERITY_NOTE;
	detail_f(d, "%.*s is set, OPENROUTER_API_KEY is not", SLICE_ARG(name));
	return d;
}

static void check_near_miss(struct launch *l)
{
	struct slice right = SLICE("OPENROUTER_API_KEY");
	struct slice name;
	struct slice value;

	if (environment_value(l->env, right).n || is_in_files(l, right))
		return;
	for (size_t at = 0; environment_next(l->env, &at, &name, &value);)
		if (value.n && environment_is_near_miss(name)) {
			find_near_miss(l, name);
			return;
		}
	for (size_t i = 0; i < l->files->count; i++) {
		struct dotenv_entry entry = { 0 };
		for (size_t at = 0;
		     dotenv_next(buf_slice(&l->files->files[i].text), &at, &entry);) {
			if (!entry.value.n || !environment_is_near_miss(entry.name))
				continue;
			struct detail *d = find_near_miss(l, entry.name);
			if (!d)
				return;
			detail_f(d, ": ");
			add_place(d, &l->files->files[i], entry.line);
			return;
		}
	}
}

void launch_tell(struct buf *out, const struct text_style *style, const char *tool,
		 const struct environment *env, const struct dotenv_list *files,
		 const struct rulebook *book)
{
	struct launch l = { .env = env, .files = files, .book = book };

	check_damage(&l);
	for (size_t i = 0; i < files->count; i++)
		check_file(&l, &files->files[i]);
	check_near_miss(&l);
	if (l.count && text_launch(out, style, tool, l.findings, l.count) != 0)
		die("run: out of memory");
}

void launch_say(const char *tool)
{
	struct dotenv_list *files = calloc(1, sizeof(*files));
	struct environment env;
	struct rulebook book;
	struct text_style style;
	struct slice wrong;
	struct buf block, out;

	if (!files)
		die("run: out of memory");
	buf_init(&block, LIMIT_ENVIRON);
	buf_init(&out, LIMIT_BLOCK);
	for (char **entry = environ; *entry; entry++)
		if (strlen(*entry) < block.max - block.n && /* longer ones are left out */
		    buf_add(&block, *entry, strlen(*entry) + 1) != 0)
			die("run: out of memory");
	env.block = buf_slice(&block);
	dotenv_find(files);
	rulebook_init(&book, getenv("ORSHIM_RULES"), &wrong); /* the shim complains of it */
	style_of(STDERR_FILENO, &style);
	const char *name = strrchr(tool, '/');
	launch_tell(&out, &style, name ? name + 1 : tool, &env, files, &book);
	write_all(STDERR_FILENO, buf_slice(&out));
	dotenv_release(files);
	free(files);
	buf_release(&block);
	buf_release(&out);
}
