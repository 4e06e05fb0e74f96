/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tools/command.h"
#include "tools/redirect/run_relay.h"
#include "base/version.h"

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char **argv)
{
	struct buf out;

	if (strcmp(argv[0], RELAY_BECOMES) == 0)
		return run_relay_become(argc, argv);
	if (argc < 2)
		die("a command is missing; `orshim --help` lists them");
	buf_init(&out, LIMIT_BLOCK);
	if (is_help(argv[1])) {
		if (argc > 2)
			put_help(&out, command_or_die(argv[2]));
		else
			put_overview(&out);
	} else if (strcmp(argv[1], "--version") == 0) {
		say(&out, "orshim %s\n", ORSHIM_VERSION);
	} else {
		const struct command *c = command_or_die(argv[1]);
		if (argc < 3 || !is_help(argv[2]))
			return c->run(argc - 1, argv + 1);
		put_help(&out, c);
	}
	print_out(&out);
	buf_release(&out);
	return EXIT_CLEAN;
}
