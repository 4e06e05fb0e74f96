/* SPDX-License-Identifier: MIT */
#include "tools/run/elsewhere.h"

#include <string.h>

#include "tools/command.h"

enum place { CONTAINER, COMPOSE, MACHINE, SANDBOX, INSIDE };

static const struct {
	const char *program;
	const char *words[3]; /* the first word after the options must be one of those; none: any */
	enum place place;
} rows[] = {
	{ "docker", { "run", "exec", NULL }, CONTAINER },
	{ "podman", { "run", "exec", NULL }, CONTAINER },
	{ "nerdctl", { "run", "exec", NULL }, CONTAINER },
	{ "docker", { "compose", NULL, NULL }, COMPOSE },
	{ "podman", { "compose", NULL, NULL }, COMPOSE },
	{ "docker-compose", { NULL, NULL, NULL }, COMPOSE },
	{ "podman-compose", { NULL, NULL, NULL }, COMPOSE },
	{ "kubectl", { "exec", NULL, NULL }, INSIDE },
	{ "devcontainer", { "exec", NULL, NULL }, INSIDE },
	{ "nsenter", { NULL, NULL, NULL }, INSIDE },
	{ "chroot", { NULL, NULL, NULL }, INSIDE },
	{ "ssh", { NULL, NULL, NULL }, MACHINE },
	{ "flatpak", { "run", NULL, NULL }, SANDBOX },
};

static const char *first_word(char *const argv[])
{
	for (size_t i = 1; argv[i]; i++)
		if (argv[i][0] != '-')
			return argv[i];
	return NULL;
}

static bool is_one_of(const char *word, const char *const words[3])
{
	for (size_t i = 0; i < 3 && words[i]; i++)
		if (word && strcmp(word, words[i]) == 0)
			return true;
	return !words[0] && word;
}

static void say_way(enum place place, const char *program, const char *library, const char *command,
		    struct buf *out)
{
	static const char there[] = "/usr/local/lib/liborshim.so";

	switch (place) {
	case CONTAINER:
		say(out,
		    "the tool runs in the container, which has no orshim: %s run -v %s:%s:ro "
		    "-v %s:/usr/local/bin/orshim:ro IMAGE orshim run -- TOOL",
		    program, library, there, command);
		break;
	case COMPOSE:
		say(out,
		    "the tool runs in a container, which has no orshim: give the service the "
		    "volumes %s:%s:ro and %s:/usr/local/bin/orshim:ro, and the command "
		    "`orshim run -- TOOL`",
		    library, there, command);
		break;
	case MACHINE:
		say(out,
		    "the tool runs on the other machine: copy %s and %s into one folder there, "
		    "and run `ssh HOST FOLDER/orshim run -- TOOL`",
		    library, command);
		break;
	case INSIDE:
		say(out,
		    "the tool runs where there is no orshim: copy %s and %s into one folder in "
		    "there, and have %s start FOLDER/orshim run -- TOOL; both work with any glibc "
		    "from 2.17 on and with musl",
		    library, command, program);
		break;
	case SANDBOX:
		say(out,
		    "the tool runs in a sandbox, which has no orshim: flatpak run "
		    "--filesystem=%s:ro --filesystem=%s:ro --command=%s APP run -- TOOL",
		    library, command, command);
		break;
	}
}

void elsewhere_say(char *const argv[], const char *library, const char *command, struct buf *out)
{
	const char *slash = strrchr(argv[0], '/');
	const char *program = slash ? slash + 1 : argv[0];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(program, rows[i].program) == 0 &&
		    is_one_of(first_word(argv), rows[i].words)) {
			say_way(rows[i].place, program, library, command, out);
			return;
		}
}
