/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_DOOR_H
#define ORSHIM_REDIRECT_DOOR_H

/*
 * Where a program that is about to be executed under a filter comes first: a
 * socket in the run's folder, which is this user's alone.
 *
 *   entry --"T" runtime program--> door: what does it need?
 *         <--"Y" pid, NAME=VALUE..., @PLACE=FILE...
 *   entry --"L" flags, listener--> door: the filter is on, this is its end
 *         <--"K"
 * or, where no filter was possible:
 *   entry --"P" runtime, laid over, program--> door: then by a proxy
 *         <--"Y" NAME=VALUE..., or "N" and why not
 *   entry --"W" why, program--> door: it cannot be relayed
 */
#include "tools/redirect/loop.h"

#define DOOR_NAME "relay"

enum { DOOR_ANSWER = 64 * 1024, DOOR_WHY = 160 };

/* The flags of "L", each '0' or '1'. */
enum door_flag {
	DOOR_PRIVILEGE_LOST = 1, /* no_new_privs had to be set */
	DOOR_LAID_OVER,          /* what was to be laid over other files was */
	DOOR_FLAGS
};

/* Somebody comes to the door. */
void door_open(struct source *s, uint32_t events);

#endif
