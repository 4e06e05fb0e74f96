/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_SAID_H
#define ORSHIM_SAID_H

/*
 * What was said to people, so that it is not said again and again. A cause of a
 * refusal is said in full for each key, host and path, and once more after the
 * key was accepted there in between. A repetition gets one line where a person
 * has probably tried again: in another process, and at the second, fourth,
 * eighth … time. What is no refusal is said once.
 */
#include <stdint.h>

#include "diagnose/diagnose.h"

struct said_row {
	uint64_t where; /* key, host and path, by hash; 0: a free row, or it is no refusal */
	enum rule_id rule;
	uint32_t times;
	int pid;  /* in which it was last */
	bool key; /* the key was what the server did not take */
};

struct said {
	struct said_row rows[LIMIT_SAID];
	unsigned count; /* rows taken so far; the oldest is replaced */
	unsigned keys;  /* rows with KEY */
};

enum saying {
	SAY_ALL,
	SAY_AGAIN, /* in one line */
	SAY_NOTHING,
};

/* The row of RULE as the subject of D; of a connection D is NULL. New ones have TIMES 0. */
struct said_row *said_row(struct said *s, enum rule_id rule, const struct diagnosis *d);

/* ROW's subject has come (again), in process PID: what is to be said of it? */
enum saying said_count(struct said_row *row, int pid);

/* D went well: what was said of its key at this place may be said in full again. */
void said_forget(struct said *s, const struct diagnosis *d);

#endif
