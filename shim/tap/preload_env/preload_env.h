/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PRELOAD_ENV_H
#define ORSHIM_PRELOAD_ENV_H

/*
 * ORSHIM_FOLLOW: children keep the shim although their parent dropped LD_PRELOAD (VS
 * Code's extension host, agents that start tools with a new environment). The
 * exported exec* and posix_spawn* put LD_PRELOAD and ORSHIM_* back.
 *
 * An exec often runs in a vfork child that shares our memory: nothing here
 * allocates, locks, or writes to any static object after preload_env_start().
 */
#include <stdbool.h>

/*
 * In the constructor: remember what to put back and resolve the real
 * functions. ON false: every call passes through untouched. LIBRARY is the
 * path of this shared object; it and ENVIRON's strings are copied.
 */
void preload_env_start(bool on, const char *library, char *const *environment);

#endif
