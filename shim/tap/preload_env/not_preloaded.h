/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_NOT_PRELOADED_H
#define ORSHIM_NOT_PRELOADED_H

/*
 * Writes a record to the log, once for each program, when a child is started that
 * cannot load a preloaded library. Called just before an exec, often in a vfork
 * child: only stack memory, no locks. The programs that were reported already are
 * remembered in a page that parents and children share.
 */
#include <sys/types.h>

#include "tap/preload_env/exec_target.h"

/* In the constructor. Does nothing without ORSHIM_LOG. */
void not_preloaded_start(void);

/* PID runs, or is about to run, the program of T, whose kind is not EXEC_LOADS. */
void not_preloaded_report(const struct exec_target *t, pid_t pid, pid_t parent);

#endif
