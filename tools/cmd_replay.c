/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/capture/verdicts.h"

static enum split split_named(const char *name)
{
	static const char *const names[] = { "recorded", "bytes", "whole" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return (enum split)i;
	die("replay: --split is recorded, bytes or whole, not '%s'", name);
}

int cmd_replay(int argc, char **argv)
{
	struct verdicts v;
	const char *value;
	int files = 0;

	verdicts_init(&v, "replay");
	for (int i = 1; i < argc; i++) {
		value = option_value(argc, argv, &i, "--split");
		if (value)
			v.options.split = split_named(value);
		else if (strcmp(argv[i], "--json") == 0)
			v.json = true;
		else if (argv[i][0] == '-' && argv[i][1])
			die_of_option("replay", argv[i]);
		else
			argv[1 + files++] = argv[i];
	}
	if (files == 0)
		die("replay: a capture is missing; see `orshim replay --help`");
	for (int i = 1; i <= files; i++)
		verdicts_add_file(&v, argv[i], files > 1);
	return verdicts_end(&v);
}
