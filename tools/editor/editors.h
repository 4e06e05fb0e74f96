/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_EDITORS_H
#define ORSHIM_EDITORS_H

/* The running processes of VS Code and its relatives, by what /proc says of them. */
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
	bool readable;      /* its environment is known */
	struct buf environ; /* entries as it was started with, each ended by NUL */
};

/* "extension host" … */
const char *editor_kind_name(enum editor_kind kind);

/* Those of this user, at most MAX, extension hosts first; release each. Returns how many. */
size_t editors_find(struct editor *list, size_t max);
void editor_release(struct editor *e);

#endif
