/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_DOTENV_H
#define ORSHIM_DOTENV_H

/*
 * Finds the .env files that a tool started here may read: in the working
 * folder, then in its parents up to the project's root (the folder with .git).
 * Outside of a project only the working folder's.
 */
#include <limits.h>

#include "base/buf.h"
#include "base/slice.h"
#include "tools/run/reading.h"

enum { DOTENV_FILES = 8 };

struct dotenv {
	char path[PATH_MAX];
	struct buf text;
};

struct dotenv_list {
	struct dotenv files[DOTENV_FILES]; /* nearest first */
	size_t count;
};

/* Reads the files that exist; unreadable ones are skipped and counted. */
void dotenv_find(struct dotenv_list *list, struct reading *reading);
void dotenv_release(struct dotenv_list *list);

struct dotenv_entry {
	struct slice name;
	struct slice value; /* without its quotation marks, or the comment behind it */
	struct slice raw;   /* all text after the = on its line */
	unsigned line;      /* from 1 */
};

/*
 * Walk the assignments of TEXT. *AT and ENTRY->line start at 0. False at the
 * end. A quoted value of several lines is passed over.
 */
bool dotenv_next(struct slice text, size_t *at, struct dotenv_entry *entry);

/* Does a file of FILES nearer than FILE, or a later line of FILE, override ENTRY's name? */
bool dotenv_is_overruled(const struct dotenv_list *files, const struct dotenv *file,
			 const struct dotenv_entry *entry);

#endif
