/* SPDX-License-Identifier: MIT */
#include "tools/log/log_source.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/log/runs.h"

static void add_newest(struct log *l, const char *command)
{
	char *path = runs_newest("log");

	if (!path)
		die("%s: no run is kept yet; name a log, or start with `orshim run -- TOOL`",
		    command);
	if (access(path, F_OK) != 0)
		die("%s: the newest run left no log: no process with TLS was seen in it", command);
	log_add(l, path);
	free(path);
}

unsigned source_add(struct log *l, const char *name, const char *command)
{
	const char *mark = strrchr(name, '#');
	unsigned long long n = 0;

	/* A file may be called a#1. */
	if (mark && access(name, F_OK) != 0 && slice_number(slice_of(mark + 1), &n)) {
		if (n == 0 || n > UINT_MAX)
			die("%s: exchanges are counted from 1: %s", command, name);
	} else {
		mark = NULL;
		n = 0;
	}
	char *path = mark ? strndup(name, (size_t)(mark - name)) : strdup(name);
	if (!path)
		die("out of memory");
	if (*path)
		log_add(l, path);
	else
		add_newest(l, command);
	free(path);
	return (unsigned)n;
}
