/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_RUN_RELAY_H
#define ORSHIM_REDIRECT_RUN_RELAY_H

/*
 * What `orshim run` has of the relay. The picture is in relay.h.
 *
 *   run_relay_start()   forks the relay, once a run
 *   run_relay_enter()   in the tool's process, before it is executed
 *   run_relay_settle()  the tool has ended: all that was seen is in the log
 */
#include <stdbool.h>

#include "base/buf.h"
#include "base/relay_entry.h"
#include "base/settings.h"
#include "tools/redirect/candidate.h"

enum { RELAY_REPORT = 64 * 1024 };

/* The numbers in the first line of the relay's report, parted by spaces. */
enum report_number {
	REPORT_GOES_ON,   /* 1: filtered processes are left, and so is the relay */
	REPORT_RELAYED,   /* processes that connected by it and are in the log */
	REPORT_FILTERS,   /* programs that were put under a filter */
	REPORT_PRIVILEGE, /* 1: and so lost what sudo and setuid programs gain */
	REPORT_PROXIED    /* programs that were told of the proxy in place of a filter */
};

struct relay_order {
	const char *folder;
	enum relay_mode mode;
	int run; /* the process of `orshim run` */
	int door;
	int control;
	int log_socket; /* collector.h; -1: there is none */
};

/* The relay's process; returns never. */
__attribute__((noreturn)) void relay_serve(const struct relay_order *order);

struct run_relay {
	int relay;   /* its process */
	int control; /* to the relay; -1: there is none */
	const char *folder;
	enum relay_mode mode;
	struct candidate program; /* the tool's */
	bool enters;              /* the tool itself is put under the filter */
};

/*
 * FOLDER is the run's own. Call when the environment is that which the tool
 * will have. LOG_SOCKET (collector.h, -1: none) is served by the relay, and stays
 * the caller's here. False: there is no relay; the run goes on without one.
 */
bool run_relay_start(struct run_relay *r, const char *folder, enum relay_mode mode,
		     const char *program, int log_socket);

/* In the child that becomes the tool. */
void run_relay_enter(void *relay);

/* What the relay passed by is appended to REPORT, a row a line; see relay.c. Ends it if nobody needs it. */
void run_relay_settle(struct run_relay *r, struct buf *report);

/*
 * Executed by the preloaded library in place of a program (relay_entry.h): goes
 * under the filter if the program cannot be tapped, else leaves a mark that it
 * need not be asked about again, and becomes it in any case.
 */
int run_relay_become(int argc, char **argv);

#endif
