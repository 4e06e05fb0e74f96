/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ROOTED_H
#define ORSHIM_ROOTED_H

/* Paths as a process sees them whose root folder is another than ours: in a container or chroot. */
#include <limits.h>
#include <stdbool.h>

enum { ROOT_SIZE = 32 };

/*
 * Put into OUT, without links, the way from here to the absolute PATH below
 * ROOT ("/proc/PID/root"; "": our own). Links on the way stay below ROOT, as
 * the kernel would follow them there; "/.." is "/". False: there is no such
 * file, or it is too long, or there are too many links.
 */
bool rooted_path(const char *root, const char *path, char out[PATH_MAX]);

/*
 * The same for a path that /proc/PID/exe or maps names: ROOT's own name comes
 * first in it where the process was started by chroot(2).
 */
bool rooted_path_of_proc(const char *root, const char *path, char out[PATH_MAX]);

#endif
