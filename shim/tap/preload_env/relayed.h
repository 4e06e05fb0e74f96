/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_RELAYED_H
#define ORSHIM_RELAYED_H

/*
 * Under `orshim run`: a program that cannot load a preloaded library, or whose TLS
 * the library cannot see, is executed through FOLDER/orshim, which installs the
 * relay's seccomp filter and then executes the program. FOLDER/orshim decides which
 * programs need the relay, and marks the others in FOLDER. Called before an exec,
 * often in a vfork child: only stack memory, no locks.
 */
#include <stdbool.h>
#include <stddef.h>

#include "tap/preload_env/exec_target.h"

/* In the constructor; FOLDER is copied, NULL: there is no relay. */
void relayed_start(const char *folder);

bool relayed_is_on(void);

/* Number of words of the call through FOLDER/orshim, with the NULL; 0: T is executed as it is. */
size_t relayed_room(const struct exec_target *t, char *const argv[]);

/* Fill WORDS, as large as relayed_room() said. Returns the file to execute. */
const char *relayed_words(char **words, const struct exec_target *t, char *const argv[]);

#endif
