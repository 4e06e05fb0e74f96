/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_RUNS_H
#define ORSHIM_RUNS_H

/*
 * Keeps the last runs of `orshim run`, each in a folder of
 * $XDG_STATE_HOME/orshim/runs (0700, its files 0600): `log`, and `run.json`
 * with the command, the working folder and how it ended. Arguments that look
 * like secrets are not kept.
 */
#include <stdint.h>

#include "tools/command.h"

enum { RUNS_KEPT = 20 };

struct kept_run {
	char *folder;
	const char *
	    trouble; /* why run.json cannot be used, as in "its run.json is not JSON" (static); NULL: it can */
	bool unsafe; /* another user may have written the folder */
	char **argv; /* ended by NULL; empty in trouble */
	char *cwd;   /* NULL: without a name */
	int64_t start_us;
	int status;    /* -1: not ended, or unknown */
	bool withheld; /* an argument was not kept */
	bool inexact;  /* an argument or the folder may have had bytes that are not UTF-8 */
};

/*
 * Create the folder of a new run, and delete runs beyond the newest RUNS_KEPT.
 * Returns its path, which the caller frees. NULL, without a message, if no
 * folder can be created.
 */
char *run_keep(char **argv, int64_t start_us);

/* Record the end of the run in FOLDER. */
void run_ended(const char *folder, char **argv, int64_t start_us, int status);

/* All kept runs, newest first; their count in *COUNT. */
struct kept_run *runs_list(size_t *count);
void runs_free(struct kept_run *runs, size_t count);

/* The path of RUN's log, which the caller frees. NULL: it is not there, or not a regular file. */
char *run_log(const struct kept_run *run);

/*
 * The path of NAME in the newest run's folder, or in orshim's state folder; the
 * caller frees it. NULL: none.
 */
char *runs_newest(const char *name);

/*
 * The path of the newest log of a run, which the caller frees; *WITHOUT is how
 * many newer runs left none. WITH_EXCHANGE: logs without a request count as
 * none. NULL: there is none.
 */
char *runs_newest_log(bool with_exchange, unsigned *without);
char *state_path(const char *name, bool create);

/* FOLDER/NAME; dies without memory. */
char *path_join(const char *folder, const char *name);

#endif
