/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LAUNCH_H
#define ORSHIM_LAUNCH_H

/*
 * What can be told about the keys in reach of a tool before it starts:
 * variables that hold more than a key, that differ from .env, or are spelt
 * almost right; and where each key stands. Values are shown as labels, never
 * whole. FINDINGS are said, and written to the run's log as a `launch` record;
 * the places go to the shim, too, which reads no file itself.
 */
#include "base/buf.h"
#include "report/text.h"
#include "tools/run/reach.h"

struct launch;

/* What a finding is about, to find the request that it explains, and to mend it. */
struct launch_subject {
	char variable[LIMIT_SHOWN_NAME];
	char fingerprint[FINGERPRINT_SIZE]; /* of the value in the environment; "" */
	char label[TOKEN_MASK_SIZE];        /* of the value at fault */
	char file[192];                     /* that holds it, as a person writes it; "": none does */
	unsigned line;
};

/* Look at this process's environment, working folder and home. Dies without memory. */
struct launch *launch_look(void);
void launch_release(struct launch *l);

/*
 * Look for more, which no start of a tool is to be held up by: keys that are
 * cut or another vendor's, Windows' line ends, files that contradict each other
 * or the environment.
 */
void launch_look_closer(struct launch *l);

/* What was found; all of it lives as long as L. */
size_t launch_count(const struct launch *l);
const struct finding *launch_finding(const struct launch *l, size_t i);
const struct launch_subject *launch_subject(const struct launch *l, size_t i);
const struct reach *launch_reach(const struct launch *l);
const struct environment *launch_environment(const struct launch *l);

/* Say on stderr what is wrong, as a block about TOOL. Nothing if all is well. */
void launch_say(const struct launch *l, const char *tool);

/*
 * Append the `launch` record of the run of ARGV, at START_US, to the log PATH
 * (as ORSHIM_LOG has it). What cannot be written is left out in silence.
 */
void launch_log(const struct launch *l, const char *path, char **argv, int64_t start_us);

/*
 * Have ready what the shim needs to name a key's place: a descriptor of this
 * process that tools open through /proc, named by ORSHIM_FOUND. None of it
 * appears among the tool's own descriptors.
 */
void launch_hand_out(const struct launch *l);

#endif
