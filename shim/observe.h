/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_OBSERVE_H
#define ORSHIM_OBSERVE_H

/*
 * Takes the events of a connection, diagnoses the exchanges and writes the reports.
 * The preloaded library, `orshim lint` and `replay`, the tests and the fuzzers use it
 * alike. It has no locks: the caller lets in one thread at a time.
 */
#include "base/settings.h"
#include "diagnose/diagnose.h"
#include "report/capture_out.h"
#include "report/json_wire.h"
#include "report/sink.h"
#include "report/machine.h"
#include "report/record.h"
#include "report/said.h"
#include "report/text.h"
#include "wire/connection.h"

struct observer {
	struct settings settings;
	struct judge judge;
	struct history history;
	/* Gives the environment of now, true if it may have changed (environ_now); NULL: it never does. */
	bool (*environment)(struct slice *block);
	/* Gives the places of keys that were found before the start (found_keys.h), once; NULL: none were. */
	bool (*found)(struct slice *text);
	struct sink log;
	struct sink text;
	struct capture_out capture;
	struct text_style style;
	struct origin origin; /* time_us is set by observer_take() */
	struct machine machine; /* origin.machine, once it was read */
	struct kept_pairs pairs;
	struct buf line;                                     /* reused */
	struct diagnosis *diagnosis;                         /* reused; NULL: none was made yet */
	struct said *said; /* own_said, or what several observers share */
	struct said own_said;
	unsigned findings[SEVERITY_ERROR + 1]; /* how many of each severity were reported */
	bool loss_reported;                        /* that a line did not get into the log */
	const char *unsupported; /* why the last connection that could not be followed was not; static */
	uint64_t asked[LIMIT_ASKED]; /* hosts that a request was written to, by hash; 0: free */
	unsigned asked_count;
	int quic_reported; /* the process for which HTTP/3 was reported */
};

/*
 * Settings come from LOOKUP (getenv). Malformed ones are reported on stderr, one
 * line each, and replaced by their defaults.
 */
void observer_init(struct observer *o, char *(*lookup)(const char *name));
void observer_release(struct observer *o);

/* The process ends: with ORSHIM_DEBUG, how many lines did not get into the log. */
void observer_report_losses(struct observer *o);

/* The environment to look for tokens in; borrowed. */
void observer_set_environment(struct observer *o, struct slice block);

/* Read the variables, and the places of keys, again. */
void observer_refresh_environment(struct observer *o);

/* No file may be opened from here on: open the log and text file now, and end captures. */
void observer_lock_in(struct observer *o);

/* Take all events that C has ready. NOW_US is the clock since 1970. */
void observer_take(struct observer *o, struct connection *c, uint32_t number, int64_t now_us);

/* Diagnose and report X, which came by another way than a connection: out of a recording. */
void observer_exchange(struct observer *o, const struct exchange *x, int64_t now_us);

/* Is HOST an API's, by its name alone? */
bool observer_watches(const struct observer *o, struct slice host);

/*
 * Fill o->origin.machine, unless it is this process's already, at origin.time_us.
 * A capture has no process (origin.pid is 0), and no machine.
 */
void observer_learn_machine(struct observer *o);

/* The `process` record. */
void observer_report_process(struct observer *o, const struct tls_library *libraries, size_t count,
			   int64_t now_us);

#endif
