/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_RELAYED_H
#define ORSHIM_RELAYED_H

/*
 * Under `orshim run`: programs that a preloaded library does not get into, or
 * does not see the TLS of, are executed by way of FOLDER/orshim, which puts
 * them under the relay's filter and becomes them. Which are worth that is
 * decided there; it leaves a mark in FOLDER for those that are not. Called
 * before an exec, often in a vfork child: only stack memory, no locks.
 */
#include <stdbool.h>
#include <stddef.h>

#include "tap/preload_env/exec_target.h"

/* In the constructor; FOLDER is copied, NULL: there is no relay. */
void relayed_start(const char *folder);

bool relayed_is_on(void);

/* The words of the call by way of FOLDER/orshim, with their NULL; 0: T is executed as it is. */
size_t relayed_room(const struct exec_target *t, char *const argv[]);

/* Fill WORDS, as large as relayed_room() said. Returns the file to execute. */
const char *relayed_words(char **words, const struct exec_target *t, char *const argv[]);

#endif
