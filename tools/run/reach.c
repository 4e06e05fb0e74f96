/* SPDX-License-Identifier: MIT */
#include "tools/run/reach.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diagnose/base_url.h"
#include "diagnose/own_key.h"
#include "diagnose/vendor_keys.h"
#include "tools/catalogue/settings_of_tools.h"

/* Shorter values are words. */
enum { SHORTEST = 8 };

static const char overruled[] = "a nearer file or a later line has another value";

/* N folders up from HERE, or 0: PATH's folder is none above it. */
static size_t folders_up(const char *here, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t folder = slash ? (size_t)(slash - path) : 0;
	size_t up = 0;

	if (!folder || strncmp(here, path, folder) != 0 || here[folder] != '/')
		return 0;
	for (const char *p = here + folder; *p; p++)
		up += *p == '/';
	return up;
}

static bool is_below(const char *folder, const char *path)
{
	size_t n = strlen(folder);

	return n > 1 && strncmp(path, folder, n) == 0 && path[n] == '/';
}

/* ~/.bashrc is called so, wherever one is; ~/.env is a project's. */
static bool is_start_file(const char *home, const char *path)
{
	size_t n = strlen(home);

	return is_below(home, path) && !strchr(path + n + 1, '/') && strcmp(path + n, "/.env") != 0;
}

void reach_show_path(const char *path, char *out, size_t size)
{
	const char *home = getenv("HOME");
	char here[PATH_MAX];
	size_t n = 0;

	if (!getcwd(here, sizeof(here)))
		here[0] = '\0';
	size_t up = folders_up(here, path);
	if (home && is_start_file(home, path)) {
		snprintf(out, size, "~%s", path + strlen(home));
	} else if (is_below(here, path)) {
		snprintf(out, size, ".%s", path + strlen(here));
	} else if (up && up < 8) {
		for (size_t i = 0; i < up && n + 3 < size; i++, n += 3)
			memcpy(out + n, "../", 4);
		snprintf(out + n, size - n, "%s", strrchr(path, '/') + 1);
	} else if (home && is_below(home, path)) {
		snprintf(out, size, "~%s", path + strlen(home));
	} else {
		snprintf(out, size, "%s", path);
	}
}

/* Is there something under NAME that is worth remembering? */
static bool is_key(struct slice name, struct slice value)
{
	if (value.n < SHORTEST || value.n > LIMIT_REACH_RUN)
		return false;
	if (vendor_of_variable(name))
		return true;
	return could_be_key(value) && (vendor_of_key(value) || environment_is_key_name(name));
}

static struct reach_key *add(struct reach *r, struct slice name, struct slice value)
{
	if (r->count == LIMIT_REACH) {
		r->left_out++;
		return NULL;
	}
	struct reach_key *key = &r->keys[r->count++];
	*key = (struct reach_key){ .note = "" };
	snprintf(key->variable, sizeof(key->variable), "%.*s", SLICE_ARG(name));
	fingerprint_of(value, key->fingerprint);
	token_mask(value, key->label);
	const struct vendor *vendor = vendor_of_key(value);
	vendor = vendor ? vendor : vendor_of_variable(name);
	key->owner = vendor ? vendor->title : NULL;
	key->whole = vendor ? is_well_formed_key(vendor, name, value) : could_be_key(value);
	return key;
}

/* A file that is being looked through. */
struct in_file {
	struct reach *reach;
	enum found_kind kind;
	char file[192];
	unsigned line;
	bool marks_taken_off; /* who reads it always takes quotation marks off */
};

/* A base URL that NAME is set to: its host in the place of a fingerprint. */
static void add_base(struct reach *r, const struct in_file *p, struct slice name,
		     struct slice value)
{
	struct slice host = base_url_host(value);

	if (!host.n || host.n >= sizeof(r->keys[0].label))
		return;
	if (r->count == LIMIT_REACH) {
		r->left_out++;
		return;
	}
	struct reach_key *key = &r->keys[r->count++];
	*key = (struct reach_key){ .base = true, .environment = !p, .note = "" };
	snprintf(key->variable, sizeof(key->variable), "%.*s", SLICE_ARG(name));
	snprintf(key->label, sizeof(key->label), "%.*s", SLICE_ARG(host));
	if (!p)
		return;
	key->kind = p->kind;
	memcpy(key->file, p->file, sizeof(key->file));
	key->line = p->line;
}

static void add_environment(struct reach *r, const struct environment *env)
{
	struct slice name, value;

	for (size_t at = 0; environment_next(env, &at, &name, &value);) {
		struct reach_key *key = is_key(name, value) ? add(r, name, value) : NULL;
		if (key)
			key->environment = true;
		if (vendor_of_base_url(name))
			add_base(r, NULL, name, value);
	}
}

/* READING: it is not what the file sets, but what some reader makes of it. */
static void add_at(const struct in_file *p, struct slice name, struct slice value, const char *note,
		   bool reading)
{
	struct reach_key *key = add(p->reach, name, value);

	if (!key)
		return;
	key->reading = reading;
	key->kind = p->kind;
	memcpy(key->file, p->file, sizeof(key->file));
	key->line = p->line;
	key->note = note;
}

/* VALUE as it is when `$NAME` and `${NAME}` in it are taken for variables that are not set. */
static size_t expand(struct slice value, char *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < value.n && n < max;) {
		if (value.p[i] != '$' || i + 1 == value.n) {
			out[n++] = value.p[i++];
			continue;
		}
		i++;
		if (value.p[i] == '{') {
			long end = slice_byte(value, '}', i);
			i = end < 0 ? value.n : (size_t)end + 1;
		} else if (value.p[i] >= '0' && value.p[i] <= '9') {
			i++;
		} else {
			while (i < value.n && is_token_byte(value.p[i]) && value.p[i] != '-')
				i++;
		}
	}
	return n;
}

/* The value, and what other readers of the file make of it. RAW may be absent. */
static void add_value(const struct in_file *p, struct slice name, struct slice value,
		      struct slice raw, const char *note)
{
	char eaten[LIMIT_REACH_RUN];

	add_at(p, name, value, note, false);
	raw = slice_trim(raw);
	if (!p->marks_taken_off && raw.n && raw.n <= LIMIT_REACH_RUN && !slice_equal(raw, value))
		add_at(p, name, raw,
		       raw.p[0] == '"' || raw.p[0] == '\'' || raw.p[0] == '`'
			   ? "the quotation marks are in the file"
			   : "what follows the value is part of it",
		       true);
	if (slice_byte(value, '$', 0) < 0)
		return;
	size_t n = expand(value, eaten, sizeof(eaten));
	if (n >= SHORTEST && n < value.n)
		add_at(p, name, (struct slice){ eaten, n }, "with what a shell makes of its `$`",
		       true);
}

static const char *note_of(const struct dotenv_list *files, const struct dotenv *file,
			   const struct dotenv_entry *entry)
{
	const struct vendor *vendor = vendor_of_variable(entry->name);

	if (dotenv_is_overruled(files, file, entry))
		return overruled;
	if (vendor ? is_well_formed_key(vendor, entry->name, entry->value)
		   : could_be_key(entry->value))
		return "";
	return "not a key of this vendor";
}

static void add_dotenv(struct reach *r, const struct dotenv_list *files)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct dotenv *file = &files->files[i];
		struct in_file p = { .reach = r, .kind = FOUND_DOTENV };
		struct dotenv_entry entry = { 0 };

		reach_show_path(file->path, p.file, sizeof(p.file));
		for (size_t at = 0; dotenv_next(buf_slice(&file->text), &at, &entry);) {
			p.line = entry.line;
			if (vendor_of_base_url(entry.name))
				add_base(r, &p, entry.name, entry.value);
			if (!is_key(entry.name, entry.value))
				continue;
			add_value(&p, entry.name, entry.value, entry.raw,
				  note_of(files, file, &entry));
		}
	}
}

static bool is_name_byte(char c)
{
	return is_token_byte(c) && c != '-';
}

/*
 * What a shell start file sets on LINE: `export NAME=VALUE`, `NAME=VALUE`,
 * `set -gx NAME VALUE` of fish, `setenv NAME VALUE` of csh.
 */
static bool shell_assignment(struct slice line, struct slice *name, struct slice *value)
{
	char end = '=';
	size_t n = 0;

	line = slice_trim(line);
	if (slice_starts(line, SLICE("set ")) || slice_starts(line, SLICE("setenv ")))
		end = ' ';
	for (bool more = true; more;) {
		static const char *const words[] = { "export ",  "set ",     "setenv ",
						     "declare ", "typeset ", "local " };
		more = line.n && line.p[0] == '-';
		long blank = slice_byte(line, ' ', 0);
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			more |= slice_starts(line, slice_of(words[i]));
		if (more)
			line = blank < 0 ? SLICE("") : slice_trim(slice_from(line, (size_t)blank));
	}
	while (n < line.n && is_name_byte(line.p[n]))
		n++;
	if (!n || n >= line.n || line.p[n] != end)
		return false;
	*name = slice_sub(line, 0, n);
	line = slice_trim(slice_from(line, n + 1));
	if (line.n && (line.p[0] == '"' || line.p[0] == '\'')) {
		long close = slice_byte(line, line.p[0], 1);
		*value = close < 0 ? SLICE("") : slice_sub(line, 1, (size_t)close - 1);
		return value->n > 0;
	}
	for (n = 0; n < line.n && !strchr(" \t\r;&|#", line.p[n]); n++)
		;
	*value = slice_sub(line, 0, n);
	return n > 0;
}

static void add_shell(struct in_file *p, struct slice text)
{
	struct slice line, name, value;

	while (text.n && slice_cut(&text, '\n', &line)) {
		p->line++;
		if (!shell_assignment(line, &name, &value))
			continue;
		if (vendor_of_base_url(name))
			add_base(p->reach, p, name, value);
		if (is_key(name, value))
			add_value(p, name, value, (struct slice){ NULL, 0 }, "");
	}
}

static bool is_run_byte(char c)
{
	return is_token_byte(c) || c == '.' || c == '+' || c == '/' || c == '$';
}

/* Does NAME, of a setting, say that a base URL follows? `baseURL`, `api_base`, ANTHROPIC_BASE_URL. */
static bool is_member_of_base(struct slice name)
{
	return vendor_of_base_url(name) || (slice_has_nocase(name, SLICE("base")) &&
					    (slice_has_nocase(name, SLICE("url")) ||
					     slice_has_nocase(name, SLICE("api"))));
}

/* The URL that TEXT begins with; absent: none. It ends where a string or a word does. */
static struct slice url_at(struct slice text)
{
	size_t n = 0;

	if (!slice_starts(text, SLICE("https://")) && !slice_starts(text, SLICE("http://")))
		return (struct slice){ NULL, 0 };
	while (n < text.n && !strchr(" \t\r\"'`,;<>)]}", text.p[n]))
		n++;
	return slice_sub(text, 0, n);
}

/* Does NAME, of a setting, say that a key follows? `apiKey`, `api_key`, `token`, ENV names. */
static bool is_member_of_key(struct slice name)
{
	return slice_has_nocase(name, SLICE("key")) || slice_has_nocase(name, SLICE("token")) ||
	       slice_has_nocase(name, SLICE("secret"));
}

/* JSON, YAML, TOML and similar: a key or a base URL, after a name that suggests it. */
static void add_settings(struct in_file *p, struct slice text)
{
	struct slice line;

	while (text.n && slice_cut(&text, '\n', &line)) {
		struct slice name = { NULL, 0 };
		p->line++;
		for (size_t i = 0; i < line.n;) {
			size_t n = 0;
			struct slice url = url_at(slice_from(line, i));
			if (url.n) {
				if (name.p && is_member_of_base(name))
					add_base(p->reach, p, name, url);
				i += url.n;
				continue;
			}
			while (i + n < line.n && is_run_byte(line.p[i + n]))
				n++;
			struct slice run = slice_sub(line, i, n);
			i += n ? n : 1;
			if (!n)
				continue;
			if (n <= LIMIT_REACH_RUN && could_be_key(run) &&
			    (vendor_of_key(run) || (name.p && is_member_of_key(name))))
				add_value(p, name, run, (struct slice){ NULL, 0 }, "");
			name = run;
		}
	}
}

void reach_read(struct reach *r, enum found_kind kind, const char *file, struct slice text)
{
	struct in_file p = { .reach = r, .kind = kind, .marks_taken_off = true };

	snprintf(p.file, sizeof(p.file), "%s", file);
	if (kind == FOUND_TOOL)
		add_settings(&p, text);
	else
		add_shell(&p, text);
}

static void add_file(struct reach *r, const char *path, enum found_kind kind)
{
	char shown[sizeof(r->keys[0].file)];
	struct buf text;

	if (!reading_load(&r->reading, path, &text))
		return;
	reach_show_path(path, shown, sizeof(shown));
	reach_read(r, kind, shown, buf_slice(&text));
	buf_release(&text);
}

static bool is_pattern(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

/* PATH as in the tables: "~/x", "./x" or "/x"; may be a pattern. */
static void add_path(struct reach *r, const char *path, enum found_kind kind)
{
	const char *base = path[0] == '~' ? getenv("HOME") : "";
	char here[PATH_MAX], whole[2 * PATH_MAX];
	glob_t found;

	if (path[0] == '.') {
		if (!getcwd(here, sizeof(here)))
			return;
		base = here;
	}
	if (!base || (path[0] == '~' && base[0] != '/'))
		return;
	snprintf(whole, sizeof(whole), "%s%s", base, path[0] == '/' ? path : path + 1);
	if (!is_pattern(path)) {
		add_file(r, whole, kind);
		return;
	}
	if (glob(whole, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		add_file(r, found.gl_pathv[i], kind);
	globfree(&found);
}

void reach_find(struct reach *r, const struct environment *env, const struct dotenv_list *files)
{
	/* bash(1), zsh(1) "STARTUP/SHUTDOWN FILES", fish(1), pam_env(8), environment.d(5). */
	static const char *const shell[] = {
		"~/.bashrc",
		"~/.bash_profile",
		"~/.bash_login",
		"~/.profile",
		"~/.bash_aliases",
		"~/.zshrc",
		"~/.zshenv",
		"~/.zprofile",
		"~/.zlogin",
		"~/.config/fish/config.fish",
		"~/.config/fish/conf.d/*.fish",
		"~/.cshrc",
		"~/.tcshrc",
		"~/.pam_environment",
		"~/.config/environment.d/*.conf",
		"~/.envrc",
		"./.envrc",
		"/etc/environment",
	};

	add_environment(r, env);
	add_dotenv(r, files);
	/* A pattern may match many files: paths without a pattern come first. */
	for (int patterns = 0; patterns < 2; patterns++) {
		for (size_t i = 0; i < sizeof(shell) / sizeof(shell[0]); i++)
			if (is_pattern(shell[i]) == (patterns == 1))
				add_path(r, shell[i], FOUND_SHELL);
		for (size_t i = 0; i < files_of_tools_count; i++)
			if (is_pattern(files_of_tools[i].path) == (patterns == 1))
				add_path(r, files_of_tools[i].path, FOUND_TOOL);
	}
}

void reach_write(const struct reach *r, struct buf *out)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct reach_key *k = &r->keys[i];
		char host[sizeof(k->label) + sizeof(FOUND_HOST)];
		snprintf(host, sizeof(host), FOUND_HOST "%s", k->label);
		struct found_key key = { .kind = k->kind,
					 .fingerprint = slice_of(k->base ? host : k->fingerprint),
					 .variable = slice_of(k->variable),
					 .note = slice_of(k->note),
					 .file = slice_of(k->file),
					 .line = k->line };
		/* Of tools' own members the shim knows no base URL: no variable has that name. */
		if (k->base && k->kind == FOUND_TOOL && !vendor_of_base_url(slice_of(k->variable)))
			continue;
		if (!k->environment && found_add(out, &key) != 0)
			return;
	}
}
