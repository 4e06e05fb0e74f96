/* SPDX-License-Identifier: MIT */
#include "tools/log/log_source.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/log/runs.h"

/* NUMBERED: one of its exchanges is asked for. */
static void add_newest(struct log *l, bool numbered, const char *command)
{
	unsigned without;
	char *path = runs_newest_log(numbered, &without);

	if (!path && without)
		die("%s: no API request was seen in the kept runs", command);
	if (!path)
		die("%s: no run is kept yet; name a log, or start with `orshim run -- TOOL`",
		    command);
	if (without)
		fprintf(stderr,
			"orshim: %s: the newest run saw no API request; this is an older one, %s\n",
			command, path);
	log_add(l, path);
	l->newest_run = without == 0;
	free(path);
}

/* Where the number of an exchange begins in NAME ("3", "#3", "LOG:3", "LOG#3"); NULL: nowhere. */
static const char *number_in(const char *name)
{
	const char *digits = name + strlen(name);

	while (digits > name && digits[-1] >= '0' && digits[-1] <= '9')
		digits--;
	if (!*digits || access(name, F_OK) == 0) /* a file may be called a#1, or 3 */
		return NULL;
	return digits == name || digits[-1] == '#' || digits[-1] == ':' ? digits : NULL;
}

unsigned source_add(struct log *l, const char *name, const char *command)
{
	const char *digits = number_in(name);
	unsigned long long n = 0;

	if (digits && (!slice_number(slice_of(digits), &n) || n > UINT_MAX))
		die("%s: there is no exchange %s", command, name);
	if (digits && n == 0)
		die("%s: exchanges are counted from 1: %s", command, name);
	char *path = digits && digits > name ? strndup(name, (size_t)(digits - 1 - name))
					     : strdup(digits ? "" : name);
	if (!path)
		die("out of memory");
	if (*path)
		log_add(l, path);
	else
		add_newest(l, digits != NULL, command);
	free(path);
	return (unsigned)n;
}
