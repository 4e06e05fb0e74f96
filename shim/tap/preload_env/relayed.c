/* SPDX-License-Identifier: MIT */
#include "tap/preload_env/relayed.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/direct.h"
#include "base/early.h"
#include "base/limits.h"
#include "base/relay_entry.h"
#include "base/slice.h"

/* Immutable after relayed_start(). */
static bool is_on EARLY; /* there is a relay */
static char entry[LIMIT_PATH];
static char folder[LIMIT_PATH];

void relayed_start(const char *given)
{
	if (!given || !*given || given[0] != '/' ||
	    strlen(given) + sizeof("/" RELAY_ENTRY) > sizeof(entry))
		return;
	memcpy(folder, given, strlen(given) + 1);
	snprintf(entry, sizeof(entry), "%s/" RELAY_ENTRY, given);
	is_on = true;
}

bool relayed_is_on(void)
{
	return is_on;
}

/* Java's launcher is small; its TLS comes with a library that it loads. */
static bool is_java(const char *path)
{
	return slice_ends(slice_of(path), SLICE("/java"));
}

/* Large programs may have their TLS compiled in. */
static bool is_worth_asking(const struct exec_target *t)
{
	if (t->is_script || t->path[0] != '/')
		return false;
	if (t->kind == EXEC_STATIC || t->kind == EXEC_OTHER_LIBC)
		return true;
	return t->kind == EXEC_LOADS && (t->size >= LIMIT_COMPILED_IN || is_java(t->path));
}

/* FOLDER/orshim marked this program: it has no TLS that a relay could see. */
static bool is_marked(const struct exec_target *t)
{
	char mark[LIMIT_PATH];
	struct stat st;
	int n;

	if (direct_stat(t->path, &st) != 0)
		return true;
	n = snprintf(mark, sizeof(mark), RELAY_MARK, folder, (unsigned long)st.st_dev,
		     (unsigned long)st.st_ino);
	return n < 0 || n >= (int)sizeof(mark) || direct_access(mark, F_OK) == 0;
}

size_t relayed_room(const struct exec_target *t, char *const argv[])
{
	size_t n = 0;

	if (!relayed_is_on() || !argv || !is_worth_asking(t) || is_marked(t) ||
	    direct_access(t->path, X_OK) != 0 || direct_access(entry, X_OK) != 0)
		return 0;
	while (argv[n])
		n++;
	return n + RELAY_WORDS + 1 > LIMIT_PRELOAD_ENV / sizeof(char *) ? 0 : n + RELAY_WORDS + 1;
}

const char *relayed_words(char **words, const struct exec_target *t, char *const argv[])
{
	*words++ = (char *)RELAY_BECOMES;
	*words++ = folder;
	*words++ = (char *)t->path;
	while ((*words++ = *argv))
		argv++;
	return entry;
}
