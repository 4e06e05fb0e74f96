/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOGIN_SHELL_H
#define ORSHIM_LOGIN_SHELL_H

#include "base/buf.h"

/*
 * Reads the environment of a fresh login shell of this user: what its start
 * files set, not what this process inherited. Runs `SHELL -ilc env` with a bare
 * environment, no terminal, no input and a time limit. Puts NAME=VALUE entries,
 * each ended by NUL, into BLOCK. On failure returns false, and WHY (static) is
 * the reason. *SHELL is the shell that was run; static.
 */
bool login_shell_environment(struct buf *block, const char **shell, const char **why);

#endif
