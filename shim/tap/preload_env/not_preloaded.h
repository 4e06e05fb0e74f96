/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_NOT_PRELOADED_H
#define ORSHIM_NOT_PRELOADED_H

/*
 * Says in the log, once for each program, that a child was started which no
 * preloaded library gets into. Called where an exec is about to happen, often
 * in a vfork child: only stack memory, no locks; what was said already is
 * remembered in a page that parents and children share.
 */
#include <sys/types.h>

#include "tap/preload_env/exec_target.h"

/* In the constructor. Does nothing without ORSHIM_LOG. */
void not_preloaded_start(void);

/* PID runs, or is about to run, the program of T, whose kind is not EXEC_LOADS. */
void not_preloaded_report(const struct exec_target *t, pid_t pid, pid_t parent);

#endif
