/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_REDIRECT_LOOP_H
#define ORSHIM_REDIRECT_LOOP_H

/* Descriptors that are waited for with epoll(7), each with what is called then. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct source {
	int fd; /* -1: not in the loop */
	uint32_t events;
	void (*ready)(struct source *s, uint32_t events);
};

/* The loop's own descriptor; -1 with errno. */
int loop_open(void);

/* From now on S is asked about EVENTS; adds it at first, else changes. False: it could not be. */
bool loop_watch(int loop, struct source *s, uint32_t events);

/* Closes its descriptor. S must live until loop_turn() has returned. */
void loop_close(int loop, struct source *s);

/* Wait up to TIMEOUT_MS (-1: without end) and call who is ready. How many were. */
int loop_turn(int loop, int timeout_ms);

/* Microseconds of a clock that only goes forward. */
int64_t loop_clock(void);

#endif
