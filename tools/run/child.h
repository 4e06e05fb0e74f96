/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CHILD_H
#define ORSHIM_CHILD_H

/*
 * Runs the tool in our place: it has the terminal, gets the signals that are
 * sent to us, and its exit status becomes ours.
 */

/*
 * Run ARGV (argv[0] as given) from the file PATH and wait until it ends.
 * Returns the exit status as a shell reports it: the tool's, or 128+n if signal
 * n ended it; 126 or 127 if it could not be started (reported on stderr).
 * BEFORE(ARG) is called in the child process before it executes the file,
 * unless it is NULL.
 */
int child_run(const char *path, char **argv, void (*before)(void *arg), void *arg);

#endif
