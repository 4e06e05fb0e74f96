/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_BENCH_TIMED_H
#define ORSHIM_BENCH_TIMED_H

/* What the bench's clients share: two clocks, and how they report. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static inline void fail(const char *what)
{
	fprintf(stderr, "bench client: %s\n", what);
	exit(2);
}

static inline double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Processor time of the process, user and system, in seconds. */
static inline double spent(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Call ONE COUNT times; print nanoseconds of processor time and of wall time for each. */
static inline void time_calls(long count, void (*one)(void *), void *argument)
{
	double cpu = spent(), wall = seconds(CLOCK_MONOTONIC);

	for (long i = 0; i < count; i++)
		one(argument);
	cpu = spent() - cpu;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	printf("%.1f %.1f\n", cpu * 1e9 / (double)count, wall * 1e9 / (double)count);
}

#endif
