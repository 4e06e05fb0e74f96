/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_PEER_H
#define ORSHIM_REDIRECT_PEER_H

/*
 * A process whose connections come to the relay: which program it is, whether
 * it is left alone because the preloaded library sees it, its variables, and
 * the observer that judges what it says.
 */
#include "observe.h"
#include "tools/redirect/candidate.h"
#include "tools/redirect/loop.h"

struct relay;
struct passed_by;

/*
 * By what a program is known again: the bytes that the kernel makes for it as it is executed
 * (AT_RANDOM of getauxval(3)), and where they are. SIZE 0: they cannot be read.
 */
struct program_mark {
	uint64_t address;
	size_t size;
	unsigned char bytes[16];
};

struct peer {
	struct source exit; /* its pidfd: readable when it has ended */
	struct relay *relay;
	struct peer *next;
	int pid; /* of the process, not of a thread */
	int parent;
	bool is_left; /* goes its own way */
	bool ended;
	unsigned links; /* that are its own */
	struct candidate program;
	struct program_mark mark;
	char argv0[256];
	struct buf environment;    /* as it was started */
	struct observer *observer; /* NULL until something is to be judged */
	bool has_shim;             /* the preloaded library is in it */
	unsigned numbers; /* of connections so far, those that turned out to be no API's included */
	unsigned connections; /* numbered from 1 */
	bool told;            /* the `process` record was written */
	unsigned names_told;
};

/* The process of thread TID, new or known; NULL when it is gone or there are too many. */
struct peer *peer_of(struct relay *r, int tid);

/* That process if it is known, as it was: it may have executed another program since. */
struct peer *peer_known(const struct relay *r, int tid);

/* Its descriptor FD, as one of ours; -1 with errno. */
int peer_borrow(const struct peer *p, int fd);

/*
 * Is PID one of the run's processes: does it descend from `orshim run`, or from
 * one with a filter of its? False, too, where its parent has ended before.
 */
bool peer_is_of_run(const struct relay *r, int pid);

struct wire_limits peer_limits(struct peer *p);

bool peer_has_ended(const struct peer *p);

/* Take what C has ready. */
void peer_take(struct peer *p, struct connection *c, uint32_t number);

/* A host was not looked into; see relay_passed(). */
void peer_passed(struct peer *p, struct passed_by by);

/* Was HOST refused by this program before? */
bool peer_has_refused(const struct peer *p, const char *host);

/* The process has ended: tell what is to be told, once its links are over. */
void peer_settle(struct peer *p);

/* Write the records of all processes as they are now. */
void peers_tell(struct relay *r);
void peers_release(struct relay *r);

int64_t peer_clock(void); /* microseconds since 1970 */

#endif
