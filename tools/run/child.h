/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CHILD_H
#define ORSHIM_CHILD_H

/*
 * A tool that runs in place of us: it has the terminal, gets the signals that
 * are sent to us, and its end is ours.
 */

/*
 * Run ARGV (argv[0] as given) from the file PATH and wait for its end. The
 * exit status as a shell says it: its own, or 128+n when signal n ended it;
 * 126 or 127 when it could not be started (said on stderr). BEFORE(ARG) is
 * called in the child's process, before the file is executed; NULL: nothing is.
 */
int child_run(const char *path, char **argv, void (*before)(void *arg), void *arg);

#endif
