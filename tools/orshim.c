/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tools/command.h"
#include "tools/version.h"

static void show_help(void)
{
	struct buf out;

	buf_init(&out, LIMIT_BLOCK);
	say(&out,
	    "usage: orshim COMMAND [ARGS]\n\n"
	    "Finds out why a tool gets 401 although its key is right: sees what the tool sends\n"
	    "through its TLS library and what it is answered, and says what is wrong.\n\n");
	for (size_t i = 0; i < command_count; i++)
		say(&out, "  %-9s %s\n", commands[i].name, commands[i].summary);
	say(&out,
	    "\n  orshim COMMAND --help   the command's own page\n"
	    "  orshim --version\n\n"
	    "example: orshim run -- python3 app.py\n\n"
	    "Exit status: 0 nothing at or above error was found, 1 something was, 2 trouble with\n"
	    "the command itself. `run` exits with the tool's own status.\n");
	print_out(&out);
	buf_release(&out);
}

static void show_command(const struct command *c)
{
	struct buf out;

	buf_init(&out, LIMIT_BLOCK);
	say(&out, "usage: orshim %s\n\n%s.\n\nexample: %s\n", c->usage, c->summary, c->example);
	print_out(&out);
	buf_release(&out);
}

static const char *command_name(size_t i)
{
	return commands[i].name;
}

static const struct command *command_named(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static const struct command *command_or_die(const char *name)
{
	const struct command *c = command_named(name);

	if (c)
		return c;
	const char *near = nearest_name(name, command_name, command_count);
	if (near)
		die("unknown command '%s'; did you mean `orshim %s`?", name, near);
	die("unknown command '%s'; `orshim --help` lists them", name);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		die("a command is missing; `orshim --help` lists them");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		if (argc > 2)
			show_command(command_or_die(argv[2]));
		else
			show_help();
		return EXIT_CLEAN;
	}
	if (strcmp(argv[1], "--version") == 0) {
		struct buf out;
		buf_init(&out, LIMIT_BLOCK);
		say(&out, "orshim %s\n", ORSHIM_VERSION);
		print_out(&out);
		buf_release(&out);
		return EXIT_CLEAN;
	}
	const struct command *c = command_or_die(argv[1]);
	if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0)) {
		show_command(c);
		return EXIT_CLEAN;
	}
	return c->run(argc - 1, argv + 1);
}
