/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_ATTACH_ENTER_H
#define ORSHIM_ATTACH_ENTER_H

/*
 * Goes where a process of a container is: its user, mount and pid namespaces
 * and its root folder, as `nsenter` does. The command is one static file and
 * goes on in there without anything of the machine that it was started on.
 */
#include <stdbool.h>
#include <sys/types.h>

/*
 * Has PID another mount or user namespace, or another root folder, than this
 * process? False too if the kernel does not say.
 */
bool enter_is_needed(pid_t pid);

enum enter_result {
	ENTER_INSIDE,  /* this is the new process */
	ENTER_ENDED,   /* this is the one that forked it; it has ended */
	ENTER_REFUSED, /* PID cannot be followed */
};

/*
 * Fork a process and move it there, where nobody may trace it. *NUMBER is PID's
 * number there; *STATUS the exit status of the process that has ended.
 */
enum enter_result enter(pid_t pid, pid_t *number, int *status);

/*
 * Is what /proc tells about process NUMBER the kernel's word? Whoever is root
 * in there can mount a FIFO, or a file of their own, over each part of it.
 */
bool enter_has_true_proc(pid_t number);

/*
 * In the process that enter() made: have the open file LIBRARY at hand as
 * liborshim.so, by the path SEEN if that is the same file there, too, or else
 * as a copy in a new folder in /tmp, and name it in ORSHIM_LIB. False: it
 * cannot be put anywhere. The copy is removed when this process ends, unless
 * it is to stay, because something has loaded it.
 */
bool enter_with_library(int library, const char *seen);
void enter_keep_library(void);

#endif
