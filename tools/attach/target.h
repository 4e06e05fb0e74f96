/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ATTACH_TARGET_H
#define ORSHIM_ATTACH_TARGET_H

/* A running process as `orshim attach` sees it before it touches it. */
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attach_proto.h"
#include "tools/attach/remote.h"

enum { TARGET_NAME = 64 };

struct target {
	pid_t pid;
	pid_t shown;   /* its number where the command was started */
	char root[32]; /* how its root folder is reached from there; "": as ours */
	uid_t uid;
	gid_t gid;
	char name[TARGET_NAME]; /* of its executable, without folders */
	char exe[PATH_MAX];
	struct remote_object libc;
	bool has_shim;
	struct remote_object shim;
	uint64_t entry;              /* orshim_attend() in the process; 0 with an older library */
	struct attach_status status; /* all zero if it cannot be read */
};

/* Read the process PID. False: no such process, or we may not look at it. */
bool target_read(struct target *t, pid_t pid);

/*
 * Why T cannot be attached to and what to do about it, as the end of a sentence
 * that begins with its name; NULL: it can. Changes nothing. The next call
 * overwrites the text.
 */
const char *target_refusal(const struct target *t);

/* The processes called NAME (of this user, root: all), by number; at most MOST. */
size_t target_find(const char *name, pid_t *pids, size_t most);

/* The process's command line, cut off at SIZE, words separated by spaces, secrets masked. */
void target_command(pid_t pid, char *out, size_t size);

/* Put ? for each control character of TEXT, which a process gave, but for line feeds. */
void target_clean(char *text);

/* When it began, microseconds since 1970; 0: not known. */
int64_t target_start_us(pid_t pid);

/* The value of variable NAME that it was started with; false: none. */
bool target_variable(pid_t pid, const char *name, char *out, size_t size);

#endif
