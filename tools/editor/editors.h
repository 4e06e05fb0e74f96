/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EDITORS_H
#define ORSHIM_EDITORS_H

/* Lists the running processes of VS Code and its relatives, as /proc shows them. */
#include <limits.h>

#include "base/buf.h"

enum editor_kind {
	EDITOR_NONE,
	EDITOR_EXTENSION_HOST,
	EDITOR_SERVER, /* code-server, VS Code Remote's, openvscode-server */
	EDITOR_WINDOW, /* the desktop editor's main process */
};

struct editor {
	int pid;
	enum editor_kind kind;
	char program[PATH_MAX];
	bool has_shim;
	bool readable;      /* its environment could be read */
	struct buf environ; /* the environment at its start, each entry ended by NUL */
};

/* "extension host" … */
const char *editor_kind_name(enum editor_kind kind);

/* Processes of this user, at most MAX, extension hosts first; release each. Returns how many. */
size_t editors_find(struct editor *list, size_t max);
void editor_release(struct editor *e);

#endif
