/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PROCESS_H
#define ORSHIM_PROCESS_H

/*
 * getpid() without its system call, which costs more than the rest of a call
 * that finds nothing to do. True after every kind of fork, handlers or not.
 */
int process_id(void);

#endif
