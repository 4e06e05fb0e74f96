/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#if defined(__GLIBC__)
#include <nss.h>
#endif
#include <string.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/redirect/run_relay.h"
#include "base/version.h"

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int run_command(const struct command *c, int argc, char **argv)
{
	void *options = calloc(1, c->options_size);
	struct arguments a;
	struct buf out;
	int status = EXIT_CLEAN;

	complain_as(c->name);
	if (!options)
		die("out of memory");
	options_read(&a, c, options, argc, argv);
	a.all = commands;
	if (a.help) {
		buf_init(&out, LIMIT_BLOCK);
		put_help(&out, c);
		print_out(&out);
		buf_release(&out);
	} else {
		status = c->run(&a);
	}
	free(options);
	return status;
}

/*
 * The command is linked statically. Look up hosts and users with libc's own
 * code only, because an NSS module of this machine may belong to another
 * version of libc.
 */
static void look_up_by_ourselves(void)
{
#if defined(__GLIBC__)
	__nss_configure_lookup("hosts", "files dns");
	__nss_configure_lookup("passwd", "files");
#endif
}

int main(int argc, char **argv)
{
	struct buf out;

	look_up_by_ourselves();
	if (strcmp(argv[0], RELAY_BECOMES) == 0)
		return run_relay_become(argc, argv);
	buf_init(&out, LIMIT_BLOCK);
	if (argc < 2) {
		put_overview(&out, commands);
		write_all(STDERR_FILENO, buf_slice(&out));
		return EXIT_TROUBLE;
	}
	if (is_help(argv[1])) {
		if (argc > 2)
			put_help(&out, command_or_die(commands, argv[2]));
		else
			put_overview(&out, commands);
	} else if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		say(&out, "orshim %s\n", ORSHIM_VERSION);
	} else if (argv[1][0] == '-') {
		die("unknown option '%s'; there are --help and --version", argv[1]);
	} else {
		return run_command(command_or_die(commands, argv[1]), argc - 1, argv + 1);
	}
	print_out(&out);
	buf_release(&out);
	return EXIT_CLEAN;
}
