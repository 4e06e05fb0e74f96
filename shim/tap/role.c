/* SPDX-License-Identifier: MIT */
#include "tap/role.h"

#include <stddef.h>
#include <string.h>

/* Arguments of VS Code's server (src/vs/server/node), of Chromium and Electron, and of cline. */
static const char *const arguments[] = {
	"--type=extensionHost", "--type=fileWatcher", "--type=ptyHost",
	"--type=sharedProcess", "--type=utility",     "--type=renderer",
	"--type=gpu-process",   "--type=zygote",      "--cline-hub-daemon",
};

/*
 * In the desktop editor all are "--type=utility", and the variable names the
 * module that is run. What the extension host starts inherits the variable.
 */
static const char *const entry_points[] = {
	"VSCODE_ESM_ENTRYPOINT=vs/workbench/api/node/extensionHostProcess",
	"VSCODE_AMD_ENTRYPOINT=vs/workbench/api/node/extensionHostProcess",
};

static const char *among(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, list[i]) == 0)
			return list[i];
	return NULL;
}

static const char *argument_role(char *const *argv)
{
	const char *found = NULL;

	for (; !found && argv && *argv; argv++)
		if ((*argv)[0] == '-' && (*argv)[1] == '-')
			found = among(*argv, arguments, sizeof(arguments) / sizeof(arguments[0]));
	return found;
}

static const char *entry_point_role(char *const *envp)
{
	const char *found = NULL;

	for (; !found && envp && *envp; envp++)
		if ((*envp)[0] == 'V' && (*envp)[1] == 'S')
			found = among(*envp, entry_points,
				      sizeof(entry_points) / sizeof(entry_points[0]));
	return found;
}

const char *role_of(char *const *argv, char *const *envp)
{
	const char *argument = argument_role(argv);

	if (!argument || strcmp(argument, "--type=utility") != 0)
		return argument;
	const char *entry_point = entry_point_role(envp);
	return entry_point ? entry_point : argument;
}
