/* SPDX-License-Identifier: MIT */
#include "tools/editor/editors.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/program/tls_stack.h"

enum { CMDLINE_MAX = 64 * 1024, ENVIRON_MAX = 2 << 20 };

const char *editor_kind_name(enum editor_kind kind)
{
	static const char *const names[] = { "", "extension host", "editor server", "editor" };

	return names[kind];
}

/* Append /proc/PID/NAME; false if it may not be read. */
static bool read_of(int pid, const char *name, struct buf *out)
{
	char path[64];
	char piece[4096];
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add_some(out, piece, n);
	bool whole = !ferror(f);
	fclose(f);
	return whole;
}

static bool is_ours(int pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	return stat(path, &st) == 0 && st.st_uid == getuid();
}

static bool has_word(struct slice block, const char *word)
{
	struct slice one;

	while (slice_cut(&block, '\0', &one))
		if (slice_equal(one, slice_of(word)))
			return true;
	return false;
}

static bool has_word_that_ends(struct slice block, const char *end)
{
	struct slice one;

	while (slice_cut(&block, '\0', &one))
		if (slice_ends(one, slice_of(end)))
			return true;
	return false;
}

/* In the desktop editor all utility processes have the same arguments (shim/tap/role.c). */
static bool is_desktop_host(struct slice arguments, struct slice variables)
{
	static const char module[] = "ENTRYPOINT=vs/workbench/api/node/extensionHostProcess";

	return has_word(arguments, "--type=utility") && has_word_that_ends(variables, module);
}

static bool is_window(const char *program, struct slice arguments)
{
	static const char *const names[] = { "code",   "code-insiders", "code-oss",
					     "codium", "cursor",        "windsurf" };
	const char *slash = strrchr(program, '/');

	if (slice_has(arguments, SLICE("--type=")) || has_word_that_ends(arguments, "cli.js"))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(slash ? slash + 1 : program, names[i]) == 0)
			return true;
	return false;
}

static enum editor_kind kind_of(const struct editor *e, struct slice arguments)
{
	if (has_word(arguments, "--type=extensionHost") ||
	    is_desktop_host(arguments, buf_slice(&e->environ)))
		return EDITOR_EXTENSION_HOST;
	if (slice_has(arguments, SLICE("--type=")))
		return EDITOR_NONE;
	if (has_word_that_ends(arguments, "/out/server-main.js") ||
	    (has_word_that_ends(arguments, "/out/node/entry") ||
	     has_word_that_ends(arguments, "/out/node/entry.js")))
		return EDITOR_SERVER;
	return is_window(e->program, arguments) ? EDITOR_WINDOW : EDITOR_NONE;
}

static bool look_at(struct editor *e, int pid)
{
	struct tls_survey survey;
	struct buf arguments;
	char path[64];

	*e = (struct editor){ .pid = pid };
	buf_init(&e->environ, ENVIRON_MAX);
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	ssize_t n = readlink(path, e->program, sizeof(e->program) - 1);
	if (n < 0)
		return false;
	e->program[n] = '\0';
	buf_init(&arguments, CMDLINE_MAX);
	read_of(pid, "cmdline", &arguments);
	e->readable = read_of(pid, "environ", &e->environ);
	e->kind = kind_of(e, buf_slice(&arguments));
	buf_release(&arguments);
	if (e->kind == EDITOR_NONE) {
		editor_release(e);
		return false;
	}
	tls_survey_process(&survey, pid, "", &e->has_shim);
	return true;
}

static int by_kind(const void *a, const void *b)
{
	const struct editor *x = a, *y = b;

	return x->kind != y->kind ? (int)x->kind - (int)y->kind : x->pid - y->pid;
}

size_t editors_find(struct editor *list, size_t max)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	while (d && count < max && (entry = readdir(d))) {
		int pid = atoi(entry->d_name);
		if (pid > 0 && is_ours(pid) && look_at(&list[count], pid))
			count++;
	}
	if (d)
		closedir(d);
	qsort(list, count, sizeof(*list), by_kind);
	return count;
}

void editor_release(struct editor *e)
{
	buf_release(&e->environ);
}
