/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_CLOCK_H
#define ORSHIM_CLOCK_H

/* A monotonic clock, and a short sleep for polling loops with a time limit. */
#include <stdint.h>
#include <time.h>

static inline int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline void sleep_1ms(void)
{
	static const struct timespec millisecond = { 0, 1000000 };

	nanosleep(&millisecond, NULL);
}

#endif
