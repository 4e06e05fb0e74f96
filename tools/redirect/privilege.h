/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_PRIVILEGE_H
#define ORSHIM_REDIRECT_PRIVILEGE_H

/*
 * Without root a filter needs no_new_privs, and under that sudo and other
 * setuid programs gain nothing. Whoever executes one learns why it fails.
 */
#include <linux/seccomp.h>

#include "tools/redirect/relay.h"

/* Thread TID asks to execute a program: says so on stderr, once a run, if it would gain rights. */
void privilege_look(struct relay *r, int tid, const struct seccomp_data *data);

#endif
