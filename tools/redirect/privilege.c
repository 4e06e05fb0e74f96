/* SPDX-License-Identifier: MIT */
#include "tools/redirect/privilege.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/program/program.h"
#include "tools/redirect/thread_memory.h"

enum { PAGE = 4096 };

/* The string at ADDRESS of TID, page by page: the next one may not be there. */
static bool read_string(int tid, uint64_t address, char *out, size_t size)
{
	size_t n = 0;

	while (n < size) {
		size_t here = PAGE - (size_t)(address + n) % PAGE;
		struct memory_part part = { address + n, out + n,
					    here < size - n ? here : size - n };
		ssize_t got = thread_memory(tid, part);

		if (got <= 0)
			return false;
		if (memchr(out + n, '\0', (size_t)got))
			return true;
		n += (size_t)got;
	}
	return false;
}

/* The program that execve(2) or execveat(2) names, as a path of ours. */
static bool path_of(int tid, const struct seccomp_data *data, char out[2 * PATH_MAX])
{
	bool at = data->nr == SYS_execveat;
	int folder = at ? (int)data->args[0] : AT_FDCWD;
	char name[PATH_MAX];

	if (!read_string(tid, data->args[at ? 1 : 0], name, sizeof(name)))
		return false;
	if (at && !name[0])
		snprintf(out, 2 * PATH_MAX, "/proc/%d/fd/%d", tid, folder);
	else if (name[0] == '/')
		snprintf(out, 2 * PATH_MAX, "%s", name);
	else if (folder == AT_FDCWD)
		snprintf(out, 2 * PATH_MAX, "/proc/%d/cwd/%s", tid, name);
	else
		snprintf(out, 2 * PATH_MAX, "/proc/%d/fd/%d/%s", tid, folder, name);
	return true;
}

void privilege_look(struct relay *r, int tid, const struct seccomp_data *data)
{
	struct {
		char path[2 * PATH_MAX];
		char real[PATH_MAX];
		struct program program;
	} *about = r->privilege_told ? NULL : malloc(sizeof(*about));

	if (!about)
		return;
	if (path_of(tid, data, about->path) && realpath(about->path, about->real) &&
	    program_find(&about->program, about->real) == PROGRAM_FINE &&
	    about->program.gains_rights) {
		r->privilege_told = true;
		warn("run: %s gains no rights here: it was started below a program that the relay "
		     "looks into; with --relay off it does",
		     about->real);
	}
	free(about);
}
