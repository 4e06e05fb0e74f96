/* SPDX-License-Identifier: MIT */
/*
 * Runs in every helper that a tool starts, dozens of times: looks up two
 * names in each loaded object and one more in the executable, and is done. Opens nothing, prints nothing,
 * starts no thread (Chromium counts them).
 */
#include <sys/auxv.h>
#include <unistd.h>

#include "base/glibc.h"
#include "tap/attach_agent.h"
#include "tap/process.h"
#include "tap/environ.h"
#include "tap/preload_env/preload_env.h"
#include "tap/objects.h"
#include "tap/hook_guard.h"
#include "tap/role.h"
#include "tap/scan.h"
#include "tap/tap.h"
#include "tap/wrappers.h"

static bool wants_to_follow(void)
{
	const char *value = environ_setting("ORSHIM_FOLLOW");

	return value && strcmp(value, "1") == 0;
}

/* glibc hands a constructor what main() gets. Other loaders hand it nothing: there we are off. */
__attribute__((constructor)) static void start(int argc, char **argv, char **envp)
{
	struct hook_guard g;
	struct object self;

	wrappers_start();
	if (!attach_agent_is_first()) {
		hook_guard_turn_off();
		preload_env_start(false, "", NULL);
		return;
	}
	attach_agent_start();
	if (!is_glibc()) {
		hook_guard_turn_off();
		preload_env_start(false, "", NULL);
		return;
	}
	if (getauxval(AT_SECURE)) {
		hook_guard_turn_off();
		preload_env_start(false, "", envp);
		return;
	}
	/* The loader starts a program in its first thread; in another one we are loaded by attach. */
	if (gettid() != getpid()) {
		preload_env_start(false, "", envp);
		attach_agent_start_late();
		return;
	}
	if (!hook_enter(&g))
		return;
	environ_start(envp);
	process_start(argc > 0 ? argv[0] : NULL, role_of(argv, envp));
	preload_env_start(wants_to_follow(), objects_at(&start, &self) ? self.name : "", envp);
	scan_objects();
	scan_embedded(false);
	hook_leave(&g);
}
