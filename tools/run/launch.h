/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LAUNCH_H
#define ORSHIM_LAUNCH_H

/*
 * Checks the keys in reach of a tool before it starts: variables with more than
 * a key in them, that differ from .env, or with almost the right name; and
 * where each key is. Values are shown as labels, never whole. FINDINGS are
 * printed, and written to the run's log as a `launch` record. The places are
 * also passed to the shim, which reads no file itself.
 */
#include "base/buf.h"
#include "report/text.h"
#include "tools/run/reach.h"

struct launch;

/* What a finding is about, to match it to the request that it explains, and to mend it. */
struct launch_subject {
	char variable[LIMIT_SHOWN_NAME];
	char fingerprint[FINGERPRINT_SIZE]; /* of the value in the environment; "" */
	char label[TOKEN_MASK_SIZE];        /* of the value at fault */
	char file[192];                     /* with the value, as a person writes it; "": none */
	unsigned line;
};

/* Look at this process's environment, working folder and home. Dies without memory. */
struct launch *launch_look(void);
void launch_release(struct launch *l);

/*
 * More checks: keys that are cut or another vendor's, Windows line ends, files
 * that contradict each other or the environment.
 */
void launch_look_closer(struct launch *l);

/* What was found; all of it lives as long as L. */
size_t launch_count(const struct launch *l);
const struct finding *launch_finding(const struct launch *l, size_t i);
const struct launch_subject *launch_subject(const struct launch *l, size_t i);
const struct reach *launch_reach(const struct launch *l);
const struct environment *launch_environment(const struct launch *l);

/*
 * Print on stderr what is wrong, as a block about TOOL. Nothing if all is well.
 * What the closer look found in files may have no part in this run: the report
 * has it.
 */
void launch_say(const struct launch *l, const char *tool);

/* One start of a tool. */
struct launch_start {
	char **argv;
	const char *program; /* what really runs: a path */
	int64_t at_us;
};

/*
 * Append the `launch` record of S to the log PATH (as ORSHIM_LOG has it). Errors
 * are ignored silently.
 */
void launch_log(const struct launch *l, const char *path, const struct launch_start *s);

/*
 * Prepare what the shim needs to name a key's place: a descriptor of this
 * process that tools open through /proc, named by ORSHIM_FOUND. The tool's own
 * descriptors do not change.
 */
void launch_hand_out(const struct launch *l);

#endif
