/* SPDX-License-Identifier: MIT */
/*
 * The constructor. It runs in every process that a tool starts, often dozens: it looks
 * up two names in each loaded object and one more in the executable, and returns. It
 * opens no file, prints nothing, and starts no thread (Chromium counts them).
 */
#include <stdint.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/direct.h"
#include "base/glibc.h"
#include "base/limits.h"
#include "tap/attach_agent.h"
#include "tap/process.h"
#include "tap/environ.h"
#include "tap/preload_env/preload_env.h"
#include "tap/objects.h"
#include "tap/forks.h"
#include "tap/hook_guard.h"
#include "tap/plain.h"
#include "tap/libraries.h"
#include "tap/role.h"
#include "tap/scan.h"
#include "tap/wrappers.h"

extern char **environ;

static bool wants_to_follow(void)
{
	const char *value = environ_setting("ORSHIM_FOLLOW");

	return value && strcmp(value, "1") == 0;
}

/* What main() gets. */
struct started {
	char **argv; /* NULL: not known */
	char **envp;
};

/*
 * glibc passes it to a constructor, musl does not. Under musl `environ` still points
 * into the kernel's layout: the argument count, the arguments, NULL, the variables.
 */
static struct started what_started(char **argv, char **envp)
{
	uintptr_t name = getauxval(AT_EXECFN); /* behind all of them */
	uintptr_t room = name - (uintptr_t)environ;
	char **end = environ - 1;

	if (is_glibc())
		return (struct started){ argv, envp };
	if (!environ || (uintptr_t)environ > name || room > LIMIT_STACK_TOP)
		return (struct started){ NULL, environ };
	for (uintptr_t count = 0; count < LIMIT_ARGUMENTS; count++)
		if ((uintptr_t)end[-1 - (ptrdiff_t)count] == count)
			return (struct started){ end - count, environ };
	return (struct started){ NULL, environ };
}

__attribute__((constructor)) static void start(int argc, char **argv, char **envp)
{
	struct hook_guard g;
	struct object self;

	(void)argc;
	wrappers_start();
	plain_start();
	if (!attach_agent_is_first()) {
		hook_guard_turn_off();
		preload_env_start(false, "", NULL);
		return;
	}
	attach_agent_start();
	if (getauxval(AT_SECURE)) {
		hook_guard_turn_off();
		preload_env_start(false, "", envp);
		return;
	}
	/* The loader starts a program in its first thread; in another one we are loaded by attach. */
	if (direct_gettid() != getpid()) {
		preload_env_start(false, "", envp);
		attach_agent_start_late();
		return;
	}
	if (!hook_enter(&g))
		return;
	struct started by = what_started(argv, envp);
	environ_start(by.envp);
	process_start(by.argv ? by.argv[0] : NULL, role_of(by.argv, by.envp));
	preload_env_start(wants_to_follow(), objects_at(&start, &self) ? self.name : "", by.envp);
	scan_objects();
	scan_embedded(false);
	if (libraries_count())
		forks_expect();
	hook_leave(&g);
}
