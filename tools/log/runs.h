/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_RUNS_H
#define ORSHIM_RUNS_H

/*
 * The last runs of `orshim run`, each a folder of $XDG_STATE_HOME/orshim/runs
 * (0700, its files 0600): `log`, and `run.json` with the command, its folder
 * and its end. Arguments that look like secrets are not kept.
 */
#include <stdint.h>

#include "tools/command.h"

enum { RUNS_KEPT = 20 };

struct kept_run {
	char *folder;
	char **argv; /* ended by NULL */
	char *cwd;   /* NULL: it had no name */
	int64_t start_us;
	int status;    /* -1: has not ended, or nobody knows */
	bool withheld; /* an argument was not kept */
};

/*
 * A folder for a new run, without its end; older runs than RUNS_KEPT are
 * removed. NULL, without a word, when there is no place for it. The caller's.
 */
char *run_keep(char **argv, int64_t start_us);

/* Note the end of the run in FOLDER. */
void run_ended(const char *folder, char **argv, int64_t start_us, int status);

/* All kept runs, newest first; their count in *COUNT. */
struct kept_run *runs_list(size_t *count);
void runs_free(struct kept_run *runs, size_t count);

/* The file NAME in the newest run's folder, or in orshim's own; the caller's. NULL: none. */
char *runs_newest(const char *name);

/*
 * The log of the newest run that left one, and in *WITHOUT how many newer runs left
 * none. The caller's; NULL: there is none.
 */
char *runs_newest_log(unsigned *without);
char *state_path(const char *name, bool create);

/* FOLDER/NAME; dies without memory. */
char *path_join(const char *folder, const char *name);

#endif
