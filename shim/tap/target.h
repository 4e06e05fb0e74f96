/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_TARGET_H
#define ORSHIM_TARGET_H

/*
 * Would a program that is about to be executed load a preloaded library of
 * ours? Reads the head of its file; follows one "#!" line. No: static, another
 * architecture, another libc's loader (musl), setuid, setgid or with file
 * capabilities. When the file cannot be read the answer is yes: the exec will
 * say itself what is wrong. Only stack memory, no locks.
 */
#include <stdbool.h>

bool target_loads_preload(const char *path);
bool target_in_path_loads_preload(const char *file); /* searched like execvp(3) */
bool target_at_loads_preload(int dir,
			     const char *path); /* like execveat(2); "" with a descriptor */

#endif
