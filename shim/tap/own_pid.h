/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_OWN_PID_H
#define ORSHIM_OWN_PID_H

/*
 * getpid() without its system call, which costs more than the rest of a call
 * that finds nothing to do. True after every kind of fork, handlers or not.
 */
int own_pid(void);

#endif
