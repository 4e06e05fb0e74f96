/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_GUARD_H
#define ORSHIM_REDIRECT_GUARD_H

/*
 * A filter whose listener is closed makes connect() fail for good. So a second
 * process holds each listener, too: when the relay is killed, it lets every
 * call pass, those that the relay had taken and not answered included, until
 * no filtered process is left.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"

/* A question that the relay has taken; shared between both processes. */
struct open_call {
	_Atomic uint64_t id;       /* 0: free */
	_Atomic uint32_t listener; /* its number */
};

struct guard {
	int pid;
	int to;                  /* socket to the guard; -1: there is none */
	uint32_t handed;         /* listeners so far */
	struct open_call *calls; /* LIMIT_RELAY_CALLS */
};

/*
 * Forks the guard. False: there is none, and the run goes on without. LOG: see
 * sink_init_file(); FOLDER: the run's, which the guard clears for a relay that
 * was killed.
 */
bool guard_start(struct guard *g, const char *log, const char *folder);

/* All is over as it should be. */
void guard_end(struct guard *g);

/* Hand a listener over; its number, or -1. */
int guard_hold(struct guard *g, int listener);

/* Call ID of listener NUMBER is taken, or was answered. */
void guard_took(struct guard *g, uint32_t number, uint64_t id);
void guard_answered(struct guard *g, uint64_t id);

#endif
