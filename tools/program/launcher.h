/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_LAUNCHER_H
#define ORSHIM_LAUNCHER_H

/*
 * Small scripts that only start the real program: npm's launchers of packages
 * with a binary for each platform, and shell wrappers. They are read, not run.
 */
#include <limits.h>
#include <stdbool.h>

#include "base/slice.h"

/*
 * Finds the ELF program that SCRIPT (without links) starts, and puts its path
 * into REAL and the way it was found into HOW. False: none was recognised.
 */
bool launcher_follow(const char *script, char real[PATH_MAX], const char **how);

#endif
