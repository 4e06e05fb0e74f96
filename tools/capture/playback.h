/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_PLAYBACK_H
#define ORSHIM_PLAYBACK_H

/* Runs a capture through the code that the shim uses: connection, diagnosis, reports. */
#include "observe.h"
#include "tools/capture/capture.h"

enum split {
	SPLIT_RECORDED, /* one feed for each line */
	SPLIT_BYTES,	/* one feed for each byte */
	SPLIT_WHOLE,	/* one feed for all bytes between two changes of direction */
};

struct playback_options {
	enum split split;
	bool recorded;		   /* exchanges come from a recording: judge.recorded */
	bool lint;		   /* a missing answer is not reported; every host is an API */
	struct text_style style;
	struct slice environment;  /* overrides the capture's; absent: use the capture's */
	const char *tool;	   /* program name in records and text; NULL */
	char *(*lookup)(const char *name); /* ORSHIM_* not set in the capture; NULL: none */
};

struct playback {
	struct buf records; /* JSON lines */
	struct buf text;    /* human blocks */
	unsigned exchanges;
	unsigned findings[SEVERITY_ERROR + 1];
	const char *blind; /* why parsing of the connection stopped; NULL */
};

/*
 * Initialises R, which the caller always releases. 0, or -1 without memory.
 * ORSHIM_LOG and ORSHIM_TEXT have no effect.
 */
int playback_run(struct playback *r, const struct capture *c,
		 const struct playback_options *options);

/* The same in steps, for what is no capture: exchanges go to observer_exchange(). */
struct playback_begun {
	struct observer *observer;
	int records, text;
};

/* C: for its settings; NULL. 0, or -1 without memory. playback_end() follows in any case, and initialises R. */
int playback_begin(struct playback_begun *b, const struct capture *c,
		   const struct playback_options *options);
int playback_end(struct playback_begun *b, struct playback *r);

void playback_release(struct playback *r);

#endif
