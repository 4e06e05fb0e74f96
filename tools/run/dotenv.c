/* SPDX-License-Identifier: MIT */
#include "tools/run/dotenv.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"

static bool exists(const char *folder, const char *name)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/%s", folder, name) < PATH_MAX &&
	       access(path, F_OK) == 0;
}

/* How many bytes of FOLDER name the project's root; all of it outside of a project. */
static size_t root_length(const char *folder)
{
	char up[PATH_MAX];

	snprintf(up, sizeof(up), "%s", folder);
	for (char *end = up + strlen(up); end; end = strrchr(up, '/')) {
		*end = '\0';
		if (up[0] && exists(up, ".git"))
			return strlen(up);
	}
	return strlen(folder);
}

void dotenv_find(struct dotenv_list *list, struct reading *reading)
{
	char folder[PATH_MAX];

	list->count = 0;
	if (!getcwd(folder, sizeof(folder)))
		return;
	size_t root = root_length(folder);
	while (list->count < DOTENV_FILES && strlen(folder) >= root) {
		struct dotenv *d = &list->files[list->count];
		int n = snprintf(d->path, sizeof(d->path), "%s/.env", folder);
		if (n < PATH_MAX && reading_load(reading, d->path, &d->text))
			list->count++;
		char *end = strrchr(folder, '/');
		if (!end || end == folder)
			break;
		*end = '\0';
	}
}

void dotenv_release(struct dotenv_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		buf_release(&list->files[i].text);
	list->count = 0;
}

static bool is_filling(char c)
{
	return is_blank(c) || c == '\r';
}

static struct slice trim(struct slice s)
{
	while (s.n && is_filling(s.p[0]))
		s = slice_from(s, 1);
	while (s.n && is_filling(s.p[s.n - 1]))
		s.n--;
	return s;
}

static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '_' && !is_letter(s.p[i]) && !(i && is_digit(s.p[i])))
			return false;
	return s.n > 0;
}

/* *REST is the text from the value's beginning to the file's end. False: the value spans lines. */
static bool value_of(struct slice line, struct slice *rest, struct slice *value)
{
	struct slice s = trim(line);

	if (s.n && (s.p[0] == '"' || s.p[0] == '\'' || s.p[0] == '`')) {
		long end = slice_byte(s, s.p[0], 1);
		if (end > 0) {
			*value = slice_sub(s, 1, (size_t)end - 1);
			return true;
		}
		/* The rest of a value is not an assignment: continue after its closing quote. */
		long close = slice_byte(*rest, s.p[0], 0);
		*rest =
		    close < 0 ? slice_from(*rest, rest->n) : slice_from(*rest, (size_t)close + 1);
		return false;
	}
	long comment = slice_find(s, SLICE(" #"), 0);
	*value = comment < 0 ? s : trim(slice_sub(s, 0, (size_t)comment));
	return true;
}

bool dotenv_next(struct slice text, size_t *at, struct dotenv_entry *entry)
{
	struct slice rest = slice_from(text, *at);
	struct slice line;
	bool found = false;

	while (!found && slice_cut(&rest, '\n', &line)) {
		entry->line++;
		line = trim(line);
		if (slice_starts(line, SLICE("export ")))
			line = trim(slice_from(line, 7));
		long equals = slice_byte(line, '=', 0);
		if (equals < 0 || !is_name(trim(slice_sub(line, 0, (size_t)equals))))
			continue;
		entry->name = trim(slice_sub(line, 0, (size_t)equals));
		entry->raw = slice_from(line, (size_t)equals + 1);
		struct slice before = rest;
		found = value_of(slice_from(line, (size_t)equals + 1), &rest, &entry->value);
		for (size_t i = 0; i < before.n - rest.n; i++)
			entry->line += before.p[i] == '\n';
	}
	*at = text.n - rest.n;
	return found;
}

bool dotenv_is_overruled(const struct dotenv_list *files, const struct dotenv *file,
			 const struct dotenv_entry *entry)
{
	for (const struct dotenv *f = files->files; f <= file; f++) {
		struct dotenv_entry other = { 0 };
		for (size_t at = 0; dotenv_next(buf_slice(&f->text), &at, &other);)
			if (slice_equal(other.name, entry->name) &&
			    (f < file || other.line > entry->line))
				return true;
	}
	return false;
}
