/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LOGIN_SHELL_H
#define ORSHIM_LOGIN_SHELL_H

#include "base/buf.h"

/*
 * The environment that a fresh login shell of this user would have: what its
 * start files say, not what this process inherited. Runs `SHELL -ilc env` with
 * a bare environment, no terminal, no input, and a limit of time. NAME=VALUE
 * entries, each ended by NUL, into BLOCK; false if they could not be had, and
 * then WHY (static) says why. *SHELL is the shell that was asked; static.
 */
bool login_shell_environment(struct buf *block, const char **shell, const char **why);

#endif
