/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_OWN_PID_H
#define ORSHIM_OWN_PID_H

/*
 * getpid() without its system call, which costs more than the rest of a hook that finds
 * nothing to do. Right after every kind of fork, even if no fork handler ran.
 */
int own_pid(void);

#endif
