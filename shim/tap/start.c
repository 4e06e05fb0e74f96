/* SPDX-License-Identifier: MIT */
/*
 * Runs in every helper that a tool starts, dozens of times: looks up two
 * names in each loaded object and one more in the executable, and is done. Opens nothing, prints nothing,
 * starts no thread (Chromium counts them).
 */
#include <sys/auxv.h>
#include <unistd.h>

#include "base/glibc.h"
#include "tap/attend.h"
#include "tap/desk.h"
#include "tap/environ.h"
#include "tap/follow/follow.h"
#include "tap/objects.h"
#include "tap/passage.h"
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
	struct passage p;
	struct object self;

	wrappers_start();
	if (!attend_is_first()) {
		passage_turn_off();
		follow_start(false, "", NULL);
		return;
	}
	attend_start();
	if (!is_glibc()) {
		passage_turn_off();
		follow_start(false, "", NULL);
		return;
	}
	if (getauxval(AT_SECURE)) {
		passage_turn_off();
		follow_start(false, "", envp);
		return;
	}
	/* The loader starts a program in its first thread; in another one we are loaded by attach. */
	if (gettid() != getpid()) {
		follow_start(false, "", envp);
		attend_start_late();
		return;
	}
	if (!passage_enter(&p))
		return;
	environ_start(envp);
	desk_start(argc > 0 ? argv[0] : NULL, role_of(argv, envp));
	follow_start(wants_to_follow(), objects_at(&start, &self) ? self.name : "", envp);
	scan_objects();
	scan_hidden(false);
	passage_leave(&p);
}
