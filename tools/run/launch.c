/* SPDX-License-Identifier: MIT */
/*
 * Only variables that are known for an API vendor's key are checked: the value
 * of another program's SOME_API_KEY is not for us to judge.
 */
#include "tools/run/launch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/json_out.h"
#include "report/sink.h"
#include "report/record.h"
#include "tools/command.h"
#include "tools/log/command_words.h"
#include "tools/log/log_read.h"
#include "tools/log/runs.h"
#include "tools/run/system.h"

extern char **environ;

enum { FINDINGS_MAX = 32, SHOWN_PATH = 160, COMMAND_MAX = 2000, SHELL_SHOWN = 40 };

struct launch {
	struct buf block;
	struct environment env;
	struct dotenv_list files;
	struct rulebook book;
	struct finding findings[FINDINGS_MAX];
	struct launch_subject subjects[FINDINGS_MAX];
	size_t count;
	size_t count_at_once; /* of those, before launch_look_closer() */
	struct reach reach;
};

/*
 * A new finding of RULE about the variable NAME, whose VALUE in the environment
 * may be absent. NULL: the rule is switched off, or there are too many
 * findings.
 */
static struct detail *find(struct launch *l, enum rule_id rule, struct slice name,
			   struct slice value)
{
	struct finding *f = &l->findings[l->count];
	struct launch_subject *subject = &l->subjects[l->count];

	if (l->count == FINDINGS_MAX || l->book.severity[rule] == SEVERITY_OFF)
		return NULL;
	*f = (struct finding){ .rule = rule, .severity = (enum severity)l->book.severity[rule] };
	detail_init(&f->detail);
	*subject = (struct launch_subject){ .line = 0 };
	snprintf(subject->variable, sizeof(subject->variable), "%.*s", SLICE_ARG(name));
	if (value.n) {
		fingerprint_of(value, subject->fingerprint);
		token_mask(value, subject->label);
	}
	l->count++;
	return &f->detail;
}

static void add_label(struct detail *d, struct slice token)
{
	char shown[TOKEN_MASK_SIZE];

	token_mask(token, shown);
	detail_f(d, "%s", shown);
}

/* The file that the newest finding is about. */
static void set_place(struct launch *l, const char *shown, unsigned line)
{
	struct launch_subject *subject = &l->subjects[l->count - 1];

	snprintf(subject->file, sizeof(subject->file), "%s", shown);
	subject->line = line;
}

static void add_shown_place(struct detail *d, const char *shown, unsigned line)
{
	detail_masked(d, slice_of(shown), SHOWN_PATH);
	detail_f(d, " line %u", line);
}

static void add_place(struct launch *l, struct detail *d, const struct dotenv *file, unsigned line)
{
	char path[SHOWN_PATH];

	reach_show_path(file->path, path, sizeof(path));
	add_shown_place(d, path, line);
	set_place(l, path, line);
}

static void check_damage(struct launch *l)
{
	struct slice name;
	struct slice value;

	for (size_t at = 0; environment_next(&l->env, &at, &name, &value);) {
		const char *damage = environment_key_damage(name, value);
		struct detail *d = damage ? find(l, RULE_key_variable_damaged, name, value) : NULL;
		if (!d)
			continue;
		detail_f(d, "%.*s %s: ", SLICE_ARG(slice_sub(name, 0, LIMIT_SHOWN_NAME)), damage);
		add_label(d, value);
	}
}

/* A value in a file may refer to other variables, or be a placeholder to fill in. */
static bool is_judged(const struct dotenv_entry *entry)
{
	return entry->value.n > 0 && slice_byte(entry->value, '$', 0) < 0;
}

static void check_file_damage(struct launch *l, const struct dotenv *file,
			      const struct dotenv_entry *entry)
{
	const char *damage = environment_key_damage(entry->name, entry->value);
	struct detail *d =
	    damage ? find(l, RULE_key_variable_damaged, entry->name, entry->value) : NULL;
	if (!d)
		return;
	detail_f(d, "%.*s %s: ", SLICE_ARG(slice_sub(entry->name, 0, LIMIT_SHOWN_NAME)), damage);
	add_label(d, entry->value);
	detail_f(d, ", in ");
	add_place(l, d, file, entry->line);
}

static void check_shadow(struct launch *l, const struct dotenv *file,
			 const struct dotenv_entry *entry, struct slice set)
{
	if (slice_equal(set, entry->value) || environment_compare(set, entry->value) != MATCH_NONE)
		return;
	struct detail *d = find(l, RULE_key_shadows_dotenv, entry->name, set);
	if (!d)
		return;
	detail_f(d, "%.*s is ", SLICE_ARG(slice_sub(entry->name, 0, LIMIT_SHOWN_NAME)));
	add_label(d, set);
	detail_f(d, " in the environment, and ");
	add_place(l, d, file, entry->line);
	detail_f(d, " has ");
	add_label(d, entry->value);
}

static void check_file(struct launch *l, const struct dotenv *file)
{
	struct dotenv_entry entry = { 0 };

	for (size_t at = 0; dotenv_next(buf_slice(&file->text), &at, &entry);) {
		if (!vendor_of_variable(entry.name) || !is_judged(&entry) ||
		    dotenv_is_overruled(&l->files, file, &entry))
			continue;
		struct slice set = environment_value(&l->env, entry.name);
		if (set.n)
			check_shadow(l, file, &entry, set);
		else
			check_file_damage(l, file, &entry);
	}
}

/* The right name in some file: then the tool finds it there. */
static bool is_in_files(const struct launch *l, struct slice name)
{
	for (size_t i = 0; i < l->files.count; i++) {
		struct dotenv_entry entry = { 0 };
		for (size_t at = 0; dotenv_next(buf_slice(&l->files.files[i].text), &at, &entry);)
			if (slice_equal(entry.name, name))
				return true;
	}
	return false;
}

static struct detail *find_near_miss(struct launch *l, struct slice name)
{
	struct detail *d = find(l, RULE_key_variable_near_miss, name, SLICE(""));

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

	if (environment_value(&l->env, right).n || is_in_files(l, right))
		return;
	for (size_t at = 0; environment_next(&l->env, &at, &name, &value);)
		if (value.n && environment_is_near_miss(name)) {
			find_near_miss(l, name);
			return;
		}
	for (size_t i = 0; i < l->files.count; i++) {
		struct dotenv_entry entry = { 0 };
		for (size_t at = 0; dotenv_next(buf_slice(&l->files.files[i].text), &at, &entry);) {
			if (!entry.value.n || !environment_is_near_miss(entry.name))
				continue;
			struct detail *d = find_near_miss(l, entry.name);
			if (!d)
				return;
			detail_f(d, ": ");
			add_place(l, d, &l->files.files[i], entry.line);
			return;
		}
	}
}

static void take_environment(struct launch *l)
{
	buf_init(&l->block, LIMIT_ENVIRON);
	for (char **entry = environ; *entry; entry++)
		if (strlen(*entry) < l->block.max - l->block.n && /* longer ones are left out */
		    buf_add(&l->block, *entry, strlen(*entry) + 1) != 0)
			die("run: out of memory");
	l->env.block = buf_slice(&l->block);
}

struct launch *launch_look(void)
{
	struct launch *l = calloc(1, sizeof(*l));
	struct slice wrong;

	if (!l)
		die("run: out of memory");
	take_environment(l);
	dotenv_find(&l->files, &l->reach.reading);
	rulebook_init(&l->book, getenv("ORSHIM_RULES"), &wrong); /* the shim complains of it */
	check_damage(l);
	for (size_t i = 0; i < l->files.count; i++)
		check_file(l, &l->files.files[i]);
	check_near_miss(l);
	l->count_at_once = l->count;
	reach_find(&l->reach, &l->env, &l->files);
	return l;
}

/* A damaged key with its vendor's prefix, or a key of another vendor. */
static void check_form(struct launch *l, const struct reach_key *k)
{
	const struct vendor *vendor = vendor_of_variable(slice_of(k->variable));
	bool foreign = vendor && k->owner && strcmp(k->owner, vendor->title) != 0 &&
		       strcmp(k->variable, "OPENROUTER_API_KEY") == 0;
	bool cut = !foreign && !k->whole && same_text(k->owner, "OpenRouter") &&
		   slice_starts(slice_of(k->label), SLICE("sk-or-"));

	if (k->base || k->reading || (!foreign && !cut))
		return;
	for (size_t i = 0; i < l->count; i++) /* that it is damaged says as much */
		if (strcmp(l->subjects[i].label, k->label) == 0 &&
		    l->findings[i].rule == RULE_key_variable_damaged)
			return;
	struct detail *d = find(l, foreign ? RULE_key_wrong_vendor : RULE_auth_token_length,
				slice_of(k->variable), SLICE(""));
	if (!d)
		return;
	struct launch_subject *subject = &l->subjects[l->count - 1];
	memcpy(subject->fingerprint, k->fingerprint, sizeof(subject->fingerprint));
	memcpy(subject->label, k->label, sizeof(subject->label));
	if (foreign)
		detail_f(d, "%s has the form of a key of %s: %s", k->variable, k->owner, k->label);
	else
		detail_f(d, "%s is not a whole key of %s: %s", k->variable, k->owner, k->label);
	if (k->environment) {
		detail_f(d, ", in the environment");
		return;
	}
	detail_f(d, ", in ");
	add_shown_place(d, k->file, k->line);
	set_place(l, k->file, k->line);
}

/* If a shell sources such a file, or docker --env-file reads it, the key ends in CR. */
static void check_line_ends(struct launch *l, const struct dotenv *file)
{
	struct slice rest = buf_slice(&file->text), line;
	struct dotenv_entry entry = { 0 };
	unsigned number = 0;

	for (size_t at = 0; dotenv_next(buf_slice(&file->text), &at, &entry);) {
		while (number < entry.line && slice_cut(&rest, '\n', &line))
			number++;
		if (!vendor_of_variable(entry.name) || !entry.value.n ||
		    !slice_ends(line, SLICE("\r")))
			continue;
		struct detail *d = find(l, RULE_key_variable_damaged, entry.name, entry.value);
		if (!d)
			return;
		if (l->findings[l->count - 1].severity > SEVERITY_WARNING)
			l->findings[l->count - 1].severity = SEVERITY_WARNING;
		detail_f(d, "%.*s ends in a carriage return for a shell that reads ",
			 SLICE_ARG(slice_sub(entry.name, 0, LIMIT_SHOWN_NAME)));
		add_place(l, d, file, entry.line);
		d->why =
		    "The file has Windows' line ends. Most readers of .env drop them; `source` and "
		    "`set -a` of a shell do not.";
		snprintf(d->fix, sizeof(d->fix), "Save the file with Unix line ends.");
		return; /* one of a file: all its lines are so */
	}
}

static void say_where(struct detail *d, const struct reach_key *k)
{
	if (k->environment)
		detail_f(d, "in the environment");
	else
		add_shown_place(d, k->file, k->line);
}

/* The same variable with another key in a start file of the shell, or in a second .env. */
static void check_contradiction(struct launch *l, const struct reach_key *first,
				const struct reach_key *k)
{
	bool dotenvs = !first->environment && !k->environment && first->kind == FOUND_DOTENV &&
		       k->kind == FOUND_DOTENV;
	bool shell = first->environment && !k->environment && k->kind == FOUND_SHELL;

	if (first->base || k->base || first->reading || k->reading || (!dotenvs && !shell) ||
	    strcmp(first->variable, k->variable) != 0 ||
	    strcmp(first->fingerprint, k->fingerprint) == 0)
		return;
	struct detail *d = find(l, RULE_key_shadows_dotenv, slice_of(k->variable), SLICE(""));
	if (!d)
		return;
	struct launch_subject *subject = &l->subjects[l->count - 1];
	memcpy(subject->fingerprint, first->fingerprint, sizeof(subject->fingerprint));
	detail_f(d, "%s is %s ", k->variable, first->label);
	say_where(d, first);
	detail_f(d, ", and %s in ", k->label);
	add_shown_place(d, k->file, k->line);
	set_place(l, k->file, k->line);
	memcpy(subject->label, k->label, sizeof(subject->label));
	d->why =
	    dotenvs
		? "Most tools read the nearest .env, some read the one at the project's root."
		: "A tool that is started elsewhere, or after a new login, takes the key of the "
		  "start file.";
	snprintf(d->fix, sizeof(d->fix),
		 dotenvs ? "Keep one of them and delete the other line."
			 : "Delete the old one. If the start file is right, open a "
			   "new terminal.");
}

void launch_look_closer(struct launch *l)
{
	const struct reach *r = &l->reach;

	for (size_t i = 0; i < r->count; i++)
		check_form(l, &r->keys[i]);
	for (size_t i = 0; i < l->files.count; i++)
		check_line_ends(l, &l->files.files[i]);
	for (size_t i = 0; i < r->count; i++)
		for (size_t k = i + 1; k < r->count; k++)
			check_contradiction(l, &r->keys[i], &r->keys[k]);
}

size_t launch_count(const struct launch *l)
{
	return l->count;
}

const struct finding *launch_finding(const struct launch *l, size_t i)
{
	return &l->findings[i];
}

const struct launch_subject *launch_subject(const struct launch *l, size_t i)
{
	return &l->subjects[i];
}

const struct reach *launch_reach(const struct launch *l)
{
	return &l->reach;
}

const struct environment *launch_environment(const struct launch *l)
{
	return &l->env;
}

void launch_release(struct launch *l)
{
	dotenv_release(&l->files);
	if (l->block.n)
		explicit_bzero(l->block.p, l->block.n);
	buf_release(&l->block);
	free(l);
}

void launch_say(const struct launch *l, const char *tool)
{
	static struct finding said[FINDINGS_MAX];
	struct text_style style;
	struct buf out;
	size_t count = 0;

	for (size_t i = 0; i < l->count; i++)
		if (i < l->count_at_once || !l->subjects[i].line)
			said[count++] = l->findings[i];
	if (count == 0)
		return;
	buf_init(&out, LIMIT_BLOCK);
	style_of(STDERR_FILENO, &style);
	const char *name = strrchr(tool, '/');
	if (text_launch(&out, &style, name ? name + 1 : tool, said, count) != 0)
		die("run: out of memory");
	write_all(STDERR_FILENO, buf_slice(&out));
	buf_release(&out);
}

/* Text that goes into a body: a prompt, JSON; a short command of a shell's is none. */
static bool is_text(char **argv, size_t i)
{
	const char *word = argv[i];

	if (word[0] == '{' || word[0] == '[')
		return true;
	bool command = i && strcmp(argv[i - 1], "-c") == 0 && strlen(word) <= SHELL_SHOWN;
	return !command && strpbrk(word, " \t\n");
}

/* The words as they were given, those that may be secrets or texts left out. */
static void put_command(struct json_out *j, char **argv)
{
	struct buf words;

	buf_init(&words, COMMAND_MAX);
	for (size_t i = 0; argv[i]; i++) {
		const char *word =
		    word_is_secret((const char *const *)argv, i) ? "<withheld>" : argv[i];
		if (i)
			buf_add_some(&words, " ", 1);
		char size[32];
		if (word == argv[i] && is_text(argv, i)) {
			snprintf(size, sizeof(size), "<%zu bytes>", strlen(word));
			word = size;
		}
		buf_add_some(&words, word, strlen(word));
	}
	json_slice(j, "command", words.n ? buf_slice(&words) : SLICE(""));
	buf_release(&words);
}

static void put_finding(struct json_out *j, const struct finding *f,
			const struct launch_subject *subject)
{
	const struct rule *rule = &rules[f->rule];

	json_object(j, NULL);
	json_text(j, "rule", rule->id);
	json_text(j, "severity", severity_name(f->severity));
	json_text(j, "certainty", certainty_name(rule->certainty));
	json_text(j, "category", category_name(rule->category));
	json_text(j, "detail", f->detail.text);
	json_text(j, "variable", subject->variable);
	if (subject->fingerprint[0])
		json_text(j, "fingerprint", subject->fingerprint);
	if (subject->line) {
		json_text(j, "file", subject->file);
		json_number(j, "line", subject->line);
	}
	json_object_end(j);
}

static void put_source(struct json_out *j, const struct reach_key *k)
{
	json_object(j, NULL);
	json_text(j, "variable", k->variable);
	json_text(j, "fingerprint", k->base ? NULL : k->fingerprint);
	json_text(j, "label", k->label);
	json_text(j, "kind", k->environment ? "environment" : found_kind_name(k->kind));
	json_text(j, "file", k->environment ? NULL : k->file);
	if (k->environment)
		json_null(j, "line");
	else
		json_number(j, "line", k->line);
	if (k->note[0])
		json_text(j, "note", k->note);
	json_object_end(j);
}

/* Count what was skipped, so that a missing place is not taken as proof that there is none. */
static void put_skipped(struct json_out *j, const struct reach *r)
{
	json_object(j, "skipped");
	json_number(j, "too_large", r->reading.too_large);
	json_number(j, "too_many", r->reading.too_many);
	json_number(j, "no_files", r->reading.no_files);
	json_number(j, "unreadable", r->reading.unreadable);
	json_number(j, "keys", (int64_t)r->left_out);
	json_object_end(j);
}

static void put_system(struct json_out *j, const char *program)
{
	struct system s;

	system_read(&s, program);
	json_object(j, "system");
	json_text(j, "os", *s.os ? s.os : NULL);
	json_text(j, "kernel", *s.kernel ? s.kernel : NULL);
	json_text(j, "arch", *s.arch ? s.arch : NULL);
	json_text(j, "libc", *s.libc ? s.libc : NULL);
	json_object_end(j);
}

static void put_record(struct json_out *j, const struct launch *l, const struct launch_start *s)
{
	char ts[TIMESTAMP_SIZE];
	char *cwd = getcwd(NULL, 0);

	record_timestamp(s->at_us, ts);
	json_object(j, NULL);
	json_number(j, "v", 1);
	json_text(j, "record", "launch");
	json_text(j, "ts", ts);
	json_number(j, "pid", getpid());
	put_command(j, s->argv);
	json_text(j, "cwd", cwd);
	free(cwd);
	json_array(j, "findings");
	for (size_t i = 0; i < l->count; i++)
		put_finding(j, &l->findings[i], &l->subjects[i]);
	json_array_end(j);
	json_array(j, "sources");
	for (size_t i = 0; i < l->reach.count; i++)
		put_source(j, &l->reach.keys[i]);
	json_array_end(j);
	put_skipped(j, &l->reach);
	put_system(j, s->program);
	json_object_end(j);
}

void launch_log(const struct launch *l, const char *path, const struct launch_start *s)
{
	struct json_out j;
	struct sink log;
	struct buf line;

	buf_init(&line, LIMIT_LINE);
	json_out_init(&j, &line);
	put_record(&j, l, s);
	if (json_out_ok(&j) && buf_add(&line, "\n", 1) == 0) {
		sink_init_file(&log, path);
		sink_write(&log, buf_slice(&line));
		sink_close(&log);
	}
	buf_release(&line);
}

void launch_hand_out(const struct launch *l)
{
	char name[64];
	struct stat st;
	struct buf text;

	unsetenv("ORSHIM_FOUND"); /* that of a run around this one */
	buf_init(&text, LIMIT_FOUND);
	reach_write(&l->reach, &text);
	int fd = text.n ? memfd_create("orshim-found", MFD_CLOEXEC | MFD_ALLOW_SEALING) : -1;
	if (fd >= 0 && write_all(fd, buf_slice(&text)) && fstat(fd, &st) == 0) {
		fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
		snprintf(name, sizeof(name), "%d:%d:%llu", (int)getpid(), fd,
			 (unsigned long long)st.st_ino);
		setenv("ORSHIM_FOUND", name, 1);
	}
	buf_release(&text);
}
