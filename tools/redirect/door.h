/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_DOOR_H
#define ORSHIM_REDIRECT_DOOR_H

/*
 * Where a program that is about to be executed under a filter comes first: a
 * socket in the run's folder, which is this user's alone.
 *
 *   entry --"T"--> door: which variables does a program need?
 *         <--"Y" pid, NAME=VALUE...
 *   entry --"L" flag, listener--> door: the filter is on, this is its end
 *         <--"K"
 */
#include "tools/redirect/loop.h"

#define DOOR_NAME "relay"

enum { DOOR_ANSWER = 64 * 1024 };

/* Somebody comes to the door. */
void door_open(struct source *s, uint32_t events);

#endif
