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
	uid_t uid;
	gid_t gid;
	char name[TARGET_NAME]; /* of its executable, without folders */
	char exe[PATH_MAX];
	struct remote_object libc;
	bool has_shim;
	struct remote_object shim;
	uint64_t entry;              /* orshim_attend() there; 0 with an older library */
	struct attach_status status; /* all zero where it cannot be read */
};

/* What is at PID. False: nothing, or nothing that may be looked at. */
bool target_read(struct target *t, pid_t pid);

/*
 * Why T cannot be attached to and what to do, as the end of a sentence that
 * begins with its name; NULL: nothing stands against it. Looks only. The text
 * is overwritten by the next call.
 */
const char *target_refusal(const struct target *t);

/* The processes called NAME (of this user, root: all), by number; at most MOST. */
size_t target_find(const char *name, pid_t *pids, size_t most);

/* Its command line, cut off at SIZE, words parted by spaces, without secrets. */
void target_command(pid_t pid, char *out, size_t size);

/* When it began, microseconds since 1970; 0: not known. */
int64_t target_start_us(pid_t pid);

/* The value of variable NAME that it was started with; false: none. */
bool target_variable(pid_t pid, const char *name, char *out, size_t size);

#endif
